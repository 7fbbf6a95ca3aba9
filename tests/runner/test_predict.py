"""`netspec predict`: pictures of every kind, folders, tables and standard input; what cannot be read is named."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from netspec.inference.loaded_run import load_run
from netspec.trainer.train import Run

Start = Callable[..., Run]
Outcome = tuple[int, str, str]

COLOUR = """netspec: 1
name: colour
input: [3, 12, 12]
layers: [Flatten, {Linear: 2}]
data:
  ImageFolder: {root: pictures}
  transforms: [{Resize: [12, 12]}, {Normalize: {mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2]}}]
train: {epochs: 1, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
ROWS = """netspec: 1
name: rows
input: [2]
layers: [{Linear: 1}]
data: {CSV: {path: rows.csv}}
train: {epochs: 1, loss: MSELoss, optimizer: {SGD: {lr: 0.1}}}
"""


def photo(seed: int, width: int = 30, height: int = 20) -> Image.Image:
    colours = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(colours)


@pytest.fixture
def colour(run: Start, tmp_path: Path) -> Run:
    """A run on pictures of every kind, in the folders of two classes."""
    one, two = tmp_path / "pictures" / "one", tmp_path / "pictures" / "two"
    one.mkdir(parents=True)
    two.mkdir()
    photo(0).save(one / "a.png")
    photo(1).convert("RGBA").save(one / "b.png")
    photo(2).quantize(16).save(one / "c.png")
    photo(3).convert("L").save(one / "d.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turned by 90°
    photo(4, 40, 17).save(two / "a.jpg", exif=exif)
    photo(5).convert("CMYK").save(two / "b.jpg")
    photo(6).convert("LA").save(two / "c.png")
    photo(7).convert("1").save(two / "d.png")
    return run(COLOUR)


def test_pictures_of_every_kind_are_what_training_saw(colour: Run, netspec: Callable[..., Outcome]) -> None:
    code, out, err = netspec("predict", "run", "pictures", "--format", "json")
    assert (code, err) == (0, "")
    said = {answer["file"]: answer["classes"] for answer in json.loads(out)["predictions"]}
    change = v2.Compose(
        [
            v2.PILToTensor(),
            v2.Resize([12, 12]),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5, 0.4, 0.3], [0.2, 0.2, 0.2]),
        ]
    )
    data = ImageFolder("pictures", transform=change)
    model = load_run(colour.folder).model()
    assert len(said) == len(data) == 8
    for (path, _), (sample, _) in zip(data.samples, data, strict=True):
        shares = model(sample[None]).softmax(1)[0]
        expected = {name: shares[index].item() for name, index in data.class_to_idx.items()}
        got = {entry["class"]: entry["probability"] for entry in said[path]}
        assert got == pytest.approx(expected, abs=2e-5), path


def test_a_folder_is_answered_in_batches_and_in_order(
    colour: Run, netspec: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "new" / "deep"
    deep.mkdir(parents=True)
    (tmp_path / "new" / ".hidden.png").write_bytes(b"")
    (tmp_path / "new" / "notes.txt").write_text("no picture")
    for number in range(5):
        photo(number, 9, 33).save(deep / f"{number}.PNG")
    (deep / "2.PNG").write_bytes((deep / "2.PNG").read_bytes()[:80])
    whole = netspec("predict", "run", "new")
    sizes: list[int] = []
    monkeypatch.setattr("netspec.inference.predict.BATCH", 2)
    watch = torch.nn.modules.module.register_module_forward_pre_hook(
        lambda module, inputs: sizes.append(len(inputs[0])) if isinstance(module, torch.nn.Linear) else None
    )
    code, out, err = netspec("predict", "run", "new")
    watch.remove()
    assert sizes == [2, 1, 1]  # the damaged one has a place and no sample
    assert (code, out, err) == whole
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()] == [f"new/deep/{n}.PNG" for n in (0, 1, 3, 4)]
    assert err.startswith("netspec: new/deep/2.PNG: cannot be read as a picture: ")
    assert len(err.splitlines()) == 1


