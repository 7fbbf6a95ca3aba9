"""Hints, the outline, folds, tokens, lenses, fixes and formatting of texts: right, wrong, and half typed."""

from __future__ import annotations

import pytest
from lsprotocol import types

from netspec.core.diagnostics import errors
from netspec.language.format import format_text
from netspec.lsp.features.actions import all_safe_fixes, code_actions
from netspec.lsp.features.diagnostics import diagnostics
from netspec.lsp.features.formatting import formatted
from netspec.lsp.features.graph import graph
from netspec.lsp.features.hints import hints
from netspec.lsp.features.lens import GRAPH, SUMMARY, lenses, shown_by
from netspec.lsp.features.symbols import folds, symbols
from netspec.lsp.features.tokens import TYPES, tokens
from netspec.lsp.recovery import closed_line, readable
from tests.lsp.analysed import URI, analysed, applied, document
from tests.spec_cases import ROOT

BLOCKS = """\
netspec: 1
params: {classes: 10}
input: [3, 8, 8]

# A block that is
# used twice.
blocks:
  Act:
    params: {planes}
    layers:
      - Conv2d: {out_channels: planes, kernel_size: 3, padding: 1}  # 网络 🧠
      - ReLU
layers:
  - {name: one, Act: {planes: 4}}
  - {name: two, Act: {planes: 8}}
  - name: head
    layers:
      - Flatten
      - Linear: {out_features: classes}
"""
WRONG = """\
netspec: 1
input: [1, 28, 28]
layers:
  - {Conv2d: {out_channels: 8, kernel_size: 3, in_channels: 3}}
  - Flatten
  - {Linear: {in_features: 100, out_features: 10}}
"""
MARKS = {"start": types.Position(0, 0), "end": types.Position(999, 0)}


def shown_hints(text: str) -> dict[int, list[str]]:
    """The hints of each line, from 1."""
    found: dict[int, list[str]] = {}
    for hint in hints(analysed(text)):
        found.setdefault(hint.position.line + 1, []).append(str(hint.label))
    return found


def test_hints_count_the_copies_of_a_block() -> None:
    """3·3·3·4 + 4 = 112 and 4·3·3·8 + 8 = 296; 8·8·8·10 + 10 = 5130."""
    assert shown_hints(BLOCKS) == {
        11: ["→ 4×8×8 … 8×8×8 · 408 in 2"],
        12: ["→ 4×8×8 … 8×8×8 · 2 times"],
        14: ["→ 4×8×8 · 112"],
        15: ["→ 8×8×8 · 296"],
        17: ["→ 10 · 5,130"],
        18: ["→ 512"],
        19: ["→ 10 · 5,130"],
    }


def test_a_hint_stands_behind_its_item_and_before_the_comment() -> None:
    found = {hint.position.line: hint.position.character for hint in hints(analysed(BLOCKS))}
    lines = BLOCKS.splitlines()
    assert found[10] == lines[10].index("  #")
    assert found[16] == len(lines[16])
    part = types.Range(types.Position(13, 0), types.Position(14, 0))
    assert [hint.position.line for hint in hints(analysed(BLOCKS), part)] == [13, 14]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("  - {name: two, Act: {planes: 8", 15),
        ("  - {name: two, Act: {", 15),
        ("  - {name: two, ", 15),
        ("  - {", 15),
        ("  - name: two Act: 3", 15),
        ("  -", 15),
        ('  - {name: "two, Act: {planes: 8}}', 15),
        ("   planes: x: y", 15),
    ],
)
def test_a_half_typed_line_leaves_the_others_their_shapes(typed: str, line: int) -> None:
    lines = BLOCKS.splitlines()
    lines[line - 1] = typed
    text = "\n".join(lines) + "\n"
    found = {hint.position.line + 1: hint.label for hint in hints(analysed(text), None, analysed(BLOCKS))}
    assert found[14] == "→ 4×8×8 · 112"
    assert found[19].startswith("→ 10 · ")
    assert [each.name for each in symbols(analysed(text))] == ["netspec", "params", "input", "blocks", "layers"]
    assert all(each.source == "netspec" for each in diagnostics(analysed(text)))


