"""Weights and fixed tensors of a module itself, as class tokens, scales and masks → items of the spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING, Any

import torch

from netspec.core.shapes import Shape
from netspec.importer.failure import NotSayable
from netspec.importer.formulas import Formula, long_value, value_of
from netspec.importer.held import Held, Op, Ref, batch_axis, sample_of
from netspec.importer.layers import held_arguments, record_of
from netspec.importer.traced import BATCH, Frame, values_in
from netspec.importer.waves import wave_formula
from netspec.layers.table import TABLE

if TYPE_CHECKING:
    from netspec.importer.lowering import Lowering
    from netspec.importer.traced import Value


def weight(lowering: Lowering, value: Value) -> Held:
    """The value of a parameter, whose item only takes the batch's size from what stands before it.

    A first axis of size 1 before others is the batch's: so torch keeps class tokens and position embeddings.
    """
    assert value.tensor is not None
    owner, _, name = value.path.rpartition(".")
    op = holder(lowering, owner)
    if op is not None:
        return Held(Ref(op, weight=name), value.shape, None)
    if value.dtype != "float32":
        raise NotSayable(f"the parameter {value.path} is {value.dtype}")
    return _item(lowering, value, "parameter", _init(value.tensor))


def holder(lowering: Lowering, path: str) -> Op | None:
    """The call of the layer at a path, one that is not applied where there is none yet; None where it is no layer."""
    if path in lowering.first:
        return lowering.first[path]
    module = lowering.trace.root.module.get_submodule(path)
    record = record_of(module) if path else None
    if record is None:
        return None
    op = Op(record.name, held_arguments(module, record), (), lowering.frame, (), path=path, module=module)
    op.anywhere, op.applied = True, False
    _add(lowering, op)
    lowering.first[path] = op
    return op


def _add(lowering: Lowering, op: Op) -> None:
    """Add a call of what a module holds: in the call of that module, before the call inside it that first needs it."""
    inner: Frame | None = None
    while op.path and not inside(op.path, op.frame.path) and op.frame.inside is not None:
        op.frame, inner = op.frame.inside, op.frame
    later = (index for index, each in enumerate(lowering.ops) if inner is not None and inner in frames_of(each))
    place = next(later, len(lowering.ops))
    lowering.ops.insert(place, op)


def inside(path: str, module: str) -> bool:
    """Whether what a path leads to is in a module."""
    return not module or path.startswith(f"{module}.")


def frames_of(op: Op) -> Iterator[Frame]:
    """The calls of modules that a call is part of."""
    frame: Frame | None = op.frame
    while frame is not None:
        yield frame
        frame = frame.inside


def constant(lowering: Lowering, value: Value) -> Held | None:
    """The value of a fixed tensor, where a spec can say it in a short form; None elsewhere."""
    tensor = value.tensor
    assert tensor is not None
    if "buffer" not in TABLE:
        raise NotSayable("a spec has no fixed tensors")
    if value.origin is not None and _comes_from_state(lowering, value):
        return None
    if _has_batch_axis(value):
        tensor = tensor[0]  # which the item's value says
    said = value_of(tensor)
    if said is None and value.origin is None:
        said = wave_formula(tensor) or long_value(tensor)
    if said is None:
        if value.origin is None:
            raise NotSayable(
                f"{value.path or 'a fixed tensor'} holds {tensor.numel()} numbers, which follow no formula"
            )
        return None
    if value.path:
        keep = {} if value.path in lowering.state else {"persistent": False}
        return _item(lowering, value, "buffer", {**_buffer(tensor, said), **keep})
    if said == "arange" and tensor.dtype == torch.int64:
        return _made(lowering, value, "arange", {"end": len(tensor)})
    if isinstance(said, int | float) and tensor.dtype == torch.float32:
        return _made(lowering, value, *_full(said, value.shape))
    return _item(lowering, value, "buffer", {**_buffer(tensor, said), "persistent": False})


def _comes_from_state(lowering: Lowering, value: Value) -> bool:
    """Whether a tensor is computed from a buffer that the state_dict holds, which an item has to keep."""
    if value.origin is None:
        return value.path in lowering.state
    return any(_comes_from_state(lowering, each) for each in values_in((value.origin.args, value.origin.kwargs)))


def long_constant(lowering: Lowering, value: Value) -> Held | None:
    """The value of a fixed tensor by the list of its numbers; None where that is too long."""
    assert value.tensor is not None
    said = long_value(value.tensor)
    return (
        None if said is None else _item(lowering, value, "buffer", {**_buffer(value.tensor, said), "persistent": False})
    )


def filled(lowering: Lowering, value: Value, number: float) -> Held:
    """A tensor with the batch among its axes that holds one number, as the first state of a recurrent layer."""
    at = batch_axis(value.shape)
    fold = at is not None and value.shape[at] > BATCH
    type_, args = _full(number, sample_of(value.shape, at, fold))
    return Held(_made(lowering, value, type_, args).ref, value.shape, at, fold)


def filled_like(lowering: Lowering, x: Held, number: float) -> Held:
    """A tensor of one number in the shape of another one."""
    type_, args = _full(number, x.sample)
    op = Op(type_, args, (), lowering.frame, (x.sample,), anywhere=True)
    lowering.ops.append(op)
    return replace(x, ref=Ref(op))


def _full(number: float, shape: Shape) -> tuple[str, dict[str, Any]]:
    """The function that fills a sample's shape with a number, and its arguments."""
    if number in (0, 1):
        return ("ones" if number else "zeros"), {"size": [*shape]}
    return "full", {"size": [*shape], "fill_value": number}


