"""Before training: do the targets fit each output and its loss, and is the number of classes right?"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import torch

from netspec.core.diagnostics import Diagnostic
from netspec.core.shapes import Shape, show
from netspec.data.section import Data
from netspec.data.split import Split
from netspec.objective.losses import Head, Term, balanced, heads_of
from netspec.objective.targets import TargetError, prepare_targets
from netspec.runtime.diagnostics import counted, output_size_node, spec_error, torch_says
from netspec.runtime.registry import Choice
from netspec.shapes.report import Report


def with_class_weights(report: Report, data: Data, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The losses with the class weights worked out that the data decide.

    Raises:
        SpecError: NS605, there are no classes to count.
    """
    found = []
    for term, head in zip(terms, heads_of(report, terms), strict=True):
        targets = data.train.targets[data.source.place(head.name)]
        found.append(replace(term, loss=balanced(term.loss, targets, prod(head.output.shape))))
    return tuple(found)


def check_targets(report: Report, data: Data, head: Head) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The targets of an output as its loss wants them: of the training samples, and of those held back.

    Raises:
        SpecError: NS603.
    """
    _check_classes(report, data, head)
    train = _targets(data, data.train, head)
    val = None if data.val is None else _targets(data, data.val, head)
    try_loss(head.loss, head.output.shape, train)
    return train, val


def _numbers(data: Data, head: Head) -> tuple[int, int]:
    """How many classes the data name for an output, and how many it tells apart; 0 where one is not known."""
    classes = len(data.source.target(head.name).classes)
    return (classes, head.output.shape[0]) if head.kind == "classes" and head.output.shape and classes else (0, 0)


def _check_classes(report: Report, data: Data, head: Head) -> None:
    """The number of classes that the dataset names against that of the output: too few cannot tell them apart."""
    classes, outputs = _numbers(data, head)
    if outputs >= classes:
        return
    written = output_size_node(report, head.name)
    raise spec_error(
        "NS603",
        f"{data.node.value} has {classes} classes, the network gives {counted(outputs, 'output')}",
        written or data.node,
        ("fix", f"out_features: {classes}" if written is not None else f"let the last layer give {classes}"),
    )


def too_many_outputs(report: Report, data: Data, head: Head) -> Diagnostic | None:
    """The warning that there are more outputs than classes: what is beyond them is never right."""
    classes, outputs = _numbers(data, head)
    if outputs <= classes:
        return None
    written = output_size_node(report, head.name)
    what = f"{data.node.value} has {classes} classes, the network gives {outputs} outputs"
    advice = ("fix", f"out_features: {classes}" if written is not None else f"let the last layer give {classes}")
    (found,) = spec_error("NS914", what, written or data.node, advice).diagnostics
    return found


def _targets(data: Data, split: Split, head: Head) -> torch.Tensor:
    loss, targets = head.loss, split.targets[data.source.place(head.name)]
    try:
        return prepare_targets(targets, loss.name, head.output.shape)
    except TargetError as fault:
        row = "" if fault.index is None else f" in row {int(split.rows[fault.index]) + 1}"
        notes = [("fix", fault.advice)] if fault.advice else []
        at = loss.node if fault.index is None else data.node
        raise spec_error("NS603", f"{fault}{row}", at, *notes) from None


def try_loss(loss: Choice, output: Shape, targets: torch.Tensor) -> None:
    """The loss once on outputs of the network's shape and real targets, its gradient included."""
    targets = targets[:4]
    outputs = torch.rand(len(targets), *output, requires_grad=True)  # [N, *output] within every loss's range
    try:
        value = loss.make()(outputs, targets)
        value.backward()
    except Exception as error:  # the message is torch's, whatever its class
        what = f"{loss.name} does not take outputs {show(output)} with these targets"
        at = next((node for name, node in loss.argument_nodes.items() if name in str(error)), loss.node)
        raise spec_error("NS603", what, at, torch_says(error)) from error
    if value.ndim:
        raise spec_error("NS603", f"{loss.name} gives {show(tuple(value.shape))} numbers, not one", loss.node)
