"""The table of lint rules of the network: Report → Diagnostics that are not about shapes.

Those of its data and losses are in `training_rules.py`, which is imported where the spec has any. WARNINGS only warns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain

from netspec.core.diagnostics import Diagnostic, Findings, Note, errors
from netspec.core.faults import each_guarded, guarded
from netspec.expansion.graph import Graph
from netspec.lint import (
    order,
    receptive_fields,
    unused,
    views,
    windows,
)
from netspec.lint.context import Head, HeadRule, LintContext, Rule
from netspec.lint.inplace import in_place
from netspec.shapes.report import Report

WARNINGS: tuple[Rule, ...] = (
    unused.unused_layers,  # NS901
    unused.unused_names,  # NS902
    order.linear_twice,  # NS905
    order.bias_before_norm,  # NS906
    windows.dropped,  # NS907
    order.dropout_before_norm,  # NS909
    windows.wider_than_picture,  # NS910
    order.activation_twice,  # NS911
    in_place,  # NS912
    order.linear_on_picture,  # NS913
    receptive_fields.sees_nothing_new,  # NS917
    unused.unused_sizes,  # NS918
    views.batch_written,  # NS922
)


def lint(report: Report) -> Iterator[Diagnostic]:
    """The findings of all rules; warnings only where the network, and what is trained on, has no error.

    Args:
        report: of the check so far.
    """
    if report.graph is None:
        return
    context = LintContext(report, _applied(report.graph))
    warnings, found = _findings(context, WARNINGS), list[Diagnostic]()
    if report.spec.data is not None or report.spec.train is not None:
        from netspec.lint import training_rules as trained

        found = [*_without_repeats(_findings(context, trained.DATA_AND_LOSS, trained.DATA_AND_LOSS_OF_HEADS))]
        warnings = chain(warnings, _findings(context, trained.WARNINGS, trained.WARNINGS_OF_HEADS))
    wrong = errors(found)
    yield from wrong
    if report.sound and not wrong:
        yield from found
        yield from _without_repeats(warnings)


def _applied(graph: Graph) -> Graph:
    """The graph in which layers that are made and not applied are none of their type."""
    if not any(call.record.held for call in graph.calls):
        return graph
    calls = (
        replace(call, record=replace(call.record, name=f"{call.record.name}, which is not applied,"))
        if call.record.held
        else call
        for call in graph.calls
    )
    return replace(graph, calls=tuple(calls))


def with_missing_flatten(report: Report) -> list[Diagnostic]:
    """The diagnostics of a report; an error that a Linear on a picture (NS913) may cause says so, and offers its fix.

    Warnings are not looked for where there are errors, but this one may be why: each Linear is named at one error, its
    own or the first behind it.

    Args:
        report: of a check that found errors.
    """
    found = list(report.diagnostics)
    if report.graph is None:
        return found
    graph = report.graph
    for warning in order.linear_on_picture(LintContext(report, graph)):
        behind = _behind(graph, {call.id for call in graph.calls if call.path == warning.layer})
        paths = {graph.calls[node].path for node in behind}
        for index, error in enumerate(found):
            ends = error.layer is None and error.code.startswith(("NS5", "NS6"))
            own = error.code.startswith(("NS4", "NS5", "NS6")) and error.layer in paths
            if error.severity != "error" or not (own or ends):
                continue
            if not any("Flatten" in fix.title for fix in error.fixes):
                note = Note("note", f"line {warning.span.line}: {warning.message}")
                fixes = (*warning.fixes, *error.fixes)
                found[index] = replace(error, notes=(*error.notes, note), fixes=fixes)
            break
    return found


def _behind(graph: Graph, nodes: set[int]) -> set[int]:
    """Calls and all that take their values, directly or not."""
    for call in graph.calls:
        if any(ref.node in nodes for ref in call.inputs):
            nodes.add(call.id)
    return nodes


def _findings(
    context: LintContext, rules: tuple[Rule, ...], of_heads: tuple[HeadRule, ...] = ()
) -> Iterator[Diagnostic]:
    start, faults = context.spec.document.span, Findings()
    for rule in rules:
        yield from each_guarded(f"the rule {_name(rule)}", partial(rule, context), start)
    none: tuple[Head, ...] = ()
    if not of_heads:
        return
    heads = guarded("the reading of the losses", lambda: context.heads, none, start, faults)
    yield from faults.list()
    for head in heads:
        for of_head in of_heads:
            yield from each_guarded(f"the rule {_name(of_head)}", partial(of_head, context, head), head.loss.span)


def _name(rule: Callable[..., object]) -> str:
    return f"{rule.__module__.rpartition('.')[2]}.{rule.__name__}"


def _without_repeats(found: Iterator[Diagnostic]) -> Iterator[Diagnostic]:
    """The first finding of each code at each span; a block that is used often repeats them."""
    seen: set[object] = set()
    for diagnostic in found:
        key = (diagnostic.code, diagnostic.span)
        if key not in seen:
            seen.add(key)
            yield diagnostic
