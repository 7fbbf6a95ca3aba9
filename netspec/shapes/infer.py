"""Graph → Graph with shapes: every call's rule is applied to the sample tensors that reach it.

After an error the inference goes on with what it may stand for: where a written size contradicts the one that
arrives, the value downstream has two candidate worlds, the arriving one and the written one. A later layer is wrong
only if it is wrong in every world, so that independent errors all show and echoes do not. Behind a merge that fails,
which way the sizes go hangs on its mending: what is wrong in other words in each world has it for its `cause`. Where
nothing is known of an output, worlds are made up that share only what the layer declares: what is wrong in the same
words in all of them is wrong whatever comes, and the rest is not said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from netspec.core.shapes import ShapeError, Tensor, show, size
from netspec.expansion.graph import Call, Graph, Ref
from netspec.layers.record import Layer
from netspec.shapes.apply import Outcome, Outputs, Problem, apply, split_inputs
from netspec.shapes.recovery import common_problems, declared, with_other_rank, with_right_dtype
from netspec.shapes.report import Inferred

MOST_WORLDS = 3


@dataclass(frozen=True)
class Inference:
    """What is known of each call, in order, and what is wrong."""

    known: tuple[Inferred, ...]
    problems: tuple[Problem, ...]


class _Inference:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.entering = [None if tensor is None else (tensor,) for tensor in graph.inputs.values()]
        self.worlds: list[list[Outputs]] = []
        self.known: list[Inferred] = []
        self.problems: list[Problem] = []
        self.made_up: set[int] = set()  # the calls whose worlds are made up: only what they share is known
        self.causes: dict[int, Problem] = {}  # the problems on whose mending a call's value hangs

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
        for name, column in zip(call.further, columns[call.own :], strict=True):
            if len(column[0]) > 1:
                message = f"{name} is one tensor, this gives {len(column[0])}: pick one, as in name.0"
                self.problems.append(Problem(call, "fact", "NS304", message, (), name))
                return None
        most, count = call.record.inputs[1], len(worlds[0]) - len(call.further)
        if most is not None and count > most:
            message = f"{call.record.name} takes {most}, the item before gives {count}: pick one with from: name.0"
            self.problems.append(Problem(call, "fact", "NS304", message, worlds[0]))
            return None
        return worlds

    def visit(self, call: Call) -> None:
        if call.shares is not None:  # the module was made for its first use
            call = replace(call, args=self.known[call.shares].args)
        arriving = None if call.broken and not _enough(call) else self.arriving(call)
        if arriving is None:
            self.unknown(call)
            return
        outcomes = [apply(call, inputs) for inputs in arriving]
        sound = [index for index, outcome in enumerate(outcomes) if not outcome.problems]
        chosen = sound or [0]
        best, inputs = outcomes[chosen[0]], arriving[chosen[0]]
        cause = next((self.causes[ref.node] for ref in call.inputs if ref.node in self.causes), None)
        made_up = entered = any(ref.node in self.made_up for ref in call.inputs)
        if not sound and (cause is not None or entered):
            same = common_problems(outcomes) if len(outcomes) > 1 else []
            if entered and len(same) < len(best.problems):  # it hangs on sizes that were made up
                self.problems.extend(same)
                self.unknown(call, same)
                return
            best.problems = [p if p in same else replace(p, cause=cause) for p in best.problems]
        self.problems.extend(best.problems)
        worlds = [world for index in (chosen if sound else range(len(outcomes))) for world in outcomes[index].worlds]
        if not worlds and not call.broken and not best.said("NS407"):
            worlds, made_up = self.supposed(call, inputs, best)
        worlds = list(dict.fromkeys(worlds))
        if not made_up:
            worlds = self.claimed(call, worlds, inputs)
        own = split_inputs(call, inputs)[0]
        if call.record.broadcasts and sound and worlds and not made_up and _repeats(call.record, own):
            shapes = " and ".join(show(tensor.shape) for tensor in own)
            message = f"{call.record.name} broadcasts {shapes} to {show(worlds[0][0].shape)}"
            self.problems.append(Problem(call, "broadcast", "NS903", message, inputs))
        agree = len(arriving) > len(worlds) == 1
        self.hang(call, cause, best, agree=agree)
        if made_up:
            known = replace(_unknown(call), inputs=_unknown(call).inputs if entered else inputs)
            self.made(call, worlds, known, agree=agree)
        else:
            self.worlds.append(worlds[:MOST_WORLDS])
            self.known.append(self.counted(call, inputs, worlds[0] if worlds else None, best.args))

    def made(self, call: Call, worlds: list[Outputs], known: Inferred, *, agree: bool = False) -> None:
        """Keep made-up worlds; a claim, or that they `agree`, makes known what they stand for."""
        if call.claim is not None:
            worlds = [(Tensor(call.claim),)]
        elif agree:
            known = replace(known, outputs=worlds[0])
        elif worlds:
            self.made_up.add(call.id)
        self.worlds.append(worlds[:MOST_WORLDS])
        self.known.append(known)

    def hang(self, call: Call, cause: Problem | None, best: Outcome, *, agree: bool) -> None:
        """Note the problem on whose mending the call's value hangs, if there is one: a merge could go either way."""
        merges = (problem for problem in best.problems if problem.code == "NS405")
        merged = next((problem for problem in merges if problem.argument not in call.further), None)
        cause = cause or merged
        if cause is not None and not agree:
            self.causes[call.id] = cause

    def supposed(self, call: Call, inputs: Outputs, outcome: Outcome) -> tuple[list[Outputs], bool]:
        """What a call that refuses its inputs may be supposed to give, and whether that is made up."""
        meant = with_other_rank(call, inputs) if outcome.said("NS403") else []
        fits = not outcome.said("NS403") and all(tensor.shape for tensor in inputs)
        if outcome.said("NS408") and call.record.takes == "float":  # the sample's kind is wrong, not its shape
            meant = with_right_dtype(call, inputs)
        own, worlds = declared(call, inputs if fits else None)
        self.problems.extend(own)
        return (meant, False) if meant else (worlds, True)

    def unknown(self, call: Call, said: Sequence[Problem] = ()) -> None:
        """A call that nothing known reaches: its arguments may be wrong all the same, and it declares its output."""
        worlds: list[Outputs] = []
        if _complete(call):
            own, worlds = declared(call)
            self.problems.extend(problem for problem in own if problem not in said)
        self.made(call, worlds, _unknown(call))

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
        namespace, shapes = SimpleNamespace(**args), [tensor.shape for tensor in split_inputs(call, inputs)[0]]
        try:
            parameters = 0 if call.shares is not None else call.record.parameters(namespace, *shapes)
            macs = call.record.macs(namespace, outputs[0].shape, *shapes)
        except (ShapeError, TypeError, AttributeError, IndexError, ValueError):
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


def _unknown(call: Call) -> Inferred:
    return Inferred(tuple(None for _ in call.inputs), None, dict(call.args), None, None)


def _complete(call: Call) -> bool:
    """Whether all arguments of a call are there and sound."""
    required = {arg.name for arg in call.record.args if arg.required}
    return required | (call.arg_nodes.keys() - {"shape", *call.further}) <= call.args.keys()


def _enough(call: Call) -> bool:
    """Whether a call has as many inputs as its layer takes."""
    least, most = call.record.inputs
    return least <= call.own and (most is None or call.own <= most)


def infer(graph: Graph) -> Inference:
    """Shapes, counts and problems of every call of a graph."""
    inference = _Inference(graph)
    for call in graph.calls:
        inference.visit(call)
    return Inference(tuple(inference.known), tuple(inference.problems))
