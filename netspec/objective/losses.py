"""The training objective: a loss for each output, weighted and summed, with class weights counted from the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

import torch
from torch import nn

from netspec.core.shapes import Tensor
from netspec.core.tree import Node, Scalar, describe
from netspec.language.evaluate import Values
from netspec.language.sections.class_families import BALANCED
from netspec.language.sections.losses import Kind, kind_of, written_losses
from netspec.runtime.diagnostics import Collector, spec_error
from netspec.runtime.families import choose_loss
from netspec.runtime.registry import Choice
from netspec.shapes.report import Report

Tensors = tuple[torch.Tensor, ...]
Outputs = torch.Tensor | Tensors | dict[str, torch.Tensor]


@dataclass(frozen=True)
class WeightedLoss:
    """The loss of an output: `output` is its index among the network's outputs, `weight` the factor in the sum.

    `training_only` says that the output is there in training mode only. `further` are the indexes of further outputs
    that the loss takes, by torch's names of them.
    """

    name: str
    output: int
    loss: nn.Module
    weight: float = 1.0
    training_only: bool = False
    further: tuple[tuple[str, int], ...] = ()

    def __call__(self, outputs: Tensors, target: torch.Tensor) -> torch.Tensor:
        """The loss [] of all outputs of the network, [B, *output] each, not weighted."""
        return self.loss(outputs[self.output], target, **{name: outputs[index] for name, index in self.further})  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Objective:
    """The weighted sum of a network's losses.

    Args:
        parts: the losses, in the order of their targets.
    """

    parts: tuple[WeightedLoss, ...]

    @cached_property
    def evaluated(self) -> tuple[int, ...]:
        """The indexes of the parts whose outputs are there in evaluation mode."""
        return tuple(index for index, part in enumerate(self.parts) if not part.training_only)

    def __call__(self, outputs: Outputs, targets: Tensors) -> torch.Tensor:
        """The loss of a batch, the mean over its samples.

        Args:
            outputs: [B, *output], or a tuple or dict of them where the network has several.
            targets: one for each part, [B] or [B, *output].
        """
        return self.total(self.each(outputs, targets))

    def each(self, outputs: Outputs, targets: Tensors) -> Tensors:
        """The loss of each part, not weighted."""
        each = as_tuple(outputs)
        return tuple(part(each, target) for part, target in zip(self.parts, targets, strict=True))

    def total(self, losses: Tensors) -> torch.Tensor:
        """The weighted sum of the parts' losses, each [] or of one shape."""
        first, *others = (
            loss if part.weight == 1.0 else loss * part.weight for part, loss in zip(self.parts, losses, strict=True)
        )
        return sum(others, start=first)


def as_tuple(outputs: Outputs) -> Tensors:
    """The outputs of a network as a tuple.

    Args:
        outputs: what the network returns: [B, *output], or a tuple or dict of such tensors.
    """
    if isinstance(outputs, dict):
        return tuple(outputs.values())
    return outputs if isinstance(outputs, tuple) else (outputs,)


@dataclass(frozen=True)
class Term:
    """A loss as the spec names it.

    Args:
        loss: its class and arguments.
        output: the name of the output that it is for; None: the only one.
        weight: its factor in the sum.
        further: the names of the further outputs that it takes, by torch's names of them.
    """

    loss: Choice
    output: str | None = None
    weight: float = 1.0
    further: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Head:
    """An output that has a loss.

    Args:
        name: the output's.
        index: among all outputs of the network.
        output: its sample tensor.
        last: the type of the layer that computes it.
        loss: its class and arguments.
        weight: the loss's factor in the sum.
        training_only: the output is there in training mode only.
        further: the indexes of the further outputs that the loss takes, by torch's names of them.
    """

    name: str
    index: int
    output: Tensor
    last: str
    loss: Choice
    weight: float = 1.0
    training_only: bool = False
    further: tuple[tuple[str, int], ...] = ()

    @property
    def kind(self) -> Kind:
        """What the loss compares."""
        return kind_of(self.loss.name, bool(self.further))


