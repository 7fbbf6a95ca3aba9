"""What every fix rule takes beside a Problem: the spec, its graph and what was inferred."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field, replace
from functools import cached_property

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape
from netspec.core.tree import Node, Scalar, Span
from netspec.expansion.graph import Call, Graph
from netspec.fixes.values import span_of
from netspec.language.spec import Spec
from netspec.shapes.apply import Outputs, Problem, apply
from netspec.shapes.infer import Inference, infer
from netspec.shapes.provenance import Provenance
from netspec.shapes.sizes.budget import SEARCH_SECONDS, SEARCH_WORK, Budget
from netspec.shapes.sizes.nearby import Nearby, nearby


@dataclass(frozen=True)
class FixContext:
    """What the rules propose fixes from.

    Args:
        spec: the spec as it was read.
        graph: the graph that the spec expands to.
        inference: the shapes and problems of the graph.
        budget: what the searches for input sizes may spend together.
    """

    spec: Spec
    graph: Graph
    inference: Inference
    budget: Budget = field(default_factory=lambda: Budget(SEARCH_WORK, SEARCH_SECONDS))

    @cached_property
    def provenance(self) -> Provenance:
        """Where each value comes from."""
        return Provenance(self.graph, self.inference)

    @cached_property
    def _first_mismatch(self) -> tuple[Problem, Nearby] | None:
        first = next((each for each in self.inference.problems if each.kind == "fact" and each.code == "NS405"), None)
        found = None if first is None or self.spec.sizes else nearby(self.graph, first.call, self.budget)
        return None if first is None or found is None or self._only_repeats(first, found) else (first, found)

    def _only_repeats(self, problem: Problem, found: Nearby) -> bool:
        """Whether at each of the nearest sizes a merge fits only because a size of one is repeated."""
        name, sample = next(iter(self.graph.inputs.items()))
        if not problem.call.record.broadcasts or len(self.graph.inputs) > 1 or sample is None:
            return False
        choices = found.nearest()
        for choice in choices:
            by_index = {index: choice[axis.name] for axis in found.axes for _, index in axis.positions}
            shape = tuple(by_index.get(index, size) for index, size in enumerate(sample.shape))
            problems = infer(replace(self.graph, inputs={name: replace(sample, shape=shape)})).problems
            if not any(each.kind == "broadcast" and each.call.id == problem.call.id for each in problems):
                return False
        return bool(choices)

    @cached_property
    def wrong_without_last_axis(self) -> dict[str, frozenset[int]]:
        """The calls that are wrong even if an input lacked its last axis, by its name, as far as that was tried."""
        return {}

    def matching_sizes(self, problem: Problem) -> Nearby | None:
        """The input sizes near the declared ones for which the shapes of a problem match.

        Only the first mismatch of shapes (NS405) gets an answer: the search takes long.
        """
        found = self._first_mismatch
        return found[1] if found is not None and found[0] is problem else None

    def declared(self, call: Call) -> tuple[Node, ...]:
        """The nodes of the input's sizes, where a call takes the network's input directly."""
        if not call.inputs or call.inputs[0].node >= 0 or not self.spec.inputs:
            return ()
        return self.spec.inputs[-1 - call.inputs[0].node].sizes

    def later(self, call: Call) -> tuple[Call, ...]:
        """The calls after a call, in the order they run."""
        return self.graph.calls[call.id + 1 :]

    @cached_property
    def written_sizes(self) -> dict[str, list[tuple[int, Span]]]:
        """The arguments that must equal an arriving size, by their text: the number of the call, and the location."""
        found: dict[str, list[tuple[int, Span]]] = {}
        for call in self.graph.calls:
            for name, node in call.arg_nodes.items():
                arg = call.record.arg(name)
                if arg is not None and arg.infer is not None and isinstance(node, Scalar):
                    found.setdefault(node.text, []).append((call.id, node.span))
        return found


Rule = Callable[[Problem, FixContext], Iterator[Fix]]


def outputs_with(call: Call, inputs: Outputs, **changed: object) -> Outputs | None:
    """The outputs of a call with some arguments changed; None where its rule refuses them."""
    if call.broken:
        return None
    outcome = apply(replace(call, args={**call.args, **changed}), inputs)
    return outcome.candidates[0] if outcome.candidates and not outcome.problems else None


def written_at(node: Node, context: FixContext) -> Node:
    """The node to edit for another value: the parameter's, where only the name of a parameter of the spec stands.

    Args:
        node: the value as written, outside of blocks.
        context: the spec, its graph and its shapes.
    """
    return context.spec.params.get(node.text, node) if isinstance(node, Scalar) and node.plain else node


def size_edits(sizes: tuple[Node, ...], old: Shape, new: Shape, context: FixContext) -> tuple[Edit, ...]:
    """The edits of the declared sizes that differ, where they are written: in the input or in a parameter.

    Args:
        sizes: the nodes of an input's sizes.
        old, new: its shape before and after.
        context: the spec, its graph and its shapes.
    """
    edits: dict[Span, Edit] = {}
    for node, before, after in zip(sizes, old, new, strict=True):
        if before != after:
            span = written_at(node, context).span
            edit = Edit(span, str(after))
            if edits.setdefault(span, edit) != edit:  # one parameter for two sizes, which differ now
                return (Edit(span_of(sizes), ", ".join(map(str, new))),)
    return tuple(edits.values())
