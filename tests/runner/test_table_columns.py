"""Columns of every kind as numbers, held against scikit-learn and pandas; missing cells; what is wrong with a cell."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from netspec.core.diagnostics import Diagnostic
from netspec.core.shapes import Tensor
from netspec.data.section import load_data
from netspec.data.split import Data
from netspec.data.tables.cells import canonical
from netspec.data.tables.kinds import infer
from netspec.language.spec import Spec

Make = Callable[..., Spec]
Refused = Callable[..., list[Diagnostic]]
Read = Callable[..., Data]

PEOPLE = """age,fare,class,sex,port,when,lived
22,7.25,3,male,S,2024-01-01,no
38,71.3,1,female,C,2024-02-29,yes
26,7.9,3,female,S,2023-05-17,yes
,8.05,3,male,Q,1969-12-31,no
35,,2,female,S,2024-03-01,yes
35,8.05,3,male,,2024-04-01,no
54,51.9,1,male,S,2024-06-02,no
2,21.1,3,male,C,2024-07-01,no
"""
WHOLE = PEOPLE.replace("35,,2", "35,9.5,2").replace("\n,8", "\n30,8").replace("male,,", "male,S,")


@pytest.fixture
def read(make: Make, tmp_path: Path) -> Read:
    """`read(table, "missing: mean", dtype="int64")`: the data of a table with these arguments; a quarter validates."""

    def load(table: str, arguments: str = "", val: str = "0.25", dtype: str = "float32") -> Data:
        (tmp_path / "rows.csv").write_text(table, encoding="utf-8")
        written = f"{{CSV: {{path: rows.csv{arguments and ', '}{arguments}}}{val and f', val: {val}'}}}"
        spec = make(f"netspec: 1\ninput: [1]\nlayers: [Flatten]\ndata: {written}\n")
        return load_data(spec, {"input": Tensor((1,), dtype)}, 0, None)

    return load


def frame(table: str, data: Data) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The training and the validation part of a table, as pandas reads them."""
    whole = pd.read_csv(io.StringIO(table))
    assert data.val is not None
    return whole.iloc[data.train.rows.numpy()], whole.iloc[data.val.rows.numpy()]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ("1,2.5,", "number"),
        ("True,False,True", "number"),
        ("red,green,blue", "category"),
        ("red,red,red", "category"),
        ("no,yes,", "binary"),
        ("2024-05-17,2024-05-18,", "date"),
        ("2024-05-17T10:30:00,2024-05-18T09:00:00Z,", "date"),
        ("1,two,3", "number"),  # of which two is a wrong cell
        ("2024-05-17,2024-13-01,2024-05-18", "date"),  # of which the second is a wrong cell
        (",,", "number"),
        (",".join(f"name{index}" for index in range(21)), None),
        (",".join(f"town{index}" for index in range(20)), "category"),
        (",".join(f"code{index}" for index in range(30) for _ in range(2)), "category"),
    ],
)
def test_kinds_by_the_cells(cells: str, kind: str | None) -> None:
    rows = "\n".join(f"{cell},0" for cell in cells.split(","))
    assert infer(pd.read_csv(io.StringIO(f"a,b\n{rows}"))["a"]) == kind


def test_categories_are_scikit_learns_one_hot(read: Read) -> None:
    data = read(WHOLE, "columns: [port, sex, class], kinds: {class: category}")
    train, _ = frame(WHOLE, data)
    encoder = OneHotEncoder(sparse_output=False).fit(pd.read_csv(io.StringIO(WHOLE))[["port", "class"]])
    port, level = np.split(encoder.transform(train[["port", "class"]]), 2, 1)
    sex = (train[["sex"]] == "male").to_numpy(float)
    assert torch.equal(data.train.inputs[0], torch.tensor(np.hstack([port, sex, level])).float())
    assert data.source.targets[0].classes == ("no", "yes")


