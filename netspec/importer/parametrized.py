"""A module whose parameters are computed by torch.nn.utils.parametrizations → the `parametrize` of its item."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from netspec.layers.parametrizations import PARAMETRIZATIONS, Parametrizer

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def class_of(module: nn.Module) -> type[nn.Module]:
    """The class of a module before torch parametrized it: Linear of a ParametrizedLinear."""
    found: type[nn.Module] = parametrize.type_before_parametrizations(module)
    return found


def parametrized(module: nn.Module) -> list[dict[str, dict[str, Any]]] | None:
    """What computes a module's parameters, as a spec's `parametrize` says it: each function with its arguments.

    None where one of them is not torch's own; empty where there is none.
    """
    if not parametrize.is_parametrized(module):
        return []
    found: list[dict[str, dict[str, Any]]] = []
    for name, steps in module.parametrizations.items():  # type: ignore[union-attr, operator]  # a ModuleDict then
        for step in steps:
            known = _function(step)
            if known is None:
                return None
            args = _arguments(known, step, module, name)
            found.append({known.name: {arg.name: args[arg.name] for arg in known.args if arg.name in args}})
    return found


def _function(step: nn.Module) -> Parametrizer | None:
    """The function of torch that makes a step: weight_norm for a _WeightNorm."""
    if type(step).__module__ != parametrizations.__name__:
        return None
    words = re.findall(r"[A-Z][a-z]*", type(step).__name__)
    return PARAMETRIZATIONS.get("_".join(words).lower())


def _arguments(known: Parametrizer, step: nn.Module, module: nn.Module, name: str) -> dict[str, Any]:
    """The arguments of a function that are not its defaults, as its step keeps them."""
    found: dict[str, Any] = {} if name == "weight" else {"name": name}
    for arg in known.args:
        value = getattr(step, arg.name, arg.default)
        match known.name, arg.name:
            case "weight_norm", "dim":
                value = None if value == -1 else value  # as torch keeps it
            case "spectral_norm", "dim":
                value = None if value == (1 if isinstance(module, _TRANSPOSED) else 0) else value
            case "orthogonal", "orthogonal_map":
                sizes: torch.Size = step.shape  # type: ignore[assignment]  # of the parameter
                usual = "matrix_exp" if sizes[-1] == sizes[-2] else "householder"
                value = None if value.name == usual else value.name
            case "orthogonal", "use_trivialization":
                value = hasattr(step, "base")
        if arg.name != "name" and value != arg.default:
            found[arg.name] = value
    return found
