"""A dataset is one record and its loader: arrays in a file of NumPy's."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest

from tests.extending.package_copy import Copy

pytestmark = pytest.mark.exhaustive  # a layer and a function stand for the others by default

FILE, TABLE = "netspec/data/npz.py", "netspec/language/sections/datasets.py"
LOADER = '''\
"""Files of NumPy's that hold the arrays x and y."""

from __future__ import annotations

import numpy as np
import torch

from netspec.core.files import resolve
from netspec.core.tree import Scalar
from netspec.data.split import LoadedData, LoadRequest, all_of


def load(request: LoadRequest) -> LoadedData:
    """`{NPZ: {path: rows.npz, rows: 100}}`, or `{NPZ: rows.npz}`."""
    path, rows = request.argument("path") or request.arguments, request.argument("rows")
    assert isinstance(path, Scalar)  # the keys' check says so where it is none
    end = None if rows is None else request.evaluate(rows)
    with np.load(resolve(path, request.folder)) as arrays:
        x, y = (torch.as_tensor(arrays[name][:end]) for name in ("x", "y"))
    return LoadedData(all_of(x, y))
'''
RECORD = """\
    DatasetKind(
        name="NPZ",
        doc="The arrays x and y of a file of NumPy's.",
        keys=(
            Key("path", {"type": "string"}, "a path", "The file.", "rows.npz", required=True),
            Key("rows", {"type": "integer", "minimum": 1}, "a positive integer", "Takes so many.", 100),
        ),
        load="netspec.data.npz:load",
    ),
"""
SPEC = """netspec: 1
input: [2]
layers: [{Linear: 1}]
data: {NPZ: {path: rows.npz, rows: 3}}
train: {epochs: 1, loss: MSELoss, optimizer: {SGD: {lr: 0.1}}}
"""
LOAD = """
from netspec.core.shapes import Tensor
from netspec.data.section import load_data
from netspec.language.load import load
split = load_data(load("net.yaml"), {"input": Tensor((2,))}, 0, None).train
answer = [split.inputs[0].tolist(), split.targets[0].tolist()]
"""


def codes(copy: Copy, text: str) -> list[str]:
    """What a check finds in a text."""
    (copy.folder / "net.yaml").write_text(text, encoding="utf-8")
    (answer,) = json.loads(copy.netspec("check", "--format", "json", "net.yaml").out)["files"]
    return [found["code"] for found in answer["diagnostics"]]


def test_one_record_and_its_loader_add_a_dataset(copy: Copy) -> None:
    copy.append(FILE, LOADER)
    copy.insert(TABLE, "_KINDS = (\n", RECORD)
    assert copy.changed() == {FILE, TABLE}
    x, y = np.arange(8, dtype="float32").reshape(4, 2), np.arange(4, dtype="float32")
    np.savez(copy.folder / "rows.npz", x=x, y=y)

    assert codes(copy, SPEC.replace("rows: 3", "row: 3")) == ["NS201"]
    assert codes(copy, SPEC.replace("rows: 3", "rows: 0")) == ["NS202"]
    assert codes(copy, SPEC.replace("path: rows.npz, ", "")) == ["NS203"]
    assert codes(copy, SPEC.replace("{path: rows.npz, rows: 3}", "rows.npz")) == []
    assert codes(copy, SPEC) == []

    data = {"anyOf": copy.schema()["properties"]["data"]["anyOf"]}
    jsonschema.validate({"NPZ": {"path": "rows.npz", "rows": 3}, "val": {"NPZ": "more.npz"}}, data)
    assert not jsonschema.Draft202012Validator(data).is_valid({"NPZ": {"rows": 3}})
    assert "## data: NPZ\n\nThe arrays x and y of a file of NumPy's.\n\n| Key |" in copy.page("keys.md")

    assert copy.answer(LOAD) == [x[:3].tolist(), y[:3].tolist()]
    done = copy.netspec("train", "net.yaml", "--out", "run")
    assert done.code == 0, done.err
    assert len((copy.folder / "run/metrics.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_without_the_record_it_is_unknown(copy: Copy) -> None:
    copy.append(FILE, LOADER)
    assert codes(copy, SPEC) == ["NS201"]
    assert not jsonschema.Draft202012Validator(copy.schema()["properties"]["data"]).is_valid({"NPZ": "rows.npz"})