def test_a_picture_of_sixteen_bits_is_its_upper_eight(run: Start, netspec: Callable[..., Outcome]) -> None:
    from tests.runner.test_figures import DIGITS

    run(DIGITS)
    grey = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    Image.fromarray(grey).save("eight.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save("sixteen.png")
    _, out, _ = netspec("predict", "run", "eight.png", "sixteen.png", "--format", "json")
    one, two = json.loads(out)["predictions"]
    assert one["classes"] == two["classes"]


def test_standard_input_is_one_picture(colour: Run, netspec: Callable[..., Outcome], tmp_path: Path) -> None:
    data = (tmp_path / "pictures" / "one" / "a.png").read_bytes()
    code, out, _ = netspec("predict", "run", "-", stdin=data)
    assert code == 0
    assert out.split()[1:] == netspec("predict", "run", "pictures/one/a.png")[1].split()[1:]
    code, out, err = netspec("predict", "run", "-", stdin=b"nothing")
    assert (code, out) == (1, "")
    assert err.startswith("netspec: -: cannot be read as a picture")
    assert "BytesIO" not in err


def test_an_empty_folder_and_a_file_that_is_not_there(
    colour: Run, netspec: Callable[..., Outcome], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = netspec("predict", "run", "empty")
    assert (code, out, err) == (1, "", "netspec: empty: the folder holds no picture\n")
    code, out, err = netspec("predict", "run", "gone.png", "pictures/one/a.png")
    assert code == 2
    assert err == "netspec: gone.png: no such file\n"
    assert out.startswith("pictures/one/a.png")


def test_the_answers_as_csv_and_json_into_a_file(colour: Run, netspec: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("of before")
    code, out, _ = netspec("predict", "run", "pictures/one", "--format", "csv", "--top", "2", "--out", "answers")
    assert (code, out) == (0, "")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "answers").read_text())))
    assert [row["file"] for row in rows] == [f"pictures/one/{name}.png" for name in "abcd"]
    assert all(float(row["probability"]) + float(row["probability_2"]) == pytest.approx(1, abs=1e-5) for row in rows)
    code, _, _ = netspec("predict", "run", "gone.png", "--format", "json", "--out", "answers")
    content = json.loads((tmp_path / "answers").read_text())
    assert code == 2
    assert content["predictions"] == []
    assert content["errors"] == [{"file": "gone.png", "message": "gone.png: no such file"}]
    assert sorted(path.name for path in tmp_path.glob(".*")) == []
    code, out, err = netspec("predict", "run", "pictures", "--out", "no/such/answers")
    assert (code, out) == (2, "")
    assert "no/such/answers: cannot be written" in err


@pytest.fixture
def rows(run: Start, tmp_path: Path) -> Run:
    """A run on the columns a and b."""
    (tmp_path / "rows.csv").write_text("a,b,y\n0,1,2\n1,0,3\n2,2,1\n")
    return run(ROWS)


