"""Workbooks of Excel that are damaged or hostile: one located error, in bounded memory."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from netspec.core.diagnostics import Diagnostic
from netspec.data.tables import excel
from netspec.language.spec import Spec
from netspec.training.plan import prepare

openpyxl = pytest.importorskip("openpyxl")

Make, Refused = Callable[..., Spec], Callable[..., list[Diagnostic]]
NET = """netspec: 1
input: [2]
layers: [{Linear: 2}]
data: {Table: {path: book.xlsx, target: kind}}
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'
ROWS = [["a", "b", "kind"], [1, 2.5, "x"], [3, 4, "y"], [None, None, None], [5, 6, "x"]]


def save(path: Path, rows: list[list[object]]) -> None:
    """A workbook of one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


def repack(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """A workbook with other files in it."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, change(name, data))


def test_the_first_sheet_is_read_without_its_empty_rows(tmp_path: Path, make: Make) -> None:
    save(tmp_path / "book.xlsx", ROWS)
    data = prepare(make(NET)).data
    assert data.train.inputs[0].tolist() == [[1, 2.5], [3, 4], [5, 6]]
    assert data.source.targets[0].classes == ("x", "y")


def _sheet(text: str) -> Callable[[str, bytes], bytes]:
    def change(name: str, data: bytes) -> bytes:
        if not name.endswith("sheet1.xml"):
            return data
        head, _, rest = data.partition(b"<sheetData>")
        return head + b"<sheetData>" + text.encode() + rest.partition(b"</sheetData>")[2].join([b"</sheetData>", b""])

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda name, data: data + b" " * 2_000_000 if name.endswith("sheet1.xml") else data, "it unpacks to"),
        (
            lambda name, data: b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "a">]>' + data.partition(b"?>")[2]
            if name.endswith("sheet1.xml")
            else data,
            "has a document type",
        ),
        (_sheet(f'{ONE}<row r="99999999999"><c r="A9"><v>1</v></c></row>'), "it has more than"),
        (_sheet(ONE), "row 1 holds the names of the columns, and its cell 1 holds none"),
    ],
)  # fmt: skip
def test_hostile_workbooks_are_refused(
    tmp_path: Path, make: Make, refused: Refused, monkeypatch: pytest.MonkeyPatch,
    change: Callable[[str, bytes], bytes], message: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(excel, "MOST_UNPACKED", 1_000_000)
    monkeypatch.setattr(excel, "MOST_CELLS", 5_000)
    monkeypatch.setattr(excel, "MOST_ROWS", 5_000)
    save(tmp_path / "book.xlsx", ROWS)
    repack(tmp_path / "book.xlsx", change)
    (found,) = refused(prepare, make(NET))
    assert found.code == "NS601"
    assert message in found.message


@pytest.mark.parametrize("data", [b"", b"no workbook", b"PK\x03\x04" + b"\0" * 50])
def test_what_is_no_workbook_is_one_error(tmp_path: Path, make: Make, refused: Refused, data: bytes) -> None:
    (tmp_path / "book.xlsx").write_bytes(data)
    (found,) = refused(prepare, make(NET))
    assert ("no workbook of Excel" if data else "book.xlsx is empty") in found.message


def test_a_row_with_more_cells_than_names_is_named(tmp_path: Path, make: Make, refused: Refused) -> None:
    save(tmp_path / "book.xlsx", [*ROWS, [1, 2, "x", 9]])
    (found,) = refused(prepare, make(NET))
    assert "more cells than row 1 has names" in found.message
