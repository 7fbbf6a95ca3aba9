"""Losses that take several outputs: NS617 for what stands beside a loss, NS603 for shapes, NS618 for variances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.diagnostics import Diagnostic, Note, renamings
from netspec.core.names import certain_match, closest, did_you_mean
from netspec.core.shapes import Shape, show
from netspec.core.tree import Node, Scalar, describe
from netspec.fixes.edits import optional_fix
from netspec.language.sections.losses import FURTHER, NEEDS_FURTHER, Written
from netspec.layers.table import RESHAPES
from netspec.lint.context import Head, LintContext, finding
from netspec.lint.endings import at_the_end
from netspec.lint.losses import surely_not

_NOT_NEGATIVE = frozenset({
    "Softplus", "softplus", "exp", "square", "abs", "Sigmoid", "Hardsigmoid", "hardsigmoid", "Softmax", "ReLU", "ReLU6",
    "relu6",
})  # fmt: skip


def further(context: LintContext) -> Iterator[Diagnostic]:
    """NS617: what stands beside a loss and is no output that it takes; an output that it lacks."""
    outputs = [*context.refs]
    for loss in context.losses:
        name = "" if loss.name is None else str(loss.name.value)
        takes = FURTHER.get(name, ())
        for key, node in loss.further:
            if key.text not in takes:
                yield _no_place(name, key, takes)
            elif not isinstance(node, Scalar) or not isinstance(node.value, str):
                yield finding("NS617", f"{key.text} of {name} is the name of an output, not {describe(node)}", node)
            elif outputs and node.text not in outputs:
                meant = did_you_mean(closest(node.text, outputs))
                notes = () if meant else (Note("note", f"there are {', '.join(outputs)}"),)
                fixes = tuple(renamings(node, node.text, outputs))
                what = f"the network has no output {node.text!r}{meant}"
                yield finding("NS617", what, node, notes=notes, fixes=fixes)
            elif loss.output is not None and node.text == loss.output.text:
                yield finding("NS617", f"{key.text} of {name} is another output than {node.text} itself", node)
        yield from _lacking(context, loss, name, takes)


def _no_place(name: str, key: Scalar, takes: tuple[str, ...]) -> Diagnostic:
    """NS617: a word beside a loss that says nothing."""
    known = (*takes, "weight")
    fixes = tuple(renamings(key, key.text, known))
    message = f"{name or 'a loss'} has no {key.text!r} beside it{did_you_mean(closest(key.text, known))}"
    return finding("NS617", message, key, notes=(Note("note", f"there may be {', '.join(known)}"),), fixes=fixes)


def _lacking(context: LintContext, loss: Written, name: str, takes: tuple[str, ...]) -> Iterator[Diagnostic]:
    """NS617: a loss without an output that it needs."""
    there = [certain_match(key.text, takes) or key.text for key, _ in loss.further]
    missing = [each for each in takes if each not in there]
    known = [each for each in there if each in takes]
    if loss.name is None or not missing or (loss.output is None and len(context.refs) > 1):
        return
    if name in NEEDS_FURTHER or known:
        message = f"{name} takes {' and '.join(missing)} from {'another output' if len(missing) == 1 else 'others'}"
        output = "OUTPUT" if loss.output is None else loss.output.text
        beside = ", ".join(f"{each}: NAME" for each in takes)
        note = Note("fix", f"loss: {{{output}: {{{name}: {{}}, {beside}}}}}, with the names of outputs")
        yield finding("NS617", message, loss.name, notes=(note,))


def alike(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS603: further outputs of another shape than the loss compares with the first; NS617 of training alone."""
    output, name = head.tensor.shape, str(head.loss.value)
    only = context.report.training_only
    for key, node in head.further:
        ref = context.refs.get(str(node.value)) if isinstance(node, Scalar) else None
        tensor = None if ref is None else context.report.tensor(ref)
        if ref is None or tensor is None or key.text not in FURTHER.get(name, ()):
            continue
        if str(node.value) in only and head.output not in only:  # type: ignore[union-attr]  # a Scalar, see above
            what = f"{head.output} is evaluated, and {_text(node)} is there in training only"
            yield finding("NS617", what, node)
        if tensor.shape not in _shapes(key.text, output):
            told = f"{head.output} is {show(output)}, {_text(node)} is {show(tensor.shape)}"
            wants = "a variance for each mean, or one for all of the last axis" if key.text == "var" else "one shape"
            yield finding("NS603", f"{told}; {name} wants {wants}", node)
    if head.kind == "pairs" and name == "MarginRankingLoss" and output not in ((), (1,)):
        yield finding("NS603", f"{name} compares one number a sample, {head.output} is {show(output)}", head.loss)


def _text(node: Node) -> str:
    """The name of an output, as it is written."""
    return str(node.value) if isinstance(node, Scalar) else ""


def _shapes(key: str, output: Shape) -> tuple[Shape, ...]:
    """The shapes that torch takes beside an output."""
    return (output, (*output[:-1], 1), output[:-1]) if key == "var" and output else (output,)


def variances(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS618: variances that may be negative, at which torch stops."""
    for key, node in head.further:
        ref = context.refs.get(_text(node))
        last = None if ref is None else context.producer(ref, RESHAPES)
        if key.text != "var" or ref is None or last is None or not surely_not(last, _NOT_NEGATIVE):
            continue
        message = f"var of {head.loss.value} is a variance, and the last layer of {_text(node)} is {last.record.name}"
        edits = at_the_end(context, replace(head, output=_text(node), ref=ref), "Softplus: {}")
        yield finding("NS618", message, node, last, fixes=optional_fix("Softplus as its last layer", *edits))
