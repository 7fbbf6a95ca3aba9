"""The argument `dtype` of functions and buffers: torch's names of kinds of numbers."""

from __future__ import annotations

from netspec.core.shapes import DTYPES
from netspec.layers.arguments import Word
from netspec.layers.record import REQUIRED, Arg, Args

DTYPE = Word(tuple(sorted(DTYPES)))
NUMBERS = Word(tuple(sorted(DTYPES - {"bool"})))


def dtype_arg(default: str = REQUIRED, kind: Word = DTYPE) -> Arg:
    """The argument `dtype`: the kind of number that comes out; it goes with `gives=named_dtype`.

    Args:
        default: where a spec leaves it out; required without one.
        kind: which of the names it takes.
    """
    return Arg("dtype", kind, default)


def named_dtype(args: Args) -> str:
    """The dtype of what comes out, which the argument `dtype` names."""
    return str(args.dtype)
