"""`netspec check`: exit codes, what goes where, the JSON of the contract, files that cannot be read, settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netspec.render.json import document, json_text, report_json
from tests.cli.commands import RIGHT, WARNS, WRONG, Done, netspec, process
from tests.spec_cases import BAD, ROOT, report_on
from tests.spec_cases import RIGHT as RIGHT_SPECS

PLACE = {name: {"type": "integer", "minimum": 1} for name in ("line", "column", "end_line", "end_column")}
TEXT = {"type": "string", "minLength": 1}


def strict(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


EDIT = strict({"path": TEXT, **PLACE, "text": {"type": "string"}}, "path")
FIX = strict({"title": TEXT, "safe": {"type": "boolean"}, "edits": {"type": "array", "items": EDIT, "minItems": 1}})
DIAGNOSTIC = strict(
    {
        "code": {"type": "string", "pattern": r"^NS\d{3}$"},
        "severity": {"enum": ["error", "warning"]},
        "message": TEXT,
        "layer": {"type": ["string", "null"]},
        "path": TEXT,
        **PLACE,
        "hint": {"type": ["string", "null"]},
        "notes": {"type": "array", "items": strict({"label": TEXT, "text": TEXT})},
        "frames": {"type": "array", "items": strict({"label": TEXT, "path": TEXT, **PLACE})},
        "fixes": {"type": "array", "items": FIX},
    },
    "path",
)
SHAPE = {"type": "array", "items": {"type": "integer", "minimum": 0}}
FILE = strict(
    {
        "path": TEXT,
        "ok": {"type": "boolean"},
        "outputs": {"type": "object", "additionalProperties": {"anyOf": [SHAPE, {"type": "null"}]}},
        "at": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "integer", "minimum": 1}},
        "diagnostics": {"type": "array", "items": DIAGNOSTIC},
        "error": TEXT,
    },
    "at",
    "error",
)
DOCUMENT = strict({"version": {"const": 1}, "ok": {"type": "boolean"}, "files": {"type": "array", "items": FILE}})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a right, a wrong and a doubtful spec."""
    for name, text in (("right", RIGHT), ("wrong", WRONG), ("warns", WARNS)):
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["right.yaml"], 0),
        (["warns.yaml"], 0),
        (["wrong.yaml"], 1),
        (["right.yaml", "wrong.yaml", "warns.yaml"], 1),
        (["absent.yaml"], 2),
        (["wrong.yaml", "absent.yaml"], 2),
        ([], 2),
        (["--format", "xml", "right.yaml"], 2),
        (["--nonsense", "right.yaml"], 2),
    ],
)
@pytest.mark.usefixtures("folder")
def test_exit_codes(files: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("check", *files, capsys=capsys)
    assert done.code == code
    assert "Traceback" not in done.out + done.err


@pytest.mark.usefixtures("folder")
def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("check", "wrong.yaml", "right.yaml", capsys=capsys)
    assert done.err == ""
    assert done.out == (
        "error[NS401]: Linear expects 5 features, gets 4\n"
        " --> wrong.yaml:4:38\n"
        "  |\n"
        "4 |   - {name: fc, Linear: {in_features: 5, out_features: 3}}  # kept\n"
        "  |                                      ^\n"
        "  = input    4\n"
        "  = fix      in_features: 4  (netspec check --fix)\n"
        "  = torch    mat1 and mat2 shapes cannot be multiplied\n"
        "\n"
        "wrong.yaml: 1 error; 1 fixable with --fix\n"
        "right.yaml: ok; input 4 → fc 3; 15 parameters (60 B as float32), 12 MACs a sample\n"
    )


@pytest.mark.usefixtures("folder")
def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("check", "--format", "json", "wrong.yaml", "right.yaml", capsys=capsys)
    answer = json.loads(done.out)
    jsonschema.validate(answer, DOCUMENT)
    assert [answer["ok"], *(file["ok"] for file in answer["files"])] == [False, False, True]
    (found,) = answer["files"][0]["diagnostics"]
    expected = {
        "code": "NS401",
        "severity": "error",
        "message": "Linear expects 5 features, gets 4",
        "layer": "fc",
        "line": 4,
        "column": 38,
        "end_line": 4,
        "end_column": 39,
        "hint": "in_features: 4",
    }
    assert expected.items() <= found.items()
    assert found["fixes"] == [
        {
            "title": "in_features: 4",
            "safe": True,
            "edits": [{"line": 4, "column": 38, "end_line": 4, "end_column": 39, "text": "4"}],
        }
    ]
    assert [file["outputs"] for file in answer["files"]] == [{"fc": [3]}, {"fc": [3]}]


def test_the_json_of_every_spec_has_the_contracts_shape() -> None:
    """As the command makes it of reports; the specs are not checked again for it."""
    files = [report_json(report_on(path)) for path in (*BAD, *RIGHT_SPECS)]
    answer = json.loads(json_text(document(files), sys.stdout))
    jsonschema.validate(answer, DOCUMENT)
    assert [file["path"] for file in answer["files"]] == [str(path) for path in (*BAD, *RIGHT_SPECS)]
    assert [file["ok"] for file in answer["files"]][-len(RIGHT_SPECS) :] == [True] * len(RIGHT_SPECS)


@pytest.mark.parametrize("wrong", [{"version": 2}, {"version": 1, "ok": True, "files": [{}]}])
def test_another_shape_would_show(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, DOCUMENT)


def test_unknown_shapes_are_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.yaml").write_text("netspec: 1\ninput: [4]\nlayers:\n  - {name: a, Conv2d: {kernel_size: 3}}\n")
    done = netspec("check", "--format", "json", tmp_path / "net.yaml", capsys=capsys)
    assert json.loads(done.out)["files"][0]["outputs"] == {"a": None}


# -- files that cannot be read ----------------------------------------------------------------------------------------


def unreadable(folder: Path) -> Path:
    path = folder / "closed.yaml"
    path.write_text(RIGHT)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    return path


def written(data: bytes) -> Any:
    def write(folder: Path) -> Path:
        path = folder / "odd.yaml"
        path.write_bytes(data)
        return path

    return write


UNREADABLE = {
    "missing": (lambda folder: folder / "absent.yaml", "no such file"),
    "directory": (lambda folder: folder, "holds no spec (*.yaml or *.yml with a key netspec)"),
    "below a file": (lambda folder: written(b"a")(folder) / "net.yaml", "cannot be read: not a directory"),
    "no permission": (unreadable, "cannot be read: permission denied"),
    "binary": (written(b"\x89PNG\r\n\x00\x00"), "is a binary file, not a spec"),
    "empty": (written(b""), "is empty"),
    "only spaces": (written(b" \n\n \t\n"), "is empty"),
    "latin-1": (written("netspec: 1 # größe".encode("latin-1")), "is not UTF-8: byte 15 is 0xf6"),
    "utf-16": (written("netspec: 1".encode("utf-16")), ""),
    "too large": (written(b"#" * 8_000_001), "larger than 8 MB, which no spec is"),
    "a name that is none": (lambda folder: folder / ("a" * 300), "cannot be read: file name too long"),
}


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize(("make", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_one_line(
    make: Any, said: str, style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make(tmp_path)
    done = netspec("check", "--format", style, path, capsys=capsys)
    assert done.code == 2
    assert done.err.startswith(f"netspec: {path}: ")
    assert done.err.rstrip("\n").endswith(said)
    assert done.err.count("\n") == 1
    if style == "json":
        answer = json.loads(done.out)
        jsonschema.validate(answer, DOCUMENT)
        assert answer["files"][0]["error"] in done.err
    else:
        assert done.out == ""


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.yaml").write_bytes(b"\xef\xbb\xbf" + RIGHT.encode())
    assert netspec("check", tmp_path / "net.yaml", capsys=capsys).code == 0


# -- the terminal and the pipe ----------------------------------------------------------------------------------------


def test_no_colour_in_a_pipe() -> None:
    assert "\x1b" not in process("check", "tests/specs/bad/ns401_in_features.yaml").out


@pytest.mark.parametrize(
    ("no_color", "term", "coloured"), [("", "xterm", True), ("1", "xterm", False), ("", "dumb", False)]
)
def test_colour_on_a_terminal(no_color: str, term: str, coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    from netspec.cli.output import use_color

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", term)
    assert use_color(Terminal()) is coloured
    assert use_color(io.StringIO()) is False


def test_standard_input() -> None:
    done = process("check", "-", stdin=WRONG)
    assert done.code == 1
    assert " --> <stdin>:4:38" in done.out
    assert process("check", "-", stdin=RIGHT).code == 0
    empty = process("check", "-", stdin=b"")
    assert (empty.code, empty.err) == (2, "netspec: -: is empty\n")


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("netspec: 1\ninput: [4]\nlayers:\n" + "  - Linaer: 8\n" * 3_000)
    command = f"'{sys.executable}' -m netspec check '{path}' | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.startswith("error[NS204]")
    assert done.stderr == ""


def test_a_stream_that_knows_only_ascii(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("netspec: 1\nname: größe\ninput: [1, 8, 8]\nlayers: [Conv2d: 3]\n", "utf-8")
    for command in ("check", "summary"):
        done = process(command, tmp_path / "net.yaml", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
        assert "Traceback" not in done.err


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "code", "said"),
    [
        ("classes=7", 0, "fc 7"),
        ("params.classes=7", 0, "fc 7"),
        ("classes=2*3", 0, "fc 6"),
        ("input=[9]", 0, "input 9"),
        ("input.0=9", 0, "input 9"),
        ("clases=7", 1, "the spec has no parameter 'clases'; did you mean classes?"),
        ("classes=", 1, "NS202"),
        ("classes", 1, "a setting is key=value, got 'classes'"),
        ("=3", 1, "a setting is key=value"),
        ("classes=seven", 1, "has to be a positive integer, got classes = seven"),
        ("classes=[1", 1, "NS100"),
        ("classes=a\nb", 1, "a setting stands on one line"),
        ("layers.0=ReLU", 1, "'layers' cannot be set"),
        ("classes.x=3", 1, "NS210"),
        ("classes=!!python/name:os.system", 1, "NS102"),
        ("input=huge", 1, "NS202"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_settings(setting: str, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("check", "right.yaml", "--set", setting, capsys=capsys)
    assert said in done.out
    assert done.code == code
    if code and setting != "classes=seven":  # which is wrong only where it is used
        assert "--> --set" in done.out


@pytest.mark.usefixtures("folder")
def test_a_wrong_setting_is_shown_with_its_caret(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("check", "right.yaml", "--set", "classes=5", "--set", "clases=7", capsys=capsys)
    assert "2 | clases=7\n  | ^^^^^^\n" in done.out


# -- fixes ------------------------------------------------------------------------------------------------------------

TWO = """# a comment at the top
netspec: 1
input: [3, 32, 32]
layers:   # in order
  - {name: a, Conv2d: {in_channels: 4, out_channels: 8, kernel_size: 3}}   # first
  - {name: b, BatchNorm2d: {num_features: 16}}

  # before the last
  - Flaten
  - name: fc
    Linear:
      in_features: 3   # guessed
      out_features: 10
"""
MENDED = (
    TWO.replace("in_channels: 4", "in_channels: 3")
    .replace("num_features: 16", "num_features: 8")
    .replace("Flaten", "Flatten")
    .replace("in_features: 3 ", "in_features: 8*30*30 ")
)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_fix_changes_the_values_and_nothing_else(
    ends: str, mark: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(mark + TWO.replace("\n", ends).encode())
    path.chmod(0o640)
    done = netspec("check", "--fix", "--unsafe", path, capsys=capsys)
    assert path.read_bytes() == mark + MENDED.replace("\n", ends).encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert done.code == 0
    assert done.err.count("fixed ") == 4
    assert [each.name for each in tmp_path.iterdir()] == ["net.yaml"]


def test_fix_leaves_suggestions_to_unsafe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """8 channels by one number, 16 by another: either may be meant, and the size behind them is in doubt."""
    path = tmp_path / "net.yaml"
    path.write_text(TWO)
    done = netspec("check", "--fix", path, capsys=capsys)
    safe = TWO.replace("in_channels: 4", "in_channels: 3").replace("Flaten", "Flatten")
    assert (done.code, path.read_text()) == (1, safe)
    assert done.out.endswith("2 errors; 2 fixable with --fix --unsafe\n")
    assert done.out.count("(netspec check --fix --unsafe)") == 2


def test_fix_keeps_mixed_line_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"netspec: 1\r\ninput: [4]\nlayers:\r\n  - Linear: {in_features: 5, out_features: 2}\n")
    assert netspec("check", "--fix", path, capsys=capsys).code == 0
    fixed = b"netspec: 1\r\ninput: [4]\nlayers:\r\n  - Linear: {in_features: 4, out_features: 2}\n"
    assert path.read_bytes() == fixed


def test_fix_through_a_link_keeps_the_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "real.yaml").write_text(WRONG)
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    assert netspec("check", "--fix", tmp_path / "link.yaml", capsys=capsys).code == 0
    assert (tmp_path / "link.yaml").is_symlink()
    assert "in_features: 4" in (tmp_path / "real.yaml").read_text()


def test_fix_mends_an_included_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "part.yaml").write_text("netspec: 1\nblocks: {B: [Linear: {in_features: 3, out_features: 2}]}\n")
    (tmp_path / "net.yaml").write_text("netspec: 1\ninclude: part.yaml\ninput: [4]\nlayers: [B]\n")
    assert netspec("check", "--fix", tmp_path / "net.yaml", capsys=capsys).code == 0
    assert "in_features: 4" in (tmp_path / "part.yaml").read_text()


def test_fix_leaves_alone_what_it_cannot_mend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    text = "netspec: 1\ninput: [4]\nlayers: [Conv2d: {out_channels: 3}]\n"
    path.write_text(text)
    before = path.stat().st_mtime_ns
    assert netspec("check", "--fix", path, capsys=capsys).code == 1
    assert (path.read_text(), path.stat().st_mtime_ns) == (text, before)


def test_fix_of_a_file_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(WRONG)
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write everywhere")
        done: Done = netspec("check", "--fix", path, capsys=capsys)
    finally:
        tmp_path.chmod(0o700)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert path.read_text() == WRONG


def test_fix_ignores_what_is_to_be_ignored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "netspec: 1\nparams: {unused: 3}\ninput: [4]\nlayers: [Linear: {in_features: 5, out_features: 3}]\n"
    )
    done = netspec("check", "--fix", path, "--ignore", "NS902", capsys=capsys)
    assert done.code == 0
    assert "fixed " in done.err
    assert "NS902" not in done.out


def test_fix_still_warns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "netspec: 1\nparams: {unused: 3}\ninput: [4]\nlayers: [Linear: {in_features: 5, out_features: 3}]\n"
    )
    assert "NS902" in netspec("check", "--fix", path, capsys=capsys).out
