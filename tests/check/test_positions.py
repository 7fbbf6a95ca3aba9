"""Every diagnostic points at the value to change, however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from netspec.core.diagnostics import Diagnostic
from netspec.core.files import split_lines
from netspec.core.tree import Span
from netspec.render.text import render_one


def covered(span: Span, text: str) -> str:
    """What a span covers, as a client would cut it out."""
    lines = split_lines(text)
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    first, last = lines[span.line - 1][span.column - 1 :], lines[span.end_line - 1][: span.end_column - 1]
    return "\n".join([first, *lines[span.line : span.end_line - 1], last])


def only(text: str) -> Diagnostic:
    report = netspec.check(netspec.loads(text))
    (found,) = [item for item in report.diagnostics if item.severity == "error"]
    return found


HEAD = "netspec: 1\ninput: [8]\nlayers:\n"
LINEAR = {
    "flow": ("  - Linear: {in_features: 7, out_features: 2}\n", "7"),
    "flow with spaces": ("  - Linear: {in_features:    7   , out_features: 2}\n", "7"),
    "expression": ("  - Linear: {in_features: 32*4, out_features: 2}\n", "32*4"),
    "block": ("  - Linear:\n      in_features: 7\n      out_features: 2\n", "7"),
    "block with comment": ("  - Linear:\n      in_features: 7   # seven\n      out_features: 2\n", "7"),
    "json": ('  - {"Linear": {"in_features":7,"out_features":2}}\n', "7"),
    "flow over lines": ("  - Linear: {\n      in_features:\n        7,\n      out_features: 2}\n", "7"),
    "double quotes": ('  - Linear: {in_features: "32*4", out_features: 2}\n', '"32*4"'),
    "single quotes": ("  - Linear: {in_features: '32*4', out_features: 2}\n", "'32*4'"),
    "wide characters before": ("  - {Linear: 8}  # 畳み\n  - {Linear: {in_features: 7, out_features: 2}}\n", "7"),
    "anchor on the value": ("  - Linear: {in_features: &n 7, out_features: 2}\n", "7"),
    "anchor on a quoted value": ('  - Linear: {in_features: &n "7+0", out_features: 2}\n', '"7+0"'),
    "plain over two lines": (
        "  - Linear:\n      in_features: 3 +\n        4\n      out_features: 2\n",
        "3 +\n        4",
    ),
    "anchor on the arguments": ("  - Softmax: &n [1]\n", "[1]"),
    "literal": ("  - Linear:\n      in_features: |\n        3+4\n      out_features: 2\n", None),
    "carriage returns": ("  - Linear:\r\n      in_features: 7\r\n      out_features: 2\r\n", "7"),
    "claim": ("  - {Linear: {out_features: 2}, shape: [3]}\n", "[3]"),
    "claim in block style": ("  - Linear: 2\n    shape:\n      - 3\n", "- 3"),
    "type": ("  - Linaer: {out_features: 2}\n", "Linaer"),
    "quoted type": ('  - "Linaer": {out_features: 2}\n', '"Linaer"'),
    "argument": ("  - Linear: {out_featurs: 2}\n", "out_featurs"),
    "name within an expression": ("  - Linear: {out_features: 2*widht}\n", "widht"),
    "reference in a list": ("  - {name: a, Linear: 8}\n  - {add: {}, from: [a, bb]}\n", "bb"),
}


@pytest.mark.parametrize(("body", "under"), LINEAR.values(), ids=LINEAR)
def test_the_span_covers_the_value(body: str, under: str | None) -> None:
    text = HEAD + body
    found = only(text)
    if under is not None:
        assert covered(found.span, text) == under
    assert text.split("\n")[found.span.line - 1].strip(), "it is on a line of the file"


def test_the_caret_stands_under_the_value_also_after_wide_characters() -> None:
    text = "netspec: 1\ninput: [8]\nlayers: [{畳み: 1, Linear: {out_features: 7}, '層': 2}]\n"
    report = netspec.check(netspec.loads(text))
    for found, key, width in zip(report.diagnostics, ("畳み", "'層'"), (4, 4), strict=True):
        assert covered(found.span, text) == key
        shown = render_one(found, {"<text>": text}).split("\n")
        columns = sum(2 if ord(character) > 0x2E80 else 1 for character in shown[3][: shown[3].index(key)])
        assert shown[4].index("^") == columns
        assert shown[4].count("^") == width


def test_an_alias_points_at_the_anchor_and_names_the_alias() -> None:
    text = HEAD + "  - {name: a, Linear: &x {in_features: 8, out_features: 4}}\n  - Linear: *x\n"
    found = only(text)
    assert covered(found.span, text) == "8"
    assert found.span.line == 4
    assert [(frame.label, covered(frame.span, text)) for frame in found.frames] == [("the alias *x", "*x")]


def test_a_merge_key_points_at_the_anchor_and_names_the_alias() -> None:
    text = HEAD + "  - {name: a, Linear: &x {in_features: 8, out_features: 4}}\n  - Linear: {<<: *x, out_features: 3}\n"
    found = only(text)
    assert covered(found.span, text) == "8"
    assert [covered(frame.span, text) for frame in found.frames] == ["*x"]


def test_a_block_used_twice_is_one_diagnostic_with_a_frame() -> None:
    text = (
        "netspec: 1\ninput: [8]\nblocks:\n  B: [Linear: {in_features: 7, out_features: 8}]\n"
        "layers:\n  - {name: one, B: {}}\n  - {name: two, B: {}}\n"
    )
    found = only(text)
    assert (found.span.line, covered(found.span, text)) == (4, "7")
    assert found.layer == "one.0"
    assert [(frame.label, frame.span.line) for frame in found.frames] == [("the block B, used as one", 6)]
    assert "in       the block B, used as one at <text>:6:17" in render_one(found, {"<text>": text})


def test_an_include_points_into_its_file_and_names_the_place(tmp_path: Path) -> None:
    part = "netspec: 1\nblocks:\n  B: [Linear: {in_features: 7, out_features: 8}]\n"
    (tmp_path / "part.yaml").write_text(part)
    (tmp_path / "net.yaml").write_text("netspec: 1\ninclude: part.yaml\ninput: [8]\nlayers: [B]\n")
    report = netspec.check(netspec.load(tmp_path / "net.yaml"))
    (found,) = report.diagnostics
    assert Path(found.span.path) == tmp_path / "part.yaml"
    assert covered(found.span, part) == "7"
    assert {Path(frame.span.path).name for frame in found.frames} == {"net.yaml"}
    assert [frame.label for frame in found.frames] == [
        "the block B, used as 0",
        f"the file {tmp_path / 'part.yaml'}, named",
    ]


def test_a_setting_points_at_the_command_line() -> None:
    spec = netspec.loads("netspec: 1\nparams: {n: 8}\ninput: [8]\nlayers: [Linear: n]\n", n=-1)
    (found,) = netspec.check(spec).diagnostics
    assert found.code == "NS216"


def test_the_way_of_the_input_and_the_arithmetic() -> None:
    text = """netspec: 1
