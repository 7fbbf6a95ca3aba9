"""What is learned for: the spec's losses → Terms, and those with a checked network's outputs → Heads."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from netspec.core.shapes import Tensor
from netspec.core.tree import Node, describe
from netspec.language.losses import written_losses
from netspec.language.spec import Report
from netspec.objective.balance import unbalanced
from netspec.objective.targets import Kind, kind_of
from netspec.runtime.diagnostics import Collector, problem
from netspec.runtime.families import losses
from netspec.runtime.registry import Choice, Evaluate, choose


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
        place: among all that the network gives.
        output: its sample tensor.
        last: the type of the layer that gives it.
        loss: what it is trained by.
        weight: the loss's factor in the sum.
    """

    name: str
    place: int
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
            unbalanced(choice).make()
            weight = _weight(written.weight, evaluate)
            terms.append(Term(choice, None if written.output is None else written.output.text, weight))
    collector.finish()
    return tuple(terms)


def _weight(node: Node | None, evaluate: Evaluate) -> float:
    value = 1.0 if node is None else evaluate(node)
    if node is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf):
        raise problem("NS617", f"the weight of a loss is a number ≥ 0, not {describe(node)}", node)
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
        raise problem("NS603", "the network's shapes are not known, so that nothing can be compared with them", at)
    return tensor
