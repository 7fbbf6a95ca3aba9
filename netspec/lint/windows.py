"""The windows of convolutions and pools against the sizes that arrive: NS907, NS910."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

from netspec.core.diagnostics import Diagnostic, Note
from netspec.core.shapes import show
from netspec.expansion.graph import Call
from netspec.fixes.edits import optional_fix, set_argument
from netspec.layers.spatial import per_axis
from netspec.layers.table import POOLS
from netspec.lint.context import LintContext, finding

_WINDOWED = POOLS | {f"Conv{axes}d" for axes in (1, 2, 3)}
_AXES = {1: ("value",), 2: ("row", "column"), 3: ("slice", "row", "column")}
LARGEST_KERNEL = 1000


class Window(NamedTuple):
    """The windows of a convolution or pool along one axis; `padding` is what stands before the input."""

    length: int
    kernel: int
    stride: int
    padding: int
    dilation: int
    out: int

    def covered(self) -> int:
        """The end of the last window: (out - 1)·stride + d·(k - 1) + 1 - padding; gaps between windows count."""
        reach = self.dilation * (self.kernel - 1) + 1
        return min(self.length, (self.out - 1) * self.stride + max(reach, self.stride) - self.padding)

    def used_weights(self) -> int:
        """How many weights of the kernel meet the input in some window, and not padding alone."""
        first = [self.padding - tap * self.dilation for tap in range(self.kernel)]  # weight j meets i·stride - first[j]
        last = self.out - 1
        return sum(
            max(0, -(-start // self.stride)) <= min(last, (start + self.length - 1) // self.stride) for start in first
        )


def kernel_stride_dilation(args: dict[str, Any], axes: int) -> tuple[tuple[int, ...], ...]:
    """Three arguments of a convolution or pool, each along every axis."""
    stride = args["kernel_size"] if args["stride"] is None else args["stride"]
    return tuple(per_axis(value, axes) for value in (args["kernel_size"], stride, args.get("dilation", 1)))


def windows(context: LintContext, call: Call) -> list[Window]:
    """The windows of a convolution or pool, axis by axis; empty where they are not known."""
    if call.record.name not in _WINDOWED:
        return []
    found = context.windows.get(call.id)  # several rules ask
    if found is None:
        found = context.windows[call.id] = _windows(context, call)
    return found


def _windows(context: LintContext, call: Call) -> list[Window]:
    arriving, leaving, args = context.arriving(call), context.leaving(call), context.known(call).args
    if arriving is None or leaving is None or len(arriving) != len(leaving):
        return []
    axes = len(arriving) - 1
    kernel, stride, dilation = kernel_stride_dilation(args, axes)
    padding = args.get("padding", 0)
    if padding == "same":
        before = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    else:
        before = per_axis(0 if padding == "valid" else padding, axes)
    return [*map(Window, arriving[1:], kernel, stride, before, dilation, leaving[1:])]


def dropped(context: LintContext) -> Iterator[Diagnostic]:
    """NS907: the last rows or columns that no window of a pool or strided convolution reaches."""
    for call in context.graph.calls:
        found = windows(context, call)
        lost = [window.length - window.covered() for window in found]
        if not any(lost):
            continue
        names = _AXES[len(found)]
        parts = [f"{count} {name}s" if count > 1 else name for name, count in zip(names, lost, strict=True) if count]
        sizes = [f"{window.covered()} out of {window.length}" for window in found if window.covered() != window.length]
        message = (
            f"{call.record.name} leaves out the last {' and '.join(parts)} of {show(context.arriving(call) or ())}: "
            f"its windows cover {' and '.join(dict.fromkeys(sizes))}"
        )
        node = call.arg_nodes.get("stride", call.arg_nodes.get("kernel_size", call.item.at))
        edit = set_argument(call, "ceil_mode", "true") if call.record.name in POOLS else None
        fixes = optional_fix("ceil_mode: true, a last window of what is left", edit)
        notes = (Note("or", "padding, or another size before it, makes it even"),)
        yield finding("NS907", message, node, call, notes=notes, fixes=fixes)


def unused_weights(context: LintContext, call: Call) -> int:
    """How many weights of a convolution's window only ever meet padding."""
    if call.record.name in POOLS or context.known(call).args.get("padding_mode") != "zeros":
        return 0
    found = windows(context, call)
    if not found or max(window.kernel for window in found) > LARGEST_KERNEL:
        return 0
    return prod(window.kernel for window in found) - prod(window.used_weights() for window in found)


def wider_than_picture(context: LintContext) -> Iterator[Diagnostic]:
    """NS910: a convolution that is so much larger than its input that weights only ever meet padding."""
    for call in context.graph.calls:
        unused = unused_weights(context, call)
        if unused:
            found = windows(context, call)
            kernel, picture = tuple(window.kernel for window in found), tuple(window.length for window in found)
            message = (
                f"a window of {show(kernel)} on a picture of {show(picture)}: {unused} of {prod(kernel)} weights "
                "only ever meet padding"
            )
            note = Note("fix", "shrink the picture less before it, or start with a larger one")
            yield finding("NS910", message, call.arg_nodes.get("kernel_size", call.item.at), call, notes=(note,))
