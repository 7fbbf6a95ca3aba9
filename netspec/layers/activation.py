"""Activations of torch.nn that need no rule of their own about axes. Shapes are kept (torch.nn.ReLU and its kin).

MACs count 0 by convention. Hardtanh's deprecated min_value and max_value are left out.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from netspec.core.shapes import ArgumentFact, Fact, Shape
from netspec.layers.arguments import Arg, Bool, Float, Int, Word
from netspec.layers.record import Args, Case, Layer, ShapeRule, case

_INPLACE = Arg("inplace", Bool(), False)


def _same(a: Args, x: Shape) -> Shape:
    return x


def _plain(
    name: str, doc: str, *args: Arg, shape: ShapeRule = _same, wrong: tuple[Case, ...] = (), **example: Any
) -> Layer:
    rights = (
        (case((4, 5)), case((), **example)) if all(not arg.required for arg in args) else (case((4, 5), **example),)
    )
    return Layer(name=name, doc=doc, args=args, shape=shape, right=rights, wrong=wrong)


def _hardtanh_shape(a: Args, x: Shape) -> Shape:
    if not a.max_val > a.min_val:
        raise ArgumentFact(f"max_val {a.max_val} must be more than min_val {a.min_val}", argument="max_val")
    return x


def _rrelu_shape(a: Args, x: Shape) -> Shape:
    for name in ("lower", "upper"):
        if isinstance(getattr(a, name), float) and not isfinite(getattr(a, name)):
            raise ArgumentFact(f"{name} must be finite", argument=name)
    if a.lower > a.upper:
        raise ArgumentFact(f"lower {a.lower} is more than upper {a.upper}", argument="upper")
    return x


def _celu_shape(a: Args, x: Shape) -> Shape:
    if a.alpha == 0:
        raise ArgumentFact("alpha must not be 0", argument="alpha")
    return x


def _prelu_shape(a: Args, x: Shape) -> Shape:
    channels = x[0] if x else 1  # torch counts a sample without axes as one channel
    if a.num_parameters not in (1, channels):
        raise Fact(
            f"num_parameters is {a.num_parameters}, for {channels} channels it has to be {channels} or 1",
            argument="num_parameters",
            guesses=(x,),
        )
    return x


LAYERS = (
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
