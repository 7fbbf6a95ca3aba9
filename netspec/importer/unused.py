"""Weights that no call of a module uses, and what to do about them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from netspec.importer.constants import constant, frames_of, holder, inside, weight
from netspec.importer.failure import ImportFailure, NotSayable, Unsayable
from netspec.importer.held import Op
from netspec.importer.lowering import Lowering
from netspec.importer.traced import Value

# The hooks of torch.nn.utils that compute a weight before each call, and what torch has in their place.
_MOST = 4  # names in a note
_OLD = {WeightNorm: "weight_norm", SpectralNorm: "spectral_norm"}


def unused(module: nn.Module, ops: Sequence[Op]) -> list[str]:
    """The weights of a module that none of the calls has.

    Args:
        module: the network.
        ops: its calls.
    """
    held = {op.path for op in ops}
    inside = tuple(f"{op.path}." for op in ops if op.module is not None)
    return [key for key in module.state_dict() if key not in held and not key.startswith(inside)]


def refuse_old_hooks(module: nn.Module) -> None:
    """See that no old hook of torch computes a module's weights.

    Raises:
        ImportFailure: one does.
    """
    found = []
    for path, part in module.named_modules():
        for hook in part._forward_pre_hooks.values():
            if type(hook) in _OLD:
                name = _OLD[type(hook)]
                reason = f"torch replaced it: use torch.nn.utils.parametrizations.{name}"
                found.append(Unsayable(path, f"torch.nn.utils.{name}", reason))
    if found:
        raise ImportFailure("a spec has no place for hooks", tuple(found))


def held_only(lowering: Lowering, ops: list[Op]) -> list[str]:
    """Add the layers and tensors that forward does not use: they are made and not applied.

    Args:
        lowering: what has made the calls.
        ops: all calls, to which it adds.

    Returns:
        A sentence that names them, for the notes of the spec; none where there are none.

    Raises:
        ImportFailure: a tensor's numbers have no short form.
    """
    module = lowering.trace.root.module
    left = unused(module, ops)
    tensors = {**dict(module.named_buffers(remove_duplicate=False)), **_parameters(module)}
    used = {id(tensor) for key, tensor in tensors.items() if key not in left}
    names: list[str] = []
    while left:
        part = next((path for path in _parents(left[0]) if not _uses(ops, path)), left[0])
        keys = [key for key in left if key == part or key.startswith(f"{part}.")]
        names += [part] * any(id(tensors[key]) not in used for key in keys)  # or it has another name, which is used
        left = [key for key in left if key not in keys]
        for key in keys:
            if not any(op.module is not None and key.startswith(f"{op.path}.") for op in ops):
                _hold(lowering, ops, key, tensors[key])
    shown = ", ".join(names[:_MOST]) + (f" and {len(names) - _MOST} more" if len(names) > _MOST else "")
    return [f"forward does not use {shown}."] if names else []


def _parameters(module: nn.Module) -> dict[str, torch.Tensor]:
    return dict(module.named_parameters(remove_duplicate=False))


def _hold(lowering: Lowering, ops: list[Op], key: str, tensor: torch.Tensor) -> None:
    """Add the layer that has a tensor, or the tensor itself, where the module around it is called."""
    owner = key.rpartition(".")[0]
    frames = {frame for op in ops for frame in frames_of(op) if not frame.again and inside(key, frame.path)}
    frame = max(frames, key=lambda each: len(each.path), default=lowering.trace.root)
    lowering.ops, lowering.frame, before = ops, frame, len(ops)
    op = holder(lowering, owner)
    if op is None:
        dtype = str(tensor.dtype).removeprefix("torch.")
        learned = isinstance(tensor, nn.Parameter)
        value = Value(tuple(tensor.shape), dtype, key, tensor.detach(), learned)
        try:
            (weight if learned else constant)(lowering, value)
        except NotSayable as reason:
            raise ImportFailure("a tensor cannot be said", (Unsayable(key, "Parameter", str(reason)),)) from None
        ops[-1].applied = False
    made = ops.pop(before)
    last = [index for index, each in enumerate(ops) if frame in frames_of(each)]
    ops.insert(last[-1] + 1 if last else len(ops), made)


def _parents(key: str) -> list[str]:
    """The modules that a weight is in, from the outermost."""
    parts = key.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _uses(ops: Sequence[Op], path: str) -> bool:
    return any(op.path == path or op.path.startswith(f"{path}.") for op in ops)
