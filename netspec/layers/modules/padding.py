"""Padding layers, and the function `pad`: constant, reflected, replicated and circular.

An axis of length L becomes before + L + after (torch.nn, "Padding Layers"; torch.nn.functional.pad).
Widths are given from the last axis backwards, before and after in turn; a negative one crops, and
`_may_be_empty` tells where nothing may be left.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from netspec.core.shapes import ArgumentError, BatchAxisError, RankError, Shape, ShapeError, count_axes, show
from netspec.layers.arguments import Either, Float, Int, Ints, Word, optional
from netspec.layers.code import call
from netspec.layers.record import Arg, Args, Layer, OlderBehavior, ShapeRule, case
from netspec.layers.spatial import on_picture

Widths = tuple[int, ...]
# The versions of torch that changed whether one of several axes may come out empty: padded with a constant it may since
# then, even where others are widened; reflected or replicated it may not any more.
CHANGED = {"constant": "2.10", "replicate": "2.14", "reflect": "2.15"}


def _may_be_empty(mode: str, widths: Widths, older: bool) -> bool:
    """Whether torch lets an axis come out empty; `older` is before the version that changed it for this mode."""
    if not older:
        return mode in ("constant", "circular")
    return max(widths, default=0) <= 0 if mode == "constant" else mode == "circular" or len(widths) > 2


def _padded_length(mode: str, length: int, before: int, after: int, argument: str, least_output: int) -> int:
    out, widest = before + length + after, max(before, after)
    cropped = max(-before, 0) + max(-after, 0)  # torch crops both sides before it pads
    if mode == "constant":
        least_input = cropped
    elif mode == "circular":  # torch lets some wider crops pass, and then copies numbers that it never wrote
        least_input = max(widest, cropped)
    else:
        least_input = widest + 1 if mode == "reflect" else 1
    if length < least_input:
        fact = f"{mode} padding by {before} and {after} needs {least_input} or more, gets {length}"
        raise ShapeError(fact, argument=argument)
    if out < least_output:
        raise ShapeError(f"padding {length} by {before} and {after} leaves {out}", argument=argument)
    return out


def _padded(mode: str, x: Shape, widths: Widths, argument: str, older: bool = False) -> Shape:
    """`x` with its last axes padded; not all of those that are reflected or replicated may come out empty."""
    out, axes = list(x), range(len(x) - 1, len(x) - 1 - len(widths) // 2, -1)
    least = 0 if _may_be_empty(mode, widths, older) else 1
    for i, axis in enumerate(axes):
        out[axis] = _padded_length(mode, x[axis], widths[2 * i], widths[2 * i + 1], argument, least)
    if mode in ("reflect", "replicate") and not any(out[axis] for axis in axes):
        raise ShapeError(f"padding {show(x)} by {list(widths)} leaves nothing", argument=argument)
    return tuple(out)


def _crops(given: dict[str, Any]) -> bool:
    """Whether a width is negative: only then can an axis come out empty."""
    widths = given.get("padding", given.get("pad", 0))
    return min((widths,) if isinstance(widths, int) else widths, default=0) < 0


def _need_axes_for_widths(x: Shape, widths: Widths, argument: str) -> None:
    axes = len(widths) // 2
    if axes == len(x) + 1:
        raise BatchAxisError(f"{len(widths)} widths for {count_axes(x)} would pad the batch too", argument=argument)
    if axes > len(x):
        raise RankError(f"{len(widths)} widths are for {axes} axes, gets {count_axes(x)}", argument=argument)


def _pad_shape(a: Args, x: Shape, older: tuple[str, ...] = ()) -> Shape:
    if len(a.pad) % 2:
        raise ArgumentError(f"pad has {len(a.pad)} numbers, it takes two for each axis", argument="pad")
    _need_axes_for_widths(x, a.pad, "pad")
    if a.mode == "constant":
        return _padded(a.mode, x, a.pad, "pad", a.mode in older)
    if a.value:
        raise ArgumentError(f"value is for constant padding, the mode is {a.mode}", argument="value")
    if not 1 <= len(a.pad) // 2 <= 3 or len(x) != len(a.pad) // 2 + 1:
        widths = f"{len(a.pad)} widths are for {len(a.pad) // 2}, gets {count_axes(x)}"
        raise RankError(f"{a.mode} padding pads 1 to 3 axes, all but the channels; {widths}", argument="pad")
    return _padded(a.mode, x, a.pad, "pad", a.mode in older)


def _pad_code(a: Args, x: str) -> str:
    return call("F.pad", x, pad=a.pad, mode=None if a.mode == "constant" else a.mode, value=a.value)


def _layer(what: str, mode: str, axes: int) -> Layer:
    name, picture = f"{what}Pad{axes}d", (9, 8, 7)[-axes:]
    constant: dict[str, Any] = {"value": 0.5} if what == "Constant" else {}

    def rule(a: Args, x: Shape, older: bool = False) -> Shape:
        widths = (a.padding,) * (2 * axes) if isinstance(a.padding, int) else a.padding
        _need_axes_for_widths(x, widths, "padding")
        return _padded(mode, x, widths, "padding", older)

    def shape_of(rule: ShapeRule) -> ShapeRule:
        # torch pads the last axes with a constant whatever stands before them; the other modes want the channel axis.
        return rule if mode == "constant" else on_picture(name, axes, rule)

    until = CHANGED.get(mode) if axes > 1 else None  # of one axis all versions say the same
    return Layer(
        name=name,
        doc=f"Pads the last {'axis' if axes == 1 else f'{axes} axes'}: {mode}.",
        args=(
            Arg("padding", Either(Int(), Ints(2 * axes))),
            *((Arg("value", Float()),) if constant else ()),
        ),
        shape=shape_of(rule),
        earlier=(OlderBehavior(until, shape_of(partial(rule, older=True)), _crops),) if until else (),
        takes="float" if mode in ("reflect", "replicate") else "any",
        right=(
            case((3, *picture), padding=2, **constant),
            case((3, *picture), padding=(1, 3, 0, -2, 4, 5)[: 2 * axes], **constant),
        ),
        wrong=(
            case((3, *picture), padding=-5, **constant),
            *((case((3, *picture), padding=10),) if mode in ("reflect", "circular") else ()),
        ),
    )


LAYERS = (
    *(_layer("Zero", "constant", axes) for axes in (1, 2, 3)),
    *(_layer("Constant", "constant", axes) for axes in (1, 2, 3)),
    *(_layer("Reflection", "reflect", axes) for axes in (1, 2, 3)),
    *(_layer("Replication", "replicate", axes) for axes in (1, 2, 3)),
    *(_layer("Circular", "circular", axes) for axes in (1, 2, 3)),
    Layer(
        name="pad",
        doc="Pads the last axes; widths from the last axis backwards, before and after in turn.",
        args=(
            Arg("pad", Ints(), sized=True),
            Arg("mode", Word(("constant", "reflect", "replicate", "circular")), "constant"),
            Arg("value", optional(Float()), None),
        ),
        shape=_pad_shape,
        earlier=(
            OlderBehavior(CHANGED["constant"], partial(_pad_shape, older=tuple(CHANGED)), _crops),
            OlderBehavior(CHANGED["replicate"], partial(_pad_shape, older=("reflect", "replicate")), _crops),
            OlderBehavior(CHANGED["reflect"], partial(_pad_shape, older=("reflect",)), _crops),
        ),
        code=_pad_code,
        right=(
            case((3, 8), pad=(1, 2)),
            case((3, 8, 7), pad=(1, 2, 3, -4, 0, 1), value=0.5),
            case((3, 8, 7), pad=(1, 2, 3, 4), mode="reflect"),
        ),
        wrong=(
            case((3, 8), pad=(1, 2, 3)),
            case((3, 8), pad=(1, 2, 0, 0, 1, 1)),
            case((3, 8, 7), pad=(1, 2), mode="reflect"),
            case((3, 8), pad=(8, 0), mode="reflect"),
            case((3, 8), pad=(1, 2), mode="replicate", value=1.0),
        ),
    ),
)