def test_bad_rows_are_named_and_the_others_are_answered(
    rows: Run, netspec: Callable[..., Outcome], tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text("b,a\n1,2\nx,2\n3\n,1\n1,2,3\n1e999,1\n4,5,\n")
    code, out, err = netspec("predict", "run", "new.csv", "--format", "csv")
    assert code == 1
    model = load_run(rows.folder).model()
    expected = model(torch.tensor([[2.0, 1.0], [5.0, 4.0]])).flatten().tolist()
    said = list(csv.DictReader(io.StringIO(out)))
    assert [row["row"] for row in said] == ["1", "7"]
    assert [float(row["value"]) for row in said] == pytest.approx(expected, abs=1e-5)
    assert err.splitlines() == [
        "netspec: new.csv: row 2, column 'b' holds 'x', which is no finite number",
        "netspec: new.csv: row 3 has 1 column, the first has 2",
        "netspec: new.csv: row 4, column 'b' has no value",
        "netspec: new.csv: row 5 has 3 columns, the first has 2",
        "netspec: new.csv: row 6, column 'b' holds '1e999', which is no finite number",
    ]


def test_pictures_of_several_sizes_go_through_an_input_of_any_size(
    run: Start, netspec: Callable[..., Outcome], tmp_path: Path
) -> None:
    sizes = "input: [3, H, W]\nsizes: {H: {min: 4, max: 16}, W: {min: 4, max: 16}}"
    (tmp_path / "pictures" / "one").mkdir(parents=True)
    (tmp_path / "pictures" / "two").mkdir()
    for number in range(6):
        photo(number, 8, 8).save(tmp_path / "pictures" / ("one", "two")[number % 2] / f"{number}.png")
    done = run(
        COLOUR.replace("input: [3, 12, 12]", sizes).replace(
            "layers: [Flatten", "layers: [{Conv2d: {out_channels: 4, kernel_size: 3}}, {AdaptiveAvgPool2d: 1}, Flatten"
        ).replace("{Resize: [12, 12]}, ", "")
    )  # fmt: skip
    info = done.folder / "run.json"
    content = json.loads(info.read_text())
    info.write_text(json.dumps({**content, "sample": None}))  # as of a run whose pictures had no size in common
    photo(7, 16, 12).save(tmp_path / "pictures" / "one" / "1.png")
    photo(8, 40, 12).save(tmp_path / "pictures" / "one" / "3.png")
    code, out, err = netspec("predict", "run", "pictures")
    assert code == 1
    assert len(out.splitlines()) == 7
    assert "pictures/one/3.png: a sample is 3×12×40, the network's input is" in err
    code, out, _ = netspec("eval", "run", "pictures")
    assert code == 1
    assert "samples  7\n" in out


def test_numbers_that_are_looked_up_are_in_range(run: Start, netspec: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b,y\n1,2,0\n3,4,1\n")
    run(
        ROWS.replace("input: [2]", "input: {shape: [2], dtype: int64}").replace(
            "[{Linear: 1}]", "[{Embedding: {num_embeddings: 5, embedding_dim: 3}}, Flatten, {Linear: 1}]"
        )
    )
    rows = b"a,b,y\n1,2,0\n3,9,1\n1.5,2,0\n-1,2,0\n4,0,1\n"
    named = [
        "netspec: -: row 2: 9 is out of range: the Embedding looks up 0 to 4",
        "netspec: -: row 3: 1.5 is a fraction, the network's input is int64",
        "netspec: -: row 4: -1 is out of range: the Embedding looks up 0 to 4",
    ]
    code, out, err = netspec("predict", "run", "-", stdin=rows)
    assert (code, err.splitlines()) == (1, named)
    assert [line.split()[0] for line in out.splitlines()] == ["-:1", "-:5"]
    code, out, err = netspec("eval", "run", "-", stdin=rows)
    assert (code, err.splitlines()) == (1, named)
    assert "samples  2\n" in out


def test_many_bad_rows_are_counted(rows: Run, netspec: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("a,b\n" + "?,1\n" * 50 + "1,1\n")
    code, out, err = netspec("predict", "run", "new.csv")
    assert code == 1
    assert out.startswith("new.csv:51")
    assert len(err.splitlines()) == 21
    assert err.splitlines()[-1] == "netspec: new.csv: 30 more rows cannot be used"


def test_tables_come_packed_from_folders_and_from_standard_input(
    rows: Run, netspec: Callable[..., Outcome], tmp_path: Path
) -> None:
    text = b"a,b\n1,2\n3,4\n"
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "x.csv").write_bytes(b"\xef\xbb\xbf" + text)
    (folder / "y.csv.gz").write_bytes(gzip.compress(text))
    (folder / "z.csv.bz2").write_bytes(bz2.compress(text))
    code, out, _ = netspec("predict", "run", "tables", "-", stdin=text)
    assert code == 0
    values = [line.split()[1] for line in out.splitlines()]
    assert len(values) == 8
    assert len(set(values)) == 2
    for damaged in (gzip.compress(text)[:12], b"", b"no archive"):
        (folder / "y.csv.gz").write_bytes(damaged)
        code, out, err = netspec("predict", "run", "tables")
        assert code == 1
        assert "tables/y.csv.gz: " in err
        assert len(out.splitlines()) == 4
    for empty, said in ((b"", "-: is empty"), (b"a,b\n", "-: has no rows"), (b"1,2,3,4\n", "it has 4 columns")):
        code, out, err = netspec("predict", "run", "-", stdin=empty)
        assert (code, out) == (1, "")
        assert said in err


def test_a_large_table_is_read_as_it_is_answered(rows: Run, tmp_path: Path) -> None:
    """After the first answer of a million rows only some of them have been read."""
    from netspec.inference.predict import make_predictor

    with (tmp_path / "long.csv").open("w") as file:
        file.write("a,b\n" + "1,2\n" * 1_000_000)
    predictor = make_predictor(load_run(rows.folder))
    opened = io.StringIO((tmp_path / "long.csv").read_text())
    from netspec.inference.array_reader import ArrayReader
    from netspec.inference.table_reader import TableReader

    assert isinstance(predictor.reader, ArrayReader)
    reader = predictor.reader.other
    assert isinstance(reader, TableReader)
    next(iter(reader._rows("long.csv", opened)))
    assert opened.tell() < 100


def test_python_gets_answers_or_one_error(colour: Run, netspec: Callable[..., Outcome], tmp_path: Path) -> None:
    from netspec.core.files import ReadError

    loaded = load_run(colour.folder)
    assert len(loaded.predict(tmp_path / "pictures" / "one", top=1)) == 4
    with pytest.raises(ReadError, match=r"gone.png: no such file"):
        loaded.predict(tmp_path / "gone.png")