def test_where_the_input_is_int64_a_category_is_its_index(read: Read) -> None:
    data = read(WHOLE, "columns: [port]", dtype="int64", val="")
    assert data.train.inputs[0][:, 0].tolist() == [3, 1, 3, 2, 3, 3, 3, 1]  # C, Q, S from 1 on; 0 is what is not known
    assert read(WHOLE, "columns: [port], encode: index", val="").train.inputs[0].shape == (8, 1)
    listed = read(WHOLE, "columns: [port], encode: {port: index}, kinds: {port: [S, Q, C]}", val="")
    assert listed.train.inputs[0][:, 0].tolist() == [1, 3, 1, 2, 1, 1, 1, 3]


def test_dates_are_pandas_years_months_days_and_weekdays(read: Read) -> None:
    data = read(WHOLE, "columns: [when]", val="")
    dates = pd.to_datetime(pd.read_csv(io.StringIO(WHOLE))["when"]).dt
    assert data.train.inputs[0].tolist() == [
        list(parts) for parts in zip(dates.year, dates.month, dates.day, dates.day_of_week, strict=True)
    ]
    timed = read("when,y\n1969-12-31 06:30,0\n2024-02-29T18:00:00+02:00,1\n", val="")
    assert timed.train.inputs[0].tolist() == [[1969, 12, 31, 2, 6.5], [2024, 2, 29, 3, 18]]


@pytest.mark.parametrize(("rule", "strategy"), [("mean", "mean"), ("median", "median"), ("mode", "most_frequent")])
def test_missing_numbers_are_filled_from_the_training_part(read: Read, rule: str, strategy: str) -> None:
    data = read(PEOPLE, f"columns: [age, fare], missing: {rule}")
    assert data.val is not None
    train, val = frame(PEOPLE, data)
    fill = SimpleImputer(strategy=strategy).fit(train[["age", "fare"]])
    for part, split in ((train, data.train), (val, data.val)):
        expected = torch.tensor(fill.transform(part[["age", "fare"]])).float()
        assert torch.equal(split.inputs[0], expected)


def test_missing_words_are_the_most_frequent_one_or_what_the_spec_says(read: Read) -> None:
    common = read(PEOPLE, "columns: [port], missing: median", val="").train.inputs[0]
    assert common[5].tolist() == [0, 0, 1]  # C, Q, S
    own = read(PEOPLE, "columns: [port, age], missing: {port: none, age: 30}", val="").train.inputs[0]
    assert own[5].tolist() == [0, 0, 0, 1, 35]  # C, Q, S, none
    assert own[3].tolist() == [0, 1, 0, 0, 30]


def test_rows_with_missing_cells_are_left_out(read: Read) -> None:
    data = read(PEOPLE + "40,5,1,male,S,2024-07-02,\n", "columns: [age, port], missing: drop", val="").train
    assert data.rows.tolist() == [0, 1, 2, 4, 6, 7]  # the fare of row 4 is not used
    assert data.targets[0].tolist() == [0, 1, 1, 1, 0, 0]
    only_age = read(PEOPLE, "columns: [age, port], missing: {age: drop, port: mode}", val="").train
    assert only_age.rows.tolist() == [0, 1, 2, 4, 5, 6, 7]


@pytest.mark.parametrize(("rule", "scaler"), [("zscore", StandardScaler()), ("minmax", MinMaxScaler())])
def test_numbers_are_scaled_as_by_scikit_learn(read: Read, rule: str, scaler: StandardScaler | MinMaxScaler) -> None:
    table = WHOLE.replace("lived", "same,lived").replace(",no", ",5,no").replace(",yes", ",5,yes")
    data = read(table, f"columns: [age, same, fare, sex], normalize: {rule}")
    assert data.val is not None
    train, val = frame(table, data)
    numbers = ["age", "same", "fare"]
    scaler.fit(train[numbers])
    for part, split in ((train, data.train), (val, data.val)):
        assert split.inputs[0][:, :3].numpy() == pytest.approx(scaler.transform(part[numbers]), abs=1e-6)
        assert set(split.inputs[0][:, 3].tolist()) <= {0.0, 1.0}


