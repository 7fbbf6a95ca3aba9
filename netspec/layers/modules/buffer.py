"""A fixed tensor, as a mask or a table of positions (torch.nn.Module.register_buffer).

It is a tensor of the module around it, under the item's name, which is not learned but moves with the module and is
kept in its state_dict, unless `persistent` is false. The item's input only gives the size of the batch: every sample
gets the same numbers.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from netspec.core.shapes import ArgumentError, Shape
from netspec.layers.arguments import Bool, Either, Float, Ints, Kind, Word, optional
from netspec.layers.code import literal
from netspec.layers.dtypes import DTYPE
from netspec.layers.index_formula import Formula, IndexFormula, parse
from netspec.layers.record import Arg, Args, Case, Layer, Tensors

_WORDS = ("arange", "eye", "tril", "zeros", "ones")
_MOST_NUMBERS = 100_000  # of a list
_MOST_AXES = 10  # which a formula has indices for


class NestedList(Kind):
    """Numbers, or true and false, in lists of equal lengths."""

    wants = "a list of numbers or of equally long lists"

    def accept(self, value: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError
        accepted = _nested(value)
        if len(_flat(accepted)) > _MOST_NUMBERS:
            raise ValueError(f"at most {_MOST_NUMBERS}")
        return accepted

    def schema(self) -> dict[str, Any]:
        return {"type": "array"}


def _nested(value: list[Any] | tuple[Any, ...]) -> tuple[object, ...]:
    if all(isinstance(each, list | tuple) for each in value):
        inner = tuple(_nested(each) for each in value)
        if len({_list_shape(each) for each in inner}) > 1:
            raise ValueError
        return inner
    if not all(isinstance(each, int | float) for each in value):
        raise ValueError
    return tuple(value)


def _list_shape(value: tuple[Any, ...]) -> Shape:
    return (len(value), *(_list_shape(value[0]) if value and isinstance(value[0], tuple) else ()))


def _flat(value: tuple[Any, ...]) -> list[Any]:
    return list(chain.from_iterable(_flat(each) if isinstance(each, tuple) else (each,) for each in value))


def _shape(a: Args, x: Shape) -> Shape:
    if isinstance(a.value, tuple):
        listed = _list_shape(a.value)
        if a.shape not in (None, listed):
            raise ArgumentError(f"the list has the shape {list(listed)}, not {list(a.shape)}", argument="shape")
        return listed
    shape = () if a.shape is None and not isinstance(a.value, str | Formula) else a.shape
    if shape is None:
        raise ArgumentError("the shape is needed, only that of a list of numbers is known", argument="shape")
    wanted = {"arange": 1, "eye": 2, "tril": 2}.get(a.value) if isinstance(a.value, str) else None
    if wanted is not None and len(shape) != wanted:
        axes = "1 axis" if wanted == 1 else f"{wanted} axes"
        raise ArgumentError(f"{a.value} has {axes}, shape has {len(shape)}", argument="shape")
    if isinstance(a.value, Formula) and len(shape) not in range(a.value.axes, _MOST_AXES + 1):
        last = a.value.axes - 1
        raise ArgumentError(f"i{last} is the index of axis {last}, shape has {len(shape)} axes", argument="value")
    return tuple(shape)


def _dtype(a: Args) -> str:
    """The dtype: where it is left out, what torch makes of the value."""
    if a.dtype is not None:
        return str(a.dtype)
    if isinstance(a.value, Formula):
        return a.value.dtype
    if isinstance(a.value, tuple):
        kinds = {type(each) for each in _flat(a.value)}
        return "bool" if kinds == {bool} else "int64" if kinds and float not in kinds else "float32"
    return "int64" if a.value == "arange" else "float32"


def _kept(a: Args) -> Tensors:
    shape = _shape(a, ())
    return {"": (1, *shape) if a.batch_axis else shape} if a.persistent else {}


def _make(a: Args) -> str:
    shape, dtype = _shape(a, ()), _dtype(a)
    if a.batch_axis:
        *before, made = _make(Args(**{**vars(a), "batch_axis": False})).splitlines()
        return "\n".join((*before, f"({made})[None]" if before else f"{made}[None]"))
    said = "" if a.dtype is None else f", dtype=torch.{dtype}"
    if isinstance(a.value, Formula):
        grid = ", ".join(f"torch.arange({length})" for length in shape)
        names = ", ".join(f"i{axis}" for axis in range(len(shape)))
        made = a.value.source if a.value.dtype == dtype else f"({a.value.source}).to(torch.{dtype})"
        if len(shape) == 1:
            return f"i0 = {grid}\n{made}"
        return f'{names} = torch.meshgrid({grid}, indexing="ij")\n{made}'
    if isinstance(a.value, tuple):
        return f"torch.tensor({_brackets(a.value)}{said})"
    sizes = ", ".join(map(str, shape)) or "()"
    match a.value:
        case "arange" | "eye":
            return f"torch.{a.value}({sizes}{said})"
        case "tril":
            return f"torch.ones({sizes}{said}).tril()"
        case "zeros" | "ones":
            return f"torch.{a.value}({sizes}{said})"
    return f"torch.full({literal(shape)}, {literal(float(a.value))}{said})"


def _brackets(value: object) -> str:
    return f"[{', '.join(map(_brackets, value))}]" if isinstance(value, tuple) else literal(value)


LAYERS = (
    Layer(
        name="buffer",
        doc=(
            "A fixed tensor, the same for every sample: `value` is a number to fill it with, a list, one of torch's "
            "functions, or a formula over its indices `i0`, `i1`, …, such as `i0 >= i1`. With `persistent: false` it "
            "is not in the state_dict. It is stored in the sample's shape, with `batch_axis: true` with an axis of "
            "size 1 in front."
        ),
        args=(
            Arg("shape", optional(Ints(None, 0)), None),
            Arg("value", Either(Word(_WORDS), Float(), NestedList(), IndexFormula()), "zeros"),
            Arg("dtype", optional(DTYPE), None),
            Arg("persistent", Bool(), True),
            Arg("batch_axis", Bool(), False),
        ),
        shape=_shape,
        takes="any",
        gives=_dtype,
        buffers=_kept,
        constant=True,
        make=_make,
        call=lambda a, tensor, x: tensor if a.batch_axis else f"{tensor}[None]",
        tensor="buffer",
        right=(
            Case(((7,),), {"shape": (4, 5)}),
            Case(((7, 3),), {"shape": (6,), "value": "arange", "dtype": "int32"}),
            Case(((7,),), {"shape": (3, 4), "value": "eye", "batch_axis": True}),
            Case(((),), {"shape": (4, 4), "value": "tril", "dtype": "bool", "persistent": False}),
            Case(((7,),), {"shape": (), "value": 2.5}),
            Case(((7,),), {"value": ((0, 1, 2), (3, 4, 5))}),
            Case(((7,),), {"value": (True, False), "shape": (2,)}),
            Case(((7,),), {"shape": (3, 4), "value": parse("(i0//2 - i1)*5 + abs(i1 - 2)", {})}),
            Case(((),), {"shape": (8,), "value": parse("sin(i0 / 100**(1/2))", {}), "dtype": "float64"}),
            Case(((7,),), {"shape": (2, 3), "value": parse("not i0 >= i1 or i1 == 2", {}), "batch_axis": True}),
        ),
        wrong=(
            Case(((7,),), {"shape": (4, 5), "value": "arange"}),
            Case(((7,),), {"shape": (4,), "value": "eye"}),
            Case(((7,),), {"shape": (2,), "value": (1, 2, 3)}),
            Case(((7,),), {"shape": (2,), "value": parse("i0 + i1", {})}),
        ),
    ),
)
