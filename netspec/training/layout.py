"""The memory format of a network and its batches: the one that it is trained in is the one that it is used in.

Convolutions compute the same in every format but for the last bits, which hang on the CPU's kernels. So what is loaded
from a run is laid out as its training laid it out, and gives bit for bit what the trained network gives.
"""

from __future__ import annotations

import torch
from torch import nn

from netspec.core.tree import Mapping, Scalar
from netspec.language.spec import Report

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def channels_last(model: nn.Module, report: Report, device: torch.device) -> bool:
    """Whether weights and batches [B, C, H, W] lie channels-last, which convolutions on CPU and CUDA are faster with.

    Args:
        model: the network, with the layers of its spec.
        report: of its check.
        device: where it runs.
    """
    train = report.spec.train
    strategy = train.get("strategy") if isinstance(train, Mapping) else None
    if isinstance(strategy, Scalar) and strategy.value == "fsdp":  # which takes contiguous weights only
        return False
    convolves = any(isinstance(module, CONVOLUTIONS) for module in model.modules())
    pictures = any(input is not None and len(input.shape) == 3 for input in report.inputs.values())
    return convolves and pictures and device.type in ("cpu", "cuda")


def laid_out(model: nn.Module, report: Report, device: torch.device | str) -> nn.Module:
    """The network on a device, in the memory format that its training has there."""
    device = torch.device(device)
    model = model.to(device)
    return model.to(memory_format=torch.channels_last) if channels_last(model, report, device) else model
