"""Tables in plain text, and what a run came to."""

from __future__ import annotations

import pytest

from netspec.render.comparison import closing_line, duration, outcome_table
from netspec.render.runs import flatten
from netspec.render.tables import Table, format_value, table_text

ROWS = [
    {"epoch": 1, "val_loss": 0.5, "val_accuracy": 0.985, "lr": 0.1, "seconds": 1.5, "samples_per_second": 10.0},
    {"epoch": 2, "val_loss": 0.25, "val_accuracy": 0.75, "lr": 0.1, "seconds": 2.0, "samples_per_second": 10.0},
]


def test_the_best_epoch_stands_beside_the_last() -> None:
    table = outcome_table("net", ROWS, ROWS[0])
    assert table.head == ("", "best", "last")
    assert ("val_accuracy", "0.985", "0.75") in table.rows
    assert ("val_loss", "0.5", "0.25") in table.rows
    assert closing_line(ROWS, 38282) == "2 epochs in 3.5 s, 38,282 parameters"


def test_a_best_epoch_that_is_the_last_has_no_column_of_its_own() -> None:
    assert outcome_table("net", ROWS, ROWS[1]).head == ("", "last, best")


def test_columns_are_aligned() -> None:
    assert table_text(Table(("name", "n"), (("a", "1"), ("bcdef", "200")))) == (
        "name     n\n----------\na        1\nbcdef  200"
    )


@pytest.mark.parametrize(("seconds", "text"), [(3.21, "3.2 s"), (250, "4 min 10 s"), (7500.2, "2 h 5 min")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy", 0.5, "0.5"), ("loss", 0.123456, "0.1235"), ("samples", 12345, "12,345"),
        ("seed", 12345, "12345"), ("loss", None, "–"), ("download", True, "true"), ("split", "val", "val"),
    ],
)  # fmt: skip
def test_values_for_people(name: str, value: object, text: str) -> None:
    assert format_value(name, value) == text


def test_a_nested_value_as_one_level() -> None:
    assert flatten({"a": {"b": 1, "c": [2, {"d": None}]}, "e": {}}) == {
        "a.b": 1, "a.c[0]": 2, "a.c[1].d": None, "e": "{}",
    }  # fmt: skip
