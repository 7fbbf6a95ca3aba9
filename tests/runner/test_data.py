"""Datasets as tensors: what is read equals what was written, and what cannot be read says where and why."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn import datasets as tables

from netspec.core.diagnostics import Diagnostic
from netspec.core.shapes import Tensor
from netspec.core.tree import Scalar, Span
from netspec.data.dividing import divided
from netspec.data.parts import Parts
from netspec.data.section import load_data
from netspec.data.split import Data, LoadedData, all_of
from netspec.data.transforms import Pipeline, read_pipeline
from netspec.language.spec import Spec

Make = Callable[..., Spec]
Refused = Callable[..., list[Diagnostic]]

NET = "netspec: 1\ninput: {input}\nlayers: [Flatten]\ndata: {data}\n"


@pytest.fixture
def read(make: Make) -> Callable[..., Data]:
    """`read("{sklearn: iris}", 4)`: the data of a spec with that section and input."""

    def load(data: str, *shape: int, settings: tuple[str, ...] = ()) -> Data:
        spec = make(NET.format(input=list(shape), data=data), *settings)
        pipeline: Pipeline = read_pipeline(spec)
        return load_data(spec, {"input": Tensor(shape)}, 0, pipeline.shape if pipeline.before else None)

    return load


def write_csv(folder: Path, text: str, name: str = "rows.csv") -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_digits_are_pictures_or_rows_as_the_input_wants(read: Callable[..., Data]) -> None:
    table = tables.load_digits()
    pictures = read("{sklearn: digits}", 1, 8, 8).train
    rows = read("{sklearn: {name: digits}}", 64).train
    assert torch.equal(pictures.inputs[0][:, 0], torch.tensor(table.images / 16, dtype=torch.float32))
    assert torch.equal(rows.inputs[0], torch.tensor(table.data / 16, dtype=torch.float32))
    assert pictures.targets[0].tolist() == table.target.tolist()


@pytest.mark.parametrize(("name", "classes"), [("iris", 3), ("wine", 3), ("breast_cancer", 2), ("diabetes", 0)])
def test_tables_of_sklearn(read: Callable[..., Data], name: str, classes: int) -> None:
    table = getattr(tables, f"load_{name}")()
    data = read(f"{{sklearn: {name}}}", table.data.shape[1])
    assert torch.equal(data.train.inputs[0], torch.tensor(table.data, dtype=torch.float32))
    assert len(data.source.targets[0].classes) == classes
    assert data.train.targets[0].is_floating_point() == (classes == 0)


def test_inline_rows(read: Callable[..., Data]) -> None:
    data = read("{inline: {x: [[1.0, 2.0], [3.0, 4.0]], y: [0, 1]}}", 2).train
    assert data.inputs[0].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert data.targets[0].tolist() == [0, 1]
    assert data.targets[0].dtype == torch.int64
    assert read("{inline: {x: [1, 2], y: [0.5, 1]}}", 1).train.inputs[0].tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("data", "line", "column", "said"),
    [
        ("{inline: {x: [[1], [2, 3]], y: [0, 1]}}", 4, 26, "2 numbers, the first has 1"),
        ("{inline: {x: [[1], [two]], y: [0, 1]}}", 4, 27, "no number"),
        ("{inline: {x: [[1], [2]], y: [0]}}", 4, 35, "x has 2 samples, y has 1"),
    ],
)
def test_bad_rows_are_pointed_at(
    read: Callable[..., Data], refused: Refused, data: str, line: int, column: int, said: str
) -> None:
    (found,) = refused(read, data, 1)
    assert (found.span.line, found.span.column) == (line, column)
    assert said in found.message


def test_csv_with_and_without_header_is_the_same(read: Callable[..., Data], tmp_path: Path) -> None:
    write_csv(tmp_path, "a,b,y\n1,2.5,0\n3,4,1\n")
    write_csv(tmp_path, "1,2.5,0\n3,4,1\n", "bare.csv")
    with gzip.open(tmp_path / "rows.csv.gz", "wt") as file:
        file.write("1,2.5,0\n3,4,1\n")
    for data in ("{CSV: {path: rows.csv}}", "{CSV: bare.csv}", "{CSV: {path: rows.csv.gz, target: 2}}"):
        split = read(data, 2).train
        assert split.inputs[0].tolist() == [[1.0, 2.5], [3.0, 4.0]]
        assert split.targets[0].tolist() == [0, 1]
    assert read("{CSV: rows.csv}", 2).source.columns == ("a", "b")


def test_csv_columns_by_name_and_index(read: Callable[..., Data], tmp_path: Path) -> None:
    write_csv(tmp_path, "a;b;y\n1;2.5;0.5\n3;4;1\n")
    data = read("{CSV: {path: rows.csv, separator: ;, target: y, columns: [1]}}", 1)
    assert data.train.inputs[0].tolist() == [[2.5], [4.0]]
    assert data.train.targets[0].tolist() == [0.5, 1.0]


def test_a_target_of_words_gives_classes(read: Callable[..., Data], tmp_path: Path) -> None:
    write_csv(tmp_path, "5.1,3.5,setosa\n4.9,3.0,virginica\n4.7,3.2,setosa\n")
    data = read("{CSV: rows.csv}", 2)
    assert data.source.targets[0].classes == ("setosa", "virginica")
    assert data.train.targets[0].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b,y\n1,2,0\n3,oops,1\n", "row 2, column 'b' holds 'oops'"),
        ("a,b,y\n1,2,0\n3,,1\n4,,1\n", "row 2, column 'b' has no value (and 1 more in that column)"),
        ("a,b,y\n1,2,0\n3,inf,1\n", "row 2, column 'b' holds 'inf'"),
        ("a,b,y\n1,2,0\n3,4,\n", "row 2, column 'y' has no value"),
        ("a,b,y\n1,2,0\n3,4,x\n", "row 2, column 'y' holds 'x'"),
        ("1,2,0\n3,4,1,5\n", "cannot be read as CSV"),
        ("1,two,0\n3,4,1\n", "row 1, column '1' holds 'two'"),
        ("a,b,y\n", "no rows"),
        ("", "is empty"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(
    read: Callable[..., Data], refused: Refused, tmp_path: Path, text: str, said: str
) -> None:
    write_csv(tmp_path, text)
    (found,) = refused(read, "{CSV: {path: rows.csv}}", 2)
    assert found.code == "NS601"
    assert said in found.message
    assert found.span.column == 20


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        ("{CSV: {path: gone.csv}}", "NS601", "there is no file"),
        ("{CSV: {path: .}}", "NS601", "is a folder"),
        ("{CSV: {path: ../rows.csv}}", "NS601", "outside the spec's folder"),
        ("{CSV: {path: /etc/passwd}}", "NS601", "outside the spec's folder"),
        ("{CSV: {path: rows.csv, target: z}}", "NS601", "no column 'z'"),
        ("{CSV: {path: rows.csv, target: 9}}", "NS601", "no column 9: the table has 3"),
        ("{CSV: {path: rows.csv, columns: [a, y]}}", "NS601", "among the columns"),
        ("{CSV: {path: damaged.gz}}", "NS601", "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_had(
    read: Callable[..., Data], refused: Refused, tmp_path: Path, data: str, code: str, said: str
) -> None:
    write_csv(tmp_path, "a,b,y\n1,2,0\n")
    (tmp_path / "damaged.gz").write_bytes(gzip.compress(b"1,2,3\n" * 100)[:30])
    (found,) = refused(read, data, 2)
    assert found.code == code
    assert said in found.message


def test_a_typed_path_may_lie_anywhere(
    read: Callable[..., Data], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write_csv(elsewhere, "1,2,0\n")
    data = read("{CSV: {path: rows.csv}}", 2, settings=(f"data.CSV.path={elsewhere / 'rows.csv'}",))
    assert data.train.inputs[0].tolist() == [[1.0, 2.0]]


def test_a_fraction_is_held_back_the_same_way_for_the_same_seed() -> None:
    targets = torch.tensor([0] * 80 + [1] * 20)
    whole = all_of(torch.arange(100.0)[:, None], targets)
    parts = Parts(val=Scalar(0.25, Span("net.yaml", 1, 1, 1, 2), "0.25"), held=0.25)
    train, held, _ = divided(LoadedData(whole), parts, 3)
    again, _, _ = divided(LoadedData(whole), parts, 3)
    other, _, _ = divided(LoadedData(whole), parts, 4)
    assert held is not None
    assert torch.equal(train.rows, again.rows)
    assert not torch.equal(train.rows, other.rows)
    assert sorted([*train.rows.tolist(), *held.rows.tolist()]) == list(range(100))
    assert (held.targets[0] == 0).sum() == 20
    assert (held.targets[0] == 1).sum() == 5


def test_numbers_are_held_back_without_regard_to_classes(read: Callable[..., Data]) -> None:
    data = read("{sklearn: diabetes, val: 0.1}", 10)
    assert data.val is not None
    assert (len(data.train), len(data.val)) == (398, 44)


def test_a_second_dataset_validates(read: Callable[..., Data], tmp_path: Path) -> None:
    write_csv(tmp_path, "1,0\n2,1\n")
    write_csv(tmp_path, "5,1\n", "val.csv")
    data = read("{CSV: {path: rows.csv}, val: {CSV: {path: val.csv}}}", 1)
    assert data.val is not None
    assert data.val.inputs[0].tolist() == [[5.0]]


def test_fake_data_is_torchvisions(read: Callable[..., Data]) -> None:
    from torchvision.datasets import FakeData

    data = read("{FakeData: {size: 5, image_size: [3, 6, 7], num_classes: 4}}", 3, 6, 7)
    reference = FakeData(5, (3, 6, 7), 4)
    assert data.train.inputs[0].dtype == torch.uint8
    for index in range(5):
        picture, label = reference[index]
        assert torch.equal(data.train.inputs[0][index], torch.from_numpy(np.array(picture)).permute(2, 0, 1))
        assert data.train.targets[0][index] == label
    assert data.source.targets[0].classes == ("0", "1", "2", "3")


def write_pictures(folder: Path, sizes: dict[str, tuple[int, int]]) -> None:
    """One picture a path, each of one grey level of its own."""
    for index, (path, size) in enumerate(sizes.items()):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (index * 10, 20, 30)).save(target)


def test_a_folder_of_pictures(read: Callable[..., Data], tmp_path: Path) -> None:
    write_pictures(tmp_path / "pets", {"cat/a.png": (5, 4), "cat/b.png": (5, 4), "dog/c.png": (5, 4)})
    data = read("{ImageFolder: pets}", 3, 4, 5)
    assert data.source.targets[0].classes == ("cat", "dog")
    assert tuple(data.train.inputs[0].shape) == (3, 3, 4, 5)
    assert data.train.inputs[0][:][:, 0, 0, 0].tolist() == [0, 10, 20]
    assert data.train.targets[0].tolist() == [0, 0, 1]
    assert data.val is None


def test_a_folder_with_train_and_val(read: Callable[..., Data], tmp_path: Path) -> None:
    write_pictures(
        tmp_path,
        {"p/train/a/1.png": (4, 4), "p/train/b/2.png": (4, 4), "p/test/a/3.png": (4, 4), "p/test/b/4.png": (4, 4)},
    )
    data = read("{ImageFolder: {root: p}}", 3, 4, 4)
    assert data.source.targets[0].classes == ("a", "b")
    assert data.val is not None
    assert data.val.inputs[0][:][:, 0, 0, 0].tolist() == [20, 30]


def test_pictures_of_different_sizes_need_a_resize(read: Callable[..., Data], refused: Refused, tmp_path: Path) -> None:
    write_pictures(tmp_path / "p", {"a/1.png": (4, 4), "b/2.png": (6, 4)})
    (found,) = refused(read, "{ImageFolder: p}", 3, 4, 4)
    assert "b/2.png is 6×4, a/1.png is 4×4" in found.message
    assert "Resize" in found.notes[0].text
    data = read("{ImageFolder: p, transforms: [{Resize: [4, 4]}]}", 3, 4, 4)
    assert tuple(data.train.inputs[0].shape) == (2, 3, 4, 4)
    assert data.source.shaped


def test_a_corrupt_picture_is_named(read: Callable[..., Data], refused: Refused, tmp_path: Path) -> None:
    write_pictures(tmp_path / "p", {"a/1.png": (4, 4), "b/2.png": (40, 40)})
    whole = (tmp_path / "p/b/2.png").read_bytes()
    (tmp_path / "p/b/2.png").write_bytes(whole[: len(whole) // 2])
    (found,) = refused(read, "{ImageFolder: p}", 3, 4, 4)
    assert found.code == "NS601"
    assert "2.png" in found.message


def write_idx(path: Path, array: np.ndarray) -> None:
    """A file in MNIST's own format: http://yann.lecun.com/exdb/mnist describes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def write_mnist(root: Path, train: int = 60, test: int = 20) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    pictures, labels = rng.integers(0, 256, (train, 28, 28)), np.arange(train) % 10
    write_idx(root / "MNIST/raw/train-images-idx3-ubyte", pictures)
    write_idx(root / "MNIST/raw/train-labels-idx1-ubyte", labels)
    write_idx(root / "MNIST/raw/t10k-images-idx3-ubyte", pictures[:test])
    write_idx(root / "MNIST/raw/t10k-labels-idx1-ubyte", labels[:test])
    return pictures, labels


