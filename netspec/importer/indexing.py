"""Indexing: `x[:, 0]`, `x[..., 2:]`, `x[:, None]`, `table[index]`, and `unbind`."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

from netspec.importer.aligning import reshaped
from netspec.importer.constants import filled
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held, sample_of
from netspec.importer.shaping import dropped, input_of, inserted, option_of
from netspec.importer.trace import TracedCall, Value
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


def setitem(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`x[:, a:b] = value`: what stands before it along one axis, the value, and what stands behind it."""
    x, value = input_of(lowering, call), call.args[2]
    index = call.args[1] if isinstance(call.args[1], tuple) else (call.args[1],)
    if Ellipsis in index:
        dots = index.index(Ellipsis)
        index = (*index[:dots], *(slice(None),) * (x.rank - len(index) + 1), *index[dots + 1 :])
    parts = [(axis, each) for axis, each in enumerate(index) if each != slice(None)]
    if len(parts) != 1 or not isinstance(parts[0][1], slice | int) or isinstance(parts[0][1], bool):
        raise NotSayable("it is assigned at more than a part of one axis")
    (axis, part), size = parts[0], x.shape[parts[0][0]]
    start, end, step = part.indices(size) if isinstance(part, slice) else (part % size, part % size + 1, 1)
    if axis == x.at or step != 1 or end <= start:
        raise NotSayable("it is assigned along the batch, or in steps")
    shape = (*x.shape[:axis], end - start, *x.shape[axis + 1 :])
    if isinstance(value, Value):
        given = lowering.held(value)
        if isinstance(part, int) and value.shape == (*shape[:axis], *shape[axis + 1 :]):
            given = inserted(lowering, given, axis)
        if given.shape != shape or (given.at, given.fold) != (x.at, x.fold):
            raise NotSayable("it is assigned a tensor of another shape")
    else:
        given = Held(filled(lowering, Value(sample_of(shape, x.at, x.fold), "float32"), value).ref, shape, x.at, x.fold)
    before = [_sliced(lowering, x, axis, slice(0, start))] if start else []
    behind = [_sliced(lowering, x, axis, slice(end, None))] if end < size else []
    joined = [*before, given, *behind]
    dim = x.axis(axis)
    return lowering.emit("concat", joined, {} if dim == 1 else {"dim": dim}, [x.shape]) if len(joined) > 1 else joined


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


HANDLERS: dict[str, Callable[[Lowering, TracedCall], list[Held]]] = {
    "getitem": getitem,
    "setitem": setitem,
    "unbind": unbind,
}
