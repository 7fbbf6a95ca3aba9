"""A metric is one record and what computes it: the largest error, as scikit-learn has it."""

from __future__ import annotations

import json

import jsonschema
import pytest
from sklearn.metrics import max_error

from tests.extending.package_copy import Copy
from tests.extending.test_dataset import codes

pytestmark = pytest.mark.exhaustive  # a layer and a function stand for the others by default

FILE, TABLE = "netspec/metrics/max_error.py", "netspec/language/sections/metrics.py"
METRIC = '''\
"""The largest absolute error."""

from __future__ import annotations

import torch

from netspec.distributed.process_group import ProcessGroup
from netspec.metrics.metric import MetricRequest


class MaxError:
    """The largest absolute error of all numbers."""

    def __init__(self, device: torch.device) -> None:
        self.largest = torch.zeros(1, device=device)

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """output and target [N, *output]."""
        self.largest = torch.maximum(self.largest, (output - target).abs().max())

    def join(self, world: ProcessGroup) -> None:
        """Put together what the processes have seen."""
        self.largest = world.gather(self.largest).max()[None]

    def result(self) -> dict[str, float]:
        """max_error."""
        return {"max_error": self.largest.item()}


def make_max_error(request: MetricRequest) -> MaxError:
    """max_error."""
    return MaxError(request.device)
'''
RECORD = """\
    MetricKind(
        name="max_error",
        doc="The largest absolute error.",
        kinds=("numbers",),
        make="netspec.metrics.max_error:make_max_error",
        lower=True,
    ),
"""
X, Y = [[0.0, 1.0], [1.0, 3.0], [2.0, -1.0]], [1.0, -2.0, 4.0]
SPEC = f"""netspec: 1
input: [2]
layers: [{{Linear: 1}}]
data: {{inline: {{x: {X}, y: {Y}}}}}
train: {{epochs: 1, loss: MSELoss, optimizer: {{SGD: {{lr: 0.1}}}}, metrics: [r2, max_error], monitor: train_max_error}}
"""
PREDICT = f"""
import netspec, torch
from netspec.language.sections.metrics import lower_is_better
net = netspec.load_model("run/best.safetensors")
answer = [net(torch.tensor({X}))[:, 0].tolist(), lower_is_better("train_max_error")]
"""


def test_one_record_and_its_class_add_a_metric(copy: Copy) -> None:
    copy.append(FILE, METRIC)
    copy.insert(TABLE, "METRICS = (\n", RECORD)
    assert copy.changed() == {FILE, TABLE}
    (copy.folder / "classes.yaml").write_text(SPEC.replace("MSELoss", "CrossEntropyLoss"), encoding="utf-8")
    assert "max_error cannot be measured with CrossEntropyLoss" in copy.netspec("check", "classes.yaml").out
    assert codes(copy, SPEC) == []
    whole = copy.schema()
    train = {**whole["properties"]["train"], "$defs": whole["$defs"]}
    base = {"loss": "MSELoss", "optimizer": "SGD"}
    jsonschema.validate({**base, "metrics": ["max_error"]}, train)
    assert not jsonschema.Draft202012Validator(train).is_valid({**base, "metrics": ["max_eror"]})
    assert "| `max_error` | numbers | The largest absolute error. |" in copy.page("keys.md")

    done = copy.netspec("train", "net.yaml", "--out", "run")
    assert done.code == 0, done.err
    predictions, lower = copy.answer(PREDICT)
    expected = pytest.approx(max_error(Y, predictions), rel=1e-5)
    (row,) = map(json.loads, (copy.folder / "run/metrics.jsonl").read_text(encoding="utf-8").splitlines())
    assert row["train_max_error"] == expected
    assert lower
    assert json.loads(copy.netspec("eval", "run", "--format", "json").out)["max_error"] == expected


def test_without_the_record_it_is_unknown(copy: Copy) -> None:
    copy.append(FILE, METRIC)
    assert codes(copy, SPEC)[0] == "NS202"
