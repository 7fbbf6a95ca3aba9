"""Weights of a module itself, as class tokens and scales → items of the spec."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import torch

from netspec.importer.failure import NotSayable
from netspec.importer.held import Held, Op, Ref

if TYPE_CHECKING:
    from netspec.importer.lowering import Lowering
    from netspec.importer.trace import Value


def constant(lowering: Lowering, value: Value) -> Held:
    """The value of a parameter, whose item only takes the batch's size from what stands before it.

    A first axis of size 1 before others is the batch's: so torch keeps class tokens and position embeddings.
    """
    tensor = value.tensor
    assert tensor is not None
    if not value.path or not _is_parameter(lowering, value.path):
        what = f"the buffer {value.path}" if value.path else "a constant tensor"
        raise NotSayable(f"{what} is no parameter")
    if value.dtype != "float32":
        raise NotSayable(f"the parameter {value.path} is {value.dtype}")
    one = len(value.shape) > 1 and value.shape[0] == 1
    sizes = value.shape[1:] if one else value.shape
    args: dict[str, Any] = {"shape": [*sizes], **({"batch_axis": True} if one else {}), **_init(tensor)}
    op = Op("parameter", args, (), lowering.frame, (sizes,), path=value.path, anywhere=True)
    lowering.ops.append(op)
    return Held(Ref(op), value.shape, 0 if one else None)


def _is_parameter(lowering: Lowering, path: str) -> bool:
    return path in dict(lowering.trace.root.module.named_parameters())


def _init(tensor: torch.Tensor) -> dict[str, Any]:
    """How such numbers may have been made: all the same, or drawn from a normal distribution."""
    if tensor.is_meta or tensor.numel() == 0:
        return {}
    first = tensor.flatten()[0].item()
    if bool((tensor == first).all()):
        return {} if first == 0 else {"init": _short(first)}
    return {"init": "normal", "std": _short(sqrt(float(tensor.double().square().mean())), digits=2)}


def _short(number: float, digits: int = 6) -> float:
    return float(f"{number:.{digits}g}")
