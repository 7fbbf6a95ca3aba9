"""Compiled networks for the tests: each right spec is loaded, checked and built once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from torch import nn

import netspec
from netspec.core.shapes import FLOATS, Tensor
from netspec.language.spec import Spec
from netspec.shapes.report import Report

BATCH = 2


@cache
def spec_of(path: Path) -> Spec:
    return netspec.load(path)


@cache
def report_of(path: Path) -> Report:
    report = netspec.check(spec_of(path))
    assert report.ok
    return report


@cache
def on_meta(path: Path) -> nn.Module:
    return netspec.compile(spec_of(path), device="meta")


def batch_of(tensor: Tensor | None, device: str = "cpu") -> torch.Tensor:
    """A batch of samples such as a checked input asks for."""
    assert tensor is not None
    size = (BATCH, *tensor.shape)
    if tensor.dtype in FLOATS:
        return torch.randn(size, dtype=getattr(torch, tensor.dtype), device=device)
    return torch.ones(size, dtype=getattr(torch, tensor.dtype), device=device)


def inputs_of(report: Report, device: str = "cpu") -> list[torch.Tensor]:
    return [batch_of(tensor, device) for tensor in report.inputs.values()]


def in_evaluation(report: Report) -> list[Tensor | None]:
    """The outputs that are there in evaluation mode too."""
    return [tensor for name, tensor in report.outputs.items() if name not in report.training_only]


def outputs(result: torch.Tensor | tuple[torch.Tensor, ...] | dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
    if isinstance(result, dict):
        return tuple(result.values())
    return result if isinstance(result, tuple) else (result,)
