"""Strings that a file brings: none opens a path, controls a terminal, leaves its place in a format, or is executed."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

import netspec
from netspec.cli import check as check_command
from netspec.core.conforms import conforms
from netspec.core.escapes import escaped_json, safe, safe_lines
from netspec.core.files import ReadError, write_atomically
from netspec.core.installed import MissingPackageError
from netspec.render.formats import FORMATS
from netspec.render.runs import INFO, read_record
from netspec.render.text import Look, render
from netspec.reports.fonts import Lettering
from tests.cli.commands import RIGHT, WRONG
from tests.cli.commands import netspec as command
from tests.spec_cases import ROOT

ESCAPES = ("\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\r", "\x08", "\u202e", "\u2028", "\x7f", "a\nb")
HOSTILE = "x\\x1b[31m\\x9b2J\\r\\b\\u202e"  # as a double-quoted text of YAML


def controls(text: str) -> set[str]:
    """The characters of a text that control a terminal, line feeds aside."""
    return {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


# -- text and code ---------------------------------------------------------------------------------------------------

NAMES = (
    'a{"); print(1',
    'b"); print(1',
    "c'); print(1",
    "d\\",
    '"""',
    "{",
    "e{{",
    "x\\'",
    "self",
    "nn",
    "torch",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_only_ever_a_string_of_the_code(name: str) -> None:
    shown = json.dumps(name)
    for items in (
        f"[{{name: {shown}, Linear: 4}}]",
        f"[{{name: {shown}, layers: [Linear: 4, {{add: {{}}, from: [input, input]}}]}}]",
    ):
        spec = netspec.loads(f"netspec: 1\ninput: [4]\nlayers: {items}\n")
        if not netspec.check(spec).ok:
            continue
        calls = {
            node.func.id
            for node in ast.walk(ast.parse(netspec.to_python(spec)))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "print" not in calls
        assert next(netspec.compile(spec).named_children())[0] == name


# -- text and path ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["netspec: 1\ninput: [4]\n", "a\rb", "{netspec: 1}", "x" * 5000, "\0", "no.yaml"])
def test_load_takes_a_path_and_names_loads(text: str) -> None:
    with pytest.raises(ReadError, match=r"netspec\.loads"):
        netspec.load(text)


@pytest.mark.parametrize("text", ["/etc/passwd", "-", "net.yaml", "\\\\server\\share", "file:///etc/passwd"])
def test_loads_never_opens_what_the_text_says(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        pytest.fail("a file was opened")

    monkeypatch.setattr(Path, "open", refuse)
    report = netspec.check(netspec.loads(text))
    assert [found.code for found in report.diagnostics] == ["NS200"]
    assert "root:" not in render(report.diagnostics, report.spec.sources)


def test_what_a_text_includes_is_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    for folder in (tmp_path, tmp_path / "inner"):
        (folder / "blocks.yaml").write_text("blocks: {B: {layers: [ReLU]}}\n")
    monkeypatch.chdir(tmp_path / "inner")
    text = "netspec: 1\ninput: [4]\ninclude: %s\nlayers: [B]\n"
    assert netspec.check(netspec.loads(text % "blocks.yaml")).ok
    outside = netspec.check(netspec.loads(text % "../blocks.yaml"))
    assert "NS212" in [found.code for found in outside.diagnostics]


@pytest.mark.parametrize("text", ["", " \n", "netspec: 1\0"])
def test_loads_refuses_what_no_spec_is(text: str) -> None:
    with pytest.raises(ReadError, match="<text>"):
        netspec.loads(text)


@pytest.mark.parametrize("function", ["check", "compile", "to_python", "summary", "train"])
@pytest.mark.parametrize("given", ["net.yaml", "netspec: 1\n", Path("net.yaml"), None])
def test_a_function_of_a_spec_says_how_to_get_one(function: str, given: object) -> None:
    if function in ("compile", "train"):
        pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"takes a Spec.*netspec\.load\(path\)"):
        getattr(netspec, function)(given)


@pytest.mark.parametrize("given", [b"netspec: 1", None, 3])
def test_neither_text_nor_path(given: object) -> None:
    for function in (netspec.load, netspec.loads):
        with pytest.raises(TypeError, match="takes a"):
            function(given)  # type: ignore[operator]


# -- the terminal ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ESCAPES)
def test_what_is_shown_controls_nothing_and_can_be_read(text: str) -> None:
    assert controls(text) or "\n" in text
    assert not controls(safe(text))
    assert "\n" not in safe(text)
    assert ast.literal_eval(f'"{safe(text)}"') == text  # as Python spells it
    assert not controls(safe_lines(text))


@pytest.mark.parametrize("text", ["plain", "Größe 3×3 → 7", "日本語", "e\u0301"])
def test_text_of_every_language_stays(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize("text", [*ESCAPES, "\ud800", "\U000e0001", 'a"\\'])
def test_json_says_the_same(text: str) -> None:
    shown = escaped_json(json.dumps({text: [text]}, ensure_ascii=False, indent=1))
    assert not controls(shown)
    assert json.loads(shown) == {text: [text]}


PLACES = [
    f'netspec: 1\nname: "{HOSTILE}"\ninput: [4]\nlayers: [Linaer: 3]\n',
    f'netspec: 1\ninput: [4]\nlayers: ["{HOSTILE}"]\n',
    f'netspec: 1\ninput: [4]\nlayers: [{{name: "{HOSTILE}", Linear: 3}}]\n',
    f'netspec: 1\ninput: [4]\nlayers: [{{Linear: {{"{HOSTILE}": 3}}}}]\n',
    f'netspec: 1\ninput: [4]\nlayers: [{{Linear: "{HOSTILE}"}}]\n',
    f'netspec: 1\ninput: [4]\nlayers: [{{Linear: 3, from: "{HOSTILE}"}}]\n',
    f'netspec: 1\ninclude: "{HOSTILE}"\ninput: [4]\nlayers: [Linear: 3]\n',
    f'netspec: 1\nmodel: "../{HOSTILE}"\ninput: [4]\n',
    f'netspec: 1\nplugins: ["{HOSTILE}"]\ninput: [4]\nlayers: [Linear: 3]\n',
    f'netspec: 1\nparams: {{"{HOSTILE}": 1}}\ninput: [4]\nlayers: [Linear: 3]\n',
    f'netspec: 1\ninputs: {{"{HOSTILE}": [4]}}\nlayers: [Linear: 3]\n',
    f'netspec: 1\nblocks: {{"{HOSTILE}": {{layers: [ReLU]}}}}\ninput: [4]\nlayers: [Linear: 3]\n',
    f'netspec: 1\nweights: "{HOSTILE}"\ninput: [4]\nlayers: [Linaer: 3]\n',
    f'netspec: 1\ninput: [4]\nlayers: [Linear: 3]\ndata: {{"{HOSTILE}": {{}}}}\n',
    f'netspec: 1\ninput: [4]\nlayers: [Linear: 3]\ntrain: {{loss: "{HOSTILE}", "{HOSTILE}": 1}}\n',
    f'netspec: 1\ninput: [4]\nlayers: [Linear: 3]\nexpect: {{output: "{HOSTILE}"}}\n',
    f'netspec: 1\ninput: [4]\nlayers: [Linear: 3]\n"{HOSTILE}": 1\n',
    "netspec: 1\ninput: [4]\nlayers: [Linear: 3, \u202eReLU: \x85]\n",
]


@pytest.mark.parametrize("text", PLACES)
def test_a_finding_shows_no_escape_code(text: str) -> None:
    report = netspec.check(netspec.loads(text))
    assert not report.ok
    terminal = Look(60, wrap_message=True)
    assert not controls(render(report.diagnostics, report.spec.sources))
    assert not controls(render(report.diagnostics, report.spec.sources, terminal))
    assert not controls(str(netspec.SpecError(report.diagnostics)))
    for style in FORMATS.values():
        shown = [*style.lines([report], "en"), *style.lines([report], "zh")]
        assert not controls("\n".join(shown))
        if style.name == "github":
            assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in shown)


def test_a_raw_finding_would_show() -> None:
    report = netspec.check(netspec.loads(PLACES[1]))
    assert any(controls(found.message) or "\\x1b" in found.message for found in report.diagnostics)


def test_a_message_ends_no_annotation() -> None:
    text = 'netspec: 1\ninput: [4]\nlayers: ["a\\n::stop-commands::x"]\n'
    (line,) = FORMATS["github"].lines([netspec.check(netspec.loads(text))], "en")
    assert "\n" not in line
    assert "%0A::stop" not in line


def test_names_of_files_and_of_what_was_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\x1b[31m\x9bb\r.yaml"
    (tmp_path / name).write_text(WRONG)
    for arguments in (
        *(("check", tmp_path / name, "--format", style) for style in ("text", *FORMATS)),
        ("check", tmp_path / f"no{name}"),
        ("check", tmp_path / name, "--diff", "--set", "\x1b[31m=1"),
        ("summary", tmp_path / name),
        ("explain", "\x1b[31m"),
        ("\x1b[31m",),
        ("--\x1b[31m",),
        ("check", "--\x1b[31m"),
        ("check", tmp_path / name, "--fix"),
        ("compare", tmp_path / name),
    ):
        done = command(*arguments, capsys=capsys)
        patch = "--diff" in arguments  # which `patch` reads
        assert not controls(done.err + ("" if patch else done.out)), arguments


def test_names_that_no_encoding_has(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("other systems have no such names")
    (tmp_path / os.fsdecode(b"\xff.yaml")).write_text(WRONG)
    for style in ("text", *FORMATS):
        done = subprocess.run(
            [sys.executable, "-m", "netspec", "check", "--format", style, tmp_path],
            capture_output=True, check=False, cwd=ROOT,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        assert b"Traceback" not in done.stderr


def test_tables_and_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f'netspec: 1\nname: "[red]{HOSTILE}[/red] [/]"\ninput: [4]\nlayers: [Linear: 3]\n')
    for arguments in (("summary", path), ("check", path), ("summary", path, "--format", "json")):
        done = command(*arguments, capsys=capsys)
        assert (done.code, controls(done.out + done.err)) == (0, set())
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich draws as on a terminal
    from netspec.render.summary import summary_rich
    from netspec.render.tables import Table, table_rich

    summary_rich(netspec.check(netspec.load(path)))
    table_rich(Table(("", "\x1b[31m"), (("[bold]x\x9b", "\x07"),), title="[/] \x1b"))
    shown = capsys.readouterr().out
    assert "[red]x" in shown
    assert controls(shown) == set()  # neither bold nor dim, which NO_COLOR leaves in rich


def test_colours_would_show(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from netspec.render.tables import Table, table_rich

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    table_rich(Table(("a",), (("b",),)))
    assert controls(capsys.readouterr().out) == {"\x1b"}


def test_formulas_of_matplotlib() -> None:
    assert Lettering()("a$b$ \x1b") == r"a\$b\$ \x1b"


# -- generated code --------------------------------------------------------------------------------------------------

INJECTIONS = [
    *('"""\nimport os\n"""', "'''\nimport os\n'''", "\\", '\\"""'),
    *("x\nimport os", "x\rimport os", "#\x0cimport os"),
]


@pytest.mark.parametrize("code", INJECTIONS)
def test_a_name_is_never_code(code: str, tmp_path: Path) -> None:
    path = tmp_path / "a\nimport os\n.yaml"
    body = f"{json.dumps(code)}\ninput: [3, 8, 8]\nlayers:\n  - Conv2d: {{out_channels: 4, kernel_size: 3}}\n"
    path.write_text(f"netspec: 1\nname: {body}  - branches: {{a: [ReLU], b: [Tanh]}}\n    merge: add\n")
    spec = netspec.load(path)
    assert netspec.check(spec).ok
    imported = {
        name.name
        for node in ast.walk(ast.parse(netspec.to_python(spec)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= {"torch", "torch.nn.functional", "nn", "Tensor", "OrderedDict"}


CODE = "x, y=__import__('os').system('id')"


@pytest.mark.parametrize("text", [text for text in PLACES if HOSTILE in text])
def test_a_key_is_never_code(text: str) -> None:
    """The name of a lone input was one: it stood in the signature of the generated `forward`."""
    branching = "layers: [{branches: {a: [{Linear: 4}], b: [ReLU]}, merge: add}]"
    for written in (text, text.replace("layers: [Linear: 3]", branching)):
        spec = netspec.loads(written.replace(HOSTILE, CODE).replace("Linaer", "Linear"))
        try:
            source = netspec.to_python(spec)
        except netspec.SpecError:
            continue
        assert "__import__" not in {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


# -- a run's folder --------------------------------------------------------------------------------------------------


def stored_run(path: Path, **info: object) -> Path:
    """A folder that looks like a run's."""
    path.mkdir()
    (path / "spec.yaml").write_text(RIGHT)
    (path / "run.json").write_text(json.dumps({"name": "x", "version": 1, **info}))
    (path / "metrics.jsonl").write_text('{"epoch": 1, "train_loss": 0.5, "seconds": 1.0}\n')
    return path


DAMAGED = {
    "best": [1, {"epoch": "x"}, {"a": [1]}],
    "settings": [["model=/etc/passwd"], ["plugins=[x]"], ["data.CSV.path=/etc/passwd"], ["include=x"], "x"],
    "folder": ["a\0b", 3, ""],
    "classes": ["abc", [1]],
    "sample": [[2**40], [1.5], "x"],
    "versions": [[], {"torch": 1}],
    "name": [None, {}],
    "seed": ["x"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in DAMAGED.items() for value in values])
def test_a_value_of_run_json_has_its_type(key: str, value: object, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=key):
        read_record(str(stored_run(tmp_path / "run", **{key: value})))


def test_what_runs_have_written_is_taken(tmp_path: Path) -> None:
    typed = ['data.CSV.path="/a b/\\"c\\".csv"', 'data.val.MNIST.root="C:\\\\data"']
    assert conforms(typed, INFO["settings"])
    assert read_record(str(stored_run(tmp_path / "run", settings=typed, best={"epoch": 1}))).rows


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", "[" * 100_000),
        ("run.json", '{"a":' * 100_000),
        ("run.json", "[]"),
        ("run.json", '{"seed": ' + "9" * 10_000 + "}"),
        ("run.json", "{" + " " * 9_000_000 + "}"),
        ("metrics.jsonl", "[" * 100_000 + "\n"),
        ("metrics.jsonl", '{"epoch": 1, "seconds": "x"}\n'),
        ("metrics.jsonl", "3\n"),
        ("metrics.jsonl", '{"epoch": 1, "val_loss": []}\n'),
        ("spec.yaml", "[" * 100_000),
    ],
)
def test_a_damaged_run_is_one_line(name: str, content: str, tmp_path: Path) -> None:
    folder = stored_run(tmp_path / "run")
    (folder / name).write_text(content)
    with pytest.raises(ReadError) as caught:
        read_record(str(folder))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["run.json", "spec.yaml", "metrics.jsonl", "best.safetensors", ".lock", "shards-1-2/a"]
)
def test_a_link_out_of_a_run_is_refused(name: str, tmp_path: Path) -> None:
    folder, other = stored_run(tmp_path / "run"), stored_run(tmp_path / "other")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(other / "run.json" if "/" not in name else other)
    with pytest.raises(ReadError, match="leads out"):
        read_record(str(folder))


def test_links_within_a_run_and_to_it_are_followed(tmp_path: Path) -> None:
    folder = stored_run(tmp_path / "run")
    (folder / "metrics.jsonl").rename(folder / "rows")
    (folder / "metrics.jsonl").symlink_to("rows")
    (tmp_path / "link").symlink_to(folder)
    assert len(read_record(str(tmp_path / "link")).rows) == 1


def test_a_file_that_is_written_goes_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    (tmp_path / ".a.writing").symlink_to("kept")
    write_atomically(tmp_path / "a", lambda path: path.write_text("new"))
    assert ((tmp_path / "kept").read_text(), (tmp_path / "a").read_text()) == ("kept", "new")


# -- the command line ------------------------------------------------------------------------------------------------


def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.yaml").write_text(RIGHT)
    done = subprocess.run(
        f"{sys.executable} -m netspec check {tmp_path} | true; exit ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) in ((141, ""), (0, ""))


@pytest.mark.parametrize("mode", [0o444, 0o555])
def test_a_write_protected_file_is_not_replaced(mode: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(WRONG)
    path.chmod(mode)
    done = command("check", "--fix", path, capsys=capsys)
    assert (done.code, path.read_text()) == (2, WRONG)
    assert "write-protected; nothing is written" in done.err


def test_fix_keeps_mode_and_owner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(WRONG)
    if os.geteuid() == 0:
        os.chown(path, 1234, 1235)
    path.chmod(0o640)
    before = path.stat()
    assert command("check", "--fix", path, capsys=capsys).code == 0
    after = path.stat()
    assert path.read_text() != WRONG
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_one_check_that_fails_ends_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.yaml").write_text(RIGHT)
    real = check_command.check

    def fails(spec: netspec.language.spec.Spec, **more: object) -> object:  # type: ignore[name-defined]
        if spec.path.endswith("b.yaml"):
            raise KeyError("surprise\x1b")
        return real(spec, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(check_command, "check", fails)
    done = command("check", tmp_path, capsys=capsys)
    assert done.code == 3
    assert done.out.count(": ok;") == 2
    assert "b.yaml: the check failed by a fault of netspec" in done.err
    assert "Traceback" not in done.err
    said = json.loads(command("check", tmp_path, "--format", "json", capsys=capsys).out)
    assert [file["ok"] for file in said["files"]] == [True, False, True]


def test_train_looks_at_the_spec_before_it_asks_for_torch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from netspec.cli import train

    def missing(*args: object) -> None:
        raise MissingPackageError("netspec train needs torch")

    monkeypatch.setattr(train, "require_packages", missing)
    (tmp_path / "wrong.yaml").write_text(WRONG)
    (tmp_path / "right.yaml").write_text(RIGHT)
    wrong, right, none = (
        command("train", tmp_path / f"{name}.yaml", capsys=capsys) for name in ("wrong", "right", "no")
    )
    assert (wrong.code, "NS401" in wrong.err, "needs torch" in wrong.err) == (1, True, False)
    assert (none.code, "no such file" in none.err) == (2, True)
    assert right.code in (1, 2)
