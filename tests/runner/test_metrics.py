"""Metrics against scikit-learn's of the same names, batch by batch."""

from __future__ import annotations

import pytest
import torch
from sklearn import metrics as sk

from netspec.runner.metrics import Accuracy, Metric, make_metric
from netspec.runner.targets import Kind, probabilities

CPU = torch.device("cpu")


def in_batches(metric: Metric, output: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
    for start in range(0, len(output), 7):
        metric.update(output[start : start + 7], target[start : start + 7])
    return metric.result()


def test_accuracy_of_classes() -> None:
    torch.manual_seed(0)
    output, target = torch.randn(50, 4), torch.randint(0, 4, (50,))
    expected = sk.accuracy_score(target, output.argmax(1))
    assert in_batches(Accuracy("classes"), output, target) == {"accuracy": pytest.approx(expected)}
    one_hot = torch.nn.functional.one_hot(target, 4).float()
    assert in_batches(Accuracy("classes"), output, one_hot) == {"accuracy": pytest.approx(expected)}


@pytest.mark.parametrize("kind", ["probabilities", "logits", "signs"])
def test_accuracy_of_two_sides(kind: Kind) -> None:
    torch.manual_seed(1)
    output, label = torch.randn(50, 1), torch.randint(0, 2, (50, 1)).float()
    given = output.sigmoid() if kind == "probabilities" else output
    target = label * 2 - 1 if kind == "signs" else label
    expected = sk.accuracy_score(label, output > 0)
    assert in_batches(Accuracy(kind), given, target) == {"accuracy": pytest.approx(expected)}


@pytest.mark.parametrize("columns", [1, 3])
def test_errors_of_numbers(columns: int) -> None:
    torch.manual_seed(2)
    target = torch.randn(50, columns) * 10 + 1000
    output = target + torch.randn(50, columns)
    metric = make_metric("numbers", target, CPU)
    assert metric is not None
    got = in_batches(metric, output, target)
    assert got["mae"] == pytest.approx(sk.mean_absolute_error(target, output), rel=1e-5)
    assert got["rmse"] == pytest.approx(sk.mean_squared_error(target, output) ** 0.5, rel=1e-5)
    assert got["r2"] == pytest.approx(sk.r2_score(target, output), rel=1e-5)


def test_numbers_may_be_measured_from_any_of_the_targets() -> None:
    torch.manual_seed(3)
    target = (torch.randn(50, 2) * 10 + 1000).sort(0).values
    output = target + torch.randn(50, 2)
    metric = make_metric("numbers", target[:1], CPU)
    assert metric is not None
    assert in_batches(metric, output, target)["r2"] == pytest.approx(sk.r2_score(target, output), rel=1e-6)


def test_no_spread_has_no_r2() -> None:
    target = torch.ones(5, 1)
    metric = make_metric("numbers", target, CPU)
    assert metric is not None
    assert "r2" not in in_batches(metric, torch.zeros(5, 1), target)


def test_outputs_as_probabilities() -> None:
    output = torch.tensor([[0.0, 1.0]])
    assert torch.equal(probabilities(output, "CrossEntropyLoss", "Linear"), output.softmax(1))  # type: ignore[arg-type]
    assert torch.equal(probabilities(output, "NLLLoss", "LogSoftmax"), output.exp())  # type: ignore[arg-type]
    assert torch.equal(probabilities(output, "BCELoss", "Sigmoid"), output)  # type: ignore[arg-type]
    assert torch.equal(probabilities(output, "BCEWithLogitsLoss", "Linear"), output.sigmoid())  # type: ignore[arg-type]
    assert probabilities(output, "MSELoss", "Linear") is None