params: {classes: 20}
input: [1, 28, 28]
layers:
  - {name: conv1, Conv2d: {out_channels: 32, kernel_size: 5}}
  - ReLU
  - MaxPool2d: 2
  - Flatten
  - {name: fc, Linear: {in_features: 32*4, out_features: classes}}
"""
    found = only(text)
    assert found.message == "Linear expects 128 features, gets 4608"
    notes = {note.label: note.text for note in found.notes}
    assert notes["input"] == "1×28×28 → conv1 32×24×24 → MaxPool2d 32×12×12 → Flatten 4608 = 32·12·12"
    assert notes["or"] == "inputs of 8×8 or 9×9 would make 32*4 right"
    assert "mat1 and mat2" in notes["torch"]
    assert found.fixes[0].title == "in_features: 32*12*12"


def test_a_very_long_line_is_cut_around_the_value() -> None:
    line = "layers: [" + "Linear: 8, " * 40 + "Linear: {in_features: 7, out_features: 2}" + ", Linear: 8" * 40 + "]"
    text = f"netspec: 1\ninput: [8]\n{line}\n"
    shown = render_one(only(text), {"<text>": text}).split("\n")
    assert len(shown[3]) < 200
    assert shown[3][shown[4].index("^")] == "7"


def test_a_terminal_obeys_no_character_of_a_spec() -> None:
    text = HEAD + '  - {name: "\\e[31mred\\u202e", Linear: 2}\n'
    report = netspec.check(netspec.loads(text))
    shown = "\n".join(render_one(found, report.spec.sources) for found in report.diagnostics)
    assert report.diagnostics
    assert "\x1b" not in shown
    assert "\u202e" not in shown
