"""Metrics against scikit-learn's of the same names, batch by batch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from sklearn import metrics as sk

from netspec.distributed.process_group import ProcessGroup, leave
from netspec.language.sections.losses import Kind
from netspec.language.sections.metrics import usual
from netspec.metrics.classification import Accuracy, Auroc, PrecisionRecallF1, TopK
from netspec.metrics.measures import make_metrics
from netspec.metrics.metric import Metric
from netspec.objective.targets import probabilities
from tests.runner.started import CONTEXT

CPU = torch.device("cpu")
OF_NUMBERS = usual("numbers")


def in_batches(metric: Metric, output: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
    for start in range(0, len(output), 7):
        metric.update(output[start : start + 7], target[start : start + 7])
    return metric.result()


def test_accuracy_of_classes() -> None:
    torch.manual_seed(0)
    output, target = torch.randn(50, 4), torch.randint(0, 4, (50,))
    expected = sk.accuracy_score(target, output.argmax(1))
    assert in_batches(Accuracy("classes", CPU), output, target) == {"accuracy": pytest.approx(expected)}
    one_hot = torch.nn.functional.one_hot(target, 4).float()
    assert in_batches(Accuracy("classes", CPU), output, one_hot) == {"accuracy": pytest.approx(expected)}


@pytest.mark.parametrize("kind", ["probabilities", "logits", "signs"])
def test_accuracy_of_two_sides(kind: Kind) -> None:
    torch.manual_seed(1)
    output, label = torch.randn(50, 1), torch.randint(0, 2, (50, 1)).float()
    given = output.sigmoid() if kind == "probabilities" else output
    target = label * 2 - 1 if kind == "signs" else label
    expected = sk.accuracy_score(label, output > 0)
    assert in_batches(Accuracy(kind, CPU), given, target) == {"accuracy": pytest.approx(expected)}


@pytest.mark.parametrize("columns", [1, 3])
def test_errors_of_numbers(columns: int) -> None:
    torch.manual_seed(2)
    target = torch.randn(50, columns) * 10 + 1000
    output = target + torch.randn(50, columns)
    metric = make_metrics(OF_NUMBERS, "numbers", tuple(target.shape[1:]), target, CPU)
    assert metric is not None
    got = in_batches(metric, output, target)
    assert got["mae"] == pytest.approx(sk.mean_absolute_error(target, output), rel=1e-5)
    assert got["rmse"] == pytest.approx(sk.mean_squared_error(target, output) ** 0.5, rel=1e-5)
    assert got["r2"] == pytest.approx(sk.r2_score(target, output), rel=1e-5)


def test_numbers_may_be_measured_from_any_of_the_targets() -> None:
    torch.manual_seed(3)
    target = (torch.randn(50, 2) * 10 + 1000).sort(0).values
    output = target + torch.randn(50, 2)
    metric = make_metrics(OF_NUMBERS, "numbers", (2,), target[:1], CPU)
    assert metric is not None
    assert in_batches(metric, output, target)["r2"] == pytest.approx(sk.r2_score(target, output), rel=1e-6)


def test_no_spread_has_no_r2() -> None:
    target = torch.ones(5, 1)
    metric = make_metrics(OF_NUMBERS, "numbers", tuple(target.shape[1:]), target, CPU)
    assert metric is not None
    assert "r2" not in in_batches(metric, torch.zeros(5, 1), target)


def test_outputs_as_probabilities() -> None:
    output = torch.tensor([[0.0, 1.0]])
    assert torch.equal(probabilities(output, "CrossEntropyLoss", "Linear"), output.softmax(1))  # type: ignore[arg-type]
    assert torch.equal(probabilities(output, "NLLLoss", "LogSoftmax"), output.exp())  # type: ignore[arg-type]
    assert torch.equal(probabilities(output, "BCELoss", "Sigmoid"), output)  # type: ignore[arg-type]
    assert torch.equal(probabilities(output, "BCEWithLogitsLoss", "Linear"), output.sigmoid())  # type: ignore[arg-type]
    assert probabilities(output, "MSELoss", "Linear") is None


@pytest.mark.parametrize("classes", [2, 5])
def test_rates_of_classes_are_scikit_learns_macro_averages(classes: int) -> None:
    torch.manual_seed(3)
    output, target = torch.randn(60, classes + 1), torch.randint(0, classes, (60,))
    output[:, classes] = -9.0  # a class that neither occurs nor is ever said
    output[:, 0] = -8.0  # one that occurs and is never said: its precision is 0/0
    said = output.argmax(1)
    got = in_batches(PrecisionRecallF1("classes", (classes + 1,), CPU), output, target)
    for name in ("precision", "recall", "f1"):
        expected = getattr(sk, f"{name}_score")(target, said, average="macro", zero_division=0)
        assert got[name] == pytest.approx(expected), name
    assert got["confusion_matrix"] == sk.confusion_matrix(target, said, labels=range(classes + 1)).tolist()


@pytest.mark.parametrize("kind", ["probabilities", "logits", "signs"])
@pytest.mark.parametrize("shape", [(), (1,), (3,)])
def test_rates_of_labels(kind: Kind, shape: tuple[int, ...]) -> None:
    torch.manual_seed(4)
    output, label = torch.randn(60, *shape), torch.randint(0, 2, (60, *shape)).float()
    given = output.sigmoid() if kind == "probabilities" else output
    target = label * 2 - 1 if kind == "signs" else label
    got = in_batches(PrecisionRecallF1(kind, shape, CPU), given, target)
    flat, said, real = shape != (3,), (output > 0).long(), label.long()
    for name in ("precision", "recall", "f1"):
        average = "binary" if flat else "macro"
        score = getattr(sk, f"{name}_score")
        pair = (real.flatten(), said.flatten()) if flat else (real, said)
        assert got[name] == pytest.approx(score(*pair, average=average)), name
    matrix = sk.confusion_matrix(real.flatten(), said.flatten()) if flat else sk.multilabel_confusion_matrix(real, said)
    assert got["confusion_matrix"] == matrix.tolist()


def test_top_k() -> None:
    torch.manual_seed(5)
    output, target = torch.randn(60, 8), torch.randint(0, 8, (60,))
    expected = sk.top_k_accuracy_score(target, output, k=3, labels=range(8))
    assert in_batches(TopK(3, CPU), output, target) == {"top3": pytest.approx(expected)}


@pytest.mark.parametrize("classes", [2, 4])
def test_auroc_of_classes(classes: int) -> None:
    torch.manual_seed(6)
    output, target = torch.randn(60, classes).round(decimals=1), torch.randint(0, classes, (60,))
    scores = output.softmax(1)
    expected = sk.roc_auc_score(target, scores[:, 1] if classes == 2 else scores, multi_class="ovr")
    assert in_batches(Auroc("classes", (classes,), CPU), output, target) == {"auroc": pytest.approx(expected)}


@pytest.mark.parametrize("shape", [(), (1,), (3,)])
def test_auroc_of_labels_with_ties(shape: tuple[int, ...]) -> None:
    torch.manual_seed(7)
    output, label = torch.randn(60, *shape).round(decimals=0), torch.randint(0, 2, (60, *shape)).float()
    expected = sk.roc_auc_score(label, output)
    assert in_batches(Auroc("logits", shape, CPU), output, label) == {"auroc": pytest.approx(expected)}


def test_auroc_leaves_out_classes_without_a_curve_and_is_nan_without_any() -> None:
    output, target = torch.eye(4)[[0, 1, 1, 0]], torch.tensor([0, 1, 1, 0])  # classes 2 and 3 never occur
    assert in_batches(Auroc("classes", (4,), CPU), output, target) == {"auroc": 1.0}
    (value,) = in_batches(Auroc("classes", (4,), CPU), output, torch.zeros(4, dtype=torch.long)).values()
    assert value != value


NAMES = ("auroc", "accuracy", "top2", "precision", "recall", "f1", "confusion_matrix")


def test_values_come_in_the_order_they_are_asked_for() -> None:
    metric = make_metrics(NAMES, "classes", (3,), torch.zeros(1), CPU)
    assert metric is not None
    assert list(in_batches(metric, torch.randn(9, 3), torch.arange(9) % 3)) == [*NAMES]
    assert make_metrics((), "classes", (3,), torch.zeros(1), CPU) is None


def _half(rank: int, folder: str, output: torch.Tensor, target: torch.Tensor) -> None:
    """One of two processes: every second sample, joined with the other's."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    world = ProcessGroup(rank, 2)
    metric = make_metrics(NAMES, "classes", (3,), target, CPU)
    assert metric is not None
    mine = world.share(torch.arange(len(output)))
    metric.update(output[mine], target[mine])
    metric.join(world)
    torch.save(metric.result(), f"{folder}/{rank}.pt")
    leave(world)


