"""Problem → Diagnostic: adds the place, the way of the input through the producers, the arithmetic, candidate fixes.

The fixes are candidates here; `fix` keeps those whose application was re-checked.
"""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import UNSOUGHT, Cause, Diagnostic, Fix, Note
from netspec.core.shapes import Shape
from netspec.core.tree import Node, Span
from netspec.expansion.graph import Graph
from netspec.fixes import arguments, joins, merges, ranks, sizes, widths
from netspec.fixes.context import Context
from netspec.fixes.sizes import right_sizes
from netspec.language.spec import Spec
from netspec.shapes.apply import Problem
from netspec.shapes.infer import Inference
from netspec.shapes.provenance import Provenance
from netspec.shapes.report import Report

# The rules in the order of their candidates: what a network rarely means comes last.
RULES = (*ranks.RULES, *widths.RULES, *arguments.RULES, *merges.RULES, *joins.RULES, *sizes.RULES)
MOST_CANDIDATES = 8
MOST_MENDED = 100  # problems that candidates are made for, the first in the texts; fewer can be tried
MOST_WAYS = 4
MOST_SIZE_QUESTIONS = 5
_TORCH_WORDS = {
    "in_features": "mat1 and mat2 shapes cannot be multiplied",
    "in_channels": "expected input to have {written} channels, but got {actual} channels instead",
    "num_features": "running_mean should contain {actual} elements not {written}",
}


def reading_order(span: Span, spec: Spec) -> tuple[bool, str, int, int]:
    """Findings stand in the order of the spec's own text, then of the other ones."""
    return (span.path != spec.path, span.path, span.line, span.column)


class _Diagnoser:
    def __init__(self, spec: Spec, graph: Graph, inference: Inference, explain: bool) -> None:
        self.spec, self.graph, self.inference, self.explain = spec, graph, inference, explain
        self.ways = Provenance(graph, inference)
        self.context = Context(spec, graph, inference, self.ways)
        self.questions = 0
        own = [problem for problem in inference.problems if problem.cause is None and problem.kind != "broadcast"]
        own.sort(key=lambda problem: reading_order(self.place(problem).span, spec))
        self.mended = {id(problem) for problem in own[:MOST_MENDED]}
        self.beyond = own[MOST_MENDED] if len(own) > MOST_MENDED else None

    def place(self, problem: Problem) -> Node:
        """The node to point at: the argument's value, else the type."""
        return problem.call.arg_nodes.get(problem.argument or "", problem.call.item.at)

    def fixes(self, problem: Problem) -> tuple[Fix, ...]:
        """Candidate fixes, the likeliest first."""
        if problem.kind == "broadcast" or id(problem) not in self.mended:
            return ()
        found = (fix for rule in RULES for fix in rule(problem, self.context))
        return tuple({fix.edits: fix for fix in found}.values())[:MOST_CANDIDATES]

    def notes(self, problem: Problem) -> Iterator[Note]:
        for ref in problem.call.inputs[:MOST_WAYS]:
            way = self.ways.text(ref)
            if way:
                yield Note("input", way)
        asked = problem.kind == "size" and self.questions < MOST_SIZE_QUESTIONS
        if asked and self.ways.factors(self.ways.producer(problem.call)) is not None:
            self.questions += 1
            sizes = right_sizes(self.graph, problem)
            if sizes:
                written = getattr(self.place(problem), "text", "") or problem.written
                yield Note("or", f"{sizes} would make {written} right")
        if self.context.meeting is not None and self.context.meeting[0] is problem:
            sizes = self.context.meeting[1].words()
            if sizes:
                yield Note("or", f"inputs with {sizes} align")
        if problem.call.shares is not None:
            first = self.graph.calls[problem.call.shares].path
            yield Note("note", f"the weights are those of {first}, made for its input")
        words = _TORCH_WORDS.get(problem.argument or "")
        if problem.kind == "size" and words:
            yield Note("torch", words.format(written=problem.written, actual=problem.actual))
        if problem is self.beyond:
            yield UNSOUGHT

    def diagnostic(self, problem: Problem) -> Diagnostic:
        if problem.cause is not None:
            return self.consequence(problem, problem.cause)
        node, call = self.place(problem), problem.call
        frames = tuple(dict.fromkeys((*node.frames, *call.frames)))
        return Diagnostic(
            problem.code,
            problem.message,
            node.span,
            call.path,
            tuple(self.notes(problem)) if self.explain else (),
            self.fixes(problem) if self.explain else (),
            frames,
        )

    def consequence(self, problem: Problem, cause: Problem) -> Diagnostic:
        """What may go when another problem is mended: said, but not explained."""
        node, origin = self.place(problem), self.place(cause)
        follows = Cause(cause.code, origin.span)
        frames = tuple(dict.fromkeys((*node.frames, *problem.call.frames)))
        return Diagnostic(problem.code, problem.message, node.span, problem.call.path, frames=frames, follows=follows)


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


def output_fixes(report: Report, name: str, wanted: Shape) -> tuple[Fix, ...]:
    """Candidate fixes for an output that misses its promised shape."""
    graph = report.graph
    if graph is None or name not in graph.outputs:
        return ()
    inference = Inference(report.inferred, ())
    context = Context(report.spec, graph, inference, Provenance(graph, inference))
    return tuple(merges.change_upstream(graph.outputs[name], wanted, context))
