"""What a check proves of a network, held against its compiled module on torch's meta device."""

from __future__ import annotations

import warnings
from math import prod

import torch
from torch import nn

import netspec
from netspec.core.shapes import FLOATS, Tensor
from netspec.layers.table import BATCH_NORMS
from netspec.shapes.report import Report
from tests.compiler.networks import outputs

RUNS = tuple((batch, training) for training in (False, True) for batch in (1, 2, 7))
FEWER_RUNS = ((1, False), (7, True))  # of networks of many layers
MANY = 40
LARGEST = 2**40  # numbers of a tensor; torch counts bytes in 63 bits


def one_value(report: Report, batch: int) -> bool:
    """Whether torch refuses a batch in train mode: a BatchNorm would get a single value of each channel."""
    assert report.graph is not None
    return batch == 1 and any(
        call.record.name in BATCH_NORMS and known.inputs and known.inputs[0] and prod(known.inputs[0].shape[1:]) == 1
        for call, known in zip(report.graph.calls, report.inferred, strict=True)
    )


def too_large(report: Report) -> bool:
    """Whether a tensor of the network is larger than torch can count."""
    return (
        any(
            prod((7, *tensor.shape)) > LARGEST
            for known in report.inferred
            for tensor in (*known.inputs, *(known.outputs or ()))
            if tensor is not None
        )
        or report.parameters > LARGEST
    )


def batch_of(tensor: Tensor, batch: int) -> torch.Tensor:
    """A batch of samples on the meta device."""
    make = torch.randn if tensor.dtype in FLOATS else torch.ones
    return make((batch, *tensor.shape), dtype=getattr(torch, tensor.dtype), device="meta")


def disproved(text: str, most_layers: int | None = None, runs: tuple[tuple[int, bool], ...] = ()) -> str | None:
    """How the compiled network differs from what a check of its spec proves; None where it does not.

    Args:
        text: a spec that is right.
        most_layers: a network of more layers is not compiled.
        runs: its batch sizes, each in train or eval mode; some of all in both where there are none.
    """
    spec = netspec.loads(text)
    report = netspec.check(spec)
    assert report.ok
    if None in report.outputs.values() or any(known.outputs is None for known in report.inferred):
        return "it is called right, and not all of its shapes are known"
    layers = len(report.inferred)
    if too_large(report) or (most_layers is not None and layers > most_layers):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        usual = RUNS if layers < MANY else FEWER_RUNS
        return differs(report, netspec.compile(spec, device="meta"), runs or usual)


def differs(report: Report, model: nn.Module, runs: tuple[tuple[int, bool], ...] = RUNS) -> str | None:
    """How a module differs from a report, for batch sizes in train and eval mode."""
    all_outputs = {name: tensor and (tensor.shape, tensor.dtype) for name, tensor in report.outputs.items()}
    entering = [*report.inputs.values()]
    for batch, training in runs:
        if training and one_value(report, batch):
            continue
        proved = [each for name, each in all_outputs.items() if training or name not in report.training_only]
        given = [batch_of(tensor, batch) for tensor in entering if tensor is not None]
        where = f"batch {batch}, {'train' if training else 'eval'}"
        try:
            found = outputs(model.train(training)(*given))
        except Exception as error:  # whatever torch raises is a difference
            return f"{where}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        shapes = [(tuple(each.shape[1:]), str(each.dtype).removeprefix("torch.")) for each in found]
        if shapes != proved or any(each.shape[0] != batch for each in found):
            return f"{where}: {[tuple(each.shape) for each in found]}, proved {proved}"
    return None
