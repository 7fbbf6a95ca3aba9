"""nn.Module → Trace: the calls of its layers and of torch's functions, in the order of execution.

The module is run once, on fake tensors that have shapes and no data, while a TorchFunctionMode sees every function of
torch. Unlike torch.fx, sizes are plain numbers then, so that loops, unpacked shapes and branches over sizes run as they
are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from netspec.core.shapes import Tensor as Sample
from netspec.importer.failure import ImportFailure
from netspec.importer.recorder import Recorder, dtype_of
from netspec.importer.running import author_place, in_mode, index_hint, quiet, said
from netspec.importer.traced import BATCH, Trace, Value


@contextlib.contextmanager
def _seen_by(recorder: Recorder) -> Iterator[None]:
    """Lets a recorder see the calls of all modules, and those of functions with a backward of their own."""
    original, apply = nn.Module.__call__, torch.autograd.Function.__dict__["apply"]

    def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        return recorder.module(original, module, args, kwargs)

    def applied(cls: Any, *args: Any, **kwargs: Any) -> Any:
        recorder.backwards[f"{cls.__name__} ({author_place()})"] = None
        return apply.__get__(None, cls)(*args, **kwargs)

    nn.Module.__call__ = call  # type: ignore[method-assign]  # as torch.fx does while it traces
    torch.autograd.Function.apply = classmethod(applied)
    try:
        yield
    finally:
        nn.Module.__call__ = original  # type: ignore[method-assign]
        torch.autograd.Function.apply = apply


def trace(
    module: nn.Module, inputs: Mapping[str, Sample], is_layer: Callable[[nn.Module], bool], *, training: bool = False
) -> Trace:
    """Run a module once and note what it calls.

    Args:
        module: the network.
        inputs: one sample of each input, by its name.
        is_layer: whether a module is one layer of a spec; others are looked into.
        training: run it in training mode rather than in eval mode.

    Raises:
        ImportFailure: it cannot be run on such inputs, or what it does depends on the numbers in a tensor.
    """
    recorder = Recorder(module, is_layer)
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    first = next((tensor for tensor in (*module.parameters(), *module.buffers())), None)
    with fake:
        device = torch.device("cpu") if first is None else first.device
        given = {
            name: torch.empty((BATCH, *sample.shape), dtype=getattr(torch, sample.dtype), device=device)
            for name, sample in inputs.items()
        }
    values = {}
    for name, tensor in given.items():
        values[name] = recorder.values[id(tensor)] = Value(tuple(tensor.shape), dtype_of(tensor))
    try:
        with in_mode(module, training), torch.no_grad(), _seen_by(recorder), quiet(), fake, recorder:
            result = module(*given.values())
    except ImportFailure:
        raise
    except Exception as error:  # whatever the author's code raises
        where = f" in {recorder.frame.path}" if recorder.frame.path else ""
        shapes = ", ".join(f"{name} {list(sample.shape)}" for name, sample in inputs.items())
        hint = index_hint(error, inputs)
        raise ImportFailure(f"the module cannot be run on {shapes}{where}: {said(error, BATCH)}{hint}") from error
    return Trace(values, recorder.calls, recorder.taken(result), recorder.outermost, tuple(recorder.backwards))
