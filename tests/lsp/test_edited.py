"""A check that starts from the one before says what a whole check says, whatever was typed."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from netspec.lsp import analysis as analysing
from netspec.lsp.analysis import Analysis, Document, Options, analyse
from netspec.lsp.features.graph import graph
from netspec.lsp.features.hints import hints

ROOT = Path(__file__).parents[2]
SPECS = sorted([*(ROOT / "specs").glob("*.yaml"), *(ROOT / "tests/specs/ok").glob("*.yaml")])
PIECES = [
    "0",
    "1",
    "7",
    "{",
    "}",
    "[",
    "]",
    ": ",
    ", ",
    "#",
    '"',
    "-",
    " ",
    "a",
    "null",
    "true",
    "- ",
    "bias: false",
    "1.5",
]
NUMBER = re.compile(r"\d+")


def document(text: str, path: Path = ROOT / "specs/net.yaml", version: int = 1) -> Document:
    return Document(path.as_uri(), str(path), text, version)


def typed(text: str, dice: random.Random) -> str:
    """A text after a key or two: mostly another digit of a number, else anything anywhere in a line."""
    lines = text.split("\n")
    numbers = [(index, found) for index, line in enumerate(lines) for found in NUMBER.finditer(line)]
    if numbers and dice.random() < 0.7:
        index, found = dice.choice(numbers)
        other = dice.choice([str(dice.randint(0, 9)), found[0] + str(dice.randint(0, 9)), found[0][:-1], "3"])
        lines[index] = lines[index][: found.start()] + other + lines[index][found.end() :]
    else:
        index = dice.randrange(len(lines))
        at = dice.randint(0, len(lines[index]))
        lines[index] = lines[index][:at] + dice.choice([*PIECES, ""]) + lines[index][at + dice.choice([0, 0, 1]) :]
    return "\n".join(lines)


def first_of_item(analysis: Analysis) -> list[int]:
    """Of each call, the first one that comes from the same item."""
    first: dict[int, int] = {}
    return [first.setdefault(id(call.item), call.id) for call in analysis.calls]


def same(one: Analysis, other: Analysis) -> None:
    """Two analyses of one text agree in all that a feature asks."""
    assert one.diagnostics == other.diagnostics
    assert (one.report is None) == (other.report is None)
    if one.report is None or other.report is None:
        return
    assert one.report.spec == other.report.spec
    assert one.report.inferred == other.report.inferred
    assert one.calls == other.calls
    assert first_of_item(one) == first_of_item(other)
    assert graph(one) == graph(other)
    assert hints(one, None) == hints(other, None)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_what_was_checked_before_changes_no_answer(path: Path) -> None:
    dice, text = random.Random(path.name), path.read_text("utf-8")
    earlier, again = analyse(document(text, path), {}, Options()), 0
    for version in range(2, 8):
        after = typed(text, dice)
        now = document(after, path, version)
        again += analysing._edited(now, earlier, Options()) is not None
        found = analyse(now, {}, Options(), earlier=earlier)
        same(found, analyse(now, {}, Options()))
        if found.is_whole and found.report is not None and dice.random() < 0.7:
            text, earlier = after, found


def test_it_does_start_from_the_check_before() -> None:
    """Else the comparison above would hold two whole checks against each other."""
    path = ROOT / "specs/resnet18.yaml"
    text = path.read_text("utf-8")
    earlier = analyse(document(text, path), {}, Options())
    for old, new in (
        ("out_channels: 64, kernel_size: 7", "out_channels: 32, kernel_size: 5"),
        ("\nlayers:", "\nlayers:"),
    ):
        after = text.replace(old, new, 1) if old != new else text + "# a comment"
        found = analysing._edited(document(after, path), earlier, Options())
        assert found is not None
        same(found, analyse(document(after, path), {}, Options()))


@pytest.mark.parametrize(
    "change", [("in_features", "in_featuresx"), ("{", "{{"), ("64", "width"), ("- {name: conv1", "- {name: c")]
)
def test_other_changes_are_checked_as_a_whole(change: tuple[str, str]) -> None:
    path = ROOT / "specs/resnet18.yaml"
    text = path.read_text("utf-8")
    if change[0] not in text:
        return
    earlier = analyse(document(text, path), {}, Options())
    assert analysing._edited(document(text.replace(*change, 1), path), earlier, Options()) is None
