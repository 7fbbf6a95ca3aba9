"""Activations of torch.nn, element-wise and along an axis (torch.nn.ReLU, Softmax and GLU, "Shape")."""

from __future__ import annotations

from math import isfinite
from typing import Any

from netspec.core.shapes import ArgumentError, BatchAxisError, Shape, ShapeError, count_axes, sample_axis, show
from netspec.layers.arguments import Bool, Float, Int, Word, optional
from netspec.layers.record import Arg, Args, Case, Layer, ShapeRule, case, same_shape
from netspec.layers.spatial import on_picture

_INPLACE = Arg("inplace", Bool(), False)


def _plain(
    name: str, doc: str, *args: Arg, shape: ShapeRule = same_shape, wrong: tuple[Case, ...] = (), **example: Any
) -> Layer:
    needs_example = any(arg.required for arg in args)
    right = (case((4, 5), **example),) if needs_example else (case((4, 5)), case((), **example))
    return Layer(name=name, doc=doc, args=args, shape=shape, right=right, wrong=wrong)


def _hardtanh_shape(a: Args, x: Shape) -> Shape:
    if not a.max_val > a.min_val:
        raise ArgumentError(f"max_val {a.max_val} must be more than min_val {a.min_val}", argument="max_val")
    return x


def _rrelu_shape(a: Args, x: Shape) -> Shape:
    for name in ("lower", "upper"):
        if isinstance(getattr(a, name), float) and not isfinite(getattr(a, name)):
            raise ArgumentError(f"{name} must be finite", argument=name)
    if a.lower > a.upper:
        raise ArgumentError(f"lower {a.lower} is more than upper {a.upper}", argument="upper")
    return x


def _celu_shape(a: Args, x: Shape) -> Shape:
    if a.alpha == 0:
        raise ArgumentError("alpha must not be 0", argument="alpha")
    return x


def _prelu_shape(a: Args, x: Shape) -> Shape:
    channels = x[0] if x else 1  # torch counts a sample without axes as one channel
    if a.num_parameters not in (1, channels):
        raise ShapeError(
            f"num_parameters is {a.num_parameters}, for {channels} channels it has to be {channels} or 1",
            argument="num_parameters",
            guesses=(x,),
        )
    return x


POINTWISE = (
    _plain("ReLU", "max(0, x).", _INPLACE, inplace=True),
    _plain("ReLU6", "min(max(0, x), 6).", _INPLACE),
    _plain("LeakyReLU", "x, or negative_slope·x below 0.", Arg("negative_slope", Float(), 0.01), _INPLACE),
    _plain(
        "RReLU",
        "LeakyReLU with a random slope while training.",
        Arg("lower", Float(), 1 / 8),
        Arg("upper", Float(), 1 / 3),
        _INPLACE,
        shape=_rrelu_shape,
        wrong=(case((4, 5), lower=0.5, upper=0.25),),
    ),
    Layer(
        name="PReLU",
        doc="LeakyReLU with a learned slope, one for all or one a channel.",
        args=(Arg("num_parameters", Int(1), 1), Arg("init", Float(), 0.25)),
        shape=_prelu_shape,
        parameters=lambda a, x: a.num_parameters,
        weights=lambda a: {"weight": (a.num_parameters,)},
        right=(case((4, 5)), case((4, 5), num_parameters=4)),
        wrong=(case((4, 5), num_parameters=5),),
    ),
    _plain("ELU", "x, or alpha·(exp(x) - 1) below 0.", Arg("alpha", Float(), 1.0), _INPLACE),
    _plain(
        "CELU",
        "x, or alpha·(exp(x / alpha) - 1) below 0.",
        Arg("alpha", Float(), 1.0),
        _INPLACE,
        shape=_celu_shape,
        wrong=(case((4, 5), alpha=0.0),),
    ),
    _plain("SELU", "ELU scaled so that activations normalize themselves.", _INPLACE),
    _plain("GELU", "x·Φ(x).", Arg("approximate", Word(("none", "tanh")), "none"), approximate="tanh"),
    _plain("SiLU", "x·σ(x).", _INPLACE),
    _plain("Mish", "x·tanh(softplus(x)).", _INPLACE),
    _plain("Sigmoid", "1 / (1 + exp(-x))."),
    _plain("LogSigmoid", "log(σ(x))."),
    _plain("Hardsigmoid", "min(max(0, x/6 + 1/2), 1).", _INPLACE),
    _plain("Hardswish", "x·Hardsigmoid(x).", _INPLACE),
    _plain("Tanh", "The hyperbolic tangent."),
    _plain("Tanhshrink", "x - tanh(x)."),
    _plain(
        "Hardtanh",
        "x cut off at min_val and max_val.",
        Arg("min_val", Float(), -1.0),
        Arg("max_val", Float(), 1.0),
        _INPLACE,
        shape=_hardtanh_shape,
        wrong=(case((4, 5), min_val=2.0),),
    ),
    _plain("Hardshrink", "x, or 0 between -lambd and lambd.", Arg("lambd", Float(), 0.5)),
    _plain("Softshrink", "x moved by lambd towards 0.", Arg("lambd", Float(0), 0.5)),
    _plain(
        "Softplus", "log(1 + exp(beta·x)) / beta.", Arg("beta", Float(), 1.0), Arg("threshold", Float(), 20.0), beta=2
    ),
    _plain("Softsign", "x / (1 + |x|)."),
    _plain(
        "Threshold",
        "x, or value where x is not above threshold.",
        Arg("threshold", Float()),
        Arg("value", Float()),
        _INPLACE,
        threshold=0.1,
        value=20,
    ),
)


def _softmax_shape(a: Args, x: Shape) -> Shape:
    if a.dim is not None:
        sample_axis(a.dim, len(x))
    elif len(x) in (0, 2):  # torch's implicit choice: dim 0 of a tensor of 1 or 3 axes, else dim 1
        raise BatchAxisError(f"without dim the batch is normalized where a sample has {count_axes(x)}", argument="dim")
    return x


def _glu_shape(a: Args, x: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x))
    if x[axis] % 2:
        raise ShapeError(f"dim {a.dim} is halved, but its size is {x[axis]} in {show(x)}", argument="dim")
    return (*x[:axis], x[axis] // 2, *x[axis + 1 :])


def _softmax(name: str, doc: str) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        args=(Arg("dim", optional(Int()), None),),
        shape=_softmax_shape,
        right=(case((10,)), case((4, 10), dim=-1), case((4, 5, 6), dim=1)),
        wrong=(case((4, 10), dim=3), case((4, 10)), case((4, 10), dim=0)),
    )


LAYERS = (
    *POINTWISE,
    _softmax("Softmax", "exp(xᵢ) / Σ exp(xⱼ) along dim."),
    _softmax("Softmin", "exp(-xᵢ) / Σ exp(-xⱼ) along dim."),
    _softmax("LogSoftmax", "The logarithm of Softmax along dim."),
    Layer(
        name="Softmax2d",
        doc="Softmax over the channels of each position of C×H×W.",
        shape=on_picture("Softmax2d", 2),
        right=(case((4, 5, 6)),),
        wrong=(case((4,)),),
    ),
    Layer(
        name="GLU",
        doc="The first half of dim, gated by the sigmoid of the second.",
        args=(Arg("dim", Int(), -1),),
        shape=_glu_shape,
        right=(case((4, 6)), case((4, 5), dim=1)),
        wrong=(case((4, 5)), case((4, 6), dim=3)),
    ),
)
