"""The numbers that the network is computed in: fp32, or bf16 and fp16 where autocast finds them good enough."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch

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
