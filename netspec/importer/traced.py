"""What a trace of a module holds: the calls of its layers and of torch's functions, and the tensors between them.

The batch is a large prime: a size that it divides comes from the batch, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_flatten

from netspec.importer.running import author_place

BATCH = 10007


@dataclass(eq=False)
class Frame:
    """One call of a module that is looked into; `inside` is the call that it is part of."""

    path: str
    module: nn.Module
    inside: Frame | None = None
    again: bool = False


@dataclass(eq=False)
class Value:
    """A tensor of the trace.

    Args:
        shape: its shape, the batch included.
        dtype: torch's name of its dtype.
        path: of a weight or buffer, its name in the network.
        tensor: of a weight or of a tensor that is known without the inputs, the tensor itself.
        learned: it is a weight.
        origin: of a tensor that is computed from known ones, the call that gave it.
    """

    shape: tuple[int, ...]
    dtype: str
    path: str = ""
    tensor: torch.Tensor | None = None
    learned: bool = False
    origin: TracedCall | None = None

    @property
    def constant(self) -> bool:
        """Whether its numbers are known: it is no input, and comes from none and from no weight."""
        return self.tensor is not None and not self.learned


@dataclass(eq=False)
class TracedCall:
    """A layer or a function applied to values.

    Args:
        function: torch's name of the function; empty for a layer.
        frame: the call of the module in which it happens.
        args, kwargs: as it was called, with Values for tensors.
        result: what it gave, with Values for tensors.
        module: the layer, its path in the network, and whether it was called before.
        callee: the function itself.
        place: the file and line of the author's code that called it.
    """

    function: str
    frame: Frame
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    module: nn.Module | None = None
    path: str = ""
    again: bool = False
    callee: Callable[..., Any] | None = None
    place: str = field(default_factory=author_place)


def values_in(tree: Any) -> list[Value]:
    """The tensors in arguments or results."""
    return [leaf for leaf in tree_flatten(tree)[0] if isinstance(leaf, Value)]


@dataclass
class Trace:
    """What a module did: its inputs, its calls, what it returned, and the functions with a backward of their own."""

    inputs: dict[str, Value]
    calls: list[TracedCall]
    result: Any
    root: Frame
    backwards: tuple[str, ...] = ()