def _made(lowering: Lowering, value: Value, type_: str, args: dict[str, Any]) -> Held:
    """A function that makes a tensor."""
    shape = tuple(args["size"]) if "size" in args else value.shape
    op = Op(type_, args, (), lowering.frame, (shape,), anywhere=True)
    lowering.ops.append(op)
    return Held(Ref(op), value.shape, None)


def _has_batch_axis(value: Value) -> bool:
    """Whether the first axis of a module's own tensor stands for the batch."""
    return bool(value.path) and len(value.shape) > 1 and value.shape[0] == 1


def _item(lowering: Lowering, value: Value, type_: str, args: dict[str, Any]) -> Held:
    """A parameter or buffer of the module around it."""
    one = _has_batch_axis(value)
    sizes = value.shape[1:] if one else value.shape
    if not isinstance(args.get("value"), list):
        args = {"shape": [*sizes], **args}
    args = {**args, **({"batch_axis": True} if one else {})}
    op = Op(type_, args, (), lowering.frame, (sizes,), path=value.path, anywhere=True)
    _add(lowering, op)
    return Held(Ref(op), value.shape, 0 if one else None)


def _buffer(tensor: torch.Tensor, said: Any) -> dict[str, Any]:
    """The arguments of a buffer; its dtype where that does not follow from the value."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    args: dict[str, Any] = {} if said == 0 and not isinstance(said, list) else {"value": said}
    if isinstance(said, str) and said not in ("eye", "tril", "arange"):
        args["value"] = Formula.of(said)
        usual = "bool" if tensor.dtype == torch.bool else "float32" if said.startswith(("sin", "cos")) else "int64"
    elif isinstance(said, list):
        usual = "bool" if tensor.dtype == torch.bool else "float32" if tensor.is_floating_point() else "int64"
    else:
        usual = "int64" if said == "arange" else "float32"
    return args if dtype == usual else {**args, "dtype": dtype}


def _init(tensor: torch.Tensor) -> dict[str, Any]:
    """How such numbers may have been made: all the same, or drawn from a normal distribution."""
    if tensor.is_meta or tensor.numel() == 0:
        return {}
    first = tensor.flatten()[0].item()
    if bool((tensor == first).all()):
        return {} if first == 0 else {"init": _short(first)}
    return {"init": "normal", "std": _short(sqrt(float(tensor.double().square().mean())), digits=1)}


def _short(number: float, digits: int = 6) -> float:
    return float(f"{number:.{digits}g}")
