"""What a check reads of Hugging Face's datasets and of shards: against the libraries that write them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.checker import check
from netspec.language.load import loads

datasets = pytest.importorskip("datasets")
NET = """netspec: 1
input: [1, 6, 6]
layers: [Flatten, {Linear: 3}]
data: {HuggingFace: {path: disk, columns: image, target: label}, val: 0.5}
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
SHARDS = NET.replace(
    "HuggingFace: {path: disk, columns: image, target: label}", "WebDataset: {path: a.tar, input: npy}"
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`disk`, `both`, `rows.parquet` and `a.tar`."""
    folder = tmp_path_factory.mktemp("stored")
    kinds = datasets.Features({
        "image": datasets.Image(), "label": datasets.ClassLabel(names=["sun", "ant", "bee"]),
        "size": datasets.Value("float32"), "count": datasets.Value("int32"), "town": datasets.Value("string"),
        "pair": datasets.Sequence(datasets.Value("float32"), length=2),
        "free": datasets.Sequence(datasets.Value("int64")),
        "grid": datasets.Array2D((2, 3), "float32"),
    })  # fmt: skip
    row = {"image": None, "label": 0, "size": 0.5, "count": 1, "town": "Bern", "pair": [1, 2], "free": [1],
           "grid": [[1, 2, 3]] * 2}  # fmt: skip
    rows = datasets.Dataset.from_dict({name: [value] for name, value in row.items()}, features=kinds)
    rows.save_to_disk(folder / "disk")
    datasets.DatasetDict(train=rows, test=rows).save_to_disk(folder / "both")
    rows.to_parquet(folder / "rows.parquet")
    (folder / "rows.csv").write_text("a,b\n1,2\n")
    (folder / "short.parquet").write_bytes((folder / "rows.parquet").read_bytes()[:-9])
    (folder / "deep").mkdir()
    (folder / "deep/dataset_info.json").write_text('{"features":' * 100_000)
    with tarfile.open(folder / "a.tar", "w") as archive:
        for name, array in (("1.npy", np.zeros((5, 6), np.float32)), ("1.cls", None)):
            content = io.BytesIO()
            np.save(content, array) if array is not None else content.write(b"0")
            info = tarfile.TarInfo(name)
            info.size = len(content.getvalue())
            archive.addfile(info, io.BytesIO(content.getvalue()))
    return folder


def said(text: str, folder: Path) -> list[tuple[str, str]]:
    return [(found.code, found.message) for found in check(loads(text, folder=folder)).diagnostics]


@pytest.mark.parametrize("path", ["disk", "both", "rows.parquet"])
@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ((), "", ""),
        (("Linear: 3", "Linear: 2"), "NS603", "HuggingFace has 3 classes, the network gives 2 outputs"),
        (("[1, 6, 6]", "[6]"), "NS602", "a sample of HuggingFace is a picture, [channels, height, width]"),
        (("columns: image", "columns: [size, count]"), "NS602", "a sample of HuggingFace is 2"),
        (("columns: image", "columns: [size, town]"), "NS602", "a sample of HuggingFace is at least 2"),
        (("columns: image", "columns: pair"), "NS602", "a sample of HuggingFace is 2"),
        (("columns: image", "columns: free"), "", ""),  # of any length
        (("columns: image", "columns: grid"), "NS602", "a sample of HuggingFace is 2×3"),
        (("target: label", "target: size"), "NS603", "the targets of HuggingFace are amounts"),
        (("target: label", "target: -5"), "", ""),  # count
        (("target: label", "target: [size, count]"), "NS603", "a target of HuggingFace is 2"),
        (("columns: image", "columns: nothing"), "", ""),  # loading says so
        (("target: label", "target: 70"), "", ""),
    ],
)
def test_the_columns_of_a_dataset(here: Path, path: str, change: tuple[str, str], code: str, words: str) -> None:
    text = NET.replace("path: disk", f"path: {path}")
    found = said(text.replace(*change) if change else text, here)
    assert any(code == one and words in message for one, message in found) if code else not found, found


@pytest.mark.parametrize("path", ["nothing", "rows.csv", "short.parquet", "deep", "../disk", "imdb"])
def test_what_says_nothing_is_left_to_loading(here: Path, path: str) -> None:
    assert said(NET.replace("path: disk", f"path: {path}"), here) == []


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ([("[1, 6, 6]", "[5, 6]")], "", ""),
        ([], "NS602", "a sample of WebDataset is 5×6"),
        ([("a.tar", "'*.tar'")], "NS602", "a sample of WebDataset is 5×6"),
        ([("a.tar", "nothing.tar")], "", ""),
        ([("[1, 6, 6]", "[5, 6]"), ("input: npy", "input: npy, classes: [a, b]")], "NS914", "WebDataset has 2 classes"),
        ([("[1, 6, 6]", "[5, 6]"), ("CrossEntropyLoss", "MSELoss")], "NS612", "a target of WebDataset is one number"),
        ([("input: npy", "input: png"), ("[1, 6, 6]", "[6]")], "NS602", "a sample of WebDataset is a picture"),
    ],
)
def test_the_first_files_of_shards(here: Path, changes: list[Any], code: str, words: str) -> None:
    text = SHARDS
    for change in changes:
        text = text.replace(*change)
    found = said(text, here)
    assert any(code == one and words in message for one, message in found) if code else not found, found
