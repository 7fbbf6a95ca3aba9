"""Definitions, references and renamings: of blocks, parameters, items and files, each in its scope."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.checker import check
from netspec.language.load import loads
from netspec.lsp.analysis import Document, Options, analyse
from netspec.lsp.features.definition import definition, highlights, references
from netspec.lsp.features.rename import CannotRename, renamable, rename
from netspec.lsp.occurrences import occurrences
from tests.lsp.analysed import CURSOR, URI, applied, with_cursor
from tests.spec_cases import ROOT

SPEC = """\
netspec: 1
params: {width: 8}
input: [3, 8, 8]
blocks:
  Twice:
    params: {planes, stride: 1}
    layers:
      - {name: conv, Conv2d: {out_channels: planes*width, kernel_size: 3, stride: stride, padding: 1}}
      - {name: relu, ReLU: {}}
      - {add: {}, from: [conv, relu]}
layers:
  - {name: conv, Conv2d: {out_channels: width, kernel_size: 1}}
  - repeat: {width: [1, 2]}
    layers: [{Twice: {planes: width}}]
  - {name: last, Twice: {planes: 2, stride: 2}}
  - {add: {}, from: [last, last]}
outputs: last
expect: {max_params: width * 1000}
"""


def lines(marked: str, *, with_definition: bool = True) -> list[tuple[int, int]]:
    """Line and column, from 1, of each place of the name at the mark."""
    analysis, position = with_cursor(marked)
    found = references(analysis, position, with_definition=with_definition)
    return sorted((each.range.start.line + 1, each.range.start.character + 1) for each in found)


def cursor(word: str, after: int = 0, count: int = 1) -> str:
    """The spec with the cursor in an occurrence of a word."""
    start = -1
    for _ in range(count):
        start = SPEC.index(word, start + 1)
    return SPEC[: start + after] + CURSOR + SPEC[start + after :]


def test_a_parameter_of_the_spec_is_not_the_one_of_a_repeat() -> None:
    assert lines(cursor("width: 8")) == [(2, 10), (8, 52), (12, 41), (18, 22)]
    assert lines(cursor("width: [")) == [(13, 14), (14, 31)]


def test_an_item_is_known_in_its_scope() -> None:
    assert lines(cursor("conv,")) == [(8, 16), (10, 26)]
    assert lines(cursor("conv,", count=3)) == [(12, 12)]
    assert lines(cursor("last", after=2), with_definition=False) == [(16, 22), (16, 28), (17, 10)]


def test_a_block_and_its_parameters() -> None:
    assert lines(cursor("Twice", after=3, count=2)) == [(5, 3), (14, 15), (15, 18)]
    assert lines(cursor("planes: 2")) == [(6, 14), (8, 45), (14, 23), (15, 26)]
    analysis, position = with_cursor(cursor("Twice", count=2))
    (place,) = definition(analysis, position)
    assert (place.uri, place.range.start.line) == (URI, 4)
    kinds = [each.kind.name for each in highlights(analysis, position)]
    assert kinds == ["Write", "Read", "Read"]


def test_a_name_in_a_comment_or_a_type_of_torch_has_no_definition() -> None:
    for marked in (cursor("Conv2d"), SPEC.replace("netspec: 1", "netspec: 1  # wi¦dth"), cursor("input")):
        analysis, position = with_cursor(marked)
        assert definition(analysis, position) == []
        assert renamable(analysis, position) is None


RENAMED = [
    ("width: 8", "wide", 1), ("width: [", "w", 1), ("Twice", "Double", 2), ("relu", "act", 1),
    ("planes", "channels", 1), ("last", "网络", 1), ("stride: 1", "step", 1),
]  # fmt: skip


@pytest.mark.parametrize(("word", "name", "count"), RENAMED)
def test_a_renamed_spec_is_the_same_network(word: str, name: str, count: int) -> None:
    analysis, position = with_cursor(cursor(word, count=count))
    edit = rename(analysis, position, name)
    text = applied(SPEC, edit.changes[URI])
    before, after = check(loads(SPEC)), check(loads(text))
    assert after.ok
    assert after.parameters == before.parameters > 0
    assert len(text) - len(SPEC) == len(edit.changes[URI]) * (len(name) - len(word.partition(":")[0]))
    assert {each.new_text for each in edit.changes[URI]} == {name}


@pytest.mark.parametrize(
    ("word", "name", "says"),
    [
        ("relu", "conv", "conv is the name of another item"),
        ("width: 8", "planes", "planes is the name of another parameter"),
        ("Twice", "Linear", "would hide torch's Linear"),
        ("relu", "a b", "a b"),
        ("planes", "1x", "1x"),
    ],
)
def test_a_name_that_would_be_wrong_is_refused(word: str, name: str, says: str) -> None:
    analysis, position = with_cursor(cursor(word))
    with pytest.raises(CannotRename, match=says):
        rename(analysis, position, name)


def test_blocks_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "blocks.yaml").write_text("# 网络\nblocks:\n  Act: [ReLU]\n", "utf-8")
    text = "netspec: 1\ninclude: blocks.yaml\ninput: [4]\nlayers: [Act, Act]\n"
    path = tmp_path / "net.yaml"
    analysis = analyse(Document(path.as_uri(), str(path), text, 1), {}, Options())
    at = analysis.positions.position(text.index("Act"))
    (place,) = definition(analysis, at)
    assert (place.uri, place.range.start.line, place.range.start.character) == (
        (tmp_path / "blocks.yaml").as_uri(),
        2,
        2,
    )
    edit = rename(analysis, at, "Rectify")
    assert {uri: len(edits) for uri, edits in edit.changes.items()} == {path.as_uri(): 2, place.uri: 1}
    (file,) = definition(analysis, analysis.positions.position(text.index("blocks.yaml")))
    assert file.uri == place.uri
    text = text.replace("blocks.yaml", "../secret.yaml")
    (tmp_path.parent / "secret.yaml").write_text("blocks: {}\n")
    analysis = analyse(Document(path.as_uri(), str(path), text, 1), {}, Options())
    assert definition(analysis, analysis.positions.position(text.index("secret"))) == []


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_name_of_a_shipped_spec_is_defined_and_written_there(path: Path) -> None:
    text = path.read_text("utf-8")
    spec = loads(text, folder=path.parent)
    found = occurrences(spec)
    known = {each.symbol for each in found if each.defines}
    assert [each for each in found if each.symbol not in known] == []
    for each in found:
        if each.span.path == spec.path:
            line = text.splitlines()[each.span.line - 1]
            assert line[each.span.column - 1 : each.span.end_column - 1].strip("\"'") == each.symbol.name
