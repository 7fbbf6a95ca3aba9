"""Problem → Diagnostic: adds the place, the way of the input through the producers, the arithmetic, candidate fixes.

The fixes are candidates here; `fix` keeps those whose application was re-checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from netspec.ground.diagnostics import Diagnostic, Edit, Fix, Note
from netspec.ground.shapes import Shape, Tensor, show
from netspec.ground.tree import Node
from netspec.stages.edits import insert_before, set_argument
from netspec.stages.infer import Inference, Problem
from netspec.stages.merging import merge_fixes
from netspec.stages.sizes import right_sizes
from netspec.stages.spec import Call, Graph, Ref, Spec

LONGEST_WAY = 6
MOST_WAYS = 4
MOST_SIZE_QUESTIONS = 5
_TORCH_WORDS = {
    "in_features": "mat1 and mat2 shapes cannot be multiplied",
    "in_channels": "expected input to have {written} channels, but got {actual} channels instead",
    "num_features": "running_mean should contain {actual} elements not {written}",
}


def label(call: Call) -> str:
    """What a layer is called in a message: the name it was given, else its type."""
    last = call.path.rpartition(".")[2]
    return call.record.name if last.isdigit() else last


class _Diagnoser:
    def __init__(self, spec: Spec, graph: Graph, inference: Inference) -> None:
        self.spec, self.graph, self.inference = spec, graph, inference
        self.questions = 0

    def producer(self, call: Call) -> Call | None:
        """The call that gives a call's first input."""
        ref = call.inputs[0] if call.inputs else Ref(-1)
        return self.graph.calls[ref.node] if ref.node >= 0 else None

    def output(self, call: Call) -> Shape | None:
        outputs = self.inference.known[call.id].outputs
        return outputs[0].shape if outputs else None

    def factors(self, call: Call | None) -> Shape | None:
        """The sizes whose product a one-axis value is, if a flattening made it."""
        while call is not None:
            inputs = self.inference.known[call.id].inputs
            before = inputs[0].shape if inputs and inputs[0] is not None else None
            after = self.output(call)
            if before is None or after is None or len(after) != 1:
                return None
            if len(before) > 1 and prod(before) == after[0]:
                return before
            if before != after:
                return None
            call = self.producer(call)
        return None

    def way(self, ref: Ref) -> str | None:
        """`1×28×28 → pool 32×12×12 → Flatten 4608 = 32·12·12`; layers that keep a shape are left out."""
        steps: list[str] = []
        entering = self.entering(ref)
        while ref.node >= 0:
            step = self.graph.calls[ref.node]
            outputs = self.inference.known[step.id].outputs
            if not outputs or (ref.output or 0) >= len(outputs):
                return None
            shape = outputs[ref.output or 0].shape
            inputs = self.inference.known[step.id].inputs
            first = inputs[0].shape if inputs and inputs[0] is not None else None
            if shape != first or len(inputs) > 1:
                product = (
                    f" = {'·'.join(map(str, first))}"
                    if first and len(shape) == 1 and len(first) > 1 and prod(first) == shape[0]
                    else ""
                )
                number = "" if ref.output is None else f".{ref.output}"
                steps.append(f"{label(step)}{number} {show(shape)}{product}")
            ref = step.inputs[0] if step.inputs else Ref(-1)
        steps.reverse()
        if len(steps) > LONGEST_WAY:
            steps = ["…", *steps[-LONGEST_WAY:]]
        if entering is None or entering[1] is None:
            return None
        name, shown = entering[0], show(entering[1].shape)
        return " → ".join([shown if name == "input" else f"{name} {shown}", *steps])

    def entering(self, ref: Ref) -> tuple[str, Tensor | None] | None:
        """The network's input at the start of a value's way."""
        while ref.node >= 0:
            inputs = self.graph.calls[ref.node].inputs
            if not inputs:
                return None
            ref = inputs[0]
        return list(self.graph.inputs.items())[-1 - ref.node]

    def place(self, problem: Problem) -> Node:
        """The node to point at: the argument's value, else the type."""
        return problem.call.places.get(problem.argument or "", problem.call.item.at)

    def fixes(self, problem: Problem) -> Iterator[Fix]:
        """Candidate fixes, the likeliest first."""
        call = problem.call
        if problem.kind == "size":
            yield from self.size_fixes(problem)
        elif problem.kind == "shape":
            text = "[" + ", ".join(map(str, problem.actual)) + "]"
            yield Fix(f"shape: {text}", (Edit(self.place(problem).span, text),))
        elif problem.code in ("NS405", "NS404"):
            yield from merge_fixes(call, self.graph, self.inference)

    def size_fixes(self, problem: Problem) -> Iterator[Fix]:
        call, argument = problem.call, str(problem.argument)
        arriving = problem.inputs[0].shape
        written = problem.written
        if call.record.name == "Linear" and len(arriving) > 1 and prod(arriving) == written:
            flatten = insert_before(call, "Flatten", self.spec.sources)
            if flatten:
                yield Fix(f"Flatten before it: {written} = {'·'.join(map(str, arriving))}", (flatten,))
        factors = self.factors(self.producer(call))
        text = "*".join(map(str, factors)) if factors else _written(problem.actual)
        if argument in call.places:
            yield Fix(f"{argument}: {text}", (Edit(call.places[argument].span, text),))
        producer = self.producer(call)
        while producer is not None and not {"out_channels", "out_features"} & set(producer.args):
            producer = (
                self.producer(producer)
                if len(producer.inputs) == 1 and not producer.record.name.startswith("Flatten")
                else None
            )
        if producer is not None and isinstance(written, int):
            name = "out_channels" if "out_channels" in producer.args else "out_features"
            edit = set_argument(producer, name, str(written))
            if edit and not factors:
                yield Fix(f"{name}: {written} in {label(producer)}", (edit,))

    def notes(self, problem: Problem) -> Iterator[Note]:
        for ref in problem.call.inputs[:MOST_WAYS]:
            way = self.way(ref)
            if way:
                yield Note("input", way)
        if problem.kind == "size" and self.questions < MOST_SIZE_QUESTIONS:
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
            tuple(self.notes(problem)),
            tuple(self.fixes(problem)),
            frames,
        )


def _written(value: object) -> str:
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, tuple) else str(value)


def diagnose(spec: Spec, graph: Graph, inference: Inference) -> list[Diagnostic]:
    """The diagnostics of an inference's problems; what a block used twice repeats is said once."""
    diagnoser = _Diagnoser(spec, graph, inference)
    seen: set[object] = set()
    found = []
    for problem in inference.problems:
        key = (problem.code, diagnoser.place(problem).span, problem.message)
        if key not in seen:
            seen.add(key)
            found.append(diagnoser.diagnostic(problem))
    return found