def test_two_processes_measure_what_one_does(tmp_path: Path) -> None:
    torch.manual_seed(8)
    output, target = torch.randn(21, 3), torch.randint(0, 3, (21,))  # 11 samples for the one, 10 for the other
    alone = make_metrics(NAMES, "classes", (3,), target, CPU)
    assert alone is not None
    expected = in_batches(alone, output, target)
    halves = [CONTEXT.Process(target=_half, args=(rank, str(tmp_path), output, target)) for rank in range(2)]
    for half in halves:
        half.start()
    for half in halves:
        half.join()
    for rank in range(2):
        got = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert got.pop("confusion_matrix") == expected["confusion_matrix"]
        assert got == pytest.approx({name: value for name, value in expected.items() if name in got})


def test_each_place_of_a_picture_counts() -> None:
    generator = torch.Generator().manual_seed(3)
    output, target = torch.rand(5, 3, 4, 2, generator=generator), torch.randint(0, 3, (5, 4, 2), generator=generator)
    names = ("accuracy", "top2", "precision", "recall", "f1", "auroc", "confusion_matrix")
    placed = make_metrics(names, "classes", (3, 4, 2), target, CPU)
    flat = make_metrics(names, "classes", (3,), target.flatten(), CPU)
    assert placed is not None
    assert flat is not None
    for part in (slice(0, 2), slice(2, 5)):
        placed.update(output[part], target[part])
    flat.update(output.movedim(1, -1).reshape(-1, 3), target.flatten())
    ours, theirs = placed.result(), flat.result()
    assert ours.pop("confusion_matrix") == theirs.pop("confusion_matrix")
    assert ours == pytest.approx(theirs)
