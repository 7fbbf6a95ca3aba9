"""Kinds of data × ways to be broken: one located error that names the file, before the first batch."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import save_file

from netspec.core.diagnostics import Diagnostic
from netspec.data import arrays, picture_table
from netspec.data.tables import bounded, excel, files, kinds
from netspec.data.tables.files import read_table
from netspec.language.spec import Spec
from netspec.training.plan import prepare

Make, Refused = Callable[..., Spec], Callable[..., list[Diagnostic]]
RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": RANDOM.normal(size=12), "b": RANDOM.normal(size=12), "y": ["u", "v"] * 6})
X, Y = FRAME[["a", "b"]].to_numpy(np.float32), np.array([0, 1] * 6)
NET = """netspec: 1
input: [INPUT]
layers: [Flatten, {Linear: 2}]
data:
  DATA
  VAL
train: {epochs: 1, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
TOKENS = NET.replace("[INPUT]", "{shape: [4], dtype: int64}").replace(
    "[Flatten,", "[{Embedding: {num_embeddings: 99, embedding_dim: 2}}, Flatten,"
)
PLACES = TOKENS.replace("Flatten, {Linear: 2}", "{Linear: 99}, {transpose: {dim0: 1, dim1: 2}}")


def spec(text: str, data: str, size: str = "2", val: str = "val: 0.25") -> str:
    return text.replace("INPUT", size).replace("DATA", data).replace("VAL", val)


def picture(size: int = 6) -> bytes:
    content = io.BytesIO()
    Image.fromarray(RANDOM.integers(0, 2, (size, size), np.uint8)).save(content, "PNG")
    return content.getvalue()


def pack(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


PICTURES = {f"photos/{n}.png": picture() for n in range(6)} | {f"masks/{n}.png": picture() for n in range(6)}
TABLE = "file,label\n" + "".join(f"photos/{n}.png,{'uv'[n % 2]}\n" for n in range(6))
WORDS = "text,label\n" + "".join(f"word {n} more,{'uv'[n % 2]}\n" for n in range(12))
MASKS = NET.replace("Flatten, {Linear: 2}", "{Conv2d: {out_channels: 2, kernel_size: 1}}")
SERIES = "day,v\n" + "".join(f"2024-01-{n:02},{n}\n" for n in range(1, 29))


def written(folder: Path, kind: str) -> tuple[Path, str]:
    """The file that is to be broken, beside what it belongs to, and the spec."""
    for name, content in (PICTURES if kind in ("picture", "mask", "folder", "rows") else {}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    name, text = FILES[kind]
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind in ("csv", "csv.gz", "csv.zip", "tsv"):
        FRAME.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    elif kind == "jsonl":
        FRAME.to_json(path, orient="records", lines=True)
    elif kind in ("parquet", "arrow", "xlsx"):
        write = {"parquet": FRAME.to_parquet, "arrow": FRAME.to_feather, "xlsx": partial(FRAME.to_excel, index=False)}
        write[kind](path)
    elif kind == "npz":
        np.savez(path, x=X, y=Y)
    elif kind == "npy":
        np.save(path, X)
        np.save(path.with_name("y.npy"), Y)
    elif kind == "safetensors":
        save_file({"x": X, "y": Y}, path)
    elif kind in ("picture", "rows"):
        (folder / "photos.csv").write_text(TABLE)
    elif kind == "folder":
        for n in range(6):
            (folder / f"all/{'uv'[n % 2]}").mkdir(parents=True, exist_ok=True)
            (folder / f"all/{'uv'[n % 2]}/{n}.png").write_bytes(PICTURES[f"photos/{n}.png"])
    elif kind in ("texts", "book", "tags", "series"):
        content = {
            "texts": WORDS,
            "book": "some words of a book. " * 40,
            "tags": "Ann A\nsees B\n\n" * 9,
            "series": SERIES,
        }
        path.write_text(content[kind])
    elif kind == "shard":
        pack(
            path,
            {f"{n}.{end}": data for n in range(8) for end, data in (("png", picture()), ("cls", b"01"[n % 2 :][:1]))},
        )
    return path, text


FILES = {
    **{
        kind: (f"rows.{kind}", spec(NET, f"{'CSV' if 'csv' in kind else 'Table'}: {{path: rows.{kind}, target: y}}"))
        for kind in ("csv", "csv.gz", "csv.zip", "tsv", "jsonl", "parquet", "arrow")
    },
    "xlsx": ("rows.xlsx", spec(NET, "Table: {path: rows.xlsx, columns: [a, b], target: y}")),
    "npz": ("rows.npz", spec(NET, "Arrays: {path: rows.npz}")),
    "npy": ("rows/x.npy", spec(NET, "Arrays: {path: rows}")),
    "safetensors": ("rows.safetensors", spec(NET, "Arrays: {path: rows.safetensors}")),
    "picture": ("photos/1.png", spec(NET, "Pictures: {path: photos.csv, files: file, target: label}", "1, 6, 6")),
    "rows": ("photos.csv", spec(NET, "Pictures: {path: photos.csv, files: file, target: label}", "1, 6, 6")),
    "mask": ("masks/1.png", spec(MASKS, "Segmentation: {pictures: photos, masks: masks, classes: 2}", "1, 6, 6")),
    "folder": ("all/v/1.png", spec(NET, "ImageFolder: {root: all}\n  transforms: [Grayscale]", "1, 6, 6")),
    "texts": ("texts.csv", spec(TOKENS, "Text: {path: texts.csv, target: label}")),
    "book": ("book.txt", spec(PLACES, "TextWindows: {path: book.txt, tokenizer: words}")),
    "tags": ("tags.conll", spec(PLACES, "TaggedText: {path: tags.conll}")),
    "series": (
        "series.csv",
        spec(NET, "TimeSeries: {path: series.csv, window: 4, time: day, columns: [v], target: v}", "4", "val: 0.4")
        .replace("Linear: 2", "Linear: 1")
        .replace("CrossEntropyLoss", "MSELoss"),
    ),
    "shard": ("rows.tar", spec(NET, "WebDataset: {path: rows.tar, input: png, target: cls}", "1, 6, 6")),
}


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 - 1])


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BREAK: dict[str, Callable[[Path], Any]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "truncated": halved,
    "bytes": lambda path: path.write_bytes(bytes(range(128, 256)) * 40),
    "zeros": lambda path: path.write_bytes(bytes(5000)),
    "a folder": a_folder,
}
UNSEEN = {  # what nothing can know: where a text ends, how many files there were
    *(("truncated", kind) for kind in ("csv", "tsv", "texts", "book", "tags", "series", "rows")),
    *(("missing", kind) for kind in ("folder",)),
    ("a folder", "folder"),
}


@pytest.mark.parametrize("kind", FILES)
def test_what_is_whole_is_taken(make: Make, tmp_path: Path, kind: str) -> None:
    _, text = written(tmp_path, kind)
    assert len(prepare(make(text), "cpu").data.train) > 0


@pytest.mark.parametrize("how", BREAK)
@pytest.mark.parametrize("kind", FILES)
def test_a_broken_file_is_one_located_error(make: Make, refused: Refused, tmp_path: Path, kind: str, how: str) -> None:
    if (how, kind) in UNSEEN:
        return
    path, text = written(tmp_path, kind)
    BREAK[how](path)
    (found,) = refused(prepare, make(text), "cpu")
    assert (found.code, found.span.line) == ("NS601", 5), found
    named = {path.name, path.stem, path.parent.name} - {"photos", "masks"}
    assert any(name in found.message for name in named), found.message
    assert "\n" not in found.message


def test_a_cut_row_is_named(make: Make, refused: Refused, tmp_path: Path) -> None:
    for kind, cut, message in (
        ("csv", FRAME.to_csv(index=False)[:-3], "row 12, column 'y' has no value"),
        ("series", SERIES.replace("2024-01-28,28\n", "2024-0,"), "row 28"),
        ("series", SERIES.replace("2024-01-28,28\n", "2024"), "row 28, column 'day' holds '2024'"),
        ("tags", "Ann A\nsees B\n\nsee", "the line 'see' of sentence 2 has 1 column"),
        ("rows", TABLE[:-2], "row 6, column 'label' has no value"),
    ):
        path, text = written(tmp_path, kind)
        path.write_text(cut)
        (found,) = refused(prepare, make(text), "cpu")
        assert message in found.message


def test_each_label_of_a_validation_set_is_known(make: Make, refused: Refused, tmp_path: Path) -> None:
    """A set that lacks classes is numbered as the training set is; a class that only it has is named."""
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    text = FILES["csv"][1].replace("val: 0.25", "val: {CSV: {path: more.csv, target: y}}")
    FRAME.assign(y="v").to_csv(tmp_path / "more.csv", index=False)
    data = prepare(make(text), "cpu").data
    assert data.val is not None
    assert data.val.targets[0].tolist() == [1] * 12
    FRAME.assign(y=["v", "w"] * 6).to_csv(tmp_path / "more.csv", index=False)
    (found,) = refused(prepare, make(text), "cpu")
    assert "the validation set has the class 'w', which the training set has not" in found.message
    FRAME.assign(y=range(12)).to_csv(tmp_path / "more.csv", index=False)
    (found,) = refused(prepare, make(text), "cpu")
    assert "the validation set has numbers as targets, the training set classes as targets" in found.message
    path, tags = written(tmp_path, "tags")
    (path.parent / "more.conll").write_text("Ann B\n\n" * 3)
    data = prepare(make(tags.replace("val: 0.25", "val: {TaggedText: {path: more.conll}}")), "cpu").data
    assert data.val is not None
    assert data.val.targets[0][:].flatten().unique().tolist() == [-100, 1]
    _, rows = written(tmp_path, "rows")
    rows = rows.replace("target: label}", 'target: label, label_separator: ";"}').replace(
        "CrossEntropyLoss", "BCEWithLogitsLoss"
    )
    (tmp_path / "more.csv").write_text("file,label\nphotos/1.png,v\nphotos/2.png,\n")
    other = 'val: {Pictures: {path: more.csv, files: file, target: label, label_separator: ";"}}'
    data = prepare(make(rows.replace("val: 0.25", other)), "cpu").data
    assert data.val is not None
    assert data.val.targets[0].tolist() == [[0, 1], [0, 0]]


def bomb(path: Path, kind: str) -> None:
    """A small file of much: 3 MB here, with the bounds as much smaller."""
    much = b"1,2,u\n" * 500_000
    if kind == "csv.gz":
        path.write_bytes(gzip.compress(b"a,b,y\n" + much, 1))
    elif kind == "csv.zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("rows.csv", b"a,b,y\n" + much)
    elif kind == "jsonl":
        path.write_bytes(b'{"a": 1, "b": 2, "y": "u"}\n' * 100_000)
    else:
        count = 400_000
        frame = pd.DataFrame({"a": np.zeros(count), "b": np.zeros(count), "y": ["u"] * count})
        {"parquet": frame.to_parquet, "arrow": frame.to_feather}[kind](path)


@pytest.mark.parametrize("kind", ["csv.gz", "csv.zip", "jsonl", "parquet", "arrow"])
def test_a_file_that_unpacks_to_too_much_is_refused(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(bounded, "ALWAYS", 1_000_000)
    path, text = written(tmp_path, kind)
    prepare(make(text.replace("val: 0.25", "val: 0.25\n  memory: 1MB")), "cpu")
    bomb(path, kind)
    (found,) = refused(prepare, make(text.replace("val: 0.25", "val: 0.25\n  memory: 1MB")), "cpu")
    assert "holds more than the 1,000,000 bytes that `memory` allows" in found.message


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "parquet", "arrow", "rows", "texts"])
def test_more_columns_than_a_table_has_are_refused(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(bounded, "MOST_COLUMNS", 1000)
    path, text = written(tmp_path, kind)
    wide = pd.DataFrame(np.zeros((2, 1001)), columns=[f"c{n}" for n in range(1001)])
    if kind == "jsonl":
        path.write_text(json.dumps({f"c{n}": 1 for n in range(1001)}))
    elif kind in ("parquet", "arrow"):
        {"parquet": wide.to_parquet, "arrow": wide.to_feather}[kind](path)
    else:
        wide.to_csv(path, index=False)
    (found,) = refused(prepare, make(text), "cpu")
    assert "has 1,001 columns, more than 1,000" in found.message


@pytest.mark.parametrize("kind", ["parquet", "arrow", "npz"])
def test_what_unpacks_to_many_times_its_size_is_refused(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """However much `memory` allows: numbers that are all alike take next to nothing in a file."""
    for module in (bounded, arrays):
        monkeypatch.setattr(module, "ALWAYS", 1_000_000)
    path, text = written(tmp_path, kind)
    prepare(make(text), "cpu")
    if kind == "npz":
        np.savez_compressed(path, x=np.zeros((1_000_000, 2), np.float32), y=np.zeros(3, int))
    else:
        frame = pd.DataFrame({"a": np.zeros(400_000), "b": np.zeros(400_000), "y": [0] * 400_000})
        {"parquet": frame.to_parquet, "arrow": partial(frame.to_feather, compression="zstd")}[kind](path)
    (found,) = refused(prepare, make(text), "cpu")
    assert "unpacks to" in found.message
    assert "200 times its size" in found.message


@pytest.mark.parametrize("kind", ["csv.gz", "csv.zip"])
def test_many_short_cells_are_too_much_too(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A cell takes 8 bytes once it is read, so that a text of commas is a table of four times its size."""
    monkeypatch.setattr(bounded, "ALWAYS", 1_000_000)
    path, text = written(tmp_path, kind)
    commas = b"a,b,y\n" + b",,u\n" * 50_000
    if kind == "csv.gz":
        path.write_bytes(gzip.compress(commas))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("rows.csv", commas)
    (found,) = refused(prepare, make(text), "cpu")
    size = path.stat().st_size
    assert f"has {size:,} bytes and unpacks to more than 1,000,000, over 200 times its size" in found.message
    monkeypatch.setattr(bounded, "MOST_TIMES", 10_000)
    assert "row 1, column 'a' has no value" in refused(prepare, make(text), "cpu")[0].message


def test_a_packed_table_is_what_it_is_unpacked(make: Make, tmp_path: Path) -> None:
    """A packed table is read part by part: a column of numbers in one part and words in another is one of words."""
    rows = "a,b,y\n" + "1,01,u\n" * 300_000 + "2,x,v\n" * 2
    (tmp_path / "rows.csv").write_text(rows)
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(rows.encode(), 1))
    found = [read_table(tmp_path / name) for name in ("rows.csv", "rows.csv.gz")]
    assert found[0].astype(str).equals(found[1].astype(str))
    assert set(found[1]["b"]) == {"01", "x"}


def test_objects_of_other_keys_in_each_line_are_refused(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "ALWAYS", 1_000_000)
    path, text = written(tmp_path, "jsonl")
    path.write_text("".join(json.dumps({f"k{n}": 1, "y": "u"}) + "\n" for n in range(1000)))
    (found,) = refused(prepare, make(text), "cpu")
    assert "different keys in" in found.message
    path.write_text("[" * 200 + "\n")
    monkeypatch.setattr(files, "LONGEST_OBJECT", 100)
    (found,) = refused(prepare, make(text), "cpu")
    assert "more than 100 characters in line 1" in found.message


def test_json_lines_in_parts_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"a": None if n < 4 else n, "b": n % 2 == 0, "c": "x", **({"d": n} if n > 5 else {})} for n in range(9)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    whole = read_table(tmp_path / "rows.jsonl")
    monkeypatch.setattr(files, "AT_ONCE", 1)
    parts = read_table(tmp_path / "rows.jsonl")
    assert [*parts.columns] == [*whole.columns] == ["a", "b", "c", "d"]
    assert parts.astype(str).equals(whole.astype(str))


@pytest.mark.parametrize("kind", ["arrow", "csv", "jsonl", "parquet"])
def test_too_many_columns_of_a_hugging_face_file_are_refused(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    pytest.importorskip("datasets")
    monkeypatch.setattr(bounded, "MOST_COLUMNS", 1000)
    wide, path = pd.DataFrame(np.zeros((2, 1200)), columns=[f"c{n}" for n in range(1200)]), tmp_path / f"rows.{kind}"
    if kind == "csv":
        wide.to_csv(path, index=False)
    elif kind == "jsonl":
        wide.to_json(path, orient="records", lines=True)
    else:
        {"parquet": wide.to_parquet, "arrow": wide.to_feather}[kind](path)
    (found,) = refused(prepare, make(spec(NET, f"HuggingFace: {{path: rows.{kind}, target: c1}}")), "cpu")
    assert "columns, more than 1,000" in found.message


def test_values_and_labels_that_make_too_many_numbers_are_refused(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "MOST_NUMBERS", 100)
    monkeypatch.setattr(picture_table, "MOST_LABELS", 10)
    path, text = written(tmp_path, "csv")
    pd.DataFrame({"a": ["u", "v", "w"] * 12, "b": ["x", "y", "z"] * 12, "y": ["u", "v"] * 18}).to_csv(path, index=False)
    (found,) = refused(prepare, make(text.replace("[2]", "[6]")), "cpu")
    assert "column 'a' has 3 values, which are too many for one number each" in found.message
    _, text = written(tmp_path, "rows")
    text = text.replace("target: label}", 'target: label, label_separator: ";"}')
    (found,) = refused(prepare, make(text.replace("CrossEntropyLoss", "BCEWithLogitsLoss")), "cpu")
    assert "has 2 different labels in 6 rows, too many for a 0 or 1 each" in found.message


def test_a_first_line_without_an_end_is_refused(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "LONGEST_LINE", 1000)
    path, text = written(tmp_path, "csv.gz")
    path.write_bytes(gzip.compress(b"a" * 100_000))
    (found,) = refused(prepare, make(text), "cpu")
    assert "its first line has more than 1,000 bytes" in found.message


def test_arrays_that_say_more_than_they_hold_are_refused(make: Make, refused: Refused, tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**12,)})
    pack(tmp_path / "rows.tar", {"1.npy": header.getvalue(), "1.cls": b"0", "2.npy": b"none", "2.cls": b"1"})
    text = spec(NET, "WebDataset: {path: rows.tar, input: npy, target: cls}", str(10**12)).replace("[Flatten, ", "[")
    found = refused(prepare, make(text.replace(str(10**12), "3")), "cpu")
    said = [one.message for one in found if one.code == "NS601"]
    assert said == ["1.npy is cut short", "2.npy cannot be read: no .npy file"]


def test_a_workbook_that_unpacks_to_many_times_its_size_is_refused(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "ALWAYS", 100_000)
    path, text = written(tmp_path, "xlsx")
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content + b" " * (3_000_000 if name == "xl/worksheets/sheet1.xml" else 0))
    (found,) = refused(prepare, make(text), "cpu")
    assert "sheet1.xml in it unpacks to more than 200 times its size" in found.message


def test_two_columns_of_one_name_are_refused(make: Make, refused: Refused, tmp_path: Path) -> None:
    path, text = written(tmp_path, "csv")
    path.write_text("a,a,y\n1,2,u\n3,4,v\n")
    (found,) = refused(prepare, make(text), "cpu")
    assert "has two columns named 'a'" in found.message


def test_a_packed_text_of_many_times_its_size_is_refused(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "ALWAYS", 1_000_000)
    _, text = written(tmp_path, "book")
    (tmp_path / "book.txt.gz").write_bytes(gzip.compress(b"some words. " * 100_000))
    (found,) = refused(prepare, make(text.replace("book.txt", "book.txt.gz")), "cpu")
    assert "unpacks to more than 1,000,000, over 200 times its size" in found.message
