"""The metrics that `train` may name: which losses they suit, their columns, and whether lower is better."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from netspec.language.sections.losses import Kind, kind_of

TOP = re.compile(r"^top([2-9]|[1-9][0-9]{1,3})$")  # top5: the true class is among the five most probable
OF_CLASSES = ("accuracy", "precision", "recall", "f1", "auroc", "confusion_matrix")
OF_NUMBERS = ("mae", "rmse", "r2")
NAMES = (*OF_CLASSES, "top5", *OF_NUMBERS)
_LOWER = frozenset({"loss", "mae", "rmse"})
_FITTING: dict[Kind, tuple[str, ...]] = {
    "classes": (*OF_CLASSES, "top5"),
    "probabilities": OF_CLASSES,
    "logits": OF_CLASSES,
    "signs": OF_CLASSES,
    "numbers": OF_NUMBERS,
    "labels": (),
}


def is_metric(name: str) -> bool:
    """Whether there is such a metric."""
    return name in NAMES or TOP.match(name) is not None


def usual(loss: str) -> tuple[str, ...]:
    """The metrics of a loss where `metrics` is left out."""
    kind = kind_of(loss)
    return () if kind == "labels" else OF_NUMBERS if kind == "numbers" else ("accuracy",)


def fitting(loss: str) -> tuple[str, ...]:
    """The metrics that suit a loss."""
    return _FITTING[kind_of(loss)]


def fits(name: str, loss: str) -> bool:
    """Whether a metric suits a loss."""
    return name in fitting(loss) or (TOP.match(name) is not None and kind_of(loss) == "classes")


def measured(asked: Sequence[str] | None, loss: str) -> tuple[str, ...]:
    """The metrics of an output with this loss: those of `metrics` that suit it, or the usual ones."""
    return usual(loss) if asked is None else tuple(name for name in asked if fits(name, loss))


def columns(asked: Sequence[str] | None, losses: Mapping[str, str]) -> list[str]:
    """The columns of metrics.jsonl, without `val_` or `train_`.

    `loss` is what is minimised. The metrics of the first output that has a loss have their plain names; metrics of
    other outputs, and the loss of each of several outputs, end with the output's name: `loss_aux1`.

    Args:
        asked: the metrics of `metrics`; None where it is left out.
        losses: the name of each output's loss, by the output's name.
    """
    found = ["loss", *(column_name("loss", output) for output in losses if len(losses) > 1)]
    for index, (output, loss) in enumerate(losses.items()):
        found += [column_name(name, output) if index else name for name in measured(asked, loss)]
    return found


def column_name(name: str, output: str) -> str:
    """The column of a metric of one of several outputs."""
    return f"{name}_{output}"


def lower_is_better(column: str) -> bool:
    """Whether a lower value is better in a column of metrics.jsonl, such as `val_loss` or `val_loss_aux1`."""
    return column.partition("_")[2].partition("_")[0] in _LOWER
