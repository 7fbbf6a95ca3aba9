"""Findings of a check → the nodes of its picture that they are about."""

from __future__ import annotations

from collections import defaultdict

from netspec.core.diagnostics import Diagnostic
from netspec.core.tree import Span
from netspec.expansion.graph import Scope
from netspec.render.pictures.tree import Problem
from netspec.shapes.report import Report

NETWORK = ""  # its path


def problems_by_path(report: Report) -> dict[str, tuple[Problem, ...]]:
    """The findings of a report by the module path of the layer or box that has them.

    A finding belongs to the layer that it names, where that has no node to the box around it; where it names none, to
    the layer in whose item it lies; else to the network.

    Args:
        report: of any spec.
    """
    found: defaultdict[str, list[Problem]] = defaultdict(list)
    paths = _paths(report)
    for diagnostic in report.diagnostics:
        path = diagnostic.layer if diagnostic.layer is not None else _around(diagnostic, report)
        while path not in paths and path != NETWORK:
            path = path.rpartition(".")[0]
        problem = Problem(diagnostic.code, diagnostic.severity, diagnostic.message, diagnostic.span)
        found[path].append(problem)
    return {path: tuple(problems) for path, problems in found.items()}


def _paths(report: Report) -> set[str]:
    """The module paths of all calls and scopes that have a node: those of a group without a value have none."""
    if report.graph is None:
        return set()
    found: set[str] = set()
    waiting: list[Scope] = [report.graph.scope]
    while waiting:
        scope = waiting.pop()
        found.add(scope.path)
        found |= {report.graph.calls[step.call].path for step in scope.steps if step.call is not None}
        waiting += [step.scope for step in scope.steps if step.scope is not None]
    return found


def _around(diagnostic: Diagnostic, report: Report) -> str:
    """The path of the first layer in whose item a finding lies."""
    span = diagnostic.span
    calls = report.graph.calls if report.graph else ()
    items = {id(call.item): call for call in reversed(calls)}.values()
    holding = [call for call in items if _holds(call.item.node.span, span)]
    return min(holding, key=lambda call: (_lines(call.item.node.span), call.id)).path if holding else NETWORK


def _holds(outer: Span, inner: Span) -> bool:
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    return (
        outer.path == inner.path
        and starts
        and (inner.end_line, inner.end_column)
        <= (
            outer.end_line,
            outer.end_column,
        )
    )


def _lines(span: Span) -> int:
    return span.end_line - span.line
