"""`netspec data`: what it says of a table is what pandas counts in it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.commands import netspec
from tests.spec_cases import ROOT

SPEC = str(ROOT / "specs/tabular.yaml")


def test_a_table_is_what_pandas_counts(capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.read_csv(ROOT / "specs/data/rides.csv")
    done = netspec("data", SPEC, "--format", "json", capsys=capsys)
    content = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert content["parts"] == {"train": 360, "val": 120}
    assert content["inputs"][0]["shape"] == [13]
    columns = {each["name"]: each for each in content["columns"]}
    assert [*columns] == [*table.columns[:-1]]
    assert {name: each["missing"] for name, each in columns.items()} == table[[*columns]].isna().sum().to_dict()
    assert columns["city"]["values"] == table["city"].value_counts().to_dict()
    assert columns["holiday"]["kind"] == "binary"
    assert columns["day"]["min"] == table["day"].min()
    numbers = table["temperature"]
    expected = [numbers.min(), numbers.mean(), numbers.max()]
    assert [columns["temperature"][key] for key in ("min", "mean", "max")] == pytest.approx(expected, rel=1e-5)
    assert content["targets"][0]["classes"] == table["rides"].value_counts().to_dict()
    assert content["rows"][0] == ["2023-11-28", "Bern", "cloud", "", "no", "few"]  # row 1 of the file
    assert len(content["rows"]) == 5
    assert content["bytes"] == 480 * (13 * 4 + 8)


def test_the_text_names_columns_and_sums(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("data", SPEC, capsys=capsys)
    assert done.code == 0
    assert "CSV: 360 samples to train on, 120 samples to validate with; 28.8 kB" in done.out
    assert "4 parts of day (year, month, day, weekday) + 4 values of city + 3 values of weather = 13" in done.out
    assert "few 228, many 252" in done.out


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("{sklearn: iris, val: 0.2}", "setosa 50, versicolor 50, virginica 50"),
        ("{sklearn: digits}", "1×8×8"),
        ("{inline: {x: [[1.0, 2], [3, 4]], y: [0.5, 1]}}", "0.5 to 1.0, mean 0.75"),
        ("{FakeData: {size: 4, image_size: [3, 8, 8], num_classes: 3}}", "3×8×8"),
    ],
)
def test_other_data(tmp_path: Path, capsys: pytest.CaptureFixture[str], data: str, said: str) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"netspec: 1\ninput: [1, 8, 8]\nlayers: [Flatten, {{Linear: 99}}]\ndata: {data}\n")
    done = netspec("data", str(path), capsys=capsys)
    assert done.code == 0
    assert said in done.out


def test_what_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("netspec: 1\ninput: [2]\nlayers: [{Linear: 1}]\ndata: {CSV: rows.csv}\n")
    (tmp_path / "rows.csv").write_text("a,b,y\n1,,0\n,2,1\n")
    done = netspec("data", str(path), capsys=capsys)
    assert done.code == 1
    assert "row 2, column 'a' has no value" in done.err
    assert "row 1, column 'b' has no value" in done.err
