"""A learned tensor, as a class token, a position embedding or a layer scale (torch.nn.Parameter).

It is a tensor of the module around it, under the item's name (`encoder.pos_embedding`). The item's input only gives
the size of the batch: every sample gets the same numbers.
"""

from __future__ import annotations

from netspec.core.shapes import ArgumentError, Shape, size
from netspec.layers.arguments import Bool, Either, Float, Ints, Word
from netspec.layers.code import literal
from netspec.layers.record import Arg, Args, Layer, case


def _shape(a: Args, x: Shape) -> Shape:
    if a.init == "trunc_normal" and a.std == 0:  # torch divides by it
        raise ArgumentError("the deviation of trunc_normal is more than 0", argument="std")
    return tuple(a.shape)


def _make(a: Args) -> str:
    shape = (1, *a.shape) if a.batch_axis else tuple(a.shape)
    sizes = ", ".join(map(str, shape)) or "()"
    if isinstance(a.init, str):
        return f"nn.Parameter(nn.init.{a.init}_(torch.empty({sizes}), std={literal(a.std)}))"
    if a.init in (0, 1):
        return f"nn.Parameter(torch.{'ones' if a.init else 'zeros'}({sizes}))"
    return f"nn.Parameter(torch.full({literal(shape)}, {literal(float(a.init))}))"


LAYERS = (
    Layer(
        name="parameter",
        doc=(
            "A learned tensor of its own, the same for every sample: `init` is a number to fill it with, or a "
            "distribution with the deviation `std`. It is stored in the sample's shape, with `batch_axis: true` with "
            "an axis of size 1 in front."
        ),
        args=(
            Arg("shape", Ints(None, 1)),
            Arg("init", Either(Word(("normal", "trunc_normal")), Float()), 0.0),
            Arg("std", Float(0), 0.02),
            Arg("batch_axis", Bool(), False),
        ),
        shape=_shape,
        parameters=lambda a, x: size(a.shape),
        weights=lambda a: {"": (1, *a.shape) if a.batch_axis else a.shape},
        takes="any",
        gives="float32",
        make=_make,
        constant=True,
        call=lambda a, tensor, x: tensor if a.batch_axis else f"{tensor}[None]",
        tensor="parameter",
        right=(
            case((196, 8), shape=(1, 8), batch_axis=True),
            case((3, 8, 8), shape=(3, 1, 1), init=1e-6),
            case((7,), shape=(4, 5), init="trunc_normal", std=0.5),
            case((), shape=(), init=1),
        ),
        wrong=(case((7,), shape=(4, 5), init="trunc_normal", std=0.0),),
    ),
)
