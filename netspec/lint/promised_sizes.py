"""The check of a spec for all sizes that it promises: NS501 and the shapes' own codes at the first size that breaks.

The weights are those of one size (see `ranges.Range`); what infers its size from an input that varies cannot have
weights at all (NS409). Axes are gone through one by one, combinations only where layers look at several at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, product

from netspec.core.diagnostics import Diagnostic, Findings, Fix, Note
from netspec.core.expressions import Value
from netspec.core.shapes import Tensor
from netspec.core.tree import Mapping as MappingNode
from netspec.expansion.graph import Graph
from netspec.fixes.diagnose import diagnose
from netspec.fixes.edits import insert_before
from netspec.language.ranges import Range, ranges, read_by, read_params, size_at
from netspec.language.spec import Spec
from netspec.lint.budgets import expectations
from netspec.shapes.apply import Problem
from netspec.shapes.infer import Inference, infer
from netspec.shapes.provenance import Provenance
from netspec.shapes.report import Report
from netspec.shapes.sizes.narrowing import narrowed
from netspec.shapes.sizes.search import Depends, Family, ValidSizes, valid_sizes
from netspec.shapes.sizes.walk import Outputs, Walker, cost, with_inferred_arguments

MOST_WORK = 100_000  # calls that are inferred for one check
_SIZES = frozenset({"NS304", "NS401", "NS402", "NS404", "NS405"})  # what another size may mend
MOST_TRIED = 300_000  # combinations that are looked through for the first that breaks
Choice = dict[str, int]


@dataclass(frozen=True)
class _Promise:
    """A spec whose input varies, right at the sizes that its figures are for."""

    spec: Spec
    graph: Graph
    report: Report
    found: dict[str, Range]
    made: Graph  # the graph with the weights of those sizes
    params: dict[str, Value]  # that the input reads

    @property
    def start(self) -> Choice:
        return {name: each.at for name, each in self.found.items()}

    def entering(self, choice: Mapping[str, int]) -> Outputs:
        """What enters the network for a choice of sizes."""
        names: dict[str, Value] = {**self.params, **choice}
        tensors = []
        for declared, at in zip(self.spec.inputs, self.graph.inputs.values(), strict=True):
            shape = tuple(size_at(node, names) or 0 for node in declared.sizes)
            tensors.append(Tensor(shape, at.dtype if at is not None else declared.dtype))
        return tuple(tensors)

    def inferred(self, choice: Mapping[str, int]) -> tuple[Graph, Inference]:
        """The graph and what is known of it at other sizes."""
        inputs = dict(zip(self.graph.inputs, self.entering({**self.start, **choice}), strict=True))
        graph = replace(self.made, inputs=inputs)
        return graph, infer(graph)

    def family(self) -> Family:
        """All promised sizes, as many of them as may be gone through."""
        most = max(MOST_WORK // (cost(self.graph.calls) * len(self.found)), 1)
        sizes = {name: each.sizes[:most] for name, each in self.found.items()}
        depends: tuple[Depends, ...] = tuple(
            tuple(frozenset(read_by(node, self.found)) for node in declared.sizes) for declared in self.spec.inputs
        )
        return Family(sizes, self.start, self.entering, depends)


def _promise(report: Report, right: bool) -> _Promise | None:
    """What a spec promises; None where its ranges or inputs are wrong, which was noted."""
    graph, found = report.graph, ranges(report.spec, report.params, Findings())
    kept = {name: each for name, each in found.items() if each is not None}
    if graph is None or not found or len(kept) < len(found) or None in graph.inputs.values():
        return None
    made = with_inferred_arguments(graph, report.inferred) if right else graph
    return _Promise(report.spec, graph, report, kept, made, read_params(report.spec, report.params))


def check_shown_sizes(report: Report, found: list[Diagnostic], explain: bool) -> list[Diagnostic]:
    """The findings at the sizes that figures are for, with those sizes named and the ranges without them as a fix."""
    promise = _promise(report, right=False)
    if promise is None or not found:
        return found
    at = ", ".join(f"{name} = {size}" for name, size in promise.start.items())
    fixes: tuple[Fix, ...] = ()
    if explain and all(each.code in _SIZES for each in found):
        asked = promise.family()
        largest = {name: sizes[-1] for name, sizes in asked.sizes.items()}
        fixes = narrowed(promise.found, valid_sizes(Walker(promise.made), replace(asked, start=largest)), largest)
    return [
        replace(each, message=f"{each.message}, at {at}", fixes=(*fixes, *each.fixes)) if each.code in _SIZES else each
        for each in found
    ]


def check_all_sizes(report: Report, explain: bool) -> Iterator[Diagnostic]:
    """What breaks at some of the sizes that a spec promises.

    Args:
        report: without errors at the sizes that figures are for.
        explain: with notes and candidate fixes.
    """
    promise = _promise(report, right=True)
    if promise is None:
        return
    spec, asked = report.spec, promise.family()
    walker = Walker(promise.made)
    result = valid_sizes(walker, asked)
    if not result.all_right():
        yield from _breaks(promise, result, explain)
    if isinstance(spec.expect, MappingNode) and spec.expect.get("output") is not None:
        yield from _other_outputs(promise, walker, asked)
    for name, each in promise.found.items():
        if len(result.examined[name]) < len(each.sizes):
            last = result.examined[name][-1]
            message = f"{name} is checked from {each.sizes[0]} to {last}; up to {each.sizes[-1]} it would take too long"
            yield Diagnostic("NS920", message, each.declared.node.span)


def _first_breaks(promise: _Promise, result: ValidSizes) -> list[Choice]:
    """The first size of each axis that breaks, the others at the start; if none does the first combination."""
    right = [{name: set(sizes) for name, sizes in box.items()} for box in result.boxes]

    def broken(choice: Choice) -> bool:
        return not any(all(choice[name] in sizes for name, sizes in box.items()) for box in right)

    start, found = promise.start, []
    for name, sizes in result.examined.items():
        found += [{name: size} for size in islice((n for n in sizes if broken({**start, name: n})), 1)]
    if not found:
        names = list(result.examined)
        tried = (dict(zip(names, each, strict=True)) for each in product(*result.examined.values()))
        found += islice((choice for choice in islice(tried, MOST_TRIED) if broken(choice)), 1)
    return found


def _breaks(promise: _Promise, result: ValidSizes, explain: bool) -> Iterator[Diagnostic]:
    """One finding for each layer that breaks first along an axis; the axes at which it does so are named together."""
    groups: dict[tuple[int, str, str | None], list[tuple[Choice, Graph, Inference, Problem]]] = {}
    for choice in _first_breaks(promise, result):
        graph, inference = promise.inferred(choice)
        problem = next((each for each in inference.problems if each.kind != "broadcast"), None)
        if problem is not None:
            groups.setdefault((problem.call.id, problem.code, problem.argument), []).append(
                (choice, graph, inference, problem)
            )
    fixes = narrowed(promise.found, result, promise.start) if explain else ()
    for (id, _, argument), seen in groups.items():
        choice, graph, inference, problem = seen[0]
        at = " or ".join(", ".join(f"{name} = {size}" for name, size in each.items()) for each, *_ in seen)
        if problem.kind == "size" and argument is not None and argument not in promise.graph.calls[id].args:
            names = list(dict.fromkeys(name for each, *_ in seen for name in each))
            yield _varying(promise, inference, problem, choice, names, explain)
            continue
        first = replace(inference, problems=(problem,))
        for found in diagnose(promise.spec, graph, first, explain=explain):
            near = tuple(fix for fix in found.fixes if not _touches(fix, promise.spec))
            yield replace(found, message=f"{found.message}, at {at}", fixes=(*fixes, *near))


def _touches(fix: Fix, spec: Spec) -> bool:
    """Whether a fix writes a fixed size where the input names one."""
    nodes = [node.span for declared in spec.inputs for node in declared.sizes]
    return any(edit.span.path == span.path and edit.span.line == span.line for edit in fix.edits for span in nodes)


def _varying(
    promise: _Promise, inference: Inference, problem: Problem, choice: Choice, names: list[str], explain: bool
) -> Diagnostic:
    """NS409: an inferred size of weights that is another at another size of the input."""
    call, start = problem.call, promise.start
    before = Provenance(promise.graph, Inference(promise.report.inferred, ()))
    after = Provenance(promise.graph, inference)

    def product_of(ways: Provenance, value: object) -> str:
        factors = ways.factors(ways.producer(call))
        return f"{value} = {'·'.join(map(str, factors))}" if factors else str(value)

    was = ", ".join(f"{name} = {start[name]}" for name in choice)
    now = ", ".join(f"{name} = {size}" for name, size in choice.items())
    message = (
        f"{problem.argument} of {call.record.name} varies with {' and '.join(names)}: "
        f"{product_of(before, problem.written)} at {was}, {product_of(after, problem.actual)} at {now}"
    )
    notes = [Note("input", way) for way in (after.text(ref) for ref in call.inputs[:1]) if way] if explain else []
    fixes = tuple(_pooled(promise, before, problem)) if explain else ()
    if explain and not fixes:
        notes.append(Note("note", "weights have one size: before them the size must be brought to a fixed one"))
    return Diagnostic("NS409", message, call.item.at.span, call.path, tuple(notes), fixes, call.frames)


def _pooled(promise: _Promise, ways: Provenance, problem: Problem) -> Iterator[Fix]:
    """An adaptive pool before the flattening: to what it is now, and to one."""
    for step in ways.back(ways.producer(problem.call)):
        arriving, leaving = ways.shapes(step)
        if arriving is None or leaving is None:
            return
        if 2 <= len(arriving) <= 4 and len(leaving) == 1:
            for sizes in dict.fromkeys((arriving[1:], tuple(1 for _ in arriving[1:]))):
                text = str(sizes[0]) if len(set(sizes)) == 1 else f"[{', '.join(map(str, sizes))}]"
                line = f"AdaptiveAvgPool{len(sizes)}d: {text}"
                edit = insert_before(step, line, promise.spec.sources)
                if edit is not None:
                    yield Fix(f"{line} before {step.record.name}", (edit,))
            return


def _other_outputs(promise: _Promise, walker: Walker, asked: Family) -> Iterator[Diagnostic]:
    """NS501 at the first size of each axis whose output is another than `expect.output` promises."""
    graph = promise.graph
    entering = promise.entering(promise.start)
    base = walker.run(entering)
    said: set[str] = set()
    for name, sizes in asked.sizes.items():
        for size in sizes:
            choice = {**promise.start, name: size}
            enters = promise.entering(choice)
            results = walker.run(enters)
            values = [walker.value(ref, enters, results) for ref in graph.outputs.values()]
            if None in values or values == [walker.value(ref, entering, base) for ref in graph.outputs.values()]:
                continue
            other, inference = promise.inferred(choice)
            report = Report(promise.spec, other, inference.known, (), promise.report.params)
            for found in expectations(report, False):
                if found.code == "NS501" and found.layer not in said:
                    said.add(found.layer or "")
                    yield replace(found, message=f"{found.message} at {name} = {size}")
            break
