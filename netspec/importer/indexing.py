"""Indexing: `x[:, 0]`, `x[..., 2:]`, `x[:, None]`, `table[index]`, and `unbind`."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

from netspec.importer.aligning import reshaped, together
from netspec.importer.binding import bound
from netspec.importer.constants import filled_like
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held, sample_of
from netspec.importer.shaping import dropped, expanded_to, input_of, inserted, option_of
from netspec.importer.traced import TracedCall, Value
from netspec.layers.table import TABLE

if TYPE_CHECKING:
    from netspec.importer.lowering import Lowering


def getitem(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`x[:, 0]`, `x[..., 2:]`, `x[:, None]`: each index by its own function, the last axis first."""
    x = input_of(lowering, call)
    index = call.args[1] if isinstance(call.args[1], tuple) else (call.args[1],)
    if any(isinstance(each, Value | list) for each in index):
        return indexed(lowering, x, index, call)
    count = sum(each is not None and each is not Ellipsis for each in index)
    if Ellipsis in index:
        dots = index.index(Ellipsis)
        index = (*index[:dots], *(slice(None),) * (x.rank - count), *index[dots + 1 :])
    axis = 0
    for each in index:
        if each is None:
            x = inserted(lowering, x, axis)
            axis += 1
        elif isinstance(each, slice):
            x = _sliced(lowering, x, axis, each)
            axis += 1
        elif isinstance(each, int) and not isinstance(each, bool):
            x = selected(lowering, x, axis, each)
        else:
            raise NotSayable(f"it is indexed with {each!r}")
    return [x]


def selected(lowering: Lowering, x: Held, axis: int, index: int) -> Held:
    """One index of an axis."""
    if axis == x.at and x.shape[axis] == 1:
        return dropped(lowering, x, [axis])
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    at = x.at if x.at is None or axis > x.at else x.at - 1
    (out,) = lowering.emit("select", [x], {"dim": x.axis(axis), "index": index}, [shape])
    return Held(out.ref, shape, at, x.fold)


def _sliced(lowering: Lowering, x: Held, axis: int, part: slice) -> Held:
    size = x.shape[axis]
    start, end, step = part.indices(size)
    length = len(range(start, end, step))
    if step == 1 and length == size:
        return x
    shape = (*x.shape[:axis], length, *x.shape[axis + 1 :])
    args: dict[str, Any] = {"dim": x.axis(axis)}
    args |= {"start": part.start} if part.start else {}
    args |= {"end": part.stop} if part.stop is not None and part.stop < size else {}
    args |= {"step": part.step} if part.step not in (None, 1) else {}
    if args["dim"] == 1:
        del args["dim"]
    (out,) = lowering.emit("slice", [x], args, [shape])
    return Held(out.ref, shape, x.at, x.fold)


def indexed(lowering: Lowering, x: Held, index: tuple[Any, ...], call: TracedCall) -> list[Held]:
    """`x[:, [2, 0, 1]]` and `table[index]`: indexes of one axis, in a list or a tensor of integers."""
    shape = call.result.shape
    places = [place for place, each in enumerate(index) if isinstance(each, Value | list)]
    others = [each for place, each in enumerate(index) if place not in places]
    if len(places) > 1 or any(each not in (slice(None), Ellipsis) for each in others):
        raise NotSayable("it is indexed with several lists or tensors")
    place, given = places[0], index[places[0]]
    axis = place if Ellipsis not in index[:place] else x.rank - len(index) + place
    if isinstance(given, list):
        return lowering.emit("index_select", [x], {"dim": x.axis(axis), "index": given}, [shape])
    if given.dtype not in ("int64", "int32"):
        raise NotSayable(f"it is indexed with a tensor of {given.dtype}")
    rows = lowering.held(given)
    if rows.at is None:
        length = prod(given.shape)
        flat = (*x.shape[:axis], length, *x.shape[axis + 1 :])
        rows = reshaped(lowering, rows, (length,), (length,), at=None)
        (out,) = lowering.emit("index_select", [x, rows], {"dim": x.axis(axis)}, [flat])
        out = Held(out.ref, flat, x.at, x.fold)
        return [reshaped(lowering, out, sample_of(shape, x.at, x.fold), shape, at=x.at)]
    if x.at is not None or not rows.usual or axis or rows.rank != 2:
        raise NotSayable("each sample has indexes of its own")
    return lowering.emit("index_select", [x, rows], {"dim": 1}, [shape])


