"""Where and how a network computes: device, precision, memory format, and whether deterministically."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from netspec.core.tree import Mapping, Scalar
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.runtime.diagnostics import At, option_span, spec_error, torch_says
from netspec.shapes.report import Report

_WORDS = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")


def choose_device(wanted: str, at: At, world: ProcessGroup = ALONE) -> torch.device:
    """The device for a run; `auto` is a GPU where there is one, of several processes on a machine each takes its own.

    Raises:
        SpecError: NS606, the word is none or the device is not there; another one is never taken silently.
    """
    if not _WORDS.fullmatch(wanted):
        raise spec_error("NS606", f"{wanted!r} is no device: auto, cpu, cuda, cuda:N or mps", at)
    with warnings.catch_warnings(record=True) as said:  # torch warns of a driver that does not suit it
        warnings.simplefilter("always")
        cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        wanted = "cuda" if cuda else "mps" if mps else "cpu"
    if world.size > 1:
        if wanted not in ("cpu", "cuda"):
            raise spec_error("NS606", f"several processes train on cpu or cuda, not on {wanted}", at)
        wanted = f"cuda:{world.local}" if wanted == "cuda" else wanted
    there = ["cpu", *(f"cuda:{n}" for n in range(torch.cuda.device_count() if cuda else 0)), *(["mps"] if mps else [])]
    found = wanted in there or (wanted == "cuda" and cuda)
    if not found:
        what = {"m": "no Apple GPU", "c": "no CUDA GPU that torch can use"}[wanted[0]]
        if wanted.startswith("cuda:") and cuda:
            what = f"no {wanted}"
        raise spec_error(
            "NS606",
            f"{wanted} was asked for and there is {what}",
            at,
            ("fix", f"take one of: auto, {', '.join(there)}"),
            *(torch_says(warning.message) for warning in said if isinstance(warning.message, Warning)),
        )
    return torch.device(wanted)


def device_for(wanted: str | None) -> torch.device:
    """The device that `--device` names; `auto` where it is left out."""
    return choose_device(wanted or "auto", option_span("--device", wanted or "auto"))


Name = Literal["fp32", "bf16", "fp16"]
_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Precision:
    """A precision on a kind of device (`cpu`, `cuda`, `mps`)."""

    name: Name = "fp32"
    device: str = "cpu"

    def autocast(self) -> AbstractContextManager[Any]:
        """The context that forward and loss are computed in."""
        if self.name == "fp32":
            return nullcontext()
        return torch.autocast(self.device, _TYPES[self.name])

    def scaler(self) -> torch.amp.GradScaler | None:
        """What keeps the gradients of fp16 from vanishing: the loss is scaled up, the gradients are scaled down."""
        return torch.amp.GradScaler(self.device) if self.name == "fp16" else None


FP32 = Precision()


def use_tf32(wanted: bool | None) -> None:
    """Whether CUDA multiplies and convolves float32 with 10 bits of fraction instead of 23; None: torch's choice."""
    if wanted is not None:
        torch.backends.cuda.matmul.allow_tf32 = wanted  # `fp32_precision` says the same from torch 2.9 on
        torch.backends.cudnn.allow_tf32 = wanted


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


def to_device(model: nn.Module, report: Report, device: torch.device | str) -> nn.Module:
    """The network on a device, in the memory format that its training has there."""
    device = torch.device(device)
    model = model.to(device)
    return model.to(memory_format=torch.channels_last) if channels_last(model, report, device) else model


COST = "deterministic: torch takes algorithms that give the same result each time, which on a GPU is slower"


def ask_for_determinism() -> None:
    """Ask torch for it.

    An operation that has no such algorithm stops the first step, which is tried before the run begins.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # which cuBLAS reads when it is first used
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False


@contextmanager
def own_determinism() -> Iterator[None]:
    """What is asked of torch inside is forgotten after it: other code of the process has wishes of its own."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.benchmark = benchmark
