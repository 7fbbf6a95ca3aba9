"""The record of a layer that a network holds and does not apply, and that of one of its parameters as a value."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from netspec.core.shapes import Shape, ShapeError, show
from netspec.layers.arguments import Bool, Ints
from netspec.layers.record import Arg, Args, Layer, no_macs, same_shape

_made: dict[tuple[int, frozenset[str]], tuple[Layer, Layer]] = {}  # by a record, which is kept, and what is written


def unapplied(record: Layer, written: Collection[str]) -> Layer:
    """A layer that is made and not applied: what it takes goes on, and tells the sizes that are left out.

    Args:
        record: the layer.
        written: the arguments that the spec gives.
    """
    key = id(record), frozenset(written)
    if key not in _made:
        args = tuple(_as_written(record, arg) if arg.name in written else _inferred(record, arg) for arg in record.args)
        held = replace(
            record, args=args, shape=same_shape, macs=no_macs, inputs=(1, 1), names=(), further=(), suits=None,
            takes="any", gives="same", outputs=(), call=None, tensors=None, earlier=(), held=record,
        )  # fmt: skip
        _made[key] = record, held
    return _made[key][1]


def _as_written(record: Layer, arg: Arg) -> Arg:
    """An argument that is not compared with what arrives."""
    return arg if arg.infer is None else replace(arg, infer=None, idle=None, always=False)


def _inferred(record: Layer, arg: Arg) -> Arg:
    """An argument that follows from the one value that arrives."""
    infer = arg.infer
    if infer is None:
        return arg

    def from_one(x: Shape) -> Any:
        try:
            return infer(x)
        except (ShapeError, TypeError):  # of another number of axes, or of several inputs
            fact = f"{record.name} is not applied, and {arg.name} does not follow from {show(x)}: write it"
            raise ShapeError(fact, guesses=(x,)) from None

    return replace(arg, infer=from_one)


def _shape(a: Args, x: Shape) -> Shape:
    return tuple(a.shape[1:] if a.batch_axis else a.shape)


def _unknown(*inputs: Shape) -> Any:
    """What stands for the shape until the layer is known that has the parameter."""
    return (0,)


WEIGHT = Layer(
    name="weight",
    doc="A parameter of a layer as a value, the same for every sample; a reference makes it.",
    args=(Arg("path", Ints()), Arg("shape", Ints(), infer=_unknown), Arg("batch_axis", Bool(), False)),
    shape=_shape,
    takes="any",
    gives="float32",
    constant=True,
    code=lambda a, x: a.path if a.batch_axis else f"{a.path}[None]",
    right=(),
)
