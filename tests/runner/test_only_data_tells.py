"""What `check` leaves to `train`, which finds it before the first batch: only the data tell it, or the machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netspec.checker import check
from netspec.core.diagnostics import Diagnostic
from netspec.language.spec import Spec
from netspec.training.plan import prepare

Make = Callable[..., Spec]
Refused = Callable[..., list[Diagnostic]]

SPEC = """netspec: 1
input: [{columns}]
layers: [{{Linear: {outputs}}}]
data: {{CSV: {{path: table.csv, target: -1}}}}
train: {{loss: {loss}, optimizer: {{SGD: {{lr: 0.1}}}}{more}}}
"""


def spec(columns: int = 2, outputs: int = 2, loss: str = "CrossEntropyLoss", more: str = "") -> str:
    return SPEC.format(columns=columns, outputs=outputs, loss=loss, more=more)


ROWS = "1,2,0\n3,4,1\n5,6,0\n7,8,1\n"
LEFT = {  # what: the spec, the file, the code
    "no file": (spec(), None, "NS601"),
    "an empty file": (spec(), "", "NS601"),
    "a cell that is no number": (spec(), "1,2,0\n3,x,1\n", "NS601"),
    "a row with another number of cells": (spec(), "1,2,0\n3,1\n", "NS601"),
    "another number of columns": (spec(columns=3), ROWS, "NS602"),
    "more classes than outputs": (spec(), ROWS + "9,10,2\n", "NS603"),
    "a class that is no whole number": (spec(), "1,2,0.5\n3,4,1\n", "NS603"),
    "targets outside of 0 to 1": (spec(outputs=1, loss="BCEWithLogitsLoss"), "1,2,0\n3,4,7\n", "NS603"),
    "a device that is not there": (spec(more=", device: 'cuda:99'"), ROWS, "NS606"),
}


@pytest.mark.parametrize("what", LEFT)
def test_what_only_the_data_tell(what: str, make: Make, refused: Refused, tmp_path: Path) -> None:
    text, table, code = LEFT[what]
    if table is not None:
        (tmp_path / "table.csv").write_text(table, "utf-8")
    made = make(text)
    assert check(made).ok
    assert code in {found.code for found in refused(prepare, made)}
