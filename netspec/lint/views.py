"""NS922: a reshape that begins with -1, as torch's `view(-1, n)` does, where the batch is not written."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Diagnostic
from netspec.core.shapes import show
from netspec.fixes.views import NO_BATCH, drop_batch, without_batch
from netspec.lint.context import LintContext, finding


def batch_written(context: LintContext) -> Iterator[Diagnostic]:
    """A reshape to [-1, n] of a sample of n numbers whose axis of one is still there where the network ends."""
    outputs = {ref.node for ref in context.graph.outputs.values()}
    for call in context.graph.calls:
        arriving, node = context.arriving(call), call.arg_nodes.get("shape")
        sizes = None if arriving is None or node is None else without_batch(call, arriving)
        if sizes is None or len(sizes) != 1 or node is None:
            continue
        end = call
        while end.id not in outputs and _keeps_one(context.leaving(end)):
            after = context.users[end.id]
            if len(after) != 1 or len(after[0].inputs) != 1:
                break
            end = after[0]
        if end.id in outputs and _keeps_one(context.leaving(end)):
            fix = drop_batch(call, sizes)
            message = f"{NO_BATCH}: the -1 becomes an axis of 1, {show((1, *sizes))}"
            yield finding("NS922", message, node, call, fixes=() if fix is None else (fix,))


def _keeps_one(shape: tuple[int, ...] | None) -> bool:
    """Whether a sample is 1×n."""
    return shape is not None and len(shape) == 2 and shape[0] == 1
