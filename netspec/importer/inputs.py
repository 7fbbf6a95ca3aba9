"""The `input` of an import → the network's inputs by name: the shape and dtype of one sample of each."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from netspec.core.shapes import DTYPES, Tensor


def _is_shape(value: object) -> bool:
    return isinstance(value, Sequence) and all(isinstance(size, int) and size >= 0 for size in value)


def _one(value: object) -> Tensor:
    """One input: `[3, 32, 32]`, `{shape: [12], dtype: int64}`, or a batch of samples."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, torch.Tensor):
        if value.dim() == 0:
            raise ValueError("an input is a shape such as [3, 32, 32] or a batch of samples; got a tensor without axes")
        return _one({"shape": [*value.shape[1:]], "dtype": value.dtype})
    if isinstance(value, Mapping) and {"shape"} <= value.keys() <= {"shape", "dtype"} and _is_shape(value["shape"]):
        dtype = str(value.get("dtype", "float32")).removeprefix("torch.")
        if dtype not in DTYPES:
            raise ValueError(f"{dtype} is no dtype: one of {', '.join(sorted(DTYPES))}")
        return Tensor(tuple(value["shape"]), dtype)
    if _is_shape(value):
        assert isinstance(value, Sequence)
        return Tensor(tuple(value))
    raise ValueError(
        f"an input is a shape such as [3, 32, 32], or a shape and a dtype by name; got {reprlib.repr(value)}"
    )


def declared(given: object, module: nn.Module) -> dict[str, Tensor]:
    """The inputs of a module by the names that its forward has for them; one alone is called `input`.

    Args:
        given: a shape of one sample, `{shape, dtype}` or a tensor of batch × sample, or a list or mapping of those.
        module: whose forward names the inputs of a list.

    Raises:
        ValueError: it is none of these, or there are more than forward takes.
    """
    if (
        _is_shape(given)
        or isinstance(given, Tensor | torch.Tensor)
        or (isinstance(given, Mapping) and "shape" in given)
    ):
        return {"input": _one(given)}
    if isinstance(given, Mapping) and given:
        return _free({str(name): _one(each) for name, each in given.items()}, module)
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise ValueError(f"an input is a shape such as [3, 32, 32], or several of them; got {reprlib.repr(given)}")
    if len(given) == 1:
        return {"input": _one(given[0])}
    names = [*inspect.signature(module.forward).parameters]
    if len(names) < len(given):
        raise ValueError(f"{len(given)} inputs are given, forward takes {len(names)}: {', '.join(names)}")
    return _free({name: _one(each) for name, each in zip(names, given, strict=False)}, module)


def _free(inputs: dict[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
    """The inputs, with other names for those that modules of the network have."""
    taken = {name for name, _ in (*module.named_children(), *module.named_parameters(recurse=False))}
    return {f"{name}_input" if name in taken else name: each for name, each in inputs.items()}
