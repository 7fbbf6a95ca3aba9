"""The check of a spec at all sizes that it declares under `sizes`: NS501, NS920, and the codes of shapes at the first
wrong size.

Parameters are allocated for one size, `Range.at`. Axes are checked one by one, and in combinations only where layers
depend on several of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice, product

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic, Findings, Fix
from netspec.core.expressions import Value
from netspec.core.shapes import Tensor
from netspec.core.tree import Mapping as MappingNode
from netspec.expansion.graph import Graph
from netspec.fixes.diagnose import diagnose
from netspec.language.ranges import Range, ranges, read_by, read_params, size_at
from netspec.language.spec import Spec
from netspec.lint.budgets import expectations
from netspec.lint.varying_weights import AtSizes, varying_weights
from netspec.shapes.apply import Problem
from netspec.shapes.infer import Inference, infer
from netspec.shapes.provenance import Provenance
from netspec.shapes.report import Report
from netspec.shapes.sizes.narrowing import narrowed
from netspec.shapes.sizes.search import Depends, Family, ValidSizes, valid_sizes
from netspec.shapes.sizes.walk import Outputs, Walker, cost, with_inferred_arguments

MOST_WORK = 100_000  # calls that are inferred for one check
MOST_PAIRS = 20_000  # of them for combinations of sizes
_OF_SIZES = frozenset({"NS304", "NS401", "NS402", "NS404", "NS405"})  # that another size may resolve
MOST_TRIED = 300_000  # combinations that are searched for the first wrong one
Choice = dict[str, int]  # one size of each named axis


@dataclass(frozen=True)
class _Promise:
    """A spec whose input varies."""

    spec: Spec
    graph: Graph
    report: Report
    ranges: dict[str, Range]
    made: Graph  # the graph with the weights of the sizes that are shown
    params: dict[str, Value]  # that the input reads

    @property
    def start(self) -> Choice:
        """The sizes that are shown."""
        return {name: each.at for name, each in self.ranges.items()}

    def entering(self, choice: Mapping[str, int]) -> Outputs:
        """The tensors that enter the network at some sizes."""
        names: dict[str, Value] = {**self.params, **choice}
        tensors = []
        for declared, tensor in zip(self.spec.inputs, self.graph.inputs.values(), strict=True):
            shape = tuple(size_at(node, names) or 0 for node in declared.sizes)
            tensors.append(Tensor(shape, tensor.dtype if tensor is not None else declared.dtype))
        return tuple(tensors)

    def inferred(self, choice: Mapping[str, int]) -> tuple[Graph, Inference]:
        """The graph and what is known of it at other sizes."""
        inputs = dict(zip(self.graph.inputs, self.entering({**self.start, **choice}), strict=True))
        graph = replace(self.made, inputs=inputs)
        return graph, infer(graph)

    def family(self) -> Family:
        """All promised sizes, as many of them as may be checked."""
        most = max(MOST_WORK // (cost(self.graph.calls) * len(self.ranges)), 1)
        sizes = {name: each.sizes[:most] for name, each in self.ranges.items()}
        depends: tuple[Depends, ...] = tuple(
            tuple(frozenset(read_by(node, self.ranges)) for node in declared.sizes) for declared in self.spec.inputs
        )
        return Family(sizes, self.start, self.entering, depends)


def _promise(report: Report, right: bool) -> _Promise | None:
    """What a spec promises; None where its ranges or inputs are wrong, which other stages report."""
    graph, found = report.graph, ranges(report.spec, report.params, Findings())
    kept = {name: each for name, each in found.items() if each is not None}
    if graph is None or not found or len(kept) < len(found) or None in graph.inputs.values():
        return None
    made = with_inferred_arguments(graph, report.inferred) if right else graph
    return _Promise(report.spec, graph, report, kept, made, read_params(report.spec, report.params))


def _words(choice: Choice) -> str:
    return ", ".join(f"{name} = {size}" for name, size in choice.items())


def check_shown_sizes(report: Report, found: list[Diagnostic], explain: bool) -> list[Diagnostic]:
    """The findings at the sizes that are shown: the message names the sizes, a fix excludes them from the ranges.

    Args:
        report: with the shapes at those sizes.
        found: the findings of shapes.
        explain: with candidate fixes.
    """
    promise = _promise(report, right=False)
    if promise is None or not found:
        return found
    fixes: tuple[Fix, ...] = ()
    if explain and all(each.code in _OF_SIZES for each in found):
        asked = promise.family()
        largest = {name: sizes[-1] for name, sizes in asked.sizes.items()}
        fixes = narrowed(
            promise.ranges, valid_sizes(Walker(promise.made), replace(asked, start=largest), MOST_PAIRS), largest
        )
    return [
        replace(each, message=f"{each.message}, at {_words(promise.start)}", fixes=(*fixes, *each.fixes))
        if each.code in _OF_SIZES
        else each
        for each in found
    ]


def check_all_sizes(report: Report, explain: bool) -> Iterator[Diagnostic]:
    """What is wrong at some of the sizes that a spec promises.

    Args:
        report: without errors at the sizes that are shown.
        explain: with notes and candidate fixes.
    """
    promise = _promise(report, right=True)
    if promise is None:
        return
    spec, asked = report.spec, promise.family()
    walker = Walker(promise.made)
    valid = valid_sizes(walker, asked, MOST_PAIRS)
    if not valid.all_right():
        yield from _wrong(promise, valid, explain)
    if isinstance(spec.expect, MappingNode) and spec.expect.get("output") is not None:
        yield from _other_outputs(promise, walker, asked)
    for name, each in promise.ranges.items():
        if len(valid.examined[name]) < len(each.sizes):
            last = valid.examined[name][-1]
            message = f"{name} is checked from {each.sizes[0]} to {last}; up to {each.sizes[-1]} it would take too long"
            yield Diagnostic("NS920", message, each.declared.node.span)


def _first_wrong(promise: _Promise, result: ValidSizes) -> list[Choice]:
    """The first wrong size of each axis with the others at the start; if there is none the first wrong combination."""
    right = [{name: set(sizes) for name, sizes in box.items()} for box in result.boxes]

    def wrong(choice: Choice) -> bool:
        return not any(all(choice[name] in sizes for name, sizes in box.items()) for box in right)

    start, found = promise.start, []
    for name, sizes in result.examined.items():
        size = next((size for size in sizes if wrong({**start, name: size})), None)
        found += [] if size is None else [{name: size}]
    if not found:
        combinations = islice(product(*result.examined.values()), MOST_TRIED)
        choices = (dict(zip(result.examined, each, strict=True)) for each in combinations)
        found += islice(filter(wrong, choices), 1)
    return found


def _wrong(promise: _Promise, result: ValidSizes, explain: bool) -> Iterator[Diagnostic]:
    """One finding for each layer that is the first wrong one along an axis; its axes are named together."""
    groups: dict[tuple[int, str, str | None], list[tuple[Choice, Graph, Inference, Problem]]] = {}
    for choice in _first_wrong(promise, result):
        graph, inference = promise.inferred(choice)
        problem = next((each for each in inference.problems if each.kind != "broadcast"), None)
        if problem is not None:
            key = (problem.call.id, problem.code, problem.argument)
            groups.setdefault(key, []).append((choice, graph, inference, problem))
    fixes = narrowed(promise.ranges, result, promise.start) if explain else ()
    for (id, _, argument), seen in groups.items():
        choice, graph, inference, problem = seen[0]
        at = " or ".join(_words(each) for each, *_ in seen)
        if problem.kind == "size" and argument is not None and argument not in promise.graph.calls[id].args:
            names = list(dict.fromkeys(name for each, *_ in seen for name in each))
            known = Inference(promise.report.inferred, ())
            start = {name: promise.start[name] for name in choice}
            before, after = (
                AtSizes(_words(sizes), Provenance(promise.graph, found))
                for sizes, found in ((start, known), (choice, inference))
            )
            yield varying_weights(promise.spec, problem, names, before, after, explain)
            continue
        first = replace(inference, problems=(problem,))
        for found in diagnose(promise.spec, graph, first, explain=explain):
            near = tuple(fix for fix in found.fixes if not _touches(fix, promise.spec))
            yield replace(found, message=f"{found.message}, at {at}", fixes=(*fixes, *near))


def _touches(fix: Fix, spec: Spec) -> bool:
    """Whether a fix writes a fixed size where the input names one."""
    nodes = [node.span for declared in spec.inputs for node in declared.sizes]
    return any(edit.span.path == span.path and edit.span.line == span.line for edit in fix.edits for span in nodes)


def _other_outputs(promise: _Promise, walker: Walker, asked: Family) -> Iterator[Diagnostic]:
    """NS501 at the first size of each axis whose output differs from the one that `expect.output` promises."""
    graph = promise.graph
    entering = promise.entering(promise.start)
    base = walker.run(entering)
    reported: set[str] = set()
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
                if found.code == "NS501" and found.layer not in reported:
                    reported.add(found.layer or "")
                    yield replace(found, message=f"{found.message}, at {name} = {size}")
            break
