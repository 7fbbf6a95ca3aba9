"""Weights that no call of a module uses, and what to do about them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from netspec.importer.failure import ImportFailure, Unsayable
from netspec.importer.held import Op

# The hooks of torch.nn.utils that compute a weight before each call, and what torch has in their place.
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


def require_used(module: nn.Module, ops: Sequence[Op]) -> None:
    """See that every weight of a module has a place in its spec.

    Args:
        module: the network.
        ops: its calls.

    Raises:
        ImportFailure: forward never uses one of its modules, or an old hook of torch computes its weights.
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
    left = unused(module, ops)
    while left:
        part = next((path for path in _parents(left[0]) if not _uses(ops, path)), left[0])
        keys = [key for key in left if key == part or key.startswith(f"{part}.")]
        operation = type(module.get_submodule(part)).__name__ if keys != [part] else "Parameter"
        reason = f"self.{part} is never used in forward, and a spec has no place for it: remove it"
        if (other := _second_name(module, keys)) is not None:
            reason = f"it holds {other} under a second name, and a spec has one name for a module: keep one of the two"
        found.append(Unsayable(part, operation, reason))
        left = [key for key in left if key not in keys]
    if found:
        raise ImportFailure("the module has weights that forward does not use", tuple(found))


def _second_name(module: nn.Module, keys: Sequence[str]) -> str | None:
    """The module whose weights some names are further names of; None where they are not."""
    first = {id(tensor): name for name, tensor in module.state_dict(keep_vars=True).items() if name not in keys}
    own = module.state_dict(keep_vars=True)
    others = [first.get(id(own[key])) for key in keys]
    known = next((other for other in others if other is not None), None)
    return None if known is None or None in others else known.rpartition(".")[0]


def _parents(key: str) -> list[str]:
    """The modules that a weight is in, from the outermost."""
    parts = key.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _uses(ops: Sequence[Op], path: str) -> bool:
    return any(op.path == path or op.path.startswith(f"{path}.") for op in ops)
