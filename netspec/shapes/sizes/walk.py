"""One pass of sample tensors through a graph, call by call; the results of each call are cached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.interruption import checkpoint
from netspec.core.shapes import Shape, Tensor
from netspec.expansion.graph import Call, Graph, Ref
from netspec.layers.table import ACTIVATIONS, ADAPTIVE_POOLS, BATCH_NORMS, CONVOLUTIONS, DROPOUTS, POOLS, TABLE
from netspec.shapes.apply import apply
from netspec.shapes.report import Inferred
from netspec.shapes.sizes.budget import APPLIED, LOOKED_UP, Budget

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
    "abs", "add", "amax", "amin", "argmax", "argmin", "chunk", "clamp", "concat", "cos", "cumsum", "div", "exp",
    "expand", "gelu", "interpolate", "log", "log_softmax", "maximum", "mean", "minimum", "moveaxis", "mul",
    "narrow", "neg", "normalize", "pad", "parameter", "permute", "pow", "relu", "roll", "rsqrt", "select",
    "sigmoid", "silu", "sin", "slice", "softmax", "split", "sqrt", "square", "squeeze", "stack", "sub", "sum",
    "tanh", "tile", "transpose", "unsqueeze",
    "all", "alpha_dropout", "any", "arange", "argsort", "atan", "buffer", "ceil", "celu", "detach", "dropout",
    "dropout1d", "dropout2d", "dropout3d", "elu", "eq", "erf", "expm1", "eye", "feature_alpha_dropout", "flip",
    "floor", "full", "ge", "glu", "gt", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "index_select", "le",
    "leaky_relu", "linspace", "log10", "log1p", "log2", "logical_and", "logical_not", "logical_or", "logical_xor",
    "logsigmoid", "logsumexp", "lt", "masked_fill", "mish", "ne", "one_hot", "ones", "ones_like", "rand_like",
    "randn_like", "reciprocal", "relu6", "repeat_interleave", "round", "rrelu", "selu", "sign", "softmin", "softplus",
    "softshrink", "softsign", "sort", "std", "swapaxes", "tan", "tanhshrink", "threshold", "to", "topk", "tril",
    "triu", "var", "vector_norm", "where", "zeros", "zeros_like",
})  # fmt: skip
SEPARABLE = (
    ACTIVATIONS | ADAPTIVE_POOLS | BATCH_NORMS | CONVOLUTIONS | DROPOUTS | POOLS | PADDINGS | _OTHERS | _FUNCTIONS
)
INSTANCE_NORMS = frozenset({f"InstanceNorm{axes}d" for axes in (1, 2, 3)})


def separable(call: Call) -> bool:
    """Whether a layer treats each axis by itself."""
    name = call.record.name
    return name in SEPARABLE and TABLE.get(name) is call.record  # a plugin's layer may have a name of torch's


def checked_sizes(call: Call, shape: Shape) -> Shape | None:
    """For a layer that passes its input on and checks all axes together: each size, as far as the check depends on it.

    None for other layers. InstanceNorm refuses a channel of one number.
    """
    name = call.record.name
    known = name in INSTANCE_NORMS and TABLE.get(name) is call.record
    return tuple(min(size, 2) for size in shape) if known else None


Outputs = tuple[Tensor, ...]
PLUGIN_COST = 50  # the time of a plugin's call, which may run on the meta device, in calls of torch's own layers
MOST_CACHED = 50_000  # results of one call, and of those equal to it


def cost(calls: Iterable[Call]) -> int:
    """The time to infer calls once, in calls of torch's own layers; at least 1."""
    return max(sum(1 if TABLE.get(call.record.name) is call.record else PLUGIN_COST for call in calls), 1)


def with_inferred_arguments(graph: Graph, known: Sequence[Inferred]) -> Graph:
    """The graph with every inferred argument written, as for weights that exist already."""
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
    """The outputs of a call, and its arguments, inferred ones included."""

    outputs: Outputs
    args: dict[str, Any]


Results = dict[int, Result]  # by the call's number; calls that are refused, or not reached, are missing
Attempt = Result | tuple[str, ...]  # of a refused call the arguments whose size an input contradicts


class Walker:
    """Infers a graph at one size after another.

    `differed` collects the calls and arguments whose size some input contradicted.

    Args:
        graph: the network.
        budget: what may be spent; without one all that is asked for. `run` and `step` raise its BudgetSpent.
    """

    def __init__(self, graph: Graph, budget: Budget | None = None) -> None:
        self.graph, self.budget = graph, budget
        self.differed: set[tuple[int, str]] = set()
        caches: dict[object, dict[Outputs, Attempt]] = {}  # shared by calls that differ only in their position
        self._caches = [caches.setdefault(_key(call), {}) for call in graph.calls]

    def run(
        self, entering: Outputs, among: Iterable[Call] | None = None, given: Mapping[int, Result] | None = None
    ) -> Results:
        """The results of the calls where `entering` enters the network.

        Args:
            entering: one tensor for each input of the network, in their order.
            among: the calls to infer, all where left out.
            given: the results of the others.
        """
        results: Results = dict(given or {})
        for call in self.graph.calls if among is None else among:
            inputs = self.arriving(call, entering, results)
            result = None if inputs is None else self.step(call, inputs, results)
            if result is not None:
                results[call.id] = result
        return results

    def arriving(self, call: Call, entering: Outputs, results: Mapping[int, Result]) -> Outputs | None:
        """The tensors that reach a call; None where one is unknown or does not exist, or the count is wrong."""
        inputs: list[Tensor] = []
        for index, ref in enumerate(call.inputs):
            values = self.value(ref, entering, results)
            if values is None or (index >= call.own and len(values) > 1):
                return None
            inputs += values
        (least, most), count = call.record.inputs, len(inputs) - len(call.further)
        if (call.broken and count < least) or (most is not None and count > most):
            return None
        return tuple(inputs)

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
        checkpoint()
        if self.budget is not None:
            fresh = call.shares is not None or inputs not in self._caches[call.id]
            self.budget.spend(APPLIED * cost([call]) if fresh else LOOKED_UP)
        if call.shares is not None:
            if call.shares not in results:
                return None
            attempt = _applied(replace(call, args=results[call.shares].args), inputs)
        else:
            cache = self._caches[call.id]
            if inputs not in cache:
                if len(cache) >= MOST_CACHED:
                    cache.clear()
                cache[inputs] = _applied(call, inputs)
            attempt = cache[inputs]
        if isinstance(attempt, Result):
            return attempt
        self.differed.update((call.id, argument) for argument in attempt)
        return None


def _key(call: Call) -> object:
    """All of a call but its position in the network."""
    args = repr(sorted({**call.args, **call.sized}.items()))
    return id(call.record), args, call.claim, call.further, call.broken


def _applied(call: Call, inputs: Outputs) -> Attempt:
    outcome = apply(call, inputs)
    if outcome.problems or not outcome.candidates:
        return tuple(problem.argument for problem in outcome.problems if problem.argument)
    outputs = outcome.candidates[0]
    if call.claim is not None and outputs[0].shape != call.claim:
        return ()
    return Result(outputs, outcome.args)
