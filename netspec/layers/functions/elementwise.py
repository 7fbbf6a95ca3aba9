"""Element-wise functions of one tensor and of two: exp, sqrt, pow, clamp, tril, to, maximum and others.

They make no submodule. Of two inputs, axes of size one are broadcast.
"""

from __future__ import annotations

from netspec.core.shapes import ArgumentError, MergeError, Shape, need_axes
from netspec.layers.arguments import Float, Int, optional
from netspec.layers.code import call, literal
from netspec.layers.dtypes import dtype_arg, named_dtype
from netspec.layers.functions.arithmetic import broadcast
from netspec.layers.record import Arg, Args, Case, Layer, case


def _elementwise(name: str, doc: str, function: str = "", takes: str = "any", gives: str = "real") -> Layer:
    return Layer(
        name=name,
        doc=doc,
        takes=takes,
        gives=gives,
        code=lambda a, x: call(function or f"torch.{name}", x),
        right=(case((3, 4)), case(())),
    )


def _of_two(name: str, doc: str, gives: str = "promoted") -> Layer:
    return Layer(
        name=name,
        doc=doc,
        shape=lambda a, x, y: broadcast(name, (x, y)),
        inputs=(2, 2),
        takes="any",
        gives=gives,
        broadcasts=True,
        code=lambda a, x, y: call(f"torch.{name}", x, y),
        right=(case((3, 4), (3, 4)), case((3, 4), (1, 4))),
        wrong=(case((3, 4), (3, 5)), case((3, 4), (4,))),
    )


def _triangle(name: str, doc: str) -> Layer:
    def shape(a: Args, x: Shape) -> Shape:
        need_axes(name, x, 2)
        return x

    return Layer(
        name=name,
        doc=f"{doc} of the last two axes, 0 elsewhere; `diagonal` moves its edge to the right.",
        args=(Arg("diagonal", Int(), 0),),
        shape=shape,
        takes="any",
        code=lambda a, x: call(f"{x}.{name}", *([str(a.diagonal)] if a.diagonal else ())),
        right=(case((4, 5)), case((3, 4, 4), diagonal=-1)),
        wrong=(case((4,)),),
    )


def _clamp_shape(a: Args, x: Shape) -> Shape:
    if a.min is None and a.max is None:
        raise ArgumentError("one of min and max is needed", argument="min")
    return x


def _power_shape(a: Args, *inputs: Shape) -> Shape:
    if len(inputs) == 1 and a.exponent is None:
        raise MergeError("pow takes two inputs, or one and `exponent`", guesses=inputs)
    if len(inputs) > 1 and a.exponent is not None:
        raise ArgumentError("`exponent` is for one input, gets 2", argument="exponent")
    return broadcast("pow", inputs)


def _power_code(a: Args, x: str, *exponents: str) -> str:
    if exponents:
        return f"{x} ** {exponents[0]}"
    return f"{x} ** {literal(a.exponent)}" if a.exponent >= 0 else f"{x}.pow({literal(a.exponent)})"


LAYERS = (
    _elementwise("relu", "max(0, x).", "F.relu", takes="number", gives="same"),
    _elementwise("silu", "x·σ(x).", "F.silu", takes="float", gives="same"),
    _elementwise("sigmoid", "1 / (1 + exp(-x))."),
    _elementwise("tanh", "The hyperbolic tangent."),
    _elementwise("exp", "eˣ."),
    _elementwise("log", "The natural logarithm."),
    _elementwise("sqrt", "The square root."),
    _elementwise("rsqrt", "1 / √x."),
    _elementwise("square", "x².", takes="number", gives="same"),
    _elementwise("abs", "|x|.", takes="number", gives="same"),
    _elementwise("neg", "-x.", takes="number", gives="same"),
    _elementwise("sin", "The sine."),
    _elementwise("cos", "The cosine."),
    _elementwise("tan", "The tangent."),
    _elementwise("atan", "The inverse of the tangent."),
    _elementwise("erf", "The error function."),
    _elementwise("expm1", "eˣ - 1."),
    _elementwise("log1p", "log(1 + x)."),
    _elementwise("log2", "The logarithm to the base 2."),
    _elementwise("log10", "The logarithm to the base 10."),
    _elementwise("reciprocal", "1 / x."),
    _elementwise("sign", "-1, 0 or 1.", gives="same"),
    _elementwise("floor", "The largest whole number up to x.", takes="number", gives="same"),
    _elementwise("ceil", "The smallest whole number from x on.", takes="number", gives="same"),
    _elementwise("round", "The nearest whole number, of two the even one.", takes="number", gives="same"),
    _elementwise("logical_not", "Where a number is 0, or false.", gives="bool"),
    Layer(
        name="pow",
        doc="x to a power: a number, or a second input.",
        args=(Arg("exponent", optional(Float()), None),),
        shape=_power_shape,
        inputs=(1, 2),
        takes="pair",
        gives="promoted",
        broadcasts=True,
        code=_power_code,
        right=(case((3, 4), exponent=2), case((3, 4), exponent=-0.5), case((3, 4), (1, 4))),
        wrong=(case((3, 4)), case((3, 4), (3, 4), exponent=2), case((3, 4), (3, 5))),
    ),
    Layer(
        name="clamp",
        doc="x cut off at min and max.",
        args=(Arg("min", optional(Float()), None), Arg("max", optional(Float()), None)),
        shape=_clamp_shape,
        code=lambda a, x: call(f"{x}.clamp", min=a.min, max=a.max),
        right=(case((3, 4), min=0.0), case((3, 4), min=-1.5, max=2)),
        wrong=(case((3, 4)),),
    ),
    _triangle("tril", "The lower left triangle"),
    _triangle("triu", "The upper right triangle"),
    Layer(
        name="to",
        doc="The same numbers as another kind of number (torch.Tensor.to).",
        args=(dtype_arg(),),
        takes="any",
        gives=named_dtype,
        code=lambda a, x: f"{x}.to(torch.{a.dtype})",
        right=(Case(((3, 4),), {"dtype": "int64"}), Case(((),), {"dtype": "bool"})),
    ),
    _of_two("logical_and", "Where both are true, or not 0.", gives="bool"),
    _of_two("logical_or", "Where one of two is true, or not 0.", gives="bool"),
    _of_two("logical_xor", "Where exactly one of two is true, or not 0.", gives="bool"),
    _of_two("maximum", "The larger of two, number by number."),
    _of_two("minimum", "The smaller of two, number by number."),
)
