"""Tensors that are the same for every sample: arange, eye, zeros, ones, full and linspace. They make no submodule.

The input gives only the size of the batch and the device. The code makes the numbers once, with an axis of size 1 in
front, which is expanded to the batch where a sample needs numbers of its own.
"""

from __future__ import annotations

from netspec.core.shapes import ArgumentError, Shape
from netspec.layers.arguments import Float, Int, Ints, optional
from netspec.layers.code import literal
from netspec.layers.dtypes import NUMBERS, dtype_arg, named_dtype
from netspec.layers.record import Arg, Args, Case, Layer, case


def _made(function: str, x: str, a: Args, *values: object, usual: str) -> str:
    """`torch.function(values, device=x.device)[None]`; `usual` is the dtype that torch gives by itself."""
    parts = [*map(literal, values), *([] if a.dtype == usual else [f"dtype=torch.{a.dtype}"]), f"device={x}.device"]
    return f"torch.{function}({', '.join(parts)})[None]"


def _arange_shape(a: Args, x: Shape) -> Shape:
    if a.step == 0:
        raise ArgumentError("a step of 0 leads nowhere", argument="step")
    if (a.end - a.start) * a.step < 0:
        raise ArgumentError(f"steps of {a.step} do not lead from {a.start} to {a.end}", argument="end")
    return (len(range(a.start, a.end, a.step)),)


def _arange_code(a: Args, x: str) -> str:
    bounds = [a.start, a.end, a.step] if a.step != 1 else [a.start, a.end] if a.start != 0 else [a.end]
    return _made("arange", x, a, *bounds, usual="int64")


def _filled(name: str, doc: str) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        args=(Arg("size", Ints(None, 0), sized=True), dtype_arg("float32")),
        shape=lambda a, x: a.size,
        takes="any",
        gives=named_dtype,
        constant=True,
        code=lambda a, x: _made(name, x, a, a.size, usual="float32"),
        right=(case((7,), size=(4, 5)), Case(((),), {"size": (), "dtype": "int64"})),
    )


LAYERS = (
    Layer(
        name="arange",
        doc="The numbers from `start` to before `end` in steps of `step`.",
        args=(
            Arg("end", Int(), sized=True),
            Arg("start", Int(), 0, sized=True),
            Arg("step", Int(), 1),
            dtype_arg("int64", NUMBERS),
        ),
        shape=_arange_shape,
        takes="any",
        gives=named_dtype,
        constant=True,
        code=_arange_code,
        right=(case((7,), end=4), Case(((7, 3),), {"start": 6, "end": -1, "step": -2, "dtype": "float32"})),
        wrong=(case((7,), end=4, step=0), case((7,), end=-4)),
    ),
    Layer(
        name="linspace",
        doc="`steps` numbers from `start` to `end`, evenly apart.",
        args=(
            Arg("start", Float()),
            Arg("end", Float()),
            Arg("steps", Int(0), sized=True),
            dtype_arg("float32", NUMBERS),
        ),
        shape=lambda a, x: (a.steps,),
        takes="any",
        gives=named_dtype,
        constant=True,
        code=lambda a, x: _made("linspace", x, a, a.start, a.end, a.steps, usual="float32"),
        right=(case((7,), start=0, end=1, steps=5), case((), start=-1.5, end=1.5, steps=1)),
    ),
    Layer(
        name="eye",
        doc="An n×m matrix with 1 on the diagonal and 0 elsewhere; m is n where left out.",
        args=(Arg("n", Int(0), sized=True), Arg("m", optional(Int(0)), None, sized=True), dtype_arg("float32")),
        shape=lambda a, x: (a.n, a.n if a.m is None else a.m),
        takes="any",
        gives=named_dtype,
        constant=True,
        code=lambda a, x: _made("eye", x, a, a.n, *(() if a.m is None else (a.m,)), usual="float32"),
        right=(case((7,), n=4), Case(((7, 3),), {"n": 2, "m": 5, "dtype": "bool"})),
    ),
    _filled("zeros", "Zeros in a sample's shape."),
    _filled("ones", "Ones in a sample's shape."),
    Layer(
        name="full",
        doc="`fill_value` in a sample's shape.",
        args=(Arg("size", Ints(None, 0), sized=True), Arg("fill_value", Float()), dtype_arg("float32")),
        shape=lambda a, x: a.size,
        takes="any",
        gives=named_dtype,
        constant=True,
        code=lambda a, x: _made("full", x, a, a.size, float(a.fill_value), usual="float32"),
        right=(case((7,), size=(4, 5), fill_value=2.5), Case(((),), {"size": (), "fill_value": 1, "dtype": "int64"})),
    ),
)
