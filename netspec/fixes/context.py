"""What the mending rules look at: the spec, its graph, what was inferred, and the ways of values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape
from netspec.core.tree import Node, Scalar, Sequence, Span
from netspec.expansion.graph import Call, Graph
from netspec.language.spec import Spec
from netspec.shapes.apply import Problem
from netspec.shapes.infer import Inference
from netspec.shapes.provenance import Provenance
from netspec.shapes.sizes.nearby import Nearby, nearby


@dataclass(frozen=True)
class Context:
    """One check's findings so far, for the rules to propose from."""

    spec: Spec
    graph: Graph
    inference: Inference
    ways: Provenance

    @cached_property
    def meeting(self) -> tuple[Problem, Nearby] | None:
        """For the first tensors that do not meet, the input sizes near the declared ones for which they do."""
        first = next((each for each in self.inference.problems if each.kind == "fact" and each.code == "NS405"), None)
        found = None if first is None or self.spec.sizes else nearby(self.graph, first.call)
        return None if first is None or found is None else (first, found)

    def arriving(self, call: Call) -> Shape | None:
        """The sample shape of a call's first input."""
        inputs = self.inference.known[call.id].inputs
        return inputs[0].shape if inputs and inputs[0] is not None else None

    def declared(self, call: Call) -> tuple[Node, ...]:
        """The nodes of the input's sizes, where a call takes the network's input directly."""
        if not call.inputs or call.inputs[0].node >= 0 or not self.spec.inputs:
            return ()
        return self.spec.inputs[-1 - call.inputs[0].node].sizes

    def later(self, call: Call) -> Iterator[Call]:
        """The calls after a call, in the order they run."""
        yield from self.graph.calls[call.id + 1 :]

    @cached_property
    def written_sizes(self) -> dict[str, list[tuple[int, Span]]]:
        """Where the arguments stand that follow from what arrives, each with its call's number, by their text."""
        found: dict[str, list[tuple[int, Span]]] = {}
        for call in self.graph.calls:
            for name, place in call.arg_nodes.items():
                arg = call.record.arg(name)
                if arg is not None and arg.infer is not None and isinstance(place, Scalar):
                    found.setdefault(place.text, []).append((call.id, place.span))
        return found


Rule = Callable[[Problem, Context], Iterator[Fix]]


def span_of(nodes: tuple[Node, ...]) -> Span:
    """The span from the first of several neighbouring nodes to the last."""
    return replace(nodes[0].span, end_line=nodes[-1].span.end_line, end_column=nodes[-1].span.end_column)


def written(value: object) -> str:
    """A value as it stands in YAML."""
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, tuple | list) else str(value)


def text_of(node: Node | None) -> str:
    """A node's text as it stands, in flow style."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return "[" + ", ".join(text_of(item) for item in node.items) + "]"
    return ""


def edit(node: Node, text: str, title: str | None = None) -> Fix:
    """The fix that writes `text` in a node's place."""
    return Fix(title or text, (Edit(node.span, text),))
