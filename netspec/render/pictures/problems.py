"""Findings of a check → the nodes of its picture that they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from netspec.core.tree import Span
from netspec.render.pictures.tree import Problem
from netspec.shapes.report import Report

NETWORK = ""  # its path


def problems_by_path(report: Report) -> dict[str, tuple[Problem, ...]]:
    """The findings of a report by the module path of the layer or box that has them.

    A finding belongs to the layer that it names, where that has no node to the box around it; where it names none, to
    the innermost layer, group or block in whose text it lies; else to the network.

    Args:
        report: of any spec.
    """
    found: defaultdict[str, list[Problem]] = defaultdict(list)
    places = [*_places(report)]
    paths = {path for path, _ in places}
    first = {span: path for path, span in reversed(places)}  # of a block that is used twice, its first use
    for diagnostic in report.diagnostics:
        path = diagnostic.layer if diagnostic.layer is not None else _around(diagnostic.span, first)
        while path not in paths and path != NETWORK:
            path = path.rpartition(".")[0]
        problem = Problem(diagnostic.code, diagnostic.severity, diagnostic.message, diagnostic.span)
        found[path].append(problem)
    return {path: tuple(problems) for path, problems in found.items()}


def _places(report: Report) -> Iterator[tuple[str, Span]]:
    """The module paths of all calls and scopes that have a node (those of a group without a value have none), with the
    texts that they come from, those of blocks as well.
    """
    if report.graph is None:
        return
    calls, waiting = report.graph.calls, [report.graph.scope]
    while waiting:
        for step in waiting.pop().steps:
            scope = step.scope
            if scope is None:
                assert step.call is not None
                yield calls[step.call].path, calls[step.call].item.node.span
                continue
            block = report.spec.blocks.get(scope.title)
            items = [*([step.item] if step.item is not None else []), *(block.items if block is not None else ())]
            yield from ((scope.path, item.node.span) for item in items)
            waiting.append(scope)


def _around(span: Span, places: Mapping[Span, str]) -> str:
    """The path of the innermost of the places that hold a span."""
    holding = [place for place in places if _holds(place, span)]
    innermost = max(holding, key=lambda place: (_start(place), -place.end_line, -place.end_column), default=None)
    return NETWORK if innermost is None else places[innermost]


def _holds(outer: Span, inner: Span) -> bool:
    ends = (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    return outer.path == inner.path and _start(outer) <= _start(inner) and ends


def _start(span: Span) -> tuple[int, int]:
    return span.line, span.column
