"""Shapes of one sample (the batch axis is implied) and how they are written: `32×12×12`, `4608 = 32·12·12`."""

from __future__ import annotations

from math import prod

from netspec.core.dataclass import dataclass

Shape = tuple[int, ...]

FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
INTEGERS = frozenset({"uint8", "int8", "int16", "int32", "int64"})
MOST_AXES = 64  # torch's own limit for most operations
INDEXES = frozenset({"int32", "int64"})  # what torch looks rows up with
DTYPES = FLOATS | INTEGERS | {"bool"}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One sample of a tensor.

    Args:
        shape: the sizes of its axes without the batch axis; (3, 32, 32) of [B, C, H, W].
        dtype: torch's name of it, such as `float32`.
    """

    shape: Shape
    dtype: str = "float32"


def promoted(dtypes: tuple[str, ...]) -> str:
    """The dtype that holds all of `dtypes` (torch, "Type Promotion", for tensors)."""
    kinds = set(dtypes)
    floats = kinds & FLOATS
    if floats:
        if len(floats) > 1 and "float64" not in floats:
            return "float32"
        return "float64" if "float64" in floats else floats.pop()
    integers = kinds & INTEGERS
    if not integers:
        return "bool"
    largest = max(integers, key=lambda name: (int(name.removeprefix("u").removeprefix("int")), name))
    return "int16" if integers == {"uint8", "int8"} else largest


class ShapeError(Exception):
    """What a shape rule finds wrong; the inference adds the layer and the span.

    Args:
        message: what is wrong.
        argument: the argument to look at, if it is one.
        guesses: shapes that the output is assumed to have, so that the layers after it can still be checked.
    """

    code = "NS404"

    def __init__(self, message: str, *, argument: str | None = None, guesses: tuple[Shape, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.argument = argument
        self.guesses = guesses


class RankError(ShapeError):
    """The wrong number of axes."""

    code = "NS403"


class MergeError(ShapeError):
    """Inputs that do not fit together."""

    code = "NS405"


class BatchAxisError(ShapeError):
    """The operation would mix samples."""

    code = "NS406"


class ArgumentError(ShapeError):
    """Arguments that torch's constructor refuses."""

    code = "NS407"


class DtypeError(ShapeError):
    """The wrong dtype."""

    code = "NS408"


def show(shape: Shape) -> str:
    """`(32, 12, 12)` as `32×12×12`; a single number as itself; no axes as `scalar`."""
    return "×".join(map(str, shape)) if shape else "scalar"


def size(shape: Shape) -> int:
    """How many numbers one sample holds."""
    return prod(shape)


def need_rank(type_name: str, shape: Shape, *axes: str) -> None:
    """Raise unless the sample has exactly the named axes, e.g. `need_rank("Conv2d", x, "C", "H", "W")`."""
    if len(shape) != len(axes):
        wanted = f"{len(axes)} axes {'×'.join(axes)}"
        raise RankError(f"{type_name} takes {wanted} for one sample, gets {count_axes(shape)}")


def need_axes(type_name: str, shape: Shape, least: int) -> None:
    """Raise unless the sample has at least that many axes."""
    if len(shape) < least:
        axes = "1 axis" if least == 1 else f"{least} axes"
        raise RankError(f"{type_name} takes {axes} or more for one sample, gets {count_axes(shape)}")


def count_axes(shape: Shape) -> str:
    """`3 axes 64×4×4`, `1 axis 64`, `a scalar`."""
    if not shape:
        return "a scalar"
    return f"{len(shape)} {'axis' if len(shape) == 1 else 'axes'} {show(shape)}"


def sample_axis(dim: int, rank: int, *, end: bool = False, argument: str = "dim") -> int:
    """torch's `dim` of a batched tensor as an index into the sample's shape.

    Args:
        dim: as torch counts it, 0 being the batch; negative from the end.
        rank: number of axes of the sample; the batched tensor has one more.
        end: allow the position after the last axis too, as `unsqueeze` and `stack` do.
        argument: the argument that gives `dim`, for the message.

    Raises:
        BatchAxisError: `dim` is the batch axis.
        RankError: there is no such axis.
    """
    total = rank + 1 + (1 if end else 0)
    axis = dim + total if dim < 0 else dim
    if not 0 <= axis < total:
        there_are = "there are" if total > 1 else "there is"
        raise RankError(
            f"{argument} {dim} is out of range: with the batch {there_are} {total} {'axes' if total > 1 else 'axis'}",
            argument=argument,
        )
    if axis == 0:
        raise BatchAxisError(f"{argument} {dim} is the batch: the samples would be mixed", argument=argument)
    return axis - 1
