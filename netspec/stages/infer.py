"""Graph → Graph with shapes: every call's rule is applied to the sample tensors that reach it.

After an error the inference goes on with what it may stand for: where a written size contradicts the one that
arrives, the value downstream has two candidate worlds, the arriving one and the written one. A later layer is wrong
only if it is wrong in every world, so that independent errors all show and echoes do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from netspec.ground.shapes import (
    DTYPES,
    FLOATS,
    INDEXES,
    MOST_AXES,
    DtypeFact,
    Fact,
    RankFact,
    Shape,
    Tensor,
    show,
    size,
)
from netspec.layers.record import Layer, no_parameters
from netspec.stages.spec import Call, Graph, Inferred, Ref

Outputs = tuple[Tensor, ...]
MOST_WORLDS = 3
LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one call. `kind` is `size` (a written size differs from the arriving one), `shape` (a
    claimed shape differs from the computed one), `fact` (the rule refuses) or `broadcast` (a warning).

    `argument` names what to look at; `written` and `actual` are the two sizes or shapes; `inputs` what arrived.
    """

    call: Call
    kind: str
    code: str
    message: str
    inputs: Outputs
    argument: str | None = None
    written: Any = None
    actual: Any = None


@dataclass(slots=True)
class _Outcome:
    """A call in one world."""

    worlds: list[Outputs]
    problems: list[Problem]
    args: dict[str, Any]


@dataclass(frozen=True)
class Inference:
    """What is known of each call, in order, and what is wrong."""

    known: tuple[Inferred, ...]
    problems: tuple[Problem, ...]


def complete(record: Layer, given: dict[str, Any]) -> dict[str, Any]:
    """The given arguments and the defaults of the others; inferred ones are missing."""
    args = {arg.name: arg.default for arg in record.args if arg.infer is None and not arg.required}
    args.update(given)
    return args


def _check_dtypes(record: Layer, inputs: Outputs) -> None:
    for index, tensor in enumerate(inputs):
        takes = record.takes_of(index)
        if takes == "float" and tensor.dtype not in FLOATS:
            raise DtypeFact(f"{record.name} takes floating point, gets {tensor.dtype}")
        if takes == "float" and record.parameters is not no_parameters and tensor.dtype != "float32":
            raise DtypeFact(f"the weights of {record.name} are float32, it gets {tensor.dtype}")
        if takes == "int" and tensor.dtype not in INDEXES:
            raise DtypeFact(f"{record.name} takes int64 or int32, gets {tensor.dtype}")
        if takes in DTYPES and tensor.dtype != takes:
            raise DtypeFact(f"{record.name} takes {takes} for input {index + 1}, gets {tensor.dtype}")


def _outputs(record: Layer, args: dict[str, Any], inputs: Outputs) -> Outputs:
    """What a layer gives: its rule applied."""
    namespace = SimpleNamespace(**args)
    if record.tensors is not None:
        outputs = record.tensors(namespace, *inputs)
    else:
        result = record.shape(namespace, *(tensor.shape for tensor in inputs))
        dtypes = tuple(tensor.dtype for tensor in inputs)
        shapes = result if isinstance(result, list) else [result]
        outputs = tuple(Tensor(shape, record.gives_of(index, dtypes)) for index, shape in enumerate(shapes))
    for shape in (tensor.shape for tensor in outputs):
        if len(shape) > MOST_AXES:
            raise Fact(f"the tensor would have more than {MOST_AXES} axes")
        if any(size > LARGEST for size in shape):
            raise Fact("the tensor would be larger than 2^62")
    return outputs


def _pretend(infer: Callable[..., Any], shapes: list[Shape], written: int) -> list[Shape] | None:
    """The inputs with the one size changed that would make a written size right."""
    for index, shape in enumerate(shapes):
        for axis in range(len(shape)):
            changed = [*shapes]
            changed[index] = (*shape[:axis], written, *shape[axis + 1 :])
            try:
                if infer(*changed) == written:
                    return changed
            except Fact:
                continue
    return None


