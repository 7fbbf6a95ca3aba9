"""A State that several processes hold together, in one piece: for checkpoints, and for the weights that are kept.

Each process has generators of its own, and under FSDP a part of the weights and of the optimizer's state. All functions
are for all processes at once.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from torch import nn

from netspec.checkpoint.state_dict import restore, snapshot
from netspec.distributed.process_group import World
from netspec.runtime.randomness import CPU
from netspec.training.job import State

PARTS = ("model", "optimizer")  # what is spread under FSDP
SHARDS = "shards-{epoch}-{step}"  # the folder that holds them


def take_together(state: State, folder: Path, world: World) -> dict[str, Any]:
    """What a checkpoint holds; what is spread goes into a folder of its own beside it, which the checkpoint names."""
    if world.size == 1:
        return snapshot(state)
    content = snapshot(state, without=PARTS if state.blank is not None else ())
    content["generators"] = world.gather(_generators(state.losses.device)[None]).cpu()  # [processes, bytes]
    if state.blank is not None:
        from netspec.checkpoint.shards import save_shards

        content["shards"] = SHARDS.format(epoch=state.epoch, step=state.step)
        content["optimizer"] = save_shards(folder / content["shards"], state.model, state.optimizer)
    return content


def give_out(content: dict[str, Any], state: State, folder: Path, world: World) -> None:
    """Bring a State to where `take_together` took it, by as many processes or by others.

    Raises:
        KeyError, TypeError, ValueError, RuntimeError, IndexError: it is of another network or training.
    """
    shards = content.get("shards")
    if (shards is not None) != (state.blank is not None):
        raise ValueError("one of them is of `strategy: fsdp`, the other is not")
    restore(content, state, without=PARTS if shards is not None else ())
    if shards is not None:
        from netspec.checkpoint.shards import load_shards

        load_shards(folder / shards, state.model, state.optimizer, content["optimizer"])
    generators = content.get("generators")
    if world.size > 1 and generators is not None and len(generators) == world.size:
        _set_generators(generators[world.rank], state.losses.device)


def drop_shards(folder: Path, *contents: dict[str, Any] | None) -> None:
    """Remove the shards that none of these checkpoints speaks of."""
    kept = {content.get("shards") for content in contents if content is not None}
    for found in folder.glob(SHARDS.format(epoch="*", step="*")):
        if found.name not in kept:
            shutil.rmtree(found, ignore_errors=True)


def whole(state: State) -> nn.Module | None:
    """The model that is kept, with all of its weights; None in processes that have no use for it."""
    if state.blank is None:
        return state.result
    from netspec.checkpoint.shards import whole_weights

    weights = whole_weights(state.model)
    if not weights:
        return None
    model = state.blank()
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
