"""A model over several processes: a copy in each (DDP), or a shard of its weights in each (FSDP)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import nn

from netspec.core.installed import installed, release
from netspec.distributed.process_group import ProcessGroup
from netspec.runtime.diagnostics import spec_error

Strategy = Literal["ddp", "fsdp"]
LEAST = 2**16  # parameters of a module that is worth an FSDP unit of its own
FSDP_SINCE = "2.9"  # the first torch that writes sharded weights into safetensors files


def check_strategy(values: dict[str, Any], group: ProcessGroup) -> None:
    """Check that the installed torch supports the strategy of the settings.

    Args:
        values: the settings of `train`, with their `nodes`.
        group: the processes.

    Raises:
        SpecError: NS219, it does not.
    """
    if group.size > 1 and values.get("strategy") == "fsdp" and release(installed()) < release(FSDP_SINCE):
        message = f"strategy: fsdp needs torch {FSDP_SINCE} or later, here is {installed()}"
        install = ("fix", f"pip install 'torch>={FSDP_SINCE}'")
        raise spec_error("NS219", message, values["nodes"]["strategy"], install, ("or", "strategy: ddp"))


def shard_weights(model: nn.Module, group: ProcessGroup, device: torch.device) -> None:
    """Shard the weights over the processes by FSDP, in place; the optimizer has to be made after it.

    Each module with at least LEAST parameters of its own gathers them when it is computed; the rest is one unit.

    Args:
        model: the same in each process.
        group: the processes.
        device: of the model.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (group.size,))
    for module in reversed(list(model.modules())):  # inner modules first
        own = sum(parameter.numel() for parameter in module.parameters(recurse=False))
        if module is not model and own >= LEAST:
            fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)


def wrap_ddp(model: nn.Module, device: torch.device, unused: bool) -> Callable[..., Any]:
    """The model as a function whose gradients are averaged over the processes by DDP.

    Args:
        model: the same in each process.
        device: of the model.
        unused: whether a step leaves some of its parameters without a gradient.
    """
    from torch.nn.parallel import DistributedDataParallel

    ids = [device.index] if device.type == "cuda" and device.index is not None else None
    return DistributedDataParallel(model, device_ids=ids, find_unused_parameters=unused)


def sync_batch_norm(model: nn.Module, group: ProcessGroup, device: torch.device) -> nn.Module:
    """The model with SyncBatchNorm, which sees the samples of all processes; torch has it on CUDA only."""
    if group.size > 1 and device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]  # torch has no types
        return converted
    return model
