"""Masks of attention that are causal → the switch of a layer that makes such a mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from netspec.importer.traced import Value
from netspec.layers.record import Layer


def causal_switch(record: Layer, mask: str) -> str | None:
    """The switch that makes a mask causal: `tgt_is_causal` for `tgt_mask`; None for a mask that has none."""
    own = f"{mask.removesuffix('mask')}is_causal"
    return next((name for name in (own, "is_causal") if record.arg(name) is not None), None)


def without_causal(record: Layer, args: dict[str, Any], masks: Mapping[str, Value]) -> dict[str, Value]:
    """The masks of a layer that are not causal; a causal one becomes its switch in `args`.

    torch takes `is_causal` beside a mask as the promise that the mask is one, so that the mask alone counts.

    Args:
        record: of the layer.
        args: the layer's arguments; they are changed.
        masks: the tensors that it takes by name.
    """
    kept: dict[str, Value] = {}
    for name, value in masks.items():
        switch = None if "padding" in name or not name.endswith("mask") else causal_switch(record, name)
        if switch is None:
            kept[name] = value
        elif _is_causal(value) or (value.tensor is None and args.get(switch)):
            args[switch] = True
        else:
            args.pop(switch, None)
            kept[name] = value
    return kept


def _is_causal(value: Value) -> bool:
    """Whether a mask leaves out every later key and no other: true, or minus infinity, above the diagonal."""
    mask = value.tensor
    if mask is None or value.learned or mask.is_meta or mask.dim() != 2 or mask.shape[0] != mask.shape[1]:
        return False
    later = torch.ones(mask.shape, dtype=torch.bool, device=mask.device).triu(1)
    if mask.dtype == torch.bool:
        return torch.equal(mask, later)
    return torch.equal(mask, torch.zeros_like(mask).masked_fill(later, -torch.inf))
