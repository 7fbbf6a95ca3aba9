"""`netspec graph` and `netspec.graph`: files by their endings, standard output, wrong specs, what cannot be written."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import netspec as package
from netspec.core import installed
from netspec.render.pictures.formats import FORMATS
from tests.cli.commands import RIGHT, WRONG, netspec, process
from tests.spec_cases import ROOT

STARTS = {
    "svg": b"<svg xmlns=",
    "html": b"<!doctype html>",
    "mermaid": b"flowchart TD",
    "dot": b"digraph ",
    "json": b"{",
}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a right spec and a wrong one."""
    (tmp_path / "net.yaml").write_text(RIGHT)
    (tmp_path / "wrong.yaml").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", STARTS)
def test_the_ending_tells_the_format(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for suffix in FORMATS[name].suffixes:
        done = netspec("graph", "net.yaml", "-o", f"net{suffix}", capsys=capsys)
        assert (done.code, done.out) == (0, "")
        assert done.err == f"net{suffix}: {name} of net\n"
        assert (folder / f"net{suffix}").read_bytes().startswith(STARTS[name])


@pytest.mark.parametrize("name", STARTS)
@pytest.mark.usefixtures("folder")
def test_without_a_file_it_goes_to_standard_output(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("graph", "net.yaml", "--format", name, capsys=capsys)
    assert (done.code, done.err) == (0, "")
    assert done.out.encode().startswith(STARTS[name])
    assert package.graph(package.load("net.yaml"), format=name) == done.out


@pytest.mark.usefixtures("folder")
def test_svg_is_what_there_is_without_a_format(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("graph", "net.yaml", capsys=capsys)
    assert done.out.startswith("<svg ")
    assert package.graph(package.load("net.yaml")) == done.out


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels."""
    assert png.startswith(PNG)
    return struct.unpack(">II", png[16:24])  # type: ignore[return-value]


def test_png(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert netspec("graph", "net.yaml", "-o", "net.png", capsys=capsys).code == 0
    text = package.graph(package.load("net.yaml"), "again.png")
    width, height = (
        float(word.split('"')[1]) for word in text.split(">")[0].split() if word[:6] in ("width=", "height")
    )
    assert text.startswith("<svg ")
    assert (folder / "again.png").read_bytes() == (folder / "net.png").read_bytes()
    assert size_of((folder / "net.png").read_bytes()) == pytest.approx((2 * width, 2 * height), abs=2)


@pytest.mark.usefixtures("folder")
def test_a_huge_png_is_drawn_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    from netspec.reports import network_png

    monkeypatch.setattr(network_png, "LONGEST_SIDE", 150)
    package.graph(package.load("net.yaml"), "net.png")
    assert max(size_of(Path("net.png").read_bytes())) == pytest.approx(150, abs=2)


def test_a_wrong_spec_is_drawn_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("graph", "wrong.yaml", "-o", "wrong.svg", capsys=capsys)
    assert (done.code, done.out) == (1, "")
    assert "error[NS401]: Linear expects 5 features, gets 4" in done.err
    assert "NS401 Linear expects 5 features, gets 4" in (folder / "wrong.svg").read_text("utf-8")
    assert "NS401" in package.graph(package.load("wrong.yaml"))


@pytest.mark.usefixtures("folder")
def test_depth_and_settings(capsys: pytest.CaptureFixture[str]) -> None:
    def paths(*options: str) -> int:
        spec = ROOT / "specs/resnet18.yaml"
        return netspec("graph", spec, *options, capsys=capsys).out.count("data-path=")

    assert paths("--depth", "1") < paths("--depth", "2") < paths("--depth", "3")
    assert (
        'Linear</tspan><tspan class="plain">(4, 7)'
        in netspec("graph", "net.yaml", "--set", "classes=7", capsys=capsys).out
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "net.jpg"], "net.jpg: the name of a picture ends with .svg, .html, .png, .mmd, .dot, .json"),
        (["-o", "net"], "net: the name of a picture ends with"),
        (["--depth", "0"], "0 is not in the range x>=1"),
        (["-o", "none/net.svg"], "none/net.svg: cannot be written: no such file or directory"),
        (["-o", "."], "the name of a picture ends with"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_wrong_usage(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("graph", "net.yaml", *options, capsys=capsys)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())


@pytest.mark.usefixtures("folder")
def test_python_says_what_is_wrong() -> None:
    spec = package.load("net.yaml")
    with pytest.raises(ValueError, match="no format 'mermiad'; did you mean mermaid"):
        package.graph(spec, format="mermiad")
    with pytest.raises(ValueError, match="depth 0 is less than 1"):
        package.graph(spec, depth=0)
    with pytest.raises(TypeError, match=r"netspec\.graph takes a Spec, got str"):
        package.graph("net.yaml")  # type: ignore[arg-type]
    with pytest.raises(package.ReadError, match="cannot be written"):
        package.graph(spec, "none/net.svg")


@pytest.mark.usefixtures("folder")
def test_a_png_needs_matplotlib(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(installed, "_found", lambda module: module != "matplotlib")
    done = netspec("graph", "net.yaml", "-o", "net.png", capsys=capsys)
    assert (done.code, done.out) == (2, "")
    assert done.err == "netspec: a picture as PNG needs matplotlib: pip install 'netspec[train]'\n"


@pytest.mark.usefixtures("folder")
def test_the_json_is_the_tree(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(netspec("graph", "net.yaml", "--format", "json", capsys=capsys).out)
    assert (told["version"], [node["kind"] for node in told["network"]["nodes"]]) == (1, ["input", "layer", "output"])


def test_the_process_writes_bytes() -> None:
    pytest.importorskip("matplotlib")
    command = [sys.executable, "-m", "netspec", "graph", "specs/mnist_mlp.yaml", "--format", "png"]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, b"")
    assert size_of(done.stdout)[0] > 100


def test_an_encoding_without_signs_is_spelt() -> None:
    done = process("graph", "specs/mnist_cnn.yaml", "--format", "dot", env={"PYTHONIOENCODING": "ascii"})
    assert (done.code, done.err) == (0, "")
    assert "1x28x28" in done.out
