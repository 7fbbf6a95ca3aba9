"""Datasets of the library `datasets`, from local files: what it gives itself, and one error for the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from netspec.core.diagnostics import Diagnostic
from netspec.data.pictures import Pictures
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import prepare

datasets = pytest.importorskip("datasets")
pyarrow = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")

Make, Refused = Callable[..., Spec], Callable[..., list[Diagnostic]]
COUNT = 12
CHANCE = np.random.default_rng(0)
PICTURES = CHANCE.integers(0, 256, (COUNT, 6, 6), np.uint8)
VALUES: dict[str, Any] = {
    "image": [Image.fromarray(picture) for picture in PICTURES],
    "label": [index % 3 for index in range(COUNT)],
    "size": CHANCE.normal(size=COUNT).tolist(),
    "town": [("Chur", "Bern")[index % 2] for index in range(COUNT)],
    "pair": CHANCE.normal(size=(COUNT, 2)).tolist(),
    "ragged": [[1] * (1 + index % 2) for index in range(COUNT)],
}
NET = """netspec: 1
name: hub
input: [1, 6, 6]
layers: [Flatten, {Linear: 3}]
data:
  HuggingFace: {path: disk, columns: image, target: label}
train: {epochs: 1, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
TABLE = NET.replace("columns: image", "columns: [size, town]").replace("[1, 6, 6]", "[2]")


@pytest.fixture(scope="session")
def rows() -> Any:
    """A dataset with a column of each kind."""
    kinds = datasets.Features({
        "image": datasets.Image(), "label": datasets.ClassLabel(names=["sun", "ant", "bee"]),
        "size": datasets.Value("float32"), "town": datasets.Value("string"),
        "pair": datasets.Sequence(datasets.Value("float32"), length=2),
        "ragged": datasets.Sequence(datasets.Value("int64")),
    })  # fmt: skip
    return datasets.Dataset.from_dict(VALUES, features=kinds)


@pytest.fixture
def here(tmp_path: Path, rows: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`disk`, `both` with two parts, `rows.parquet`; what is converted goes into a folder of the test."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    rows.save_to_disk(tmp_path / "disk")
    datasets.DatasetDict(train=rows, test=rows.select([3, 1])).save_to_disk(tmp_path / "both")
    rows.to_parquet(tmp_path / "rows.parquet")
    return tmp_path


@pytest.mark.parametrize("path", ["disk", "both", "rows.parquet"])
def test_pictures_and_classes_are_the_datasets_own(here: Path, make: Make, path: str) -> None:
    data = prepare(make(NET.replace("path: disk", f"path: {path}"))).data
    assert torch.equal(data.train.inputs[0][torch.arange(COUNT)][:, 0], torch.from_numpy(PICTURES))
    assert data.train.targets[0].tolist() == VALUES["label"]
    assert data.source.targets[0].classes == ("sun", "ant", "bee")
    assert (data.val is None) == (path != "both")
    assert data.val is None or data.val.targets[0].tolist() == [VALUES["label"][3], VALUES["label"][1]]


def test_values_are_a_table(here: Path, make: Make, run: Callable[..., Run]) -> None:
    data = prepare(make(TABLE)).data
    x = data.train.inputs[0]
    assert data.source.columns == ("size", "town")
    torch.testing.assert_close(x[:, 0], torch.tensor(VALUES["size"]))
    assert x[:, 1].tolist() == [float(town == "Chur") for town in VALUES["town"]]
    assert data.source.targets[0].classes == ("sun", "ant", "bee")
    assert len(run(TABLE).history) == 1


def test_the_other_split_of_a_table_validates(here: Path, make: Make) -> None:
    data = prepare(make(TABLE.replace("path: disk", "path: both"))).data
    assert data.val is not None
    assert torch.equal(data.val.inputs[0], data.train.inputs[0][[3, 1]])


def test_lists_of_numbers_are_arrays(here: Path, make: Make) -> None:
    text = NET.replace("columns: image, target: label", "columns: pair, target: size").replace("[1, 6, 6]", "[2]")
    data = prepare(make(text.replace("Flatten, {Linear: 3}", "{Linear: 1}").replace("CrossEntropy", "MSE"))).data
    torch.testing.assert_close(data.train.inputs[0], torch.tensor(VALUES["pair"]))
    torch.testing.assert_close(data.train.targets[0], torch.tensor(VALUES["size"]))


def test_more_than_memory_stays_in_its_file(here: Path, make: Make, run: Callable[..., Run]) -> None:
    less = ("data.memory=100B", "data.workers=0")
    assert isinstance(prepare(make(NET, *less)).data.train.inputs[0], Pictures)
    losses = [run(NET, *more, out=f"run{len(more)}").history[0]["train_loss"] for more in ((), less)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("columns: image", "columns: imag"), "there is no column 'imag'; there are image, label"),
        (("target: label", "target: labels"), "did you mean label?"),
        (("columns: image", "columns: ragged"), "the lists of the column ragged differ in length"),
        (("columns: image", "columns: [pair, size]"), "pair is an input by itself"),
        (("columns: image", "columns: label"), "the target label stands among the columns too"),
        (("path: disk", "path: disk, split: dev"), "it has no split 'dev'; it has train"),
        (("path: disk", "path: ../disk"), "lies outside the spec's folder"),
        (("path: disk", "path: empty"), "empty holds no .parquet, .arrow, .jsonl or .csv file"),
        (("path: disk", "path: broken.parquet"), "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_error(
    here: Path, make: Make, refused: Refused, changed: tuple[str, str], message: str
) -> None:
    (here / "empty").mkdir()
    (here / "broken.parquet").write_bytes(b"PAR1 and nothing more")
    (found,) = refused(prepare, make(NET.replace(*changed)))
    assert found.code == "NS601"
    assert message in found.message


def test_pictures_outside_of_the_file_are_not_read(here: Path, make: Make, refused: Refused) -> None:
    """A row may say a path in the stead of a picture, to anywhere."""
    Image.fromarray(PICTURES[0]).save(here / "secret.png")
    kinds = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    cells = [{"bytes": None, "path": str(here / "secret.png")}] * 2
    table = datasets.Dataset.from_dict({"image": cells, "label": [0, 1]}, features=kinds).data.table
    pyarrow.parquet.write_table(table.cast(kinds.arrow_schema), here / "paths.parquet")
    found = refused(prepare, make(NET.replace("path: disk", "path: paths.parquet")))
    assert found[0].message == "row 1 holds no picture, but at most a path, which is not followed"
    assert len(found) == 2


def test_without_the_hub_it_is_one_line(
    here: Path, make: Make, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(*args: object) -> None:
        raise OSError("no such name")

    monkeypatch.setattr("socket.getaddrinfo", nowhere)
    (found,) = refused(prepare, make(NET.replace("path: disk", "path: someone/something")))
    assert "cannot be had from the hub: is there a connection?" in found.message


def test_without_the_library_it_says_what_to_install(
    here: Path, make: Make, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    (found,) = refused(prepare, make(NET))
    assert "pip install 'netspec[datasets]'" in found.message
