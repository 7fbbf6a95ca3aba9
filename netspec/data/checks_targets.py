"""Checks before training: targets against each output and its loss, and the number of classes."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import torch

from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.core.shapes import show
from netspec.data.batches import whole_numbers
from netspec.data.pictures import Pictures
from netspec.data.split import Data, Split
from netspec.data.text.tokens import Tokens
from netspec.data.transforms import CHUNK, Pipeline
from netspec.language.sections.class_families import BALANCED
from netspec.objective.losses import Head, Term, balanced, heads_of, network_inputs, without_balance
from netspec.objective.targets import DENSE, TargetError, prepare_targets
from netspec.runtime.diagnostics import counted, output_size_node, spec_error, torch_says
from netspec.runtime.registry import Choice
from netspec.shapes.report import Report

FIRST = 64  # samples that stand for all where their values do not matter, or have to be read from the disk


def with_class_weights(report: Report, data: Data, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The losses, with their class weights counted from the training samples.

    Raises:
        SpecError: NS605, there are no classes to count.
    """
    weighted = []
    for term, head in zip(terms, heads_of(report, terms), strict=True):
        if data.reconstruct:
            _refuse_balance(term.loss, "with `target: input` there are none")
            weighted.append(term)
            continue
        target = data.source.target(head.name)
        if target.ignore is not None and term.loss.name in DENSE:  # torch's own number is none that a mask has
            kwargs = {"ignore_index": target.ignore, **term.loss.kwargs}
            term = replace(term, loss=replace(term.loss, kwargs=kwargs))
        targets = data.train.targets[data.source.target_index(head.name)]
        if not isinstance(targets, torch.Tensor):
            _refuse_balance(term.loss, "each token has a class")
            weighted.append(term)
            continue
        weighted.append(replace(term, loss=balanced(term.loss, targets, prod(head.output.shape))))
    return tuple(weighted)


def _refuse_balance(loss: Choice, why: str) -> None:
    for name in loss.kwargs.keys() - without_balance(loss).kwargs.keys():
        what = f"{BALANCED} counts the classes of samples, and {why}"
        raise spec_error("NS605", what, loss.argument_nodes[name])


def check_targets(
    report: Report, data: Data, head: Head, pipeline: Pipeline
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The targets of an output as its loss takes them: of the training split, and of the validation split.

    With `target: input` these are the first of them; what can be looked at without reading pictures again is checked.

    Raises:
        SpecError: NS603.
    """
    classes, outputs = _class_counts(data, head)
    if outputs < classes:
        raise _class_error("NS603", report, data, head)
    parts = (data.train, data.val)
    train, val = (None if split is None else _targets(report, data, split, head, pipeline) for split in parts)
    assert train is not None
    try_loss(head, report, train)
    return train, val


def _class_counts(data: Data, head: Head) -> tuple[int, int]:
    """The numbers of classes that the data have, and that an output tells apart; 0 and 0 where one is unknown."""
    target = data.source.target(head.name)
    classes = len(target.classes) or target.count
    return (classes, head.output.shape[0]) if head.kind == "classes" and head.output.shape and classes else (0, 0)


def _class_error(code: str, report: Report, data: Data, head: Head) -> SpecError:
    """The error that data and output have different numbers of classes, at the `out_features` of the output."""
    classes, outputs = _class_counts(data, head)
    node = output_size_node(report, head.name)
    named = "classes" if data.source.target(head.name).classes else "tokens"
    what = f"{data.node.value} has {classes} {named}, the network gives {counted(outputs, 'output')}"
    advice = f"out_features: {classes}" if node is not None else f"let the last layer give {classes}"
    return spec_error(code, what, node or data.node, ("fix", advice))


def too_many_outputs(report: Report, data: Data, head: Head) -> Diagnostic | None:
    """The warning that there are more outputs than classes: the further outputs are never correct."""
    classes, outputs = _class_counts(data, head)
    named = bool(data.source.target(head.name).classes)  # of tokens more are usual: their number is rounded up
    return _class_error("NS914", report, data, head).diagnostics[0] if outputs > classes and named else None


def _targets(report: Report, data: Data, split: Split, head: Head, pipeline: Pipeline) -> torch.Tensor:
    if not data.reconstruct:
        targets = split.targets[data.source.target_index(head.name)]
        targets = targets if isinstance(targets, torch.Tensor) else _of_tokens(report, split, targets)
        return _prepared(data, split, head, targets)
    first, x = None, split.inputs[0]
    few = isinstance(x, Pictures) or head.kind == "numbers"  # of which no value is refused
    for start in range(0, min(len(x), FIRST) if few else len(x), CHUNK):
        part = x[start : start + (FIRST if few else CHUNK)]
        if data.source.picture:
            part = pipeline.finish(part if data.source.shaped else pipeline.shape(part))
        prepared = _prepared(data, split, head, part, start)
        first = prepared if first is None else first
    assert first is not None
    return first


def _of_tokens(report: Report, split: Split, targets: Tokens) -> torch.Tensor:
    """The first targets of tokens, as long as the samples that shapes are shown for, where their length varies."""
    first = targets[:FIRST]
    index = next(index for index, x in enumerate(split.inputs) if isinstance(x, Tokens))
    (length,) = [*network_inputs(report).values()][index].shape
    missing = max(0, length - first.shape[1])
    return torch.nn.functional.pad(first[:, :length], (0, missing), value=targets.padding.value)


def _prepared(data: Data, split: Split, head: Head, targets: torch.Tensor, start: int = 0) -> torch.Tensor:
    """Targets, of the samples of a split from `start` on, as the loss takes them."""
    loss = head.loss
    try:
        ignore, further = loss.kwargs.get("ignore_index"), bool(head.further)
        return prepare_targets(targets, loss.name, head.output.shape, ignore, further)
    except TargetError as fault:
        row = "" if fault.index is None else f" in {split.name_of(start + fault.index)}"
        notes = [("fix", fault.advice)] if fault.advice else []
        at = loss.node if fault.index is None else data.node
        raise spec_error("NS603", f"{fault}{row}", at, *notes) from None


def try_loss(head: Head, report: Report, targets: torch.Tensor) -> None:
    """Compute a loss and its gradient once, on random outputs of the network's shapes and the first targets.

    Args:
        head: the output, with its loss.
        report: of the network.
        targets: [N, *target].

    Raises:
        SpecError: NS603, torch refuses them, or the loss is no single number.
    """
    loss, targets, names = head.loss, whole_numbers(targets[:4]), [*report.outputs]
    shapes = [tensor.shape if (tensor := report.outputs[names[index]]) else () for _, index in head.further]
    # [N, *output] each, in the range of every loss
    outputs, *more = (torch.rand(len(targets), *shape, requires_grad=True) for shape in (head.output.shape, *shapes))
    try:
        value = loss.make()(
            outputs, targets, **{name: each for (name, _), each in zip(head.further, more, strict=True)}
        )
        value.backward()
    except Exception as error:  # torch's losses raise many types
        what = f"{loss.name} does not take outputs {' and '.join(map(show, (head.output.shape, *shapes)))}"
        at = next((node for name, node in loss.argument_nodes.items() if name in str(error)), loss.node)
        raise spec_error("NS603", f"{what} with these targets", at, torch_says(error)) from error
    if value.ndim:
        raise spec_error("NS603", f"{loss.name} gives {show(tuple(value.shape))} numbers, not one", loss.node)
