"""One pass of the sample tensors through a graph, call by call; what was worked out for a call is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from netspec.core.shapes import Shape, Tensor
from netspec.expansion.graph import Call, Graph, Ref
from netspec.layers.table import ACTIVATIONS, ADAPTIVE_POOLS, BATCH_NORMS, CONVOLUTIONS, DROPOUTS, POOLS, TABLE
from netspec.shapes.apply import apply
from netspec.shapes.report import Inferred

PADDINGS = frozenset(
    f"{kind}Pad{axes}d" for kind in ("Zero", "Constant", "Reflection", "Replication", "Circular") for axes in (1, 2, 3)
)
_OTHERS = frozenset({
    "ChannelShuffle", "CrossMapLRN2d", "Embedding", "GLU", "GRU", "GroupNorm", "Identity", "LayerNorm", "LayerNorm2d",
    "Linear", "LocalResponseNorm", "LSTM", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "PixelShuffle",
    "PixelUnshuffle", "RMSNorm", "RNN", "StochasticDepth", "TransformerEncoder", "TransformerEncoderLayer", "Upsample",
    "UpsamplingBilinear2d", "UpsamplingNearest2d",
})  # fmt: skip
_FUNCTIONS = frozenset({
    "abs", "add", "amax", "amin", "argmax", "argmin", "chunk", "clamp", "concat", "cos", "cumsum", "div", "exp", "gelu",
    "interpolate", "log", "log_softmax", "maximum", "mean", "minimum", "moveaxis", "mul", "narrow", "neg", "normalize",
    "pad", "parameter", "permute", "pow", "relu", "roll", "rsqrt", "select", "sigmoid", "silu", "sin", "slice",
    "softmax", "split", "sqrt", "square", "squeeze", "stack", "sub", "sum", "tanh", "tile", "transpose", "unsqueeze",
})  # fmt: skip
SEPARABLE = (
    ACTIVATIONS | ADAPTIVE_POOLS | BATCH_NORMS | CONVOLUTIONS | DROPOUTS | POOLS | PADDINGS | _OTHERS | _FUNCTIONS
)
INSTANCE_NORMS = frozenset({f"InstanceNorm{axes}d" for axes in (1, 2, 3)})


def separable(call: Call) -> bool:
    """Whether a layer treats each axis by itself."""
    name = call.record.name
    return name in SEPARABLE and TABLE.get(name) is call.record  # a plugin may bear a name of torch's


def asks(call: Call, shape: Shape) -> Shape | None:
    """For a layer that passes its input on and has one demand of all axes together: the part of the sizes it looks at.

    None for others. InstanceNorm refuses a channel of one number.
    """
    name = call.record.name
    known = name in INSTANCE_NORMS and TABLE.get(name) is call.record
    return tuple(min(size, 2) for size in shape) if known else None


Outputs = tuple[Tensor, ...]
PLUGIN = 50  # calls of torch's own layers that take as long as one of a plugin, which may run on the meta device
MOST_KEPT = 50_000  # results of one call, and of those like it, that are kept


def cost(calls: Iterable[Call]) -> int:
    """What it takes to infer calls once, in calls of torch's own layers; at least 1."""
    return max(sum(1 if TABLE.get(call.record.name) is call.record else PLUGIN for call in calls), 1)


def with_inferred_arguments(graph: Graph, known: Sequence[Inferred]) -> Graph:
    """The graph with every inferred argument written: its weights are made, and have the sizes that they have."""
    calls = []
    for call, inferred in zip(graph.calls, known, strict=True):
        made = {
            arg.name: inferred.args[arg.name]
            for arg in call.record.args
            if arg.infer is not None and arg.name in inferred.args
        }
        calls.append(replace(call, args={**made, **call.args}) if made else call)
    return replace(graph, calls=tuple(calls))


@dataclass(frozen=True, slots=True)
class Result:
    """What a call gives, and its arguments, inferred ones included."""

    outputs: Outputs
    args: dict[str, Any]


Results = dict[int, Result]  # by the call's number; what was refused, or not reached, is missing
Answer = Result | tuple[str, ...]  # or the arguments whose size an input contradicted, where a call is refused


class Walker:
    """Infers a graph at one size after the other."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.differed: set[tuple[int, str]] = set()  # calls and arguments whose size some input contradicted
        alike: dict[object, dict[Outputs, Answer]] = {}  # calls that differ in their place alone share what is kept
        self._kept = [alike.setdefault(_what(call), {}) for call in graph.calls]

    def run(
        self, entering: Outputs, among: Iterable[Call] | None = None, given: Mapping[int, Result] | None = None
    ) -> Results:
        """What the calls give where `entering` enters the network.

        Args:
            entering: one tensor for each input of the network, in their order.
            among: the calls to go through, all where left out; `given` holds what the others gave.
        """
        results: Results = dict(given or {})
        for call in self.graph.calls if among is None else among:
            inputs = self.arriving(call, entering, results)
            result = None if inputs is None else self.step(call, inputs, results)
            if result is not None:
                results[call.id] = result
        return results

    def arriving(self, call: Call, entering: Outputs, results: Mapping[int, Result]) -> Outputs | None:
        """What reaches a call; None where something before it was refused, or has no such output, or is missing."""
        inputs: list[Tensor] = []
        for index, ref in enumerate(call.inputs):
            values = self.value(ref, entering, results)
            if values is None or (index >= call.own and len(values) > 1):
                return None
            inputs += values
        (least, most), count = call.record.inputs, len(inputs) - len(call.further)
        return None if count < least or (most is not None and count > most) else tuple(inputs)

    def value(self, ref: Ref, entering: Outputs, results: Mapping[int, Result]) -> Outputs | None:
        """The tensors of a value; None where they are not known."""
        if ref.node < 0:
            values: Outputs = (entering[-1 - ref.node],)
        elif ref.node in results:
            values = results[ref.node].outputs
        else:
            return None
        if ref.output is None:
            return values
        return (values[ref.output],) if ref.output < len(values) else None

    def step(self, call: Call, inputs: Outputs, results: Mapping[int, Result]) -> Result | None:
        """One call on its inputs; None where it is refused."""
        if call.shares is not None:
            if call.shares not in results:
                return None
            answer = _asked(replace(call, args=results[call.shares].args), inputs)
        else:
            kept = self._kept[call.id]
            if inputs not in kept:
                if len(kept) >= MOST_KEPT:
                    kept.clear()
                kept[inputs] = _asked(call, inputs)
            answer = kept[inputs]
        if isinstance(answer, Result):
            return answer
        self.differed.update((call.id, argument) for argument in answer)
        return None


def _what(call: Call) -> object:
    """What is asked of a call, apart from its place in the network."""
    return id(call.record), repr(sorted(call.args.items())), call.claim, call.further, call.broken


def _asked(call: Call, inputs: Outputs) -> Answer:
    outcome = apply(call, inputs)
    if outcome.problems or not outcome.candidates:
        return tuple(problem.argument for problem in outcome.problems if problem.argument)
    outputs = outcome.candidates[0]
    if call.claim is not None and outputs[0].shape != call.claim:
        return ()
    return Result(outputs, outcome.args)
