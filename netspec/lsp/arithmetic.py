"""A call → the arithmetic of its output and of its parameters, in lines that hold.

A line is told only where its numbers give what the rule of the layer gave: the rules stay the only truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from netspec.core.shapes import Shape, show
from netspec.expansion.graph import Call
from netspec.layers.spatial import per_axis, window_out
from netspec.layers.state import weights_of
from netspec.shapes.report import Inferred

MOST_WEIGHTS = 6  # tensors whose sizes are told one by one


def arithmetic(call: Call, known: Inferred) -> Iterator[str]:
    """How a call's output size and its number of parameters come about.

    Args:
        call: a call of a network.
        known: what inference knows of it.
    """
    given = known.inputs[0].shape if known.inputs and known.inputs[0] is not None else None
    made = known.outputs[0].shape if known.outputs else None
    args: dict[str, Any] = {**call.args, **known.args}
    if given is not None and made is not None:
        yield from _sizes(args, given, made)
    if known.parameters and call.shares is None:
        yield from _parameters(call, args, known.parameters)
    if known.macs:
        yield f"{known.macs:,} multiply-accumulates a sample"


def _sizes(args: dict[str, Any], given: Shape, made: Shape) -> Iterator[str]:
    if len(made) == 1 < len(given) and prod(given) == made[0]:
        yield f"{made[0]} = {'·'.join(map(str, given))}"
        return
    kernel, stride, padding = (args.get(name) for name in ("kernel_size", "stride", "padding"))
    if kernel is None or len(given) != len(made) or len(given) < 2:
        return
    axes = len(given) - 1
    try:
        kernels = per_axis(kernel, axes)
        strides = per_axis(kernel if stride is None else stride, axes)
        paddings = per_axis(padding or 0, axes)
        dilations = per_axis(args.get("dilation") or 1, axes)
        rows = list(zip(given[1:], made[1:], kernels, strides, paddings, dilations, strict=True))
        right = all(window_out(size, k, s, p, d) == out for size, out, k, s, p, d in rows)
    except (TypeError, ValueError, ZeroDivisionError):
        return
    if right:  # of transposed convolutions, ceil_mode and padding: same it is not
        yield from dict.fromkeys(_window(*row) for row in rows)


def _window(size: int, out: int, kernel: int, stride: int, padding: int, dilation: int) -> str:
    padded = f"{size} + 2·{padding}" if padding else f"{size}"
    reach = f"{dilation}·({kernel} - 1) - 1" if dilation != 1 else f"{kernel}"
    inside = f"{padded} - {reach}"
    return f"{out} = {inside} + 1" if stride == 1 else f"{out} = ⌊({inside}) / {stride}⌋ + 1"


def _parameters(call: Call, args: dict[str, Any], count: int) -> Iterator[str]:
    try:
        weights = weights_of(call.record, args)
    except (AttributeError, TypeError, KeyError):  # an argument that could not be read
        weights = {}
    sizes = {name: prod(shape) for name, shape in weights.items()}
    if sum(sizes.values()) == count and 0 < len(weights) <= MOST_WEIGHTS:
        told = " + ".join(f"{name or 'tensor'} {show(shape)}" for name, shape in weights.items())
        yield f"{count:,} parameters = {told}"
    else:
        yield f"{count:,} parameters"
