"""The metrics that `train` may ask for: their names, which losses they go with, and which way is better. Torch-free."""

from __future__ import annotations

import re

from netspec.stages.losses import Kind, kind_of

TOP = re.compile(r"^top([2-9]|[1-9][0-9]{1,3})$")  # top5: the right class is among the five likeliest
OF_CLASSES = ("accuracy", "precision", "recall", "f1", "auroc", "confusion_matrix")
OF_NUMBERS = ("mae", "rmse", "r2")
NAMES = (*OF_CLASSES, "top5", *OF_NUMBERS)
_LOWER = frozenset({"loss", "mae", "rmse"})
_TWO_SIDED: tuple[Kind, ...] = ("probabilities", "logits", "signs")


def is_metric(name: str) -> bool:
    """Whether there is such a metric."""
    return name in NAMES or TOP.match(name) is not None


def usual(loss: str) -> tuple[str, ...]:
    """What is measured where `metrics` is left out."""
    kind = kind_of(loss)
    return () if kind == "labels" else OF_NUMBERS if kind == "numbers" else ("accuracy",)


def fitting(loss: str) -> tuple[str, ...]:
    """The metrics that go with a loss."""
    kind = kind_of(loss)
    if kind == "classes":
        return (*OF_CLASSES, "top5")
    return OF_CLASSES if kind in _TWO_SIDED else OF_NUMBERS if kind == "numbers" else ()


def fits(name: str, loss: str) -> bool:
    """Whether a metric goes with a loss."""
    return name in fitting(loss) or (TOP.match(name) is not None and kind_of(loss) == "classes")


def lower_is_better(column: str) -> bool:
    """Whether less of a column of metrics.jsonl, such as `val_loss`, is better."""
    return column.partition("_")[2] in _LOWER