def test_what_is_read_of_a_broken_text_changes_as_little_as_needed() -> None:
    text = "a: {b: [1, 2\r\nc: 3\r\nd: '{'  # ]\r\n"
    assert readable(text) == "a: {b: [1, 2]}\r\nc: 3\r\nd: '{'  # ]\r\n"
    assert readable("a: 1\n") == "a: 1\n"
    assert readable("a: \x01\n") is None
    assert closed_line("  - {Conv2d: {out: 3  # }") == "  - {Conv2d: {out: 3}}  # }"
    assert closed_line("x: '[' ]") == "x: '[' ]"


def test_hints_of_lines_that_moved_come_from_the_last_right_version() -> None:
    broken = BLOCKS.replace("layers:\n  - {name: one", "layers:\n  - {name: new, \x01\n  - {name: one")
    found = {hint.position.line + 1: hint for hint in hints(analysed(broken), None, analysed(BLOCKS))}
    assert found[15].label == "→ 4×8×8 · 112"
    assert found[20].label == "→ 10 · 5,130"
    assert found[15].tooltip.startswith("before the change: ")
    assert 14 not in found


def test_the_outline_has_blocks_items_and_shapes() -> None:
    found = {each.name: each for each in symbols(analysed(BLOCKS))}
    assert [*found] == ["netspec", "params", "input", "blocks", "layers"]
    assert [each.name for each in found["blocks"].children[0].children] == ["Conv2d", "ReLU"]
    one, two, head = found["layers"].children
    assert (one.name, one.detail, two.detail) == ("one", "Act → 4×8×8 · 112", "Act → 8×8×8 · 296")
    assert [each.name for each in head.children] == ["Flatten", "Linear"]


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.yaml")), ids=lambda path: path.stem)
def test_symbols_folds_tokens_and_hints_of_shipped_specs_lie_in_order(path: object) -> None:
    text = path.read_text("utf-8")  # type: ignore[attr-defined]
    analysis = analysed(text)
    end = len(analysis.positions.starts)

    def inside(outer: types.Range, each: types.DocumentSymbol) -> None:
        assert outer.start.line <= each.range.start.line <= each.range.end.line <= outer.end.line
        assert each.range.start <= each.selection_range.start
        assert each.selection_range.end <= each.range.end
        for child in each.children or ():
            inside(each.range, child)

    whole = types.Range(**MARKS)
    for each in symbols(analysis):
        inside(whole, each)
    assert all(fold.start_line < fold.end_line < end for fold in folds(analysis))
    data = tokens(analysis).data
    assert len(data) % 5 == 0
    assert all(delta >= 0 for delta in data)
    assert all(data[at + 2] > 0 and data[at + 3] < len(TYPES) for at in range(0, len(data), 5))
    assert [hint.position.line for hint in hints(analysis)] == sorted(hint.position.line for hint in hints(analysis))


def test_folds_are_sections_items_and_comments() -> None:
    found = {(fold.start_line + 1, fold.end_line + 1): fold.kind for fold in folds(analysed(BLOCKS))}
    assert {(5, 6), (7, 12), (8, 12), (10, 12), (13, 19), (16, 19)} <= found.keys()
    assert found[5, 6] == types.FoldingRangeKind.Comment


def test_tokens_tell_types_parameters_and_items_apart() -> None:
    analysis = analysed(BLOCKS)
    data, line, column, found = tokens(analysis).data, 0, 0, []
    for at in range(0, len(data), 5):
        line, column = line + data[at], data[at + 1] + (column if data[at] == 0 else 0)
        word = BLOCKS.splitlines()[line][column : column + data[at + 2]]
        found.append((word, TYPES[data[at + 3]], data[at + 4]))
    assert ("Conv2d", "class", 0) in found
    assert ("Act", "struct", 1) in found
    assert ("Act", "struct", 0) in found
    assert ("planes", "parameter", 1) in found
    assert ("classes", "parameter", 0) in found
    assert ("one", "variable", 1) in found


def test_lenses_show_the_summary_and_the_page() -> None:
    analysis = analysed(BLOCKS)
    first, second = lenses(analysis)
    assert (first.command.title, first.command.command) == ("5,538 parameters · summary", SUMMARY)
    assert (second.command.title, second.command.arguments) == ("graph of the network", [URI])
    assert first.range.start.line == 12
    ending, text = shown_by(analysis, SUMMARY)
    assert (ending, "5,538" in text, "head.1" in text) == (".txt", True, True)
    ending, page = shown_by(analysis, GRAPH)
    assert (ending, page.startswith("<!doctype html>")) == (".html", True)
    assert "the first at line 4" in shown_by(analysed(WRONG), SUMMARY)[1]


