"""A cell of a table, as text → a number, a date, or the value of a category.

Input: the text. Output: what it says; NaN or None where it says nothing of that kind.
"""

from __future__ import annotations

import math
import re
from datetime import datetime

# The cells that pandas takes for missing ones.
MISSING = frozenset(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null"]
)  # fmt: skip
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?")
_TRUTHS = {"true": 1.0, "false": 0.0}


class CellError(ValueError):
    """Why a cell does not belong into its column: the end of a sentence that names it, and what to do."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.advice = advice


def as_number(cell: str) -> float:
    """A cell as a number; NaN where it is none."""
    try:
        return _TRUTHS[cell.lower()] if cell.lower() in _TRUTHS else float(cell if "_" not in cell else "")
    except ValueError:
        return math.nan


def as_date(cell: str) -> datetime | None:
    """A date of ISO 8601, perhaps with a time, as the clock showed it; None where the cell is none."""
    try:
        return datetime.fromisoformat(cell).replace(tzinfo=None) if _DATE.fullmatch(cell) else None
    except ValueError:
        return None


def canonical(cell: str) -> str:
    """The text by which a value of a category is known: 1, 1.0 and 01 are one value, and so are TRUE and true."""
    if cell.lower() in _TRUTHS:
        return cell.capitalize()
    number = as_number(cell)
    if not math.isfinite(number):
        return cell
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