def read_terms(node: Node, values: Values) -> tuple[Term, ...]:
    """The losses that a spec names, each constructed once on trial.

    Args:
        node: the value of `loss`.
        values: gives the value of a node.

    Raises:
        SpecError: NS604, NS605 for each unknown loss and for its arguments; NS617 for weights.
    """
    collector, terms = Collector(), []
    for written in written_losses(node):
        if written.output is not None and written.name is None:
            continue  # the check reports it
        with collector.step():
            choice = choose_loss(written.node, values)
            without_balance(choice).make()
            weight = _weight(written.weight, values)
            further = tuple((key.text, str(node.value)) for key, node in written.further if isinstance(node, Scalar))
            terms.append(Term(choice, None if written.output is None else written.output.text, weight, further))
    collector.finish()
    return tuple(terms)


def _weight(node: Node | None, values: Values) -> float:
    value = 1.0 if node is None else values(node)
    if node is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf):
        raise spec_error("NS617", f"the weight of a loss is a number ≥ 0, not {describe(node)}", node)
    return float(value)  # type: ignore[arg-type]  # it is a number here


def network_inputs(report: Report) -> dict[str, Tensor]:
    """The sample tensors of a checked network's inputs, by name.

    Args:
        report: of the check.

    Raises:
        SpecError: NS603, a shape is unknown.
    """
    return {name: _known(report, tensor) for name, tensor in report.inputs.items()}


def heads_of(report: Report, terms: tuple[Term, ...]) -> tuple[Head, ...]:
    """The outputs of a checked network that have a loss, the main one first.

    Args:
        report: of the check.
        terms: the losses.

    Raises:
        SpecError: NS603, a shape is unknown.
    """
    names = [*report.outputs]
    heads = []
    for term in terms:
        name = names[0] if term.output is None else term.output
        output = _known(report, report.outputs.get(name))
        last = report.last_types.get(name, "")
        only = name in report.training_only
        further = tuple((key, names.index(other)) for key, other in term.further)
        heads.append(Head(name, names.index(name), output, last, term.loss, term.weight, only, further))
    return tuple(heads)


def _known(report: Report, tensor: Tensor | None) -> Tensor:
    if tensor is None:
        at = report.spec.train or report.spec.document
        raise spec_error("NS603", "the network's shapes are not known, so that nothing can be compared with them", at)
    return tensor


def without_balance(loss: Choice) -> Choice:
    """A loss without the class weights that are counted from the data, to be constructed before there are data."""
    kept = {name: value for name, value in loss.kwargs.items() if not isinstance(value, str) or value != BALANCED}
    return replace(loss, kwargs=kept)


def balanced(loss: Choice, targets: torch.Tensor, outputs: int) -> Choice:
    """A loss with its class weights counted from the training samples.

    A class c with n_c of the N samples weighs N/(C·n_c), where C classes occur, as scikit-learn's
    `class_weight="balanced"`; a class that does not occur weighs 0. The `pos_weight` of a label is the number of
    negative samples over that of positive ones, as the documentation of BCEWithLogitsLoss recommends.

    Args:
        loss: as the spec chose it.
        targets: [N] class numbers, or [N] or [N, labels] of 0 and 1: those of the training samples.
        outputs: the number of the network's outputs.

    Raises:
        SpecError: NS605, there are no classes to count.
    """
    found = dict(loss.kwargs)
    for name, value in loss.kwargs.items():
        if not isinstance(value, str) or value != BALANCED:
            continue
        classes = targets if name == "weight" else targets.reshape(len(targets), -1)
        counted = classes.ndim == 1 and not classes.is_floating_point() and bool((classes >= 0).all())
        if name == "weight" and (not counted or int(classes.max()) >= outputs):
            raise spec_error("NS605", f"{BALANCED} counts classes, and the targets are none", loss.argument_nodes[name])
        if name == "weight":
            counts = torch.bincount(classes, minlength=outputs).float()  # [C]
            weights = len(classes) / (int((counts > 0).sum()) * counts)
            found[name] = torch.where(counts > 0, weights, 0.0)
        else:
            there = (classes > 0.5).float().sum(0)  # [labels]
            if not bool((there > 0).all()):
                raise spec_error("NS605", f"{BALANCED}: a label has no sample", loss.argument_nodes[name])
            found[name] = (len(classes) - there) / there
    return replace(loss, kwargs=found)
