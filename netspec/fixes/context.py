"""What every fix rule takes beside a Problem (the spec, its graph, what was inferred), and helpers to write a Fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Node, Scalar, Sequence, Span
from netspec.expansion.graph import Call, Graph
from netspec.language.spec import Spec
from netspec.shapes.apply import Outputs, Problem, apply
from netspec.shapes.infer import Inference
from netspec.shapes.provenance import Provenance
from netspec.shapes.sizes.nearby import Nearby, nearby


@dataclass(frozen=True)
class FixContext:
    """What the rules propose fixes from.

    Args:
        spec: the spec as it was read.
        graph: the graph that the spec expands to.
        inference: the shapes and problems of the graph.
    """

    spec: Spec
    graph: Graph
    inference: Inference

    @cached_property
    def provenance(self) -> Provenance:
        """Where each value comes from."""
        return Provenance(self.graph, self.inference)

    @cached_property
    def _first_mismatch(self) -> tuple[Problem, Nearby] | None:
        first = next((each for each in self.inference.problems if each.kind == "fact" and each.code == "NS405"), None)
        found = None if first is None or self.spec.sizes else nearby(self.graph, first.call)
        return None if first is None or found is None else (first, found)

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


def span_of(nodes: tuple[Node, ...]) -> Span:
    """The span from the first of several neighbouring nodes to the last."""
    return replace(nodes[0].span, end_line=nodes[-1].span.end_line, end_column=nodes[-1].span.end_column)


def yaml_text(value: object) -> str:
    """A value as YAML in flow style."""
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, tuple | list) else str(value)


def node_text(node: Node | None) -> str:
    """The source text of a node in flow style; empty for a mapping."""
    if isinstance(node, Sequence):
        return "[" + ", ".join(node_text(item) for item in node.items) + "]"
    return node.text if isinstance(node, Scalar) else ""


def replace_value(node: Node, text: str, title: str) -> Fix:
    """The fix that writes `text` instead of a node."""
    return Fix(title, (Edit(node.span, text),))


def set_value(node: Node, name: str, value: object) -> Fix:
    """The fix that gives the argument `name`, written at a node, another value."""
    return replace_value(node, yaml_text(value), f"{name}: {yaml_text(value)}")