def test_a_table_that_validates_is_read_as_the_training_table(read: Read, tmp_path: Path) -> None:
    (tmp_path / "val.csv").write_text("age,port,lived\n,X,no\n31,Q,yes\n", encoding="utf-8")
    arguments = "columns: [age, port], missing: {age: mean}"
    table = WHOLE.replace("22,", ",")
    data = read(table, arguments, val="{CSV: {path: val.csv}}")
    assert data.val is not None
    mean = pd.read_csv(io.StringIO(table))["age"].mean()
    assert data.val.inputs[0].numpy() == pytest.approx(np.array([[mean, 0, 0, 0], [31, 0, 1, 0]]))


def test_a_list_of_columns_is_one_target(read: Read) -> None:
    data = read(WHOLE, "columns: [port], target: [age, fare]", val="").train
    assert data.targets[0].shape == (8, 2)
    assert data.targets[0][1].tolist() == pytest.approx([38, 71.3])


@pytest.mark.parametrize(
    ("old", "new", "arguments", "said", "advice"),
    [
        ("22,", "x,", "", "row 1, column 'age' holds 'x', which is no finite number", "kinds: {age: category}"),
        ("35,", ",", "", "row 5, column 'age' has no value (and 1 more in that column)", "missing: median"),
        ("2024-02-29", "2024-02-30", "", "row 2, column 'when' holds '2024-02-30', which is no date", ""),
        ("", "", "kinds: {port: [C, S]}", "row 4, column 'port' holds 'Q', which is none of C, S", ""),
        ("", "", "kinds: {port: binary}", "'port' is to be binary and holds 3 values: C, Q, S", ""),
        ("", "", "missing: none", "'age' is to hold 'none' where a cell is empty, which is no fin", "missing: {age: "),
        ("yes\n", "\n", "", "row 2, column 'lived' has no value (and 2 more in that column)", "missing: {lived: drop}"),
        ("yes\n", "\n", "missing: mode", "row 2, column 'lived' has no value", "missing: {lived: drop}"),
    ],
)
def test_each_column_with_a_bad_cell_is_named(
    read: Read, refused: Refused, old: str, new: str, arguments: str, said: str, advice: str
) -> None:
    found = refused(read, WHOLE.replace(old, new), arguments, val="")
    assert {each.code for each in found} == {"NS601"}
    assert said in found[0].message
    assert advice in " ".join(note.text for note in found[0].notes)


def test_all_columns_with_bad_cells_are_named_at_once(read: Read, refused: Refused) -> None:
    found = [each.message for each in refused(read, PEOPLE, val="")]
    assert [message.split("'")[1] for message in found] == ["age", "fare", "port"]


def test_texts_are_no_category(read: Read, refused: Refused) -> None:
    rows = "name,y\n" + "".join(f"person {index},{index % 2}\n" for index in range(30))
    (found,) = refused(read, rows, val="")
    assert "column 'name' holds 30 different texts in 30 rows, which is no category" in found.message
    assert read(rows, "kinds: {name: category}", val="").train.inputs[0].shape == (30, 30)


@pytest.mark.parametrize(
    ("arguments", "code", "column", "said"),
    [
        ("kinds: {agee: number}", "NS601", 38, "no column 'agee'; did you mean age?"),
        ("missing: {prot: mode}", "NS601", 40, "no column 'prot'"),
    ],
)
def test_a_column_that_is_not_there_is_pointed_at(
    read: Read, refused: Refused, arguments: str, code: str, column: int, said: str
) -> None:
    (found,) = refused(read, WHOLE, arguments)
    assert (found.code, found.span.column) == (code, column)
    assert said in found.message


@pytest.mark.parametrize(
    ("cell", "same"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("01", "1"),
        ("1.50", "1.5"),
        ("TRUE", "True"),
        ("S", "S"),
        ("nan", "nan"),
        ("1_0", "1_0"),
    ],
)
def test_the_same_value_is_written_in_several_ways(cell: str, same: str) -> None:
    assert canonical(cell) == same