def _compare(call: Call, args: dict[str, Any], inputs: Outputs, problems: list[Problem]) -> list[Shape] | None:
    """Fill in the inferred arguments and hold the written ones against what arrives.

    Returns the input shapes for which the last wrong one would be right, if there are such.
    """
    record, shapes = call.record, [tensor.shape for tensor in inputs]
    other: list[Shape] | None = None
    _check_dtypes(record, inputs)
    for arg in record.args:
        if arg.infer is None or (arg.name in call.args and call.args[arg.name] is None):
            continue  # null is written on purpose
        actual = arg.infer(*shapes)
        written = args.setdefault(arg.name, actual)
        if written != actual and not isinstance(written, tuple):  # a list is held against the input by the rule
            unit = (arg.unit or arg.name).removesuffix("s" if written == 1 else "")
            message = f"{record.name} expects {_sizes(written)} {unit}, gets {_sizes(actual)}"
            problems.append(Problem(call, "size", "NS401", message, inputs, arg.name, written, actual))
            other = _pretend(arg.infer, shapes, written) if isinstance(written, int) else None
    return other


def apply(call: Call, inputs: Outputs) -> _Outcome:
    """One call on sample tensors. Of one whose other arguments failed only the written sizes are looked at."""
    record, args = call.record, complete(call.record, call.args)
    outcome = _Outcome([], [], args)
    try:
        other = _compare(call, args, inputs, outcome.problems)
        if call.broken:
            return outcome
        outcome.worlds.append(_outputs(record, args, inputs))
        if other is not None:
            changed = (replace(tensor, shape=shape) for tensor, shape in zip(inputs, other, strict=True))
            pretended = _outputs(record, args, tuple(changed))
            if pretended != outcome.worlds[0]:
                outcome.worlds.append(pretended)
    except Fact as fact:
        if not outcome.worlds:
            outcome.worlds = [(Tensor(guess, inputs[0].dtype if inputs else "float32"),) for guess in fact.guesses]
            noted = {problem.argument for problem in outcome.problems}
            swapped = any(problem.written in inputs[0].shape[1:] for problem in outcome.problems)
            echo = fact.argument in noted or isinstance(fact, RankFact) or swapped
            if not noted or not echo:
                message = fact.message if fact.message.startswith(record.name) else f"{record.name}: {fact.message}"
                outcome.problems.append(Problem(call, "fact", fact.code, message, inputs, fact.argument))
    return outcome


def _sizes(value: object) -> str:
    return show(value) if isinstance(value, tuple) else str(value)


