"""Functions that rearrange axes: reshape, permute, expand, indexing and others, with the batch kept first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

from netspec.importer.aligning import aligned, numbers, reshaped
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held, batch_axis, sample_of
from netspec.importer.traced import BATCH, TracedCall, Value
from netspec.layers.table import TABLE

if TYPE_CHECKING:
    from netspec.importer.lowering import Lowering


def input_of(lowering: Lowering, call: TracedCall) -> Held:
    """The tensor that a function is called on."""
    given = call.args[0] if call.args else call.kwargs.get("input", call.kwargs.get("self"))
    if not isinstance(given, Value):
        raise NotSayable("it takes no tensor")
    return lowering.held(given)


def option_of(call: TracedCall, index: int, name: str, default: Any) -> Any:
    """An argument by its place or its name."""
    return call.args[index] if len(call.args) > index else call.kwargs.get(name, default)


def same(lowering: Lowering, call: TracedCall) -> list[Held]:
    """What changes no number: `contiguous`, `clone`, `detach`."""
    x = input_of(lowering, call)
    result: Value = call.result
    given = call.args[0] if call.args else call.kwargs["input"]
    if call.function.endswith(".detach") and not given.constant and not given.learned:
        (out,) = lowering.emit("detach", [x], {}, [result.shape])
        return [Held(out.ref, x.shape, x.at, x.fold, x.outer)]
    if given.dtype == result.dtype:
        return [x]
    if "to" not in TABLE:
        raise NotSayable(f"it makes {result.dtype} of {given.dtype}")
    (out,) = lowering.emit("to", [x], {"dtype": result.dtype}, [result.shape])
    return [Held(out.ref, x.shape, x.at, x.fold)]


def reshape(lowering: Lowering, call: TracedCall) -> list[Held]:
    """Any change of shape that keeps the order of the numbers: `view`, `reshape`, `flatten`, `unflatten`."""
    x, shape = input_of(lowering, call), call.result.shape
    at = batch_axis(shape)
    if at is None:
        if x.at is not None and shape and shape[0] == 1:
            return [reshaped(lowering, x, shape[1:], shape, at=0)]
        return [reshaped(lowering, x, shape, shape, at=None)]
    if x.at is None:
        raise NotSayable("the batch comes out of nothing")
    before = prod(x.shape[: x.at]) * (x.shape[x.at] // BATCH if x.outer else 1)
    after, factor = prod(shape[:at]), shape[at] // BATCH
    if before not in (after, after * factor):
        raise NotSayable("the batch moves to another place between the numbers")
    out = reshaped(lowering, x, sample_of(shape, at, factor > 1), shape, at=at)
    return [replace(out, outer=before != after)]


def permuted(lowering: Lowering, x: Held, order: tuple[int, ...], shape: tuple[int, ...]) -> list[Held]:
    """The traced axes in another order; in the spec the batch stays first."""
    if x.at is None:
        dims = [0, *(axis + 1 for axis in order)]
        at = None
    else:
        at = order.index(x.at)
        dims = [0]
        for axis in order:
            if axis != x.at:
                dims.append(axis + 1 if axis < x.at else axis + x.fold)
            elif x.fold:
                dims.append(x.at + 1)
    if dims == [*range(len(dims))]:
        return [Held(x.ref, shape, at, x.fold)]
    moved = [place for place, axis in enumerate(dims) if place != axis]
    if len(moved) == 2:
        (out,) = lowering.emit("transpose", [x], {"dim0": moved[0], "dim1": moved[1]}, [shape])
    else:
        (out,) = lowering.emit("permute", [x], {"dims": dims}, [shape])
    return [Held(out.ref, shape, at, x.fold)]


def permute(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`permute`, of which all axes are given."""
    x = input_of(lowering, call)
    given = call.args[1:] or (call.kwargs["dims"],)
    order = tuple(axis % x.rank for axis in numbers(given))
    return permuted(lowering, x, order, call.result.shape)


