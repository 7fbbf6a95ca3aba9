"""Convolutions of torch.nn.functional, whose weights are inputs; shapes and costs are those of the layers."""

from __future__ import annotations

from typing import Any

from netspec.core.shapes import ArgumentError, MergeError, Shape, need_rank, show
from netspec.layers.code import call
from netspec.layers.functions.given_weights import need_numbers, need_weight, weighted, written
from netspec.layers.modules import convolution
from netspec.layers.record import Args, Layer, case
from netspec.layers.spatial import AXES, axes_word

_MODULES = {layer.name: layer for layer in convolution.LAYERS}


def _convolution(axes: int, *, transposed: bool) -> Layer:
    module = _MODULES[f"Conv{'Transpose' if transposed else ''}{axes}d"]
    name, picture = f"conv{'_transpose' if transposed else ''}{axes}d", (9, 8, 7)[-axes:]
    order = ("stride", "padding", *(("output_padding", "groups", "dilation") if transposed else ("dilation", "groups")))
    args = tuple(arg for wanted in order for arg in module.args if arg.name == wanted)
    form = "×".join((*(("in", "out/groups") if transposed else ("out", "in/groups")), *AXES[axes]))

    def as_module(a: Args, weight: Shape) -> Args:
        """The arguments of the layer with such a weight."""
        first, second = weight[0], weight[1] * a.groups
        given, made = (first, second) if transposed else (second, first)
        own = {arg.name: getattr(a, arg.name) for arg in args}
        fixed = {"padding_mode": "zeros", "output_size": None, "kernel_size": weight[2:]}
        return Args(**own, **fixed, in_channels=given, out_channels=made)

    def shape(a: Args, x: Shape, weight: Shape, bias: Shape | None = None) -> Shape:
        need_rank(name, x, "C", *AXES[axes])
        need_weight(name, "weight", weight, form)
        if 0 in weight:
            raise MergeError(f"the weight of {name} has no numbers: it is {show(weight)}")
        like = as_module(a, weight)
        if transposed and like.in_channels % a.groups:
            fact = f"the weight {show(weight)} has {weight[0]} channels, which groups {a.groups} does not divide"
            raise ArgumentError(fact, argument="groups")
        out = module.shape(like, x)
        assert isinstance(out, tuple)
        if like.in_channels != x[0]:
            fact = f"{name}: the weight {show(weight)} is for {like.in_channels} channels, the input has {x[0]}"
            raise MergeError(fact, guesses=(out,))
        need_numbers(name, out[0], out, bias=bias)
        return out

    def code(a: Args, *inputs: str) -> str:
        return call(f"F.{name}", *inputs, **written(a, args))

    weight = (4, 3) if transposed else (6, 2)
    kernel = (3,) * axes
    more: dict[str, Any] = {"output_padding": 1} if transposed else {}
    return weighted(
        name,
        f"{'Transposed convolution' if transposed else 'Convolution'} over {axes_word(axes)} with the weight {form}.",
        shape,
        2,
        ("input", "weight", "bias"),
        args=args,
        macs=lambda a, output, x, weight, *bias: module.macs(as_module(a, weight), output, x),
        code=code,
        right=(
            case((4, *picture), (*weight, *kernel), (6,), stride=2, padding=1, groups=2),
            case((4, *picture), (4, 4, *kernel), dilation=2, **more),
        ),
        wrong=(
            case((3, *picture), (*weight, *kernel)),
            case((4, *picture), (*weight, *kernel), (4,), groups=2),
            case((4, *picture), (4, 4, *kernel[1:])),
            case((4, *picture), (3, 4, *kernel), groups=2),
        ),
    )


LAYERS = (
    *(_convolution(axes, transposed=False) for axes in (1, 2, 3)),
    *(_convolution(axes, transposed=True) for axes in (1, 2, 3)),
)
