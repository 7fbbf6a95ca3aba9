"""The path of a value through the calls that made it: `1×28×28 → pool 32×12×12 → Flatten 4608 = 32·12·12`."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from netspec.core.shapes import Shape, Tensor, show
from netspec.expansion.graph import Call, Graph, Ref
from netspec.shapes.infer import Inference

LONGEST_PATH = 6  # calls that are shown
FURTHEST = 1000  # calls that are looked back


def layer_label(call: Call) -> str:
    """The name of a layer in a message: its name in the spec, else its type."""
    last = call.path.rpartition(".")[2]
    return call.record.name if last.isdigit() else last


class Provenance:
    """Follows a value back to the network's input, along the first input of each call.

    Built from a graph and its inference.
    """

    def __init__(self, graph: Graph, inference: Inference) -> None:
        self.graph, self.inference = graph, inference
        self.inputs = tuple(graph.inputs.items())
        self._stops: dict[Ref, Ref] = {}  # results of `_changed`, for checks with many errors
        self._factors: dict[int, Shape | None] = {}
        self.entries: list[int | None] = []  # the network's input at the start of each call's path, as a node
        for call in graph.calls:
            node = call.inputs[0].node if call.inputs else None
            self.entries.append(self.entries[node] if node is not None and node >= 0 else node)

    def producer(self, call: Call) -> Call | None:
        """The call that gives a call's first input."""
        return self.maker(call.inputs[0]) if call.inputs else None

    def maker(self, ref: Ref) -> Call | None:
        """The call that gives a value; None where it enters the network."""
        return self.graph.calls[ref.node] if ref.node >= 0 else None

    def back(self, call: Call | None) -> Iterator[Call]:
        """A call and those before it, at most `FURTHEST`."""
        for _ in range(FURTHEST):
            if call is None:
                return
            yield call
            call = self.producer(call)

    def shapes(self, call: Call) -> tuple[Shape | None, Shape | None]:
        """A call's first input and its output, as far as known."""
        known = self.inference.known[call.id]
        before = known.inputs[0] if known.inputs else None
        return None if before is None else before.shape, known.outputs[0].shape if known.outputs else None

    def factors(self, call: Call | None) -> Shape | None:
        """The sizes whose product a one-axis value is, if a flattening made it."""
        passed: list[int] = []
        found = None
        while call is not None:
            if call.id in self._factors:
                found = self._factors[call.id]
                break
            passed.append(call.id)
            before, after = self.shapes(call)
            if before is None or after is None or len(after) != 1:
                break
            if len(before) > 1 and prod(before) == after[0]:
                found = None if len(before) == 2 and 1 in before else before  # one step's features are no product
                break
            if before != after:
                break
            call = self.producer(call)
        self._factors |= dict.fromkeys(passed, found)
        return found

    def width_source(self, call: Call) -> Call | None:
        """The layer upstream whose argument decides how many channels or features reach a call."""
        for before in self.back(self.producer(call)):
            if {"out_channels", "out_features"} & set(before.args):
                return before
            if len(before.inputs) != 1 or before.record.name.startswith("Flatten"):
                return None
        return None

    def text(self, ref: Ref) -> str | None:
        """The path of a value as text, without layers that keep the shape; None where it is not known."""
        steps: list[str] = []
        value = ref
        while len(steps) <= LONGEST_PATH:
            value = self._changed(value)
            if value.node < 0:
                break
            step = self.graph.calls[value.node]
            outputs = self.inference.known[step.id].outputs
            if not outputs or (value.output or 0) >= len(outputs):
                return None
            before, after = self.shapes(step)[0], outputs[value.output or 0].shape
            flattened = before is not None and len(after) == 1 < len(before) and prod(before) == after[0]
            product = f" = {'·'.join(map(str, before or ()))}" if flattened else ""
            number = "" if value.output is None else f".{value.output}"
            steps.append(f"{layer_label(step)}{number} {show(after)}{product}")
            value = step.inputs[0] if step.inputs else Ref(-1)
        entering = self.entering(ref)
        if entering is None or entering[1] is None:
            return None
        name, shown = entering[0], show(entering[1].shape)
        shortened = steps if len(steps) <= LONGEST_PATH else [*steps[:LONGEST_PATH], "…"]
        return " → ".join([shown if name == "input" else f"{name} {shown}", *reversed(shortened)])

    def _changed(self, ref: Ref) -> Ref:
        """The nearest value upstream, itself included, that a call gives another shape, merges, or leaves unknown."""
        passed: list[Ref] = []
        while ref.node >= 0 and ref not in self._stops:
            step = self.graph.calls[ref.node]
            outputs = self.inference.known[step.id].outputs
            if not outputs or (ref.output or 0) >= len(outputs) or len(step.inputs) != 1:
                break
            if outputs[ref.output or 0].shape != self.shapes(step)[0]:
                break
            passed.append(ref)
            ref = step.inputs[0]
        stop = self._stops.get(ref, ref)
        self._stops |= dict.fromkeys(passed, stop)
        return stop

    def entering(self, ref: Ref) -> tuple[str, Tensor | None] | None:
        """The network's input at the start of a value's path, by name."""
        node = self.entries[ref.node] if ref.node >= 0 else ref.node
        return None if node is None else self.inputs[-1 - node]
