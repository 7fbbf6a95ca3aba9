"""Problem → Diagnostic: adds the span, the path of the input through the layers before, and candidate fixes.

`verify` then keeps the candidates that resolve the finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.diagnostics import SIZES_UNSOUGHT, UNSOUGHT, Cause, Diagnostic, Findings, Fix, Note
from netspec.core.faults import guarded
from netspec.core.shapes import Shape
from netspec.core.tree import Node
from netspec.expansion.graph import Graph
from netspec.fixes.context import FixContext, Rule
from netspec.language.spec import Spec
from netspec.shapes.apply import Problem
from netspec.shapes.infer import Inference
from netspec.shapes.report import Report

MOST_CANDIDATES = 8
MOST_WITH_FIXES = 100  # problems that get candidates, the first in the texts; fewer can be tried
MOST_PATHS = 4
MOST_SIZE_QUESTIONS = 5
_TORCH_MESSAGES = {
    "in_features": "mat1 and mat2 shapes cannot be multiplied",
    "in_channels": "expected input to have {written} channels, but got {actual} channels instead",
    "num_features": "running_mean should contain {actual} elements not {written}",
}


def _node(problem: Problem) -> Node:
    """The node to point at: the argument's value, else the type."""
    return problem.call.arg_nodes.get(problem.argument or "", problem.call.item.at)


class _Diagnoser:
    def __init__(self, spec: Spec, graph: Graph, inference: Inference, explain: bool) -> None:
        self.explain = explain
        self.context = FixContext(spec, graph, inference)
        self.questions = 0
        self.faults = Findings()
        own = [problem for problem in inference.problems if problem.cause is None and problem.kind != "broadcast"]
        own.sort(key=lambda problem: spec.reading_order(_node(problem).span))
        self.with_fixes = {id(problem) for problem in own[:MOST_WITH_FIXES]}
        self.first_without = own[MOST_WITH_FIXES] if len(own) > MOST_WITH_FIXES else None

    def fixes(self, problem: Problem) -> tuple[Fix, ...]:
        """Candidate fixes, the likeliest first."""
        if id(problem) not in self.with_fixes:
            return ()
        from netspec.fixes.rules import RULES

        found = (fix for rule in RULES for fix in self.candidates(rule, problem))
        return tuple({fix.edits: fix for fix in found}.values())[:MOST_CANDIDATES]

    def candidates(self, rule: Rule, problem: Problem) -> list[Fix]:
        """The candidates of one rule; none where it fails."""
        name, at = f"the fix {rule.__name__}", _node(problem).span
        return guarded(name, lambda: [*rule(problem, self.context)], [], at, self.faults)

    def notes(self, problem: Problem) -> Iterator[Note]:
        from netspec.fixes import sizes

        provenance, graph = self.context.provenance, self.context.graph
        for ref in problem.call.inputs[:MOST_PATHS]:
            path = provenance.text(ref)
            if path:
                yield Note("input", path)
        may_ask = problem.kind == "size" and self.questions < MOST_SIZE_QUESTIONS
        if may_ask and provenance.factors(provenance.producer(problem.call)) is not None:
            self.questions += 1
            right = sizes.right_sizes(graph, problem, self.context.budget)
            if right:
                written = getattr(_node(problem), "text", "") or problem.written
                yield Note("or", f"{right} would make {written} right")
        matching = self.context.matching_sizes(problem)
        words = matching.words() if matching is not None and sizes.offered(matching) else None
        if words:
            yield Note("or", f"inputs with {words} align")
        if problem.call.shares is not None:
            first = graph.calls[problem.call.shares].path
            yield Note("note", f"the weights are those of {first}, made for its input")
        message = _TORCH_MESSAGES.get(problem.argument or "")
        if problem.kind == "size" and message:
            yield Note("torch", message.format(written=problem.written, actual=problem.actual))
        if problem is self.first_without:
            yield UNSOUGHT

    def diagnostic(self, problem: Problem) -> Diagnostic:
        """The finding of a problem; a consequence of another problem is not explained."""
        from netspec.fixes import one_hot

        place = one_hot.blamed(problem, self.context) if problem.cause is None else None
        node, call, message = place or (_node(problem), problem.call, problem.message)
        frames = tuple(dict.fromkeys((*node.frames, *call.frames)))
        found = Diagnostic(problem.code, message, node.span, call.path, frames=frames)
        if problem.cause is not None:
            return replace(found, follows=Cause(problem.cause.code, _node(problem.cause).span))
        if not self.explain:
            return found
        before = self.context.budget.ended
        notes = guarded("the search for notes", lambda: (*self.notes(problem),), (), node.span, self.faults)
        fixes = self.fixes(problem)
        if self.context.budget.ended and not before:
            notes = (*notes, SIZES_UNSOUGHT)
        return replace(found, notes=notes, fixes=fixes)


def diagnose(spec: Spec, graph: Graph, inference: Inference, *, explain: bool = True) -> list[Diagnostic]:
    """The diagnostics of an inference's problems; a block that is used twice repeats none.

    Args:
        spec: the spec as it was read.
        graph: the graph that it expands to.
        inference: the shapes and problems of the graph.
        explain: with notes and candidate fixes.
    """
    diagnoser = _Diagnoser(spec, graph, inference, explain)
    groups: dict[object, list[Problem]] = {}
    for problem in inference.problems:
        groups.setdefault((problem.code, _node(problem).span, problem.message), []).append(problem)
    found = [
        replace(diagnoser.diagnostic(same[0]), times=len({problem.call.path for problem in same}))
        for same in groups.values()
    ]
    return [*found, *diagnoser.faults.list()]


def output_fixes(report: Report, name: str, wanted: Shape, written: Node) -> tuple[Fix, ...]:
    """Candidate fixes for an output that misses its promised shape.

    Args:
        report: with the graph and its shapes.
        name: the output.
        wanted: its promised sample shape.
        written: the promise.
    """
    graph = report.graph
    if graph is None or name not in graph.outputs:
        return ()
    context = FixContext(report.spec, graph, Inference(report.inferred, ()))
    from netspec.fixes import change_branch, promised

    upstream = change_branch.change_upstream(graph.outputs[name], wanted, context)
    return (*upstream, *promised.promised(name, wanted, written, context))
