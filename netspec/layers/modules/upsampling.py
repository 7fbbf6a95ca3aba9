"""Upsampling by interpolation: Upsample, its two older forms, and the function `interpolate`.

The output length is `size`, or floor(L · scale_factor) (torch.nn.Upsample, "Shape"). The mode `lanczos` is left out:
older releases of torch don't have it.
"""

from __future__ import annotations

from dataclasses import replace

from netspec.core.shapes import ArgumentError, RankError, Shape, ShapeError, count_axes, need_rank, show
from netspec.layers.arguments import LARGEST, Bool, Either, Float, Int, Ints, Several, Word, optional
from netspec.layers.code import call
from netspec.layers.record import Arg, Args, Layer, case

_MODES = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
_BLOCKY = ("nearest", "nearest-exact", "area")


def _scaled(length: int, factor: float) -> int:
    if not 0 <= factor * min(length, LARGEST) <= LARGEST:  # also false for nan
        raise ShapeError(f"{length} times scale_factor {factor} is not a size", argument="scale_factor")
    return int(length * factor)


def _resized(a: Args, x: Shape, mode: str) -> Shape:
    """C×(spatial) in the new size."""
    size, factor = a.size, a.scale_factor
    if (size is None) == (factor is None):
        raise ArgumentError("one of size and scale_factor is needed, and only one", argument="scale_factor")
    if factor == 0:
        raise ArgumentError("scale_factor must be positive", argument="scale_factor")
    axes, argument = len(x) - 1, "scale_factor" if size is None else "size"
    if axes not in _MODES[mode]:
        wanted = " or ".join(str(1 + count) for count in _MODES[mode])
        raise RankError(f"mode {mode} takes {wanted} axes for one sample, gets {count_axes(x)}")
    given = factor if size is None else size
    each = given if isinstance(given, tuple) else (given,) * axes
    if len(each) != axes:
        raise ArgumentError(f"{argument} has {len(each)} numbers for {axes} spatial axes", argument=argument)
    out: Shape = tuple(map(_scaled, x[1:], each)) if size is None else each
    # An empty output comes from `area` only, which is adaptive average pooling.
    if 0 in x[1:] or (0 in out and mode != "area"):
        raise ShapeError(f"{show(x[1:])} cannot be resized to {show(out)}", argument=argument)
    return (x[0], *out)


def _interpolated_shape(a: Args, x: Shape) -> Shape:
    if a.align_corners is not None and a.mode in _BLOCKY:
        raise ArgumentError(f"mode {a.mode} has no align_corners", argument="align_corners")
    if a.recompute_scale_factor and a.size is not None:
        raise ArgumentError("recompute_scale_factor makes no sense with size", argument="recompute_scale_factor")
    if getattr(a, "antialias", False) and a.mode not in ("bilinear", "bicubic"):
        raise ArgumentError(f"antialias is for bilinear and bicubic, the mode is {a.mode}", argument="antialias")
    return _resized(a, x, a.mode)


def _resize_2d(name: str, mode: str, doc: str) -> Layer:
    def shape(a: Args, x: Shape) -> Shape:
        need_rank(name, x, "C", "H", "W")
        return _resized(a, x, mode)

    return Layer(
        name=name,
        doc=doc,
        args=(
            Arg("size", optional(Either(Int(1), Ints(2, 1))), None),
            Arg("scale_factor", optional(Either(Float(0), Several(Float(0), 2))), None),
        ),
        shape=shape,
        right=(case((3, 4, 5), scale_factor=2), case((3, 4, 5), size=(7, 9))),
        wrong=(case((3, 4, 5)), case((3, 4, 5), size=7, scale_factor=2), case((3, 4, 5), scale_factor=0.1)),
    )


def _interpolate_code(a: Args, x: str) -> str:
    given = {arg.name: getattr(a, arg.name) for arg in _UPSAMPLE.args}
    return call("F.interpolate", x, **given, antialias=a.antialias or None)


_UPSAMPLE = Layer(
    name="Upsample",
    doc="Resizes C×(spatial) by interpolation.",
    args=(
        Arg("size", optional(Either(Int(1), Ints(None, 1))), None),
        Arg("scale_factor", optional(Either(Float(0), Several(Float(0)))), None),
        Arg("mode", Word(tuple(_MODES)), "nearest"),
        Arg("align_corners", optional(Bool()), None),
        Arg("recompute_scale_factor", optional(Bool()), None),
    ),
    shape=_interpolated_shape,
    right=(
        case((3, 4, 5), scale_factor=2),
        case((3, 4), scale_factor=(1.7,), mode="linear", align_corners=True),
        case((3, 4, 5), size=(7, 2), mode="bicubic"),
        case((3, 4, 5, 6), size=3, mode="trilinear", align_corners=False),
        case((3, 4, 5), scale_factor=0.5, mode="area", recompute_scale_factor=True),
    ),
    wrong=(
        case((3, 4, 5)),
        case((3, 4, 5), size=7, scale_factor=2),
        case((3, 4, 5), scale_factor=0.1),
        case((3, 4, 5), size=7, mode="linear"),
        case((3, 4, 5), size=(7,)),
        case((3, 4, 5), scale_factor=2, align_corners=False),
        case((3, 4, 5), size=7, recompute_scale_factor=True),
    ),
)

LAYERS = (
    _UPSAMPLE,
    _resize_2d("UpsamplingNearest2d", "nearest", "Resizes C×H×W by repeating pixels."),
    _resize_2d("UpsamplingBilinear2d", "bilinear", "Resizes C×H×W by bilinear interpolation with aligned corners."),
    replace(
        _UPSAMPLE,
        name="interpolate",
        args=(replace(_UPSAMPLE.args[0], sized=True), *_UPSAMPLE.args[1:], Arg("antialias", Bool(), False)),
        code=_interpolate_code,
        right=(*_UPSAMPLE.right, case((3, 4, 5), size=3, mode="bilinear", antialias=True)),
        wrong=(*_UPSAMPLE.wrong, case((3, 4, 5), size=3, antialias=True)),
    ),
)
