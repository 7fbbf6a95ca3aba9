"""What a module returns → the outputs of a spec, and what of its form a spec does not keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from torch import nn
from torch.utils._pytree import tree_flatten

from netspec.importer.traced import Value, values_in


def names_of(returned: object) -> list[str]:
    """The names of the tensors in a dict, `features_0` for the first of a list in it; none where it is no dict."""
    if not isinstance(returned, Mapping):
        return []
    found = []
    for key, value in returned.items():
        if isinstance(value, Value):
            found.append(str(key))
        elif isinstance(value, list | tuple):
            found += [f"{key}_{place}" for place, each in enumerate(value) if isinstance(each, Value)]
    return found if len({*found}) == len(values_in(returned)) else []


def form_notes(returned: object) -> list[str]:
    """What is lost of what a module returns, a sentence each."""
    leaves: list[Any] = tree_flatten(returned)[0]
    tensors = [leaf for leaf in leaves if isinstance(leaf, Value)]
    others = [leaf for leaf in leaves if not isinstance(leaf, Value)]
    found = []
    if others:
        shown = ", ".join(
            repr(each) if isinstance(each, int | float | str | None) else type(each).__name__ for each in others
        )
        found.append(f"the module also returns {shown}, and a spec's network tensors alone")
    names = names_of(returned)
    kept = f"a dict of {', '.join(names)}" if names else "one tensor" if len(tensors) == 1 else "a tuple of tensors"
    if type(returned) is dict and names and _flat(returned):
        return found
    if isinstance(returned, Value) or (type(returned) is tuple and len(tensors) > 1 and _flat(returned)):
        return found
    inside = "" if _flat(returned) else " with others inside"
    found.append(f"the module returns {_kind(returned)}{inside}, the spec's network {kept}")
    return found


def _flat(returned: object) -> bool:
    values = returned.values() if isinstance(returned, Mapping) else returned
    return isinstance(values, list | tuple | type({}.values())) and not any(
        isinstance(each, list | tuple | Mapping) for each in values
    )


def _kind(returned: object) -> str:
    if isinstance(returned, tuple) and hasattr(returned, "_fields"):
        return f"a {type(returned).__name__}"
    plain: dict[type, str] = {tuple: "a tuple", list: "a list", dict: "a dict"}
    return plain.get(type(returned), f"a {type(returned).__name__}")


def backward_note(functions: Sequence[str]) -> list[str]:
    """Which functions of torch.autograd.Function have a backward of their own, which a spec has no place for."""
    if not functions:
        return []
    named = ", ".join(functions[:3]) + (f" and {len(functions) - 3} more" if len(functions) > 3 else "")
    return [f"{named} has a backward of its own; the spec trains with the gradient of what its forward computes"]


def frozen_note(module: nn.Module) -> list[str]:
    """Which parameters are frozen where some are, which is a matter of `train` in a spec."""
    every = dict(module.named_parameters())
    frozen = [name for name, parameter in every.items() if not parameter.requires_grad]
    if not frozen:
        return []
    patterns = dict.fromkeys(_pattern(name, every.keys() - {*frozen}) for name in frozen)
    return [f"parameters are frozen (requires_grad is False); for training: freeze: [{', '.join(patterns)}]"]


def _pattern(name: str, others: Set[str]) -> str:
    """The outermost module around a frozen parameter that has no other ones, as `backbone.*`; else its own name."""
    parts = name.split(".")
    for length in range(1, len(parts)):
        prefix = ".".join(parts[:length]) + "."
        if not any(other.startswith(prefix) for other in others):
            return f"{prefix}*"
    return name
