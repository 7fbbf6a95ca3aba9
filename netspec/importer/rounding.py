"""Whether two outputs differ by rounding alone, as where a spec computes the same in another order.

In float32 rounding and a wrong eps may look alike; in float64 only the latter is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_flatten

from netspec.importer.failure import ImportFailure

MOST_ROUNDING, FEW_BITS, MOST_ROUNDING_IN_DOUBLE = 1e-5, 1e-6, 1e-9


def rounded(
    run: Callable[[nn.Module, list[torch.Tensor]], Any],
    made: nn.Module,
    module: nn.Module,
    given: list[torch.Tensor],
    rounding: float,
    index: int,
) -> bool:
    """Whether an output differs by rounding alone: then hardly in float64; where that cannot be run, by a few bits.

    Args:
        run: gives what a module makes of a batch; raises ImportFailure where it cannot be run.
        made, module: the spec's network and the module.
        given: a batch of each input, [B, *sample].
        rounding: by how much the output differs in float32, relative to its largest number.
        index: of the output.
    """
    if not rounding <= MOST_ROUNDING:
        return False
    try:
        want, have = (
            [each for each in tree_flatten(run(double, _double(given)))[0] if isinstance(each, torch.Tensor)]
            for double in (_Double(module), _Double(made, _alike_tables(made, module)))
        )
    except ImportFailure:
        return rounding <= FEW_BITS
    if want[index].dtype != torch.float64:
        return rounding <= FEW_BITS
    return relative(want[index], have[index]) <= MOST_ROUNDING_IN_DOUBLE


def _alike_tables(made: nn.Module, module: nn.Module) -> dict[str, torch.Tensor]:
    """The module's buffers that no state_dict has, where the formula differs by rounding alone."""
    tables = dict(module.named_buffers())
    return {
        name: tables[name]
        for name, buffer in made.named_buffers()
        if name in tables and tables[name].shape == buffer.shape and relative(tables[name], buffer) <= MOST_ROUNDING
    }


class _Double(nn.Module):
    """A module computed in float64, which stays as it is; with other buffers where these are given by name."""

    def __init__(self, module: nn.Module, buffers: Mapping[str, torch.Tensor] = MappingProxyType({})) -> None:
        super().__init__()
        self.module, self.given = module, buffers

    def forward(self, *given: torch.Tensor) -> Any:
        """What the module gives with its weights in float64."""
        state = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers()), **self.given}
        wide = dict(zip(state, _double([*state.values()]), strict=True))
        return torch.func.functional_call(self.module, wide, given)


def _double(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    return [each.double() if each.dtype == torch.float32 else each for each in tensors]


def relative(one: torch.Tensor, other: torch.Tensor) -> float:
    """By how much two tensors differ, relative to the largest number; inf where what is no number differs."""
    if not one.is_floating_point():
        return inf
    finite = one.isfinite()
    if not bool((finite == other.isfinite()).all()) or not _alike(one[~finite], other[~finite]) or not finite.any():
        return inf
    difference = (one[finite].double() - other[finite].double()).abs().max().item()
    largest = one[finite].double().abs().max().item()
    return float(difference / largest) if largest else inf


def _alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether infinite numbers are the same, and what is no number in one is none in the other."""
    return bool(((one == other) | (one.isnan() & other.isnan())).all())
