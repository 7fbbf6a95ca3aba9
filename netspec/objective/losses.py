"""What is minimised: a loss for each output, weighted and summed, with the class weights that the data decide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import torch
from torch import nn

from netspec.core.shapes import Tensor
from netspec.core.tree import Node, describe
from netspec.language.sections.losses import written_losses
from netspec.objective.targets import Kind, kind_of
from netspec.runtime.diagnostics import Collector, spec_error
from netspec.runtime.families import BALANCED, losses
from netspec.runtime.registry import Choice, Evaluate, choose
from netspec.shapes.report import Report

Tensors = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class WeightedLoss:
    """One output's loss: `output` is the output's place in what the network gives, `weight` its factor in the sum."""

    name: str
    output: int
    loss: nn.Module
    weight: float = 1.0


@dataclass(frozen=True)
class Objective:
    """The losses of a network, in the order of their targets."""

    parts: tuple[WeightedLoss, ...]

    def __call__(self, outputs: torch.Tensor | Tensors, targets: Tensors) -> torch.Tensor:
        """The loss of a batch, the mean over its samples.

        Args:
            outputs: [B, *output], or a tuple of them where the network has several.
            targets: one a part, [B] or [B, *output].
        """
        return self.total(self.each(outputs, targets))

    def each(self, outputs: torch.Tensor | Tensors, targets: Tensors) -> Tensors:
        """The loss of each part, not weighted."""
        given = as_tuple(outputs)
        pairs = zip(self.parts, targets, strict=True)
        return tuple(part.loss(given[part.output], target) for part, target in pairs)

    def total(self, losses: Tensors) -> torch.Tensor:
        """The weighted sum of the parts' losses, each [] or of one shape."""
        weighted = [
            loss if part.weight == 1.0 else loss * part.weight for part, loss in zip(self.parts, losses, strict=True)
        ]
        total, *others = weighted
        for loss in others:
            total = total + loss
        return total


def as_tuple(outputs: torch.Tensor | Tensors) -> Tensors:
    """What a network gives, as a tuple of its outputs."""
    return outputs if isinstance(outputs, tuple) else (outputs,)


@dataclass(frozen=True)
class Term:
    """A loss of the sum that is minimised, its factor, and the output that it is for; None: the only one."""

    loss: Choice
    output: str | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class Head:
    """An output that has a loss.

    Args:
        name: the output's.
        index: among all that the network gives.
        output: its sample tensor.
        last: the type of the layer that gives it.
        loss: what it is trained by.
        weight: the loss's factor in the sum.
    """

    name: str
    index: int
    output: Tensor
    last: str
    loss: Choice
    weight: float = 1.0

    @property
    def kind(self) -> Kind:
        """What the loss compares."""
        return kind_of(self.loss.name)


def read_terms(node: Node, evaluate: Evaluate) -> tuple[Term, ...]:
    """The losses that `loss` names, each tried.

    Raises:
        SpecError: NS604, NS605 for each that cannot be had; NS617 for weights.
    """
    collector, terms = Collector(), []
    for written in written_losses(node):
        if written.output is not None and written.name is None:
            continue  # which the check says
        with collector.step():
            choice = choose(written.node, losses(), evaluate)
            without_balance(choice).make()
            weight = _weight(written.weight, evaluate)
            terms.append(Term(choice, None if written.output is None else written.output.text, weight))
    collector.finish()
    return tuple(terms)


def _weight(node: Node | None, evaluate: Evaluate) -> float:
    value = 1.0 if node is None else evaluate(node)
    if node is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf):
        raise spec_error("NS617", f"the weight of a loss is a number ≥ 0, not {describe(node)}", node)
    return float(value)  # type: ignore[arg-type]  # it is a number here


def network_inputs(report: Report) -> dict[str, Tensor]:
    """The inputs of a checked network by name.

    Raises:
        SpecError: NS603, they are not known.
    """
    return {name: _known(report, tensor) for name, tensor in report.inputs.items()}


def heads_of(report: Report, terms: tuple[Term, ...]) -> tuple[Head, ...]:
    """The outputs of a checked network that have a loss, the main one first.

    Raises:
        SpecError: NS603, they are not known.
    """
    names = [*report.outputs]
    heads = []
    for term in terms:
        name = names[0] if term.output is None else term.output
        output = _known(report, report.outputs.get(name))
        last = report.last_types.get(name, "")
        heads.append(Head(name, names.index(name), output, last, term.loss, term.weight))
    return tuple(heads)


def _known(report: Report, tensor: Tensor | None) -> Tensor:
    if tensor is None:
        at = report.spec.train or report.spec.document
        raise spec_error("NS603", "the network's shapes are not known, so that nothing can be compared with them", at)
    return tensor


def without_balance(loss: Choice) -> Choice:
    """A loss without the weights that the data decide, to be tried before there are data."""
    kept = {name: value for name, value in loss.kwargs.items() if not isinstance(value, str) or value != BALANCED}
    return replace(loss, kwargs=kept)


def balanced(loss: Choice, targets: torch.Tensor, outputs: int) -> Choice:
    """A loss with its weights worked out.

    A class c of n_c among N samples of C classes weighs N/(C·n_c), and 0 where there is none of it. `pos_weight` of a
    label is the number of samples without it over that of those with it.

    Args:
        loss: as the spec chose it.
        targets: [N] class numbers, or [N] or [N, labels] of 0 and 1: those of the training samples.
        outputs: how many numbers the network gives.

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
            raise spec_error("NS605", f"{BALANCED} counts classes, and the targets are none", loss.places[name])
        if name == "weight":
            counts = torch.bincount(classes, minlength=outputs).float()  # [C]
            weights = len(classes) / (int((counts > 0).sum()) * counts)
            found[name] = torch.where(counts > 0, weights, 0.0)
        else:
            there = (classes > 0.5).float().sum(0)  # [labels]
            if not bool((there > 0).all()):
                raise spec_error("NS605", f"{BALANCED}: a label has no sample", loss.places[name])
            found[name] = (len(classes) - there) / there
    return replace(loss, kwargs=found)
