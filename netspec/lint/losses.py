"""The loss against the last layer: NS611, NS614 where training fails, NS904, NS908 where it learns badly."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Diagnostic, Fix, Note
from netspec.core.tree import Scalar
from netspec.expansion.graph import Call
from netspec.fixes.edits import insert_after, optional_fix, remove_item
from netspec.fixes.values import replace_value, set_value
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
_OF_ONE_NUMBER = {"Softmax": 1, "Softmin": 1, "LogSoftmax": 0}
_WANTS_SCORES = frozenset({"CrossEntropyLoss", "BCEWithLogitsLoss"})
_LIMITS_SCORES = frozenset({
    "ReLU", "ReLU6", "Hardtanh", "Tanh", "Softsign", "Threshold", "Softplus", "Hardshrink", "Softshrink", "Hardsigmoid",
    "LogSigmoid",
})  # fmt: skip


def _removed(context: LintContext, last: Call) -> tuple[Fix, ...]:
    return optional_fix(f"without the {last.record.name}", remove_item(last, context.spec.sources))


def surely_not(last: Call, kinds: frozenset[str]) -> bool:
    """Whether it is certain that the output of a layer has another range than the output of `kinds`."""
    return kind(last) not in kinds and (kind(last) in ACTIVATIONS or last.record.parameters is not no_parameters)


def bce_without_sigmoid(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS611: BCELoss takes probabilities, and the last layer does not give any."""
    loss, last = head.loss, context.producer(head.ref, _KEEPS_RANGE)
    if last is None or loss.value != "BCELoss" or not surely_not(last, UNIT_RANGE):
        return
    message = f"BCELoss takes outputs from 0 to 1, and the last layer is {last.record.name}"
    if kind(last) in ACTIVATIONS and isinstance(last.item.node, Scalar):
        fixes: tuple[Fix, ...] = (replace_value(last.item.node, "Sigmoid", f"Sigmoid instead of {last.record.name}"),)
    else:
        after = insert_after(last, "Sigmoid", context.spec.sources)
        fixes = (set_value(loss, "loss", "BCEWithLogitsLoss"), *optional_fix("Sigmoid as the last layer", after))
    yield finding("NS611", message, loss, last, fixes=fixes)


def nll_without_log(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS614: NLLLoss takes log-probabilities, and the last layer does not give any."""
    loss, last = head.loss, context.producer(head.ref, RESHAPES)
    if last is None or loss.value != "NLLLoss" or not surely_not(last, frozenset({"LogSoftmax", "LogSigmoid"})):
        return
    message = f"NLLLoss takes log-probabilities, and the last layer is {last.record.name}"
    if last.record.name == "Softmax" and last.item.at.text == "Softmax":
        fixes: tuple[Fix, ...] = (replace_value(last.item.at, "LogSoftmax", "LogSoftmax instead of Softmax"),)
    else:
        after = insert_after(last, "LogSoftmax: {dim: 1}", context.spec.sources)
        fixes = (set_value(loss, "loss", "CrossEntropyLoss"), *optional_fix("LogSoftmax as the last layer", after))
    yield finding("NS614", message, loss, last, fixes=fixes)


def activation_of_loss(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS904: a softmax or sigmoid before a loss that applies its own."""
    loss, last = str(head.loss.value), context.producer(head.ref, RESHAPES)
    if last is None:
        return
    message = _TWICE.get((loss, kind(last)))
    if kind(last) in _OF_ONE_NUMBER and head.tensor.shape == (1,) and kind_of(loss) != "classes":
        message = f"{last.record.name} of one number is always {_OF_ONE_NUMBER[kind(last)]}: nothing can be learned"
        note = Note("fix", "Sigmoid instead of it, if a probability is wanted")
        yield finding("NS904", message, last.item.at, last, notes=(note,))
    elif message is not None:
        yield finding("NS904", message, last.item.at, last, fixes=_removed(context, last))


def unwanted_activation(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS908: an activation that limits the scores before a loss that takes scores of any size.

    An activation before a last pool is allowed: SqueezeNet ends so.
    """
    loss, last = head.loss, context.producer(head.ref, RESHAPES)
    if (
        last is None
        or loss.value not in _WANTS_SCORES
        or kind(last) not in _LIMITS_SCORES
        or (loss.value, kind(last)) in _TWICE
    ):
        return
    message = f"{loss.value} wants scores of any size, and the last layer is {last.record.name}"
    yield finding("NS908", message, last.item.at, last, fixes=_removed(context, last))
