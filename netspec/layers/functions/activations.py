"""Activations and dropout as functions (torch.nn.functional), and noise. They make no submodule.

What a record of torch.nn says of its arguments and shapes holds for the function too. Dropout is at work only while
training; `randn_like` and `rand_like` make noise in eval too, unless `training_only` says otherwise.
"""

from __future__ import annotations

from dataclasses import replace

from netspec.core.shapes import ArgumentError, Shape
from netspec.layers.arguments import Bool, Word
from netspec.layers.code import call, literal
from netspec.layers.modules.activation import LAYERS as ACTIVATIONS
from netspec.layers.modules.dropout import LAYERS as DROPOUTS
from netspec.layers.record import Arg, Args, Layer, case

_MODULES = {layer.name: layer for layer in (*ACTIVATIONS, *DROPOUTS)}
# torch.nn's name and that of the function, where torch.nn.functional has one without weights.
_FUNCTIONS = {
    "ReLU6": "relu6",
    "LeakyReLU": "leaky_relu",
    "RReLU": "rrelu",
    "ELU": "elu",
    "CELU": "celu",
    "SELU": "selu",
    "Mish": "mish",
    "LogSigmoid": "logsigmoid",
    "Hardsigmoid": "hardsigmoid",
    "Hardswish": "hardswish",
    "Tanhshrink": "tanhshrink",
    "Hardtanh": "hardtanh",
    "Hardshrink": "hardshrink",
    "Softshrink": "softshrink",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Threshold": "threshold",
    "Softmin": "softmin",
    "GLU": "glu",
    "Dropout": "dropout",
    "Dropout1d": "dropout1d",
    "Dropout2d": "dropout2d",
    "Dropout3d": "dropout3d",
    "AlphaDropout": "alpha_dropout",
    "FeatureAlphaDropout": "feature_alpha_dropout",
}
RANDOM = frozenset({"rrelu", "randn_like", "rand_like", *(name for name in _FUNCTIONS.values() if "dropout" in name)})
_OF_INTEGERS = {"relu6": "same", "tanhshrink": "real", "softsign": "real"}  # what they give


def _hardtanh_shape(a: Args, x: Shape) -> Shape:
    if a.max_val < a.min_val:  # the class refuses equal ones too
        raise ArgumentError(f"max_val {a.max_val} is less than min_val {a.min_val}", argument="max_val")
    return x


def _function(module: Layer, name: str) -> Layer:
    args = tuple(arg for arg in module.args if arg.name != "inplace")

    def code(a: Args, x: str) -> str:
        given = ((arg, getattr(a, arg.name)) for arg in args)
        written = [f"{arg.name}={literal(value)}" for arg, value in given if arg.required or value != arg.default]
        written += ["training=self.training"] if name in RANDOM else []
        return f"F.{name}({', '.join((x, *written))})"

    kept = {arg.name for arg in args}
    return replace(
        module,
        name=name,
        args=args,
        code=code,
        takes="number" if name in _OF_INTEGERS else "float",
        gives=_OF_INTEGERS.get(name, "same"),
        shape=_hardtanh_shape if name == "hardtanh" else module.shape,
        right=tuple(replace(each, args={k: v for k, v in each.args.items() if k in kept}) for each in module.right),
    )


def _noise(name: str, doc: str) -> Layer:
    def code(a: Args, x: str) -> str:
        noise = call(f"torch.{name}", x)
        return f"{noise} if self.training else {call('torch.zeros_like', x)}" if a.training_only else noise

    return Layer(
        name=name,
        doc=f"{doc}, as many as the input has; with `training_only` they are 0 in eval.",
        args=(Arg("training_only", Bool(), False),),
        code=code,
        right=(case((3, 4)), case((8,), training_only=True)),
    )


def _filled(name: str, doc: str) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        takes="any",
        code=lambda a, x: call(f"torch.{name}", x),
        right=(case((3, 4)), case(())),
    )


LAYERS = (
    *(_function(_MODULES[module], name) for module, name in _FUNCTIONS.items()),
    Layer(
        name="gelu",
        doc="x·Φ(x).",
        args=(Arg("approximate", Word(("none", "tanh")), "none"),),
        code=lambda a, x: call("F.gelu", x, approximate=None if a.approximate == "none" else a.approximate),
        right=(case((3, 4)), case((), approximate="tanh")),
    ),
    _noise("randn_like", "Numbers of the standard normal distribution"),
    _noise("rand_like", "Numbers evenly from 0 to 1"),
    _filled("zeros_like", "Zeros, as many as the input has."),
    _filled("ones_like", "Ones, as many as the input has."),
    Layer(
        name="detach",
        doc="The input without its gradient: nothing is learned through it.",
        takes="any",
        code=lambda a, x: f"{x}.detach()",
        right=(case((3, 4)), case(())),
    ),
)
