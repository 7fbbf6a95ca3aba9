"""A verified fix → whether it is safe: what is written contradicts itself, and this is its one reading.

This is the only place that decides. Two kinds of fixes are safe:

- A counted size. The networks before and after are compared: only arguments that netspec infers from the input anyway
  (`in_features`, `num_features`, …) and claims of `shape` differ, each is now what arrives, nothing upstream of it is
  in doubt, and nothing that is written speaks for the old size as much (`readings.py`).
- A name or a piece of syntax whose rule proposed it as safe (`names.sure_match`), where then no error is left there.
"""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic, Fix, errors
from netspec.core.tree import Node, Span, plain
from netspec.expansion.graph import Call, Graph
from netspec.fixes.readings import Change, one_reading
from netspec.shapes.report import Report

SIZES = frozenset({"NS401", "NS402", "NS404"})
TEXT = ("NS1", "NS2", "NS3")
MOST_UNREAD = 20  # errors of the text beside which a size is still judged


def is_safe(fix: Fix, found: Diagnostic, before: Report, after: Report) -> bool:
    """Whether a fix that resolves an error is the one reading of what is written.

    Args:
        fix: the fix, with what its rule says of it.
        found: the error.
        before: the report on the spec as it is.
        after: the report on the spec with the fix made.
    """
    if found.severity != "error":
        return False
    if found.code in SIZES:
        return _counts(before, after)
    return fix.safe and found.code.startswith((*TEXT, "NS6")) and _nothing_wrong_at(fix, before, after)


def _nothing_wrong_at(fix: Fix, before: Report, after: Report) -> bool:
    """Whether the changed lines and layers have only errors that were there before, and none of shapes."""
    known = {(found.code, found.message) for found in before.diagnostics}
    starts = [edit.span for edit in fix.edits]
    calls = after.graph.calls if after.graph is not None else ()
    paths = {call.path for call in calls if any(_within(span, call.item.node.span) for span in starts)}
    for found in errors(after.diagnostics):
        there = any(found.span.path == span.path and found.span.line == span.line for span in starts)
        old = (found.code, found.message) in known and not found.code.startswith("NS4")
        if (there or found.layer in paths) and not old:
            return False
    return True


def _within(inner: Span, outer: Span) -> bool:
    """Whether a span starts within another one."""
    start, end = (outer.line, outer.column), (outer.end_line, outer.end_column)
    return inner.path == outer.path and start <= (inner.line, inner.column) < end


def _counts(before: Report, after: Report) -> bool:
    """Whether a fix only writes sizes that arrive for certain, and no other reading has as much for it."""
    if before.graph is None or after.graph is None:
        return False
    changes = differences(before, after)
    if not changes:
        return False
    wrong = {found.layer for found in errors(after.diagnostics)}
    doubted = _Doubts(before, before.graph)
    for change in changes:
        call, known = change.call, after.inferred[change.call.id]
        settled = call.path not in wrong and known.outputs is not None and None not in known.inputs
        if not settled or known.inputs != before.inferred[call.id].inputs or doubted.upstream_of(call):
            return False
        if change.name == "shape" and errors(after.diagnostics):
            return False
    return all(one_reading(change, before, len(changes)) for change in changes)


def differences(before: Report, after: Report) -> list[Change] | None:
    """The sizes and claims in which two networks differ; None where anything else of them does.

    Args:
        before: the report on one spec.
        after: the report on the same spec with an edit.
    """
    old, new = before.graph, after.graph
    if old is None or new is None or len(old.calls) != len(new.calls) or before.params != after.params:
        return None
    if old.inputs != new.inputs or old.outputs != new.outputs or _settings(before) != _settings(after):
        return None
    changes: list[Change] = []
    for one, other in zip(old.calls, new.calls, strict=True):
        if _frame(one) != _frame(other):
            return None
        if one.claim != other.claim:
            changes.append(Change(one, "shape", one.claim, other.claim))
        for name in one.args.keys() | other.args.keys():
            written, now = one.args.get(name), other.args.get(name)
            arg = one.record.arg(name)
            if type(written) is type(now) and written == now:
                continue
            if arg is None or arg.infer is None or name not in one.args or name not in other.args:
                return None
            changes.append(Change(one, name, written, now))
    return changes


def _frame(call: Call) -> tuple[object, ...]:
    """What a call is, besides its arguments."""
    return (call.path, call.record.name, call.inputs, call.further, call.sized, call.shares, call.broken)


def _settings(report: Report) -> list[object]:
    """What a spec says besides its network."""
    spec = report.spec
    nodes: tuple[Node | None, ...] = (spec.data, spec.train, spec.expect)
    return [None if node is None else plain(node) for node in nodes]


@dataclass(frozen=True)
class _Doubts:
    """Which values of a network are in doubt, because what gives them has a finding of its own."""

    report: Report
    graph: Graph

    def upstream_of(self, call: Call) -> bool:
        """Whether what reaches a call is in doubt."""
        above = list(self._above(call))
        found = [each for each in self.report.diagnostics if each.severity != "warning"]
        unread = [each for each in found if each.code.startswith(TEXT)]
        if len(unread) > MOST_UNREAD:
            return True
        for each in unread:
            if _within(each.span, call.item.node.span):
                return True
            if not any(_within(each.span, other.item.node.span) for other in self.graph.calls):
                return True  # of an input, a parameter, or an item that could not be read
        paths = {each.layer for each in found}
        spans = [each.span for each in found]
        return any(
            other.broken or other.path in paths or any(_within(span, other.item.node.span) for span in spans)
            for other in above
        )

    def _above(self, call: Call) -> Iterator[Call]:
        """All calls upstream of one."""
        seen: set[int] = set()
        queue = [ref.node for ref in call.inputs]
        while queue:
            node = queue.pop()
            if node >= 0 and node not in seen:
                seen.add(node)
                yield self.graph.calls[node]
                queue += [ref.node for ref in self.graph.calls[node].inputs]