def unbind(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`unbind`: each index of an axis."""
    x = input_of(lowering, call)
    axis = option_of(call, 1, "dim", 0) % x.rank
    if "unbind" not in TABLE:
        return [selected(lowering, x, axis, index) for index in range(x.shape[axis])]
    dim, shape = x.axis(axis), (*x.shape[:axis], *x.shape[axis + 1 :])
    at = x.at if x.at is None or axis > x.at else x.at - 1
    outputs = lowering.emit("unbind", [x], {} if dim == 1 else {"dim": dim}, [shape] * x.shape[axis])
    return [Held(out.ref, shape, at, x.fold) for out in outputs]


def tensor_split(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`tensor_split`: the parts of an axis between given places, or as many of about one size."""
    given = bound(call)
    x = lowering.held(given["input"])
    axis = given.get("dim", 0) % x.rank
    found, start = [], 0
    for value in call.result:
        end = start + value.shape[axis]
        found.append(_sliced(lowering, x, axis, slice(start, end)))
        start = end
    return found


def setitem(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`x[:, 1:] = y`: what lies before, the new numbers, and what lies behind; `x[mask] = 0` is `masked_fill`."""
    x, (_, index, value) = input_of(lowering, call), call.args
    if isinstance(index, Value) and index.dtype == "bool" and index.shape == x.shape and not isinstance(value, Value):
        pair = together(lowering, [x, lowering.held(index)], call.result.shape)
        return lowering.emit("masked_fill", pair, {"value": value}, [call.result.shape])
    index = index if isinstance(index, tuple) else (index,)
    if any(isinstance(each, bool) or not isinstance(each, slice | int | type(...)) for each in index):
        raise NotSayable("what is assigned to lies at several places")
    if Ellipsis in index:
        dots = index.index(Ellipsis)
        index = (*index[:dots], *(slice(None),) * (x.rank - len(index) + 1), *index[dots + 1 :])
    y = lowering.held(value) if isinstance(value, Value) else value
    return [_assigned(lowering, x, 0, index, y)]


def _assigned(lowering: Lowering, x: Held, axis: int, index: tuple[Any, ...], y: Held | float) -> Held:
    """A tensor with other numbers in a part of it, of which the indexes from `axis` on remain."""
    if axis == len(index):
        if isinstance(y, Held):
            return expanded_to(lowering, y, x)
        return filled_like(lowering, x, y)
    each = index[axis]
    if isinstance(each, int):
        each = each % x.shape[axis]
        y = inserted(lowering, y, axis) if isinstance(y, Held) else y
        each = slice(each, each + 1)
    start, end, step = each.indices(x.shape[axis])
    if step != 1:
        raise NotSayable("what is assigned to lies at several places")
    if end <= start:
        return x
    whole = (start, end) == (0, x.shape[axis])
    inner = _assigned(lowering, x if whole else _sliced(lowering, x, axis, slice(start, end)), axis + 1, index, y)
    if whole:
        return inner
    parts = [slice(0, start)] * (start > 0) + [slice(end, None)] * (end < x.shape[axis])
    around = [_sliced(lowering, x, axis, part) for part in parts]
    pieces = [*around[: start > 0], inner, *around[start > 0 :]]
    (out,) = lowering.emit("concat", pieces, {"dim": x.axis(axis)} if x.axis(axis) != 1 else {}, [x.shape])
    return Held(out.ref, x.shape, x.at, x.fold)


HANDLERS: dict[str, Callable[[Lowering, TracedCall], list[Held]]] = {
    "getitem": getitem,
    "setitem": setitem,
    "tensor_split": tensor_split,
    "unbind": unbind,
}
