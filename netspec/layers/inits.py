"""The functions of torch.nn.init: their arguments, and the shapes that they take."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from netspec.core.dataclass import dataclass
from netspec.core.shapes import ArgumentError, RankError, Shape, count_axes
from netspec.layers.arguments import Float, Int, Word
from netspec.layers.code import literal
from netspec.layers.record import Arg, Args

_NONLINEARITIES = (
    *("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *("sigmoid", "tanh", "relu", "leaky_relu", "selu"),
)


@dataclass(frozen=True)
class Init:
    """A function of torch.nn.init.

    Args:
        name: torch's.
        args: its arguments without the tensor, in torch's order.
        suits: raises ShapeError where a tensor of a shape cannot be filled.
    """

    name: str
    args: tuple[Arg, ...] = ()
    suits: Callable[[Args, Shape], None] = lambda a, shape: None

    def code(self, args: Args, tensor: str) -> str:
        """The call that fills a tensor."""
        given = ((arg, getattr(args, arg.name)) for arg in self.args)
        written = [f"{arg.name}={literal(value)}" for arg, value in given if arg.required or value != arg.default]
        return f"nn.init.{self.name}({', '.join((tensor, *written))})"


def _need_fans(a: Args, shape: Shape) -> None:
    if len(shape) < 2:
        raise RankError(f"takes 2 axes or more, as it counts what enters and leaves; here is {count_axes(shape)}")


def _need_matrix(a: Args, shape: Shape) -> None:
    if len(shape) != 2:
        raise RankError(f"takes 2 axes, here is {count_axes(shape)}")


def _need_several_axes(a: Args, shape: Shape) -> None:
    if len(shape) < 2:
        raise RankError(f"takes 2 axes or more, here is {count_axes(shape)}")


def _dirac(a: Args, shape: Shape) -> None:
    if len(shape) not in (3, 4, 5):
        raise RankError(f"takes 3, 4 or 5 axes, those of a convolution; here is {count_axes(shape)}")
    if shape[0] % a.groups:
        raise ArgumentError(f"needs {shape[0]} output channels divisible by groups {a.groups}", argument="groups")


def _trunc_normal(a: Args, shape: Shape) -> None:
    if a.std == 0 and prod(shape):
        raise ArgumentError("needs a std of more than 0", argument="std")


def _uniform(a: Args, shape: Shape) -> None:
    if a.a > a.b:
        raise ArgumentError(f"needs a up to b, not {a.a} and {a.b}", argument="a")


_GAIN = Arg("gain", Float(), 1.0)
_KAIMING = (
    Arg("a", Float(), 0),
    Arg("mode", Word(("fan_in", "fan_out")), "fan_in"),
    Arg("nonlinearity", Word(_NONLINEARITIES), "leaky_relu"),
)
INITS = {
    init.name: init
    for init in (
        Init("uniform_", (Arg("a", Float(), 0.0), Arg("b", Float(), 1.0)), _uniform),
        Init("normal_", (Arg("mean", Float(), 0.0), Arg("std", Float(0), 1.0))),
        Init(
            "trunc_normal_",
            (Arg("mean", Float(), 0.0), Arg("std", Float(0), 1.0), Arg("a", Float(), -2.0), Arg("b", Float(), 2.0)),
            _trunc_normal,
        ),
        Init("constant_", (Arg("val", Float()),)),
        Init("ones_"),
        Init("zeros_"),
        Init("eye_", (), _need_matrix),
        Init("dirac_", (Arg("groups", Int(1), 1),), _dirac),
        Init("xavier_uniform_", (_GAIN,), _need_fans),
        Init("xavier_normal_", (_GAIN,), _need_fans),
        Init("kaiming_uniform_", _KAIMING, _need_fans),
        Init("kaiming_normal_", _KAIMING, _need_fans),
        Init("orthogonal_", (Arg("gain", Float(), 1),), _need_several_axes),
        Init("sparse_", (Arg("sparsity", Float(0, 1)), Arg("std", Float(0), 0.01)), _need_matrix),
    )
}
