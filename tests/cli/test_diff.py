"""`--diff`: what `--fix` would write, and nothing written; `--fix`: all of it or nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import RIGHT, WRONG, netspec, process
from tests.spec_cases import BAD, name_of, settings_in, sweep, torch_in

DIFF = """--- net.yaml
+++ net.yaml
@@ -1,4 +1,4 @@
 netspec: 1
 input: [4]
 layers:
-  - {name: fc, Linear: {in_features: 5, out_features: 3}}  # kept
+  - {name: fc, Linear: {in_features: 4, out_features: 3}}  # kept
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wrong net.yaml in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(WRONG)
    return tmp_path / "net.yaml"


@pytest.mark.parametrize("options", [["--diff"], ["--diff", "--fix"], ["--fix", "--diff"]])
def test_the_diff_is_shown_and_nothing_written(
    options: list[str], net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = net.stat()
    done = netspec("check", *options, "net.yaml", capsys=capsys)
    assert (done.code, done.out, done.err) == (1, DIFF, "net.yaml: 1 error; ok after these fixes\n")
    after = net.stat()
    assert (net.read_text(), after.st_mtime_ns, after.st_ino) == (WRONG, before.st_mtime_ns, before.st_ino)


@pytest.mark.usefixtures("net")
def test_a_right_file_has_no_diff(capsys: pytest.CaptureFixture[str]) -> None:
    Path("net.yaml").write_text(RIGHT)
    done = netspec("check", "--diff", "net.yaml", capsys=capsys)
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.usefixtures("net")
def test_what_has_no_fix_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("net.yaml").write_text(WRONG + "  - {ReLU: {}, from: nowhere}\n")
    done = netspec("check", "--diff", "net.yaml", capsys=capsys)
    assert done.out.count("\n+") == 2
    assert done.err == "net.yaml: 2 errors; 1 error after these fixes\n"
    Path("net.yaml").write_text("netspec: 1\ninput: [4]\nlayers: [{ReLU: {}, from: nowhere}]\n")
    done = netspec("check", "--diff", "net.yaml", capsys=capsys)
    assert (done.code, done.out, done.err) == (1, "", "net.yaml: 1 error; none has a safe fix\n")


def test_standard_input_has_a_diff() -> None:
    done = process("check", "--diff", "-", stdin=WRONG)
    assert (done.code, done.out) == (1, DIFF.replace("net.yaml", "<stdin>"))


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs the command patch")
def test_the_patch_of_a_file_with_spaces_in_its_name(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = net.rename(net.with_name("网络 net 1.yaml"))
    patch = netspec("check", "--diff", named.name, capsys=capsys).out
    subprocess.run(["patch", "-p0", "--silent"], input=patch.encode(), check=True)
    assert netspec("check", named.name, capsys=capsys).code == 0


def test_a_last_line_without_an_end(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net.write_text(WRONG.rstrip("\n"))
    out = netspec("check", "--diff", "net.yaml", capsys=capsys).out
    assert out.count("\\ No newline at end of file\n") == 2


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs the command patch")
@pytest.mark.parametrize("path", sweep([path for path in BAD if path.name.startswith(("ns2", "ns4"))], 6), ids=name_of)
def test_the_patch_is_what_fix_writes(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command `patch` applied to a copy gives the file that `--fix` gives.

    The fixes are sought once for both commands, which takes most of their time; what they then do is their own.
    """
    from netspec.cli import fix

    sought, fix_spec = list[fix.FixedSpec](), fix.fix_spec

    def once(*arguments: Any, **named: Any) -> fix.FixedSpec:
        if not sought:
            sought.append(fix_spec(*arguments, **named))
        return sought[0]

    monkeypatch.setattr(fix, "fix_spec", once)
    monkeypatch.chdir(tmp_path)
    text = path.read_text("utf-8")
    settings = [word for setting in settings_in(text) for word in ("--set", setting)]
    settings += [word for version in (torch_in(text),) if version is not None for word in ("--torch", version)]
    for folder in ("patched", "fixed"):
        shutil.copytree(path.parent / "parts", tmp_path / folder / "parts")
        shutil.copy(path, tmp_path / folder / path.name)
    monkeypatch.chdir(tmp_path / "patched")
    patch = netspec("check", "--diff", "--unsafe", *settings, path.name, capsys=capsys).out
    if patch:
        subprocess.run(["patch", "-p0", "--silent"], input=patch, text=True, check=True)
    monkeypatch.chdir(tmp_path / "fixed")
    netspec("check", "--fix", "--unsafe", *settings, path.name, capsys=capsys)
    assert (tmp_path / "patched" / path.name).read_text() == (tmp_path / "fixed" / path.name).read_text()


@pytest.mark.usefixtures("net")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fix", "-"], "--fix has no file to write for standard input"),
        (["--diff", "--format", "json", "net.yaml"], "--diff is for people"),
        (["--watch", "--format", "sarif", "net.yaml"], "--watch is for people"),
        (["--watch", "--fix", "net.yaml"], "--watch does not go with --fix"),
        (["--unsafe", "net.yaml"], "--unsafe goes with --fix or --diff"),
        (["--watch", "-"], "--watch does not go with standard input"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("check", *options, capsys=capsys)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_file_that_changed_meanwhile_is_left_alone(
    net: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from netspec.cli import fix

    fix_spec = fix.fix_spec

    def slow(*arguments: Any, **named: Any) -> fix.FixedSpec:
        fixed = fix_spec(*arguments, **named)
        net.write_text(RIGHT)
        return fixed

    monkeypatch.setattr(fix, "fix_spec", slow)
    done = netspec("check", "--fix", "net.yaml", capsys=capsys)
    assert (done.code, done.err) == (2, "netspec: net.yaml: was changed while it was checked; nothing is written\n")
    assert net.read_text() == RIGHT
