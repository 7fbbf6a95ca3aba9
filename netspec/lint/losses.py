"""The loss against the last layer: NS611, NS614 where training would fail, NS904, NS908 where it would go badly."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Diagnostic, Edit, Fix, Note
from netspec.core.tree import Scalar
from netspec.expansion.graph import Call
from netspec.fixes.edits import insert_after, remove_item
from netspec.language.sections.losses import kind_of
from netspec.layers.record import no_parameters
from netspec.layers.table import ACTIVATIONS, ADAPTIVE_POOLS, POOLS, RESHAPES
from netspec.lint.context import Head, LintContext, finding, kind

UNIT_RANGE = frozenset({"Sigmoid", "Hardsigmoid", "Softmax", "Softmax2d", "Softmin"})
_KEEPS_RANGE = RESHAPES | ADAPTIVE_POOLS | {name for name in POOLS if "LP" not in name} | {"mean", "amax", "permute"}
_TWICE = {
    ("CrossEntropyLoss", "Softmax"): "CrossEntropyLoss has a softmax in it, so that it is applied twice",
    ("CrossEntropyLoss", "Softmin"): "CrossEntropyLoss has a softmax in it and wants scores",
    ("CrossEntropyLoss", "LogSoftmax"): "CrossEntropyLoss has a log-softmax in it; a second one changes nothing",
    ("CrossEntropyLoss", "Sigmoid"): "CrossEntropyLoss has a softmax in it and wants scores",
    ("BCEWithLogitsLoss", "Sigmoid"): "BCEWithLogitsLoss has a sigmoid in it, so that it is applied twice",
    ("BCEWithLogitsLoss", "Hardsigmoid"): "BCEWithLogitsLoss has a sigmoid in it and wants scores",
    ("BCEWithLogitsLoss", "Softmax"): "BCEWithLogitsLoss has a sigmoid in it and wants scores",
}
_OF_ONE = {"Softmax": 1, "Softmin": 1, "LogSoftmax": 0}
_WANTS_SCORES = frozenset({"CrossEntropyLoss", "BCEWithLogitsLoss"})
_CUTS = frozenset(
    {
        "ReLU",
        "ReLU6",
        "Hardtanh",
        "Tanh",
        "Softsign",
        "Threshold",
        "Softplus",
        "Hardshrink",
        "Softshrink",
        "Hardsigmoid",
        "LogSigmoid",
    }
)


def _with_loss(loss: Scalar, name: str) -> Fix:
    return Fix(f"loss: {name}", (Edit(loss.span, name),))


def _removed(context: LintContext, last: Call) -> tuple[Fix, ...]:
    edit = remove_item(last, context.report.spec.sources)
    return () if edit is None else (Fix(f"without the {last.record.name}", (edit,)),)


def _no_probabilities(last: Call, wanted: frozenset[str]) -> bool:
    """Whether it is certain that a layer's output is not of the wanted kind."""
    return kind(last) not in wanted and (kind(last) in ACTIVATIONS or last.record.parameters is not no_parameters)


def bce_without_sigmoid(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS611: BCELoss takes probabilities, and the last layer gives others."""
    loss, last = head.loss, context.behind(head.ref, _KEEPS_RANGE)
    if last is None or loss.value != "BCELoss" or not _no_probabilities(last, UNIT_RANGE):
        return
    message = f"BCELoss takes outputs from 0 to 1, and the last layer is {last.record.name}"
    fixes: list[Fix] = []
    if kind(last) in ACTIVATIONS and isinstance(last.item.node, Scalar):
        fixes.append(Fix(f"Sigmoid instead of {last.record.name}", (Edit(last.item.node.span, "Sigmoid"),)))
    else:
        after = insert_after(last, "Sigmoid", context.report.spec.sources)
        fixes.append(_with_loss(loss, "BCEWithLogitsLoss"))
        fixes += [] if after is None else [Fix("Sigmoid as the last layer", (after,))]
    yield finding("NS611", message, loss, last, fixes=tuple(fixes))


def nll_without_log(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS614: NLLLoss takes log-probabilities, and the last layer gives others."""
    loss, last = head.loss, context.behind(head.ref, RESHAPES)
    if last is None or loss.value != "NLLLoss" or not _no_probabilities(last, frozenset({"LogSoftmax", "LogSigmoid"})):
        return
    message = f"NLLLoss takes log-probabilities, and the last layer is {last.record.name}"
    if last.record.name == "Softmax" and last.item.at.text == "Softmax":
        fixes = [Fix("LogSoftmax instead of Softmax", (Edit(last.item.at.span, "LogSoftmax"),))]
    else:
        after = insert_after(last, "LogSoftmax: {dim: 1}", context.report.spec.sources)
        fixes = [_with_loss(loss, "CrossEntropyLoss")]
        fixes += [] if after is None else [Fix("LogSoftmax as the last layer", (after,))]
    yield finding("NS614", message, loss, last, fixes=tuple(fixes))


def twice(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS904: a softmax or sigmoid before a loss that has its own."""
    loss, last = str(head.loss.value), context.behind(head.ref, RESHAPES)
    if last is None:
        return
    why = _TWICE.get((loss, kind(last)))
    if kind(last) in _OF_ONE and head.tensor.shape == (1,) and kind_of(loss) != "classes":
        message = f"{last.record.name} of one number is always {_OF_ONE[kind(last)]}: nothing can be learned"
        note = Note("fix", "Sigmoid instead of it, if a probability is wanted")
        yield finding("NS904", message, last.item.at, last, notes=(note,))
    elif why is not None:
        yield finding("NS904", why, last.item.at, last, fixes=_removed(context, last))


def unwanted_activation(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS908: an activation that cuts scores off before a loss that wants them whole.

    Behind a pool it is left alone: SqueezeNet ends so.
    """
    loss, last = head.loss, context.behind(head.ref, RESHAPES)
    if last is None or loss.value not in _WANTS_SCORES or kind(last) not in _CUTS or (loss.value, kind(last)) in _TWICE:
        return
    message = f"{loss.value} wants scores of any size, and the last layer is {last.record.name}"
    yield finding("NS908", message, last.item.at, last, fixes=_removed(context, last))