class _Inference:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.entering = [None if tensor is None else (tensor,) for tensor in graph.inputs.values()]
        self.worlds: list[list[Outputs]] = []
        self.known: list[Inferred] = []
        self.problems: list[Problem] = []

    def values(self, ref: Ref) -> list[Outputs]:
        """The candidate worlds of a value; none where it is unknown."""
        if ref.node >= 0:
            worlds = self.worlds[ref.node]
        else:
            entering = self.entering[-1 - ref.node]
            worlds = [] if entering is None else [entering]
        if ref.output is None:
            return worlds
        return [(world[ref.output],) for world in worlds if ref.output < len(world)]

    def arriving(self, call: Call) -> list[Outputs] | None:
        """What reaches a call, world by world; None where an input is unknown or does not exist."""
        columns = [self.values(ref) for ref in call.inputs]
        for ref, column in zip(call.inputs, columns, strict=True):
            if not column:
                if ref.output is not None and ref.node >= 0 and self.worlds[ref.node]:
                    count = len(self.worlds[ref.node][0])
                    producer = self.graph.calls[ref.node].record.name
                    outputs = f"{count} {'output' if count == 1 else 'outputs'}"
                    message = f"{producer} has {outputs}, numbered from 0; got {ref.output}"
                    self.problems.append(Problem(call, "fact", "NS304", message, ()))
                return None
        height = max(map(len, columns), default=1)
        worlds = [tuple(t for column in columns for t in column[min(k, len(column) - 1)]) for k in range(height)]
        most = call.record.inputs[1]
        if most is not None and len(worlds[0]) > most:
            message = (
                f"{call.record.name} takes {most}, the item before gives {len(worlds[0])}: pick one with from: name.0"
            )
            self.problems.append(Problem(call, "fact", "NS304", message, worlds[0]))
            return None
        return worlds

    def visit(self, call: Call) -> None:
        if call.shares is not None:  # the module was made for its first use
            call = replace(call, args=self.known[call.shares].args)
        arriving = None if call.broken and not _enough(call) else self.arriving(call)
        if arriving is None:
            claimed: list[Outputs] = [] if call.claim is None else [(Tensor(call.claim),)]
            self.worlds.append(claimed)
            self.known.append(Inferred(tuple(None for _ in call.inputs), None, dict(call.args), None, None))
            return
        outcomes = [apply(call, inputs) for inputs in arriving]
        sound = [index for index, outcome in enumerate(outcomes) if not outcome.problems]
        chosen = sound or [0]
        best, inputs = outcomes[chosen[0]], arriving[chosen[0]]
        self.problems.extend(best.problems)
        worlds = [world for index in (chosen if sound else range(len(outcomes))) for world in outcomes[index].worlds]
        worlds = self.claimed(call, list(dict.fromkeys(worlds)), inputs)
        if call.record.broadcasts and sound and worlds and _repeats(call.record, inputs):
            shapes = " and ".join(show(tensor.shape) for tensor in inputs)
            message = f"{call.record.name} broadcasts {shapes} to {show(worlds[0][0].shape)}"
            self.problems.append(Problem(call, "broadcast", "NS903", message, inputs))
        self.worlds.append(worlds[:MOST_WORLDS])
        self.known.append(self.counted(call, inputs, worlds[0] if worlds else None, best.args))

    def claimed(self, call: Call, worlds: list[Outputs], inputs: Outputs) -> list[Outputs]:
        """The worlds that a `shape` claim allows, or all of them and the claim if it contradicts them."""
        if call.claim is None:
            return worlds
        claim = call.claim
        if not worlds:
            return [(Tensor(claim),)]
        agreeing = [world for world in worlds if world[0].shape == claim]
        if agreeing:
            return agreeing
        actual = worlds[0][0].shape
        message = f"shape claims {show(claim)}, {call.record.name} gives {show(actual)}"
        self.problems.append(Problem(call, "shape", "NS402", message, inputs, "shape", claim, actual))
        return [*worlds, (replace(worlds[0][0], shape=claim), *worlds[0][1:])]

    def counted(self, call: Call, inputs: Outputs, outputs: Outputs | None, args: dict[str, Any]) -> Inferred:
        """A call with its parameter count and its MACs."""
        if outputs is None or call.broken:
            return Inferred(inputs, outputs, args, None, None)
        namespace, shapes = SimpleNamespace(**args), [tensor.shape for tensor in inputs]
        try:
            parameters = 0 if call.shares is not None else call.record.parameters(namespace, *shapes)
            macs = call.record.macs(namespace, outputs[0].shape, *shapes)
        except (Fact, TypeError, AttributeError, IndexError, ValueError):
            if not self.problems:
                raise
            return Inferred(inputs, outputs, args, None, None)  # the arguments contradict the input: noted above
        return Inferred(inputs, outputs, args, parameters, macs)


def _repeats(record: Layer, inputs: Outputs) -> bool:
    """Whether broadcasting repeats a size of one that may have been overlooked.

    One number a channel, C×1×1 against C×H×W, is how gates and scales are written: that is meant.
    """
    shapes = {tensor.shape[: len(tensor.shape) - record.apart] for tensor in inputs}
    largest = max(shapes, key=size)
    a_channel = (*largest[:1], *(1 for _ in largest[1:]))
    return bool(shapes - {largest, a_channel} if len(largest) > 2 else shapes - {largest})


def _enough(call: Call) -> bool:
    """Whether a call has as many inputs as its layer takes."""
    least, most = call.record.inputs
    return least <= len(call.inputs) and (most is None or len(call.inputs) <= most)


def infer(graph: Graph) -> Inference:
    """Shapes, counts and problems of every call of a graph."""
    inference = _Inference(graph)
    for call in graph.calls:
        inference.visit(call)
    return Inference(tuple(inference.known), tuple(inference.problems))
