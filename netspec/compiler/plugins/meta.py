"""A module on torch's meta device, where tensors have a shape and no data: what it gives, and what it costs."""

from __future__ import annotations

import contextlib
import sys
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from netspec.core.shapes import ArgumentError, BatchAxisError, Shape, ShapeError, Tensor, show
from netspec.language.plugins import exception_line
from netspec.layers.plugin import PluginError

BATCHES = (2, 3)  # what one sample gives is what does not change with the batch; one alone has no variance


@dataclass(frozen=True)
class MetaResult:
    """What a module gives for one sample, its trainable numbers, and its multiply-accumulates (None: not countable)."""

    outputs: tuple[Tensor, ...]
    parameters: int
    macs: int | None


def run(name: str, module: type, args: dict[str, Any], inputs: tuple[Tensor, ...]) -> MetaResult:
    """Make a module and apply it to batches of two and three.

    Args:
        name: the layer's, for messages.
        module: its class.
        args: the constructor's arguments; a default is left to the constructor.
        inputs: one sample of each input.

    Raises:
        ShapeError: the constructor or the forward refuses, or what comes out is not one tensor or several for each sample.
    """
    if not issubclass(module, nn.Module):
        raise PluginError(f"{name} is {module.__name__}, which is no nn.Module")
    with on_meta():
        made = construct(name, module, args)
        try:
            with FlopCounterMode(display=False) as counter:
                first = _apply(made, inputs, BATCHES[0])
                few = counter.get_total_flops()
            with FlopCounterMode(display=False) as counter:
                second = _apply(made, inputs, BATCHES[1])
                more = counter.get_total_flops()
            macs: int | None = (few - (more - few)) // 2  # of one sample; a multiply-accumulate is two operations
        except (Exception, SystemExit):  # what counts may be what fails
            macs = None
            try:
                first, second = (_apply(made, inputs, batch) for batch in BATCHES)
            except (Exception, SystemExit) as error:
                raise _refusal(name, module, error, inputs) from None
        outputs = _samples(name, _several(name, first), _several(name, second), inputs)
        parameters = sum(parameter.numel() for parameter in made.parameters() if parameter.requires_grad)
    return MetaResult(outputs, parameters, macs)


@contextlib.contextmanager
def on_meta() -> Iterator[None]:
    """While it lasts tensors have no data; nothing goes to stdout, is warned of, or changes torch's random state."""
    with (
        torch.device("meta"),
        torch.no_grad(),
        torch.random.fork_rng(devices=[]),
        contextlib.redirect_stdout(sys.stderr),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def construct(name: str, module: type[nn.Module], args: dict[str, Any]) -> nn.Module:
    """An instance of a class.

    Raises:
        ArgumentError: it refuses the arguments.
    """
    try:
        made = module(**args)
    except NotImplementedError as error:
        raise PluginError(f"{name} cannot be made on the meta device: {exception_line(error)}") from None
    except (Exception, SystemExit) as error:
        raise ArgumentError(f"{name} refuses its arguments: {exception_line(error)}") from None
    if not isinstance(made, nn.Module):
        raise PluginError(f"{name} makes a {type(made).__name__}, which is no nn.Module")
    return made


def _apply(made: nn.Module, inputs: tuple[Tensor, ...], batch: int) -> object:
    """What a module gives for a batch of inputs [N, *sample]."""
    return made(*(torch.empty((batch, *each.shape), dtype=getattr(torch, each.dtype)) for each in inputs))


def _refusal(name: str, module: type, error: BaseException, inputs: tuple[Tensor, ...]) -> ShapeError:
    said = exception_line(error)
    file = getattr(sys.modules.get(module.__module__), "__file__", None)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    line = f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    if isinstance(error, NotImplementedError) or "meta" in said.lower():
        return PluginError(f"{name} cannot be run without data{line}, so it needs a shape rule; torch says {said}")
    shapes = " and ".join(show(each.shape) for each in inputs)
    return ShapeError(f"{name} fails on {shapes}{line}; torch says of a batch of {BATCHES[0]}: {said}")


def _several(name: str, result: object) -> tuple[torch.Tensor, ...]:
    """What a forward gives, as tensors."""
    several = tuple(result) if isinstance(result, list | tuple) else (result,)
    if not all(isinstance(each, torch.Tensor) for each in several):
        got = type(result).__name__
        if isinstance(result, list | tuple):
            got = f"a {got} of {', '.join(type(each).__name__ for each in several)}"
        raise PluginError(f"{name} gives {got}; netspec takes a tensor, or a tuple of tensors")
    if isinstance(result, list | tuple) and len(several) < 2:
        raise PluginError(f"{name} gives a {type(result).__name__} of {len(several)}; netspec takes the tensor itself")
    return several


def _samples(
    name: str, first: tuple[torch.Tensor, ...], second: tuple[torch.Tensor, ...], inputs: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """One sample of each output; dim 0 has to be the batch, and nothing else may change with it."""
    if len(first) != len(second):
        raise BatchAxisError(f"{name} gives {len(first)} outputs for a batch of 2, and {len(second)} for one of 3")
    outputs = []
    for two, three in zip(first, second, strict=True):
        shapes: tuple[Shape, Shape] = tuple(two.shape), tuple(three.shape)
        sizes = tuple(shape[:1] for shape in shapes)
        if sizes != tuple((batch,) for batch in BATCHES) or shapes[0][1:] != shapes[1][1:]:
            given = " and ".join(show((BATCHES[0], *each.shape)) for each in inputs)
            message = f"{name} does not keep the batch in front: of {given} it makes {show(shapes[0])}"
            raise BatchAxisError(message)
        outputs.append(Tensor(shapes[0][1:], str(two.dtype).removeprefix("torch.")))
    return tuple(outputs)


def samples_of(name: str, made: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
    """One sample of each output of a module on the meta device; None where it cannot be run there.

    Raises:
        ShapeError: what comes out is not one tensor or several for each sample.
    """
    with on_meta():
        try:
            first, second = (_apply(made, inputs, batch) for batch in BATCHES)
        except (Exception, SystemExit):
            return None
        return _samples(name, _several(name, first), _several(name, second), inputs)
