"""Problem → Diagnostic: adds the place, the way of the input through the producers, the arithmetic, candidate fixes.

The fixes are candidates here; `fix` keeps those whose application was re-checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from netspec.ground.diagnostics import Diagnostic, Edit, Fix, Note
from netspec.ground.tree import Node
from netspec.stages.edits import insert_before, set_argument
from netspec.stages.infer import Inference, Problem
from netspec.stages.merging import merge_fixes, shape_fixes
from netspec.stages.sizes import right_sizes
from netspec.stages.spec import Call, Graph, Spec
from netspec.stages.ways import Ways, label

MOST_WAYS = 4
MOST_SIZE_QUESTIONS = 5
_TORCH_WORDS = {
    "in_features": "mat1 and mat2 shapes cannot be multiplied",
    "in_channels": "expected input to have {written} channels, but got {actual} channels instead",
    "num_features": "running_mean should contain {actual} elements not {written}",
}


class _Diagnoser:
    def __init__(self, spec: Spec, graph: Graph, inference: Inference, explain: bool) -> None:
        self.spec, self.graph, self.inference, self.explain = spec, graph, inference, explain
        self.ways = Ways(graph, inference)
        self.questions = 0

    def place(self, problem: Problem) -> Node:
        """The node to point at: the argument's value, else the type."""
        return problem.call.places.get(problem.argument or "", problem.call.item.at)

    def fixes(self, problem: Problem) -> Iterator[Fix]:
        """Candidate fixes, the likeliest first."""
        call = problem.call
        if problem.kind == "size":
            yield from self.size_fixes(problem)
        elif problem.kind == "shape":
            yield from shape_fixes(call, problem.inputs, problem.written)
            text = _written(problem.actual)
            yield Fix(f"shape: {text}", (Edit(self.place(problem).span, text),))
        elif problem.code == "NS403":
            yield from self.rank_fixes(problem)
        elif problem.code in ("NS405", "NS404"):
            yield from merge_fixes(call, self.graph, self.inference)

    def rank_fixes(self, problem: Problem) -> Iterator[Fix]:
        """An input with the batch written in, or without the channels: both are tried."""
        ref = problem.call.inputs[0]
        if ref.node >= 0 or not self.spec.inputs:
            return
        sizes = self.spec.inputs[-1 - ref.node].sizes
        if len(sizes) > 1:
            first, second = sizes[0].span, sizes[1].span
            drop = replace(first, end_line=second.line, end_column=second.column)
            yield Fix("the input without its first size: the batch is not written", (Edit(drop, ""),))
        if sizes:
            start = replace(sizes[0].span, end_line=sizes[0].span.line, end_column=sizes[0].span.column)
            yield Fix("the input with one channel in front", (Edit(start, "1, "),))

    def size_fixes(self, problem: Problem) -> Iterator[Fix]:
        call, argument = problem.call, str(problem.argument)
        arriving = problem.inputs[0].shape
        written = problem.written
        if call.record.name == "Linear" and len(arriving) > 1 and prod(arriving) == written:
            flatten = insert_before(call, "Flatten", self.spec.sources)
            if flatten:
                yield Fix(f"Flatten before it: {written} = {'·'.join(map(str, arriving))}", (flatten,))
            return
        swapped = self.channels_last(problem)
        if swapped:
            yield swapped
            return
        factors = self.ways.factors(self.ways.producer(call))
        text = "*".join(map(str, factors)) if factors else _written(problem.actual)
        if argument in call.places:
            yield Fix(f"{argument}: {text}", (Edit(call.places[argument].span, text),))
        producer = self.sizer(call)
        if producer is not None and isinstance(written, int):
            name = "out_channels" if "out_channels" in producer.args else "out_features"
            edit = set_argument(producer, name, str(written))
            if edit and not factors:
                yield Fix(f"{name}: {written} in {label(producer)} of line {producer.item.at.span.line}", (edit,))

    def channels_last(self, problem: Problem) -> Fix | None:
        """The fix for an input written H×W×C, where the channels that a first layer expects stand last."""
        shape, ref = problem.inputs[0].shape, problem.call.inputs[0]
        if ref.node >= 0 or problem.argument != "in_channels" or shape[-1] != problem.written:
            return None
        declared = self.spec.inputs[-1 - ref.node].sizes
        text = "[" + ", ".join(getattr(node, "text", "") for node in (declared[-1], *declared[:-1])) + "]"
        whole = replace(declared[0].span, end_line=declared[-1].span.end_line, end_column=declared[-1].span.end_column)
        return Fix(f"input: {text}, channels first", (Edit(whole, text[1:-1]),))

    def sizer(self, call: Call) -> Call | None:
        """The layer upstream whose argument decides how many channels or features reach a call."""
        for before in self.ways.back(self.ways.producer(call)):
            if {"out_channels", "out_features"} & set(before.args):
                return before
            if len(before.inputs) != 1 or before.record.name.startswith("Flatten"):
                return None
        return None

    def notes(self, problem: Problem) -> Iterator[Note]:
        for ref in problem.call.inputs[:MOST_WAYS]:
            way = self.ways.text(ref)
            if way:
                yield Note("input", way)
        flattened = self.ways.factors(self.ways.producer(problem.call)) is not None
        if problem.kind == "size" and flattened and self.questions < MOST_SIZE_QUESTIONS:
            self.questions += 1
            sizes = right_sizes(self.graph, problem)
            if sizes:
                written = getattr(self.place(problem), "text", "") or problem.written
                yield Note("or", f"{sizes} would make {written} right")
        if problem.call.shares is not None:
            first = self.graph.calls[problem.call.shares].path
            yield Note("note", f"the weights are those of {first}, made for its input")
        words = _TORCH_WORDS.get(problem.argument or "")
        if problem.kind == "size" and words:
            yield Note("torch", words.format(written=problem.written, actual=problem.actual))

    def diagnostic(self, problem: Problem) -> Diagnostic:
        node, call = self.place(problem), problem.call
        frames = tuple(dict.fromkeys((*node.frames, *call.frames)))
        return Diagnostic(
            problem.code,
            problem.message,
            node.span,
            call.path,
            tuple(self.notes(problem)) if self.explain else (),
            tuple(self.fixes(problem)) if self.explain else (),
            frames,
        )


def _written(value: object) -> str:
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, tuple) else str(value)


def diagnose(spec: Spec, graph: Graph, inference: Inference, *, explain: bool = True) -> list[Diagnostic]:
    """The diagnostics of an inference's problems; what a block used twice repeats is said once.

    Args:
        explain: with notes and candidate fixes.
    """
    diagnoser = _Diagnoser(spec, graph, inference, explain)
    seen: set[object] = set()
    found = []
    for problem in inference.problems:
        key = (problem.code, diagnoser.place(problem).span, problem.message)
        if key not in seen:
            seen.add(key)
            found.append(diagnoser.diagnostic(problem))
    return found
