"""The table of the metrics that `train` may name: which losses they suit, their columns, and whether lower is better.

A metric is one record of `METRICS`. The check of `train`, the JSON Schema, the reference page, the columns of a run and
its computation all read that record. Its computation needs torch; the record names it by `module:function`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from netspec.core.dataclass import dataclass
from netspec.language.sections.losses import Kind, is_own

TOP = re.compile(r"^top([2-9]|[1-9][0-9]{1,3})$")  # top5: the right class is among the five likeliest
_CLASSES: tuple[Kind, ...] = ("classes", "probabilities", "logits", "signs")


@dataclass(frozen=True, kw_only=True)
class MetricKind:
    """One metric, or several of a pattern.

    Args:
        name: what `metrics` calls it, and its column; of a pattern one that matches, as an example.
        doc: one sentence for the reference page.
        kinds: what a loss compares, of those that it goes with.
        make: `module:function`, from a MetricRequest to a Metric. Metrics with the same one are measured together.
        usual: whether it is measured where `metrics` is left out.
        lower: whether less of it is better.
        number: whether it is one number, which can choose the best epoch.
        pattern: of the names that it stands for; each of them is measured by itself.
    """

    name: str
    doc: str
    kinds: tuple[Kind, ...]
    make: str
    usual: bool = False
    lower: bool = False
    number: bool = True
    pattern: re.Pattern[str] | None = None

    def named(self, name: str) -> bool:
        """Whether it goes by this name."""
        return name == self.name or (self.pattern is not None and self.pattern.match(name) is not None)


_OVERLAP = "netspec.metrics.overlap:make_overlap"
_RATES = "netspec.metrics.classification:make_rates"
_ERRORS = "netspec.metrics.regression:make_errors"
METRICS = (
    MetricKind(
        name="accuracy",
        doc="The share of right answers: of the classes, or of all labels.",
        kinds=_CLASSES,
        make="netspec.metrics.classification:make_accuracy",
        usual=True,
    ),
    MetricKind(
        name="precision",
        doc="The share of a class's predictions that are right; macro average.",
        kinds=_CLASSES,
        make=_RATES,
    ),
    MetricKind(
        name="recall",
        doc="The share of a class's samples that are predicted as it; macro average.",
        kinds=_CLASSES,
        make=_RATES,
    ),
    MetricKind(
        name="f1",
        doc="The harmonic mean of precision and recall; macro average.",
        kinds=_CLASSES,
        make=_RATES,
    ),
    MetricKind(
        name="auroc",
        doc="The area under the ROC curve, of each class against the rest; macro average.",
        kinds=_CLASSES,
        make="netspec.metrics.classification:make_auroc",
    ),
    MetricKind(
        name="iou",
        doc="Intersection over union of the predicted and the true pixels of a class; mean over the classes.",
        kinds=("classes", "probabilities", "logits"),
        make=_OVERLAP,
    ),
    MetricKind(
        name="dice",
        doc="Twice the intersection over the sum of the predicted and the true pixels; mean over the classes.",
        kinds=("classes", "probabilities", "logits"),
        make=_OVERLAP,
    ),
    MetricKind(
        name="confusion_matrix",
        doc="How many samples of each class are predicted as each.",
        kinds=_CLASSES,
        make=_RATES,
        number=False,
    ),
    MetricKind(
        name="top5",
        doc="The share of samples whose class is among the five likeliest; also top2, top3, ….",
        kinds=("classes",),
        make="netspec.metrics.classification:make_top",
        pattern=TOP,
    ),
    MetricKind(
        name="recall_at_1",
        doc="The share of samples whose nearest other sample, by the embedding, is of their class.",
        kinds=("distances", "angles"),
        make="netspec.metrics.neighbours:make_neighbour",
        usual=True,
    ),
    MetricKind(
        name="perplexity",
        doc="e to the mean cross-entropy: among how many equally likely classes, or tokens, the network hesitates.",
        kinds=("classes",),
        make="netspec.metrics.perplexity:make_perplexity",
        lower=True,
    ),
    MetricKind(name="mae", doc="The mean absolute error.", kinds=("numbers",), make=_ERRORS, usual=True, lower=True),
    MetricKind(
        name="rmse",
        doc="The root of the mean squared error.",
        kinds=("numbers",),
        make=_ERRORS,
        usual=True,
        lower=True,
    ),
    MetricKind(
        name="mape",
        doc="The mean absolute error as a share of the target: 0.1 is 10 %.",
        kinds=("numbers",),
        make=_ERRORS,
        lower=True,
    ),
    MetricKind(name="r2", doc="R², the coefficient of determination.", kinds=("numbers",), make=_ERRORS, usual=True),
)
NAMES = tuple(metric.name for metric in METRICS)
PATTERNS = tuple(metric.pattern.pattern for metric in METRICS if metric.pattern is not None)
NAIVE, SEASONAL = BASELINES = ("naive", "seasonal")  # of time series: the last value, and that of a season ago
_LOWER = ("loss", *(metric.name for metric in METRICS if metric.lower))


def metric_kind(name: str) -> MetricKind | None:
    """The record of a metric; None where there is none of this name."""
    if is_own(name):
        return MetricKind(name=name, doc="One of your own.", kinds=(), make="netspec.metrics.own:OwnMetric")
    return next((metric for metric in METRICS if metric.named(name)), None)


def shown(name: str) -> str:
    """The column of a metric: its name, of one's own without the module."""
    return name.rpartition(":")[2]