def test_mnist_from_its_raw_files(read: Callable[..., Data], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, labels = write_mnist(tmp_path / "data")
    monkeypatch.setenv("NETSPEC_DATA", str(tmp_path / "data"))
    for data in (read("MNIST", 1, 28, 28), read("{MNIST: {root: data}}", 1, 28, 28)):
        assert data.train.inputs[0].dtype == torch.uint8
        assert np.array_equal(data.train.inputs[0][:, 0].numpy(), pictures)
        assert data.train.targets[0].tolist() == labels.tolist()
        assert data.val is not None
        assert len(data.val) == 20
        assert len(data.source.targets[0].classes) == 10
    held = read("{MNIST: , val: 0.5}", 1, 28, 28)
    assert held.val is not None
    assert (len(held.train), len(held.val)) == (30, 30)


def test_a_missing_dataset_says_what_to_do(read: Callable[..., Data], refused: Refused, tmp_path: Path) -> None:
    (found,) = refused(read, "{MNIST: {root: nothing}}", 1, 28, 28)
    assert found.code == "NS601"
    assert found.message == f"MNIST is not in {tmp_path / 'nothing'}"
    assert "download: true" in found.notes[0].text
    assert "--set data.MNIST.root=" in found.notes[0].text


def test_a_download_without_a_connection(
    read: Callable[..., Data], refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    import urllib.error

    from torchvision.datasets import mnist

    def unreachable(*args: object, **kwargs: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(mnist, "download_and_extract_archive", unreachable)
    (found,) = refused(read, "{MNIST: {root: data, download: true}}", 1, 28, 28)
    assert "cannot be downloaded" in found.message
    assert "connection" in found.message
    assert any("no route to host" in note.text or "Error downloading" in note.text for note in found.notes)


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        ("{MNIST: {rooot: x}}", "NS605", "did you mean root"),
        ("{MNIST: {transform: x}}", "NS605", "no argument 'transform'"),
        ("{MNIST: {root: ../x}}", "NS601", "outside the spec's folder"),
        ("{ImageFolder: {}}", "NS203", "needs root"),
        ("{EMNIST: {}}", "NS605", "needs split"),
        ("{EMNIST: {split: lettres}}", "NS605", "split of EMNIST has to be balanced"),
        ("{FakeData: {size: many}}", "NS605", "FakeData"),
    ],
)
def test_arguments_of_datasets(read: Callable[..., Data], refused: Refused, data: str, code: str, said: str) -> None:
    (found,) = refused(read, data, 3, 8, 8)
    assert (found.code, said in found.message) == (code, True), found.message
