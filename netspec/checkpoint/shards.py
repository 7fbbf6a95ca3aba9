"""Weights and optimizer states that are spread over processes (FSDP), to disk and back: each writes its own part.

torch.distributed.checkpoint does it, into safetensors files: nothing is pickled. What is no tensor, such as learning
rates, is handed back for the checkpoint beside.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.distributed.checkpoint import state_dict_loader, state_dict_saver
from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader, HuggingFaceStorageWriter
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_model_state_dict,
    set_state_dict,
)

_FLAT = StateDictOptions(flatten_optimizer_state_dict=True)
_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)
MODEL, OPTIMIZER = "model.", "optimizer."


def save_shards(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Store what is spread into a new folder; for all processes at once.

    Returns:
        The optimizer's values that are no tensors, the same in each process.
    """
    tensors, others = _flat(model, optimizer if optimizer.state else None)
    state_dict_saver.save(tensors, storage_writer=HuggingFaceStorageWriter(str(folder), save_distributed=True))
    return others


def load_shards(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, others: dict[str, Any]) -> None:
    """Bring a model and its optimizer to where `save_shards` stored them, by as many processes or by others."""
    begun = optimizer if others else None
    tensors, _ = _flat(model, begun)
    state_dict_loader.load(tensors, storage_reader=HuggingFaceStorageReader(str(folder)))
    everything = {**tensors, **others}
    parts = [
        {key.removeprefix(part): value for key, value in everything.items() if key.startswith(part)}
        for part in (MODEL, OPTIMIZER)
    ]
    if begun is None:
        set_model_state_dict(model, parts[0])
        return
    set_state_dict(model, optimizer, model_state_dict=parts[0], optim_state_dict=parts[1], options=_FLAT)


def whole_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """All weights of a spread model, on the CPU of process 0, none in the others; for all processes at once."""
    return get_model_state_dict(model, options=_WHOLE)  # type: ignore[return-value]  # tensors alone: it is a module's


def _flat(model: nn.Module, optimizer: torch.optim.Optimizer | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The state by name: tensors, and what is no tensor.

    An optimizer that has taken no step is left out: torch would take one to see what its state is made of.
    """
    if optimizer is None:
        return {MODEL + key: value for key, value in get_model_state_dict(model).items()}, {}
    weights, state = get_state_dict(model, optimizer, options=_FLAT)
    flat: dict[str, Any] = {MODEL + key: value for key, value in weights.items()}
    entries: dict[str, Any] = state
    flat |= {OPTIMIZER + key: value for key, value in entries.items()}
    tensors = {key: value for key, value in flat.items() if isinstance(value, torch.Tensor)}
    return tensors, {key: value for key, value in flat.items() if key not in tensors}