def is_metric(name: str) -> bool:
    """Whether there is such a metric."""
    return metric_kind(name) is not None


def is_number(name: str) -> bool:
    """Whether a metric is one number, which can choose the best epoch."""
    found = metric_kind(name)
    return found is not None and found.number


def usual(kind: Kind) -> tuple[str, ...]:
    """The metrics of a loss of a kind where `metrics` is left out."""
    return tuple(metric.name for metric in METRICS if metric.usual and kind in metric.kinds)


def of_numbers(asked: Sequence[str] | None) -> tuple[str, ...] | None:
    """The metrics where targets are no labels, whatever loss compares them: those asked for, or the usual of numbers.

    Pixels from 0 to 1 under BCEWithLogitsLoss are none that an accuracy could be measured of.

    Args:
        asked: the metrics of `metrics`; None where it is left out.
    """
    return usual("numbers") if asked is None else tuple(asked)


def fitting(kind: Kind) -> tuple[str, ...]:
    """The metrics that suit a loss of a kind."""
    return tuple(metric.name for metric in METRICS if kind in metric.kinds)


def fits(name: str, kind: Kind) -> bool:
    """Whether a metric suits a loss of a kind."""
    found = metric_kind(name)
    return found is not None and (is_own(name) or kind in found.kinds)


def measured(asked: Sequence[str] | None, kind: Kind) -> tuple[str, ...]:
    """The metrics of an output with a loss of this kind: those of `metrics` that suit it, or the usual ones."""
    return usual(kind) if asked is None else tuple(name for name in asked if fits(name, kind))


def columns(asked: Sequence[str] | None, losses: Mapping[str, Kind], numbers: bool = False) -> list[str]:
    """The columns of metrics.jsonl, without `val_` or `train_`.

    `loss` is what is minimised. The metrics of the first output that has a loss have their plain names; metrics of
    other outputs, and the loss of each of several outputs, end with the output's name: `loss_aux1`.

    Args:
        asked: the metrics of `metrics`; None where it is left out.
        losses: the kind of each output's loss, by the output's name.
        numbers: whether to leave out metrics that are more than one number.
    """
    found = ["loss", *(column_name("loss", output) for output in losses if len(losses) > 1)]
    for index, (output, kind) in enumerate(losses.items()):
        names = (shown(name) for name in measured(asked, kind) if not numbers or is_number(name))
        found += [column_name(name, output) if index else name for name in names]
    return found


def column_name(name: str, output: str) -> str:
    """The column of a metric of one of several outputs."""
    return f"{name}_{output}"


def lower_is_better(column: str) -> bool:
    """Whether a lower value is better in a column of metrics.jsonl, such as `val_loss` or `val_loss_aux1`."""
    name = column.partition("_")[2]
    return any(name == lower or name.startswith(f"{lower}_") for lower in _LOWER)
