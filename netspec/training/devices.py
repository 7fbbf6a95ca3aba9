"""Where and how a network computes: device, precision, memory format, deterministic algorithms.

Input: what the spec or the command line asks for. Output: torch's device and contexts, or torch's global settings.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from netspec.core.tree import Mapping, Scalar
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.language.sections.device import no_device
from netspec.runtime.diagnostics import At, option_span, spec_error, torch_says
from netspec.shapes.report import Report

PrecisionName = Literal["fp32", "bf16", "fp16"]
DETERMINISM_NOTE = "deterministic: torch takes algorithms that give the same result each time, which on a GPU is slower"
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def choose_device(wanted: str, at: At, group: ProcessGroup = ALONE) -> torch.device:
    """The device for a run. Another one than was asked for is never taken silently.

    Args:
        wanted: `auto` (a GPU where there is one), `cpu`, `cuda`, `cuda:N` or `mps`.
        at: the node or option that asks for it, for messages.
        group: the processes that train together; of several on a machine each takes its own GPU.

    Raises:
        SpecError: NS606, the word is none of these, or the device is not there.
    """
    if wrong := no_device(wanted):
        raise spec_error("NS606", wrong, at)
    with warnings.catch_warnings(record=True) as caught:  # torch warns of a driver that does not suit it
        warnings.simplefilter("always")
        cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        wanted = "cuda" if cuda else "mps" if mps else "cpu"
    if group.size > 1:
        if wanted not in ("cpu", "cuda"):
            raise spec_error("NS606", f"several processes train on cpu or cuda, not on {wanted}", at)
        wanted = f"cuda:{group.local}" if wanted == "cuda" else wanted
    known = ["cpu", *(f"cuda:{n}" for n in range(torch.cuda.device_count() if cuda else 0)), *(["mps"] if mps else [])]
    if wanted not in known and not (wanted == "cuda" and cuda):
        missing = f"{wanted} was asked for and there is none"
        if wanted == "mps":
            missing = f"{wanted} was asked for and there is no Apple GPU"
        elif not cuda:
            missing = f"{wanted} was asked for and there is no CUDA GPU that torch can use"
        raise spec_error(
            "NS606",
            missing,
            at,
            ("fix", f"take one of: auto, {', '.join(known)}"),
            *(torch_says(warning.message) for warning in caught if isinstance(warning.message, Warning)),
        )
    return torch.device(wanted)


def device_for(wanted: str | None) -> torch.device:
    """The device that `--device` names; `auto` where it is left out.

    Args:
        wanted: as for `choose_device`.

    Raises:
        SpecError: NS606, it is not there.
    """
    return choose_device(wanted or "auto", option_span("--device", wanted or "auto"))


@dataclass(frozen=True)
class Precision:
    """A precision on a kind of device (`cpu`, `cuda`, `mps`)."""

    name: PrecisionName = "fp32"
    device: str = "cpu"

    def autocast(self) -> AbstractContextManager[Any]:
        """The context that forward and loss are computed in."""
        if self.name == "fp32":
            return nullcontext()
        return torch.autocast(self.device, _DTYPES[self.name])

    def scaler(self) -> torch.amp.GradScaler | None:
        """What scales losses up and gradients down, so that small gradients do not vanish in fp16; else None."""
        return torch.amp.GradScaler(self.device) if self.name == "fp16" else None


FP32 = Precision()


def use_tf32(wanted: bool | None) -> None:
    """Let CUDA multiply and convolve float32 with 10 bits of fraction instead of 23; None leaves torch's choice."""
    if wanted is not None:
        torch.backends.cuda.matmul.allow_tf32 = wanted  # `fp32_precision` says the same from torch 2.9 on
        torch.backends.cudnn.allow_tf32 = wanted


def channels_last(model: nn.Module, report: Report, device: torch.device) -> bool:
    """Whether weights and batches [B, C, H, W] lie channels-last, with which convolutions are faster.

    Args:
        model: the network, with the layers of its spec.
        report: of its check.
        device: where it runs.
    """
    train = report.spec.train
    strategy = train.get("strategy") if isinstance(train, Mapping) else None
    if isinstance(strategy, Scalar) and strategy.value == "fsdp":  # which takes contiguous weights only
        return False
    convolves = any(isinstance(module, _CONVOLUTIONS) for module in model.modules())
    pictures = any(input is not None and len(input.shape) == 3 for input in report.inputs.values())
    return convolves and pictures and device.type in ("cpu", "cuda")


def to_device(model: nn.Module, report: Report, device: torch.device | str) -> nn.Module:
    """The network on a device, in the memory format that its training has there.

    Args:
        model: the network, with the layers of its spec.
        report: of its check.
        device: where it is wanted.
    """
    device = torch.device(device)
    model = model.to(device)
    return model.to(memory_format=torch.channels_last) if channels_last(model, report, device) else model


def use_deterministic_algorithms() -> None:
    """Let torch refuse operations that have no deterministic algorithm; the trial of the first step meets them."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # which cuBLAS reads when it is first used
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False


@contextmanager
def restored_determinism() -> Iterator[None]:
    """Restore torch's settings of determinism at the end: they are those of the whole Python process."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.benchmark = benchmark