def test_safe_fixes_are_preferred_and_suggestions_marked() -> None:
    analysis = analysed(WRONG)
    assert [each.code for each in errors(analysis.diagnostics)] == ["NS401", "NS401"]
    actions = code_actions(analysis, types.Range(**MARKS), ["quickfix"])
    assert {bool(action.is_preferred) for action in actions} == {True, False}
    assert all(action.title.endswith("(suggestion)") != bool(action.is_preferred) for action in actions)
    for action in actions:
        text = applied(WRONG, action.edit.changes[URI])
        assert len(errors(analysed(text).diagnostics)) < 2
    line = types.Range(types.Position(3, 0), types.Position(3, 10))
    assert all("100" not in action.diagnostics[0].message for action in code_actions(analysis, line, ["quickfix"]))
    assert code_actions(analysis, types.Range(**MARKS), ["refactor"]) == []


def test_all_safe_fixes_together_mend_the_text() -> None:
    (action,) = all_safe_fixes(analysed(WRONG))
    assert (action.title, action.kind) == ("Make 2 safe fixes", "source.fixAll.netspec")
    text = applied(WRONG, action.edit.changes[URI])
    assert text == WRONG.replace("in_channels: 3", "in_channels: 1").replace("100", "8*26*26")
    assert analysed(text).report.ok
    assert code_actions(analysed(text), types.Range(**MARKS), ["source"]) == []


@pytest.mark.parametrize("end", ["", "  # why", "  # netspec: ignore=NS916"])
def test_a_warning_can_be_ignored(end: str) -> None:
    text = f"netspec: 1\ninput: [4]\nlayers:\n  - {{Linear: 8}}\n  - {{Linear: 2}}{end}\n"
    warning = next(each for each in diagnostics(analysed(text)) if each.code == "NS905")
    actions = {action.title: action for action in code_actions(analysed(text), warning.range, ["quickfix"])}
    ignored = applied(text, actions["Ignore NS905 on this line"].edit.changes[URI])
    assert len(ignored.splitlines()) == len(text.splitlines())
    assert "NS905" not in {each.code for each in diagnostics(analysed(ignored))}
    wrong = diagnostics(analysed(WRONG))[0]
    assert not any(action.title.startswith("Ignore") for action in code_actions(analysed(WRONG), wrong.range))


def test_a_finding_in_another_file_stands_where_that_is_named() -> None:
    text = "netspec: 1\ninclude: parts.yaml\ninput: [4]\nlayers: [Bad]\n"
    found = diagnostics(analysed(text, parts="blocks:\n  Bad: [{Linear: {out_feature: 3}}]\n"))
    told = next(each for each in found if each.code == "NS205")
    assert told.range.start == types.Position(1, 9)
    assert told.message.startswith("/nowhere/parts.yaml:2:")
    related = told.related_information[0].location
    assert (related.uri, related.range.start.line) == ("file:///nowhere/parts.yaml", 1)


def test_a_file_of_blocks_is_no_wrong_spec() -> None:
    assert diagnostics(analysed("netspec: 1\nblocks:\n  Act: [ReLU]\n")) == []
    (told,) = diagnostics(analysed("netspec: 1\nblocks:\n  Act: [ReLUU]\n"))
    assert told.code == "NS204"


def test_formatting_is_that_of_fmt_and_changes_only_lines_that_differ() -> None:
    text = BLOCKS.replace("  - {name: one, Act: {planes: 4}}", "  - Act:   {planes: 4}\n    name: one")
    (edit,) = formatted(document(text))
    assert applied(text, [edit]) == format_text(text, "net.yaml") == BLOCKS
    assert (edit.range.start.line, edit.range.end.line) == (13, 15)
    assert formatted(document(BLOCKS)) == []
    assert formatted(document("a: [\n")) == []


def test_the_graph_has_lines_and_problems() -> None:
    drawn = graph(analysed(WRONG))
    assert (drawn["version"], drawn["ok"], drawn["sound"], drawn["totals"]) == (1, False, False, None)
    nodes = {node.get("type"): node for node in drawn["picture"]["network"]["nodes"]}
    assert nodes["Conv2d"]["line"] == 4
    assert [each["code"] for each in nodes["Linear"]["problems"]] == ["NS401"]
    assert drawn["picture"]["open"] == [0]
    assert graph(analysed("a: [\n"))["picture"] is None
    assert graph(analysed(BLOCKS))["totals"].startswith("input 3×8×8 → head 10; 5,538 parameters")
