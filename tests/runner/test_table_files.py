"""Tables of other formats than CSV: they give what a CSV file with the same rows gives, in training and after it."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
import torch

from netspec.core.diagnostics import Diagnostic
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import prepare

Make = Callable[..., Spec]
Refused = Callable[..., list[Diagnostic]]
Start = Callable[..., Run]
Command = Callable[..., tuple[int, str, str]]

ROWS = "size,town,when,sold\n" + "".join(
    f"{index / 7 if index != 3 else ''},{'' if index == 5 else ('Chur', 'Bern', 'Genf')[index % 3]},"
    f"2024-05-{10 + index},{('no', 'yes')[index % 2]}\n"
    for index in range(12)
)
NET = """netspec: 1
input: [8]
layers: [{Linear: 2}]
data: {Table: {path: FILE, missing: mean, normalize: minmax}}
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
arrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="pyarrow is not installed")
excel = pytest.mark.skipif(find_spec("openpyxl") is None, reason="openpyxl is not installed")
FORMATS = [
    "rows.csv", "rows.tsv", "rows.tsv.gz", "rows.jsonl", "rows.ndjson.gz",
    *(pytest.param(name, marks=arrow) for name in ("rows.parquet", "rows.feather", "rows.arrow")),
    pytest.param("rows.xlsx", marks=excel),
]  # fmt: skip


def write(path: Path) -> None:
    """The rows in the format of the file's suffix."""
    frame = pd.read_csv(io.StringIO(ROWS))
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif path.suffix in (".feather", ".arrow"):
        frame.to_feather(path)
    else:
        text = ROWS.replace(",", "\t") if ".tsv" in path.name else ROWS
        text = frame.to_json(orient="records", lines=True, double_precision=15) if "json" in path.name else text
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_samples_of_the_csv_file(make: Make, tmp_path: Path, name: str) -> None:
    write(tmp_path / "plain.csv")
    write(tmp_path / name)
    expected = prepare(make(NET.replace("FILE", "plain.csv"))).data.train
    got = prepare(make(NET.replace("FILE", name))).data.train
    assert torch.allclose(got.inputs[0], expected.inputs[0], rtol=0, atol=1e-6)
    assert torch.equal(got.targets[0], expected.targets[0])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_predicted_as_the_csv_file(run: Start, netspec: Command, tmp_path: Path, name: str) -> None:
    write(tmp_path / "plain.csv")
    write(tmp_path / name)
    run(NET.replace("FILE", name))
    answers = [netspec("predict", "run", file, "--format", "json") for file in ("plain.csv", name)]
    assert [code for code, *_ in answers] == [0, 0]
    expected, got = ([row["classes"] for row in json.loads(out)["predictions"]] for _, out, _ in answers)
    assert len(got) == 12
    for one, other in zip(expected, got, strict=True):
        assert [each["class"] for each in one] == [each["class"] for each in other]
        assert [each["probability"] for each in one] == pytest.approx([each["probability"] for each in other], abs=2e-6)


@pytest.mark.parametrize(
    ("data", "content", "said"),
    [
        ("{CSV: rows.jsonl}", b"{}", "rows.jsonl is no CSV file but JSON lines; Table: rows.jsonl reads it"),
        ("{Table: gone.jsonl}", b"", "there is no file"),
        ("{Table: rows.jsonl}", b"", "has no rows"),
        ("{Table: rows.jsonl}", b'{"a": 1, "b": 2}\n{"a": 1,', "cannot be read as JSON lines: line 2: "),
        ("{Table: rows.jsonl}", b"[1, 2]", "cannot be read as JSON lines: line 1 is no object"),
        ("{Table: rows.jsonl}", b"\xff\xfe\x00", "cannot be read as JSON lines: "),
        ("{Table: rows.csv}", b"a,a ,b\n1,2,3\n", "has two columns named 'a'"),
        pytest.param("{Table: rows.parquet}", b"PAR1 and no more", "cannot be read as Parquet: ", marks=arrow),
        pytest.param("{Table: rows.arrow}", b"ARROW1 and no more", "cannot be read as Arrow: ", marks=arrow),
    ],
)
def test_what_is_no_table_of_its_format(
    make: Make, refused: Refused, tmp_path: Path, data: str, content: bytes, said: str
) -> None:
    for name in ("rows.jsonl", "rows.csv", "rows.parquet", "rows.arrow"):
        (tmp_path / name).write_bytes(content)
    text = "netspec: 1\ninput: [1]\nlayers: [{Linear: 1}]\n"
    (found,) = refused(prepare, make(f"{text}data: {data}\ntrain: {{loss: MSELoss, optimizer: SGD}}\n"))
    assert found.code == "NS601"
    assert said in found.message


def test_cells_that_are_no_values_are_texts(make: Make, refused: Refused, tmp_path: Path) -> None:
    lines = [json.dumps({"tags": ["a", index], "y": index % 2}) for index in range(30)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    (found,) = refused(prepare, make(NET.replace("FILE", "rows.jsonl")))
    assert "column 'tags' holds 30 different texts" in found.message


def test_a_format_without_its_reader_says_what_to_install(
    make: Make, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    (found,) = refused(prepare, make(NET.replace("FILE", "rows.parquet")))
    assert found.message == "Parquet needs pyarrow: pip install 'netspec[tables]'"
