"""The functions of torch.nn.utils.parametrizations: their arguments, what they take, the parameters that they add."""

from __future__ import annotations

from collections.abc import Callable

from netspec.core.dataclass import dataclass
from netspec.core.shapes import ArgumentError, RankError, Shape, count_axes, show
from netspec.layers.arguments import Bool, Float, Int, Word, optional
from netspec.layers.code import literal
from netspec.layers.record import Arg, Args
from netspec.layers.text import Text


@dataclass(frozen=True)
class Parametrizer:
    """A function of torch.nn.utils.parametrizations.

    Args:
        name: torch's.
        args: its arguments without the module.
        suits: raises ShapeError where a parameter of a shape cannot be computed so.
        originals: what is learned in the parameter's place, by the names of torch's ParametrizationList.
    """

    name: str
    args: tuple[Arg, ...]
    suits: Callable[[Args, Shape], None]
    originals: Callable[[Args, Shape], dict[str, Shape]] = lambda a, shape: {"original": shape}

    def code(self, args: Args, module: str) -> str:
        """The call that makes a module with the parametrization."""
        given = ((arg, getattr(args, arg.name)) for arg in self.args)
        written = [f"{arg.name}={literal(value)}" for arg, value in given if value != arg.default]
        return f"parametrizations.{self.name}({', '.join((module, *written))})"


def _along_an_axis(a: Args, shape: Shape) -> None:
    if not shape:
        raise RankError(f"takes 1 axis or more, here is {count_axes(shape)}")
    if a.dim is not None and not -len(shape) <= a.dim < len(shape):
        raise ArgumentError(f"dim {a.dim} is no axis of {show(shape)}", argument="dim")


def _norm_and_direction(a: Args, shape: Shape) -> dict[str, Shape]:
    """The norms along all axes but `dim`, as torch.norm_except_dim gives them, and the tensor itself."""
    dim = None if a.dim in (None, -1) else a.dim % len(shape)
    norms = () if dim is None else tuple(size if axis == dim else 1 for axis, size in enumerate(shape))
    return {"original0": norms, "original1": shape}


def _orthogonal(a: Args, shape: Shape) -> None:
    if len(shape) < 2:
        raise RankError(f"takes 2 axes or more, here is {count_axes(shape)}")


_NAME = Arg("name", Text("the name of a parameter", r"[A-Za-z_][A-Za-z0-9_]*"), "weight")
PARAMETRIZATIONS = {
    each.name: each
    for each in (
        Parametrizer(
            "weight_norm",
            (_NAME, Arg("dim", optional(Int()), 0)),
            _along_an_axis,
            originals=_norm_and_direction,
        ),
        Parametrizer(
            "spectral_norm",
            (
                _NAME,
                Arg("n_power_iterations", Int(1), 1),
                Arg("eps", Float(), 1e-12),
                Arg("dim", optional(Int()), None),
            ),
            _along_an_axis,
        ),
        Parametrizer(
            "orthogonal",
            (
                _NAME,
                Arg("orthogonal_map", optional(Word(("matrix_exp", "cayley", "householder"))), None),
                Arg("use_trivialization", Bool(), True),
            ),
            _orthogonal,
        ),
    )
}
