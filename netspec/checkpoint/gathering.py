"""The state of several processes: gathered into one checkpoint, or each process's shard to disk and back.

Input: a State in each process. Output: the content of one checkpoint, and under FSDP a folder of shards beside it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.distributed.checkpoint import state_dict_loader, state_dict_saver
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_model_state_dict,
    set_state_dict,
)

from netspec.checkpoint.state_dict import load_state_dict, state_dict
from netspec.distributed.process_group import ProcessGroup
from netspec.runtime.randomness import CPU
from netspec.training.job import State

_FLAT = StateDictOptions(flatten_optimizer_state_dict=True)
_FULL = StateDictOptions(full_state_dict=True, cpu_offload=True)
SHARDED = ("model", "optimizer")  # the entries of a checkpoint that are sharded under FSDP
SHARDS = "shards-{epoch}-{step}"  # the folder of the shards
_SHARDS = re.compile(SHARDS.format(epoch=r"\d+", step=r"\d+"))


def save_shards(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Write a sharded model and its optimizer into a new folder; for all processes at once.

    Returns:
        The optimizer's values that are no tensors, the same in each process.
    """
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter  # torch 2.9 or newer, as FSDP here

    tensors, others = _flat(model, optimizer if optimizer.state else None)
    state_dict_saver.save(tensors, storage_writer=HuggingFaceStorageWriter(str(folder), save_distributed=True))
    return others


def load_shards(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, others: dict[str, Any]) -> None:
    """Load what `save_shards` wrote, with as many processes or with others."""
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader

    begun = optimizer if others else None
    tensors, _ = _flat(model, begun)
    state_dict_loader.load(tensors, storage_reader=HuggingFaceStorageReader(str(folder)))
    everything = {**tensors, **others}
    weights, states = (
        {key.removeprefix(prefix): value for key, value in everything.items() if key.startswith(prefix)}
        for prefix in ("model.", "optimizer.")
    )
    if begun is None:
        set_model_state_dict(model, weights)
    else:
        set_state_dict(model, optimizer, model_state_dict=weights, optim_state_dict=states, options=_FLAT)


def _flat(model: nn.Module, optimizer: torch.optim.Optimizer | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The state by name: tensors, and what is no tensor.

    An optimizer that has taken no step is left out: torch would take one to get at the names of its state.
    """
    if optimizer is None:
        return {f"model.{key}": value for key, value in get_model_state_dict(model).items()}, {}
    weights, states = get_state_dict(model, optimizer, options=_FLAT)
    flat: dict[str, Any] = {f"model.{key}": value for key, value in weights.items()}
    flat |= {f"optimizer.{key}": value for key, value in states.items()}
    tensors = {key: value for key, value in flat.items() if isinstance(value, torch.Tensor)}
    return tensors, {key: value for key, value in flat.items() if key not in tensors}


def gather_state(state: State, folder: Path, group: ProcessGroup) -> dict[str, Any]:
    """The content of a checkpoint; for all processes at once.

    Args:
        state: of this process. Its shards go into a folder of their own, which the content names.
        folder: of the run.
        group: the processes that train together.
    """
    if group.size == 1:
        return state_dict(state)
    content = state_dict(state, without=SHARDED if state.new_model is not None else ())
    content["generators"] = group.gather(_generators(state.losses.device)[None]).cpu()  # [processes, bytes]
    if state.new_model is not None:
        content["shards"] = SHARDS.format(epoch=state.epoch, step=state.step)
        content["optimizer"] = save_shards(folder / content["shards"], state.model, state.optimizer)
    return content


def scatter_state(content: dict[str, Any], state: State, folder: Path, group: ProcessGroup) -> None:
    """Bring a State, and the random generators, to where `gather_state` took it; for all processes at once.

    Args:
        content: of the checkpoint.
        state: of this process; it is changed.
        folder: of the run.
        group: the processes that train together, as many as they were or others.

    Raises:
        KeyError, TypeError, ValueError, RuntimeError, IndexError: it is of another network or training.
    """
    shards = content.get("shards")
    if shards is not None and not (isinstance(shards, str) and _SHARDS.fullmatch(shards)):
        raise ValueError("the folder of its shards is none of a run")
    if (shards is not None) != (state.new_model is not None):
        raise ValueError("one of them is of `strategy: fsdp`, the other is not")
    load_state_dict(content, state, without=SHARDED if shards is not None else ())
    if shards is not None:
        load_shards(folder / shards, state.model, state.optimizer, content["optimizer"])
    generators = content.get("generators")
    if group.size > 1 and generators is not None and len(generators) == group.size:
        _set_generators(generators[group.rank], state.losses.device)


def remove_unused_shards(folder: Path, *contents: dict[str, Any] | None) -> None:
    """Remove the shards that none of these checkpoints names."""
    kept = {content.get("shards") for content in contents if content is not None}
    for found in folder.glob(SHARDS.format(epoch="*", step="*")):
        if found.name not in kept:
            shutil.rmtree(found, ignore_errors=True)


def gathered_model(state: State) -> nn.Module | None:
    """The model that is kept, with all of its weights; for all processes at once.

    Args:
        state: of this process.

    Returns:
        None under FSDP in all processes but the first.
    """
    if state.new_model is None:
        return state.result
    weights = get_model_state_dict(state.model, options=_FULL)
    if not weights:
        return None
    model = state.new_model()
    model.load_state_dict(weights)
    return model


def _generators(device: torch.device) -> torch.Tensor:
    """The state of torch's generators: the CPU's, then the device's, as bytes [n] on the device."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return torch.cat(states).to(device)


def _set_generators(states: torch.Tensor, device: torch.device) -> None:
    length = len(torch.get_rng_state())
    torch.set_rng_state(states[:length].to(CPU).clone())  # torch cannot read a part of a tensor
    if device.type == "cuda" and len(states) > length:
        torch.cuda.set_rng_state(states[length:].to(CPU).clone(), device)