def transpose(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`transpose`, `mT`, `T` and `t`: two axes exchanged."""
    x = input_of(lowering, call)
    if (
        call.function.endswith("__get__")
        or x.rank < 2
        or "transpose" not in call.function.replace("swapaxes", "transpose")
    ):
        first, second = -2, -1
    else:
        first = option_of(call, 1, "dim0", option_of(call, 1, "axis0", -2))
        second = option_of(call, 2, "dim1", option_of(call, 2, "axis1", -1))
    order = [*range(x.rank)]
    first, second = first % x.rank, second % x.rank
    order[first], order[second] = order[second], order[first]
    return permuted(lowering, x, tuple(order), call.result.shape)


def moveaxis(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`moveaxis` and `movedim`: axes moved, the others in their order."""
    x = input_of(lowering, call)
    source = [axis % x.rank for axis in numbers((option_of(call, 1, "source", ()),))]
    target = [axis % x.rank for axis in numbers((option_of(call, 2, "destination", ()),))]
    order = [-1] * x.rank
    for old, new in zip(source, target, strict=True):
        order[new] = old
    rest = iter([axis for axis in range(x.rank) if axis not in source])
    return permuted(lowering, x, tuple(next(rest) if axis < 0 else axis for axis in order), call.result.shape)


def inserted(lowering: Lowering, x: Held, place: int) -> Held:
    """A new axis of size 1 at a place among the traced axes."""
    shape = (*x.shape[:place], 1, *x.shape[place:])
    if x.at is None:
        dim, at = place + 1, None
    elif place <= x.at:
        dim, at = place + 1, x.at + 1
    else:
        dim, at = place + x.fold, x.at
    (out,) = lowering.emit("unsqueeze", [x], {"dim": dim}, [shape])
    return Held(out.ref, shape, at, x.fold)


def repeat_interleave(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`repeat_interleave`, each index as often."""
    x, repeats, dim = input_of(lowering, call), option_of(call, 1, "repeats", None), option_of(call, 2, "dim", None)
    if not isinstance(repeats, int) or dim is None:
        raise NotSayable("its indexes are repeated in other numbers, or without an axis")
    axis = x.axis(dim)
    args = {"repeats": repeats, **({} if axis == 1 else {"dim": axis})}
    (out,) = lowering.emit("repeat_interleave", [x], args, [call.result.shape])
    return [Held(out.ref, call.result.shape, x.at, x.fold)]


def unsqueeze(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`unsqueeze`; before the batch too, which then is no longer the first axis of the traced tensor."""
    x = input_of(lowering, call)
    place = option_of(call, 1, "dim", 0) % (x.rank + 1)
    return [inserted(lowering, x, place)]


def dropped(lowering: Lowering, x: Held, places: list[int]) -> Held:
    """Axes of size 1 removed; where one stands for the batch, nothing is to be done."""
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in places)
    dims = [x.axis(axis) for axis in places if axis != x.at]
    at = None if x.at is None or x.at in places else x.at - sum(axis < x.at for axis in places)
    if not dims:
        return Held(x.ref, shape, at, x.fold)
    (out,) = lowering.emit("squeeze", [x], {"dim": dims[0] if len(dims) == 1 else dims}, [shape])
    return Held(out.ref, shape, at, x.fold)


def squeeze(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`squeeze`, of some axes or of all of size 1."""
    x = input_of(lowering, call)
    given = option_of(call, 1, "dim", None)
    axes = range(x.rank) if given is None else [axis % x.rank for axis in numbers((given,))]
    return [dropped(lowering, x, [axis for axis in axes if x.shape[axis] == 1])]


def expand(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`expand`, `expand_as`, `broadcast_to`; to the batch's size nothing is to be done."""
    return [_expanded(lowering, input_of(lowering, call), call.result.shape)]


def expanded_to(lowering: Lowering, x: Held, like: Held) -> Held:
    """A tensor in the shape of another one, to which it is broadcast."""
    return x if x.shape == like.shape else _expanded(lowering, x, like.shape)


def _expanded(lowering: Lowering, x: Held, shape: tuple[int, ...]) -> Held:
    at = batch_axis(shape)
    if at is None and x.at is not None and x.rank == len(shape) and shape[x.at] == 1:
        at = x.at
    fold = at is not None and shape[at] > BATCH
    if fold and not x.fold:
        raise NotSayable("a tensor is repeated along the batch")
    x = aligned(lowering, x, len(shape), at, fold)
    wanted = sample_of(shape, at, fold)
    if wanted == x.sample:
        return Held(x.ref, shape, at, fold)
    size = [-1 if old == new else new for old, new in zip(x.sample, wanted, strict=True)]
    (out,) = lowering.emit("expand", [x], {"size": size}, [shape])
    return Held(out.ref, shape, at, fold)


def tile(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`repeat` and `tile`: axes repeated, of a constant along the batch too."""
    x, shape = input_of(lowering, call), call.result.shape
    counts = numbers(call.args[1:] or tuple(call.kwargs.values()))
    counts = (*(1,) * (len(shape) - len(counts)), *counts)
    at = batch_axis(shape)
    if at is None and x.at is not None and x.rank == len(shape) and counts[x.at] == 1:
        at = x.at
    if at is not None and counts[at] not in (1, BATCH):
        raise NotSayable("a tensor is repeated along the batch")
    fold = at is not None and shape[at] > BATCH
    x = aligned(lowering, x, len(shape), at, fold)
    dims = [count for axis, count in enumerate(counts) if axis != at]
    if fold and at is not None:
        dims.insert(at, 1)
    if all(count == 1 for count in dims):
        return [Held(x.ref, shape, at, fold)]
    (out,) = lowering.emit("tile", [x], {"dims": dims}, [shape])
    return [Held(out.ref, shape, at, fold)]


def stack(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`stack`: a new axis, before the batch too."""
    tensors = call.args[0] if call.args else call.kwargs["tensors"]
    inputs = [lowering.held(each) for each in tensors]
    place = option_of(call, 1, "dim", 0) % (inputs[0].rank + 1)
    first = inputs[0]
    if any((x.at, x.fold) != (first.at, first.fold) for x in inputs):
        raise NotSayable("the batch lies at different places")
    shape = call.result.shape
    before = first.at is None or place <= first.at
    at = first.at if first.at is None or not before else first.at + 1
    dim = place + 1 if before else place + first.fold
    (out,) = lowering.emit("stack", inputs, {} if dim == 1 else {"dim": dim}, [shape])
    return [Held(out.ref, shape, at, first.fold)]


HANDLERS: dict[str, Callable[[Lowering, TracedCall], list[Held]]] = {
    **dict.fromkeys(("contiguous", "clone", "detach", "alias", "requires_grad", "data", "cpu", "type_as"), same),
    **dict.fromkeys(("to", "float", "double", "half", "long", "int", "type"), same),
    **dict.fromkeys(("reshape", "flatten", "unflatten"), reshape),
    **dict.fromkeys(("transpose", "mT", "T", "t"), transpose),
    **dict.fromkeys(("repeat", "tile"), tile),
    **dict.fromkeys(("expand", "broadcast_to"), expand),
    "permute": permute,
    "repeat_interleave": repeat_interleave,
    "moveaxis": moveaxis,
    "unsqueeze": unsqueeze,
    "squeeze": squeeze,
    "stack": stack,
}
