"""Sets of sizes in words."""

from __future__ import annotations

import pytest

from netspec.shapes.sizes.search import ValidSizes
from netspec.shapes.sizes.words import sizes_text, valid_size_lines

EXAMINED = range(1, 513)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([], "none"),
        (EXAMINED, "every size"),
        ([224], "224"),
        ([8, 9], "8 or 9"),
        ([28, 29, 30, 31], "28 to 31"),
        (range(63, 513), "at least 63"),
        (range(32, 513, 32), "multiples of 32"),
        (range(64, 513, 32), "multiples of 32, at least 64"),
        (range(33, 513, 32), "33, 65, 97, … in steps of 32"),
        ([n for n in EXAMINED if n % 4 in (0, 1) and n >= 8], "at least 8, with a remainder of 0 or 1 by 4"),
        ([*range(10, 14), 20, 21], "10 to 13, 20 or 21"),
        ([1, 2, 4, 8, 16, 32, 64, 128, 256, 512], "1, 2, 4, 8, 16, 32, 64, 128, 256 and 1 more up to 512"),
        ([512], "512"),
    ],
)
def test_words(sizes: list[int], words: str) -> None:
    assert sizes_text(tuple(sizes), EXAMINED) == words


def test_a_pattern_that_is_broken_once_is_none() -> None:
    sizes = tuple(n for n in range(32, 513, 32) if n != 256)
    assert "multiples" not in sizes_text(sizes, EXAMINED)


def test_few_periods_are_no_pattern() -> None:
    assert sizes_text((200, 400), EXAMINED) == "200 or 400"


def test_equal_axes() -> None:
    boxes = tuple({"H": (n,), "W": (n,)} for n in range(4, 41))
    assert valid_size_lines(ValidSizes({"H": range(1, 41), "W": range(1, 41)}, boxes), {}) == ["H = W", "H at least 4"]


def test_a_product() -> None:
    boxes = tuple({"H": (n,), "W": (12 // n,)} for n in (1, 2, 3, 4, 6, 12))
    found = ValidSizes({"H": range(1, 41), "W": range(1, 41)}, boxes)
    assert valid_size_lines(found, {}) == ["H·W = 12"]
    assert valid_size_lines(ValidSizes(found.examined, boxes[1:]), {}) != ["H·W = 12"]


def test_what_is_declared_comes_first() -> None:
    boxes = ({"H": (2, 3), "W": (32, 33)}, {"H": (8, 9), "W": (8, 9)}, {"H": (32, 33), "W": (2, 3)})
    found = ValidSizes({"H": EXAMINED, "W": EXAMINED}, boxes)
    assert valid_size_lines(found, {"H": 32, "W": 2})[0] == "H 32 or 33 with W 2 or 3"
    assert valid_size_lines(found, {})[0] == "H 8 or 9 with W 8 or 9"
