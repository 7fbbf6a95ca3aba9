"""What loaders of data are asked and what they give: a Request → a Loaded, with its samples in Splits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from netspec.core.shapes import Tensor
from netspec.core.tree import Mapping, Node, Scalar, Sequence
from netspec.data.pictures import Pictures
from netspec.data.storage import MOST_HELD
from netspec.objective.losses import Tensors
from netspec.runtime.diagnostics import spec_error, unknown_name
from netspec.runtime.registry import Evaluate


@dataclass(frozen=True)
class Split:
    """Samples: `inputs` [N, *sample] each; `targets` each [N] int64, or [N] or [N, K] float; `rows` [N], their places.

    Inputs that take more memory than they may are Pictures, which can be asked like a tensor and stay on the disk.
    """

    inputs: tuple[torch.Tensor | Pictures, ...]
    targets: Tensors
    rows: torch.Tensor

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, index: torch.Tensor) -> Split:
        """Some of the samples."""
        inputs = tuple(x.select(index) if isinstance(x, Pictures) else x[index] for x in self.inputs)
        return Split(inputs, tuple(y[index] for y in self.targets), self.rows[index])

    @property
    def tables(self) -> Tensors:
        """The inputs of what is no picture, which are always in memory."""
        return tuple(x for x in self.inputs if isinstance(x, torch.Tensor))


def all_of(inputs: torch.Tensor | Pictures | Tensors, targets: torch.Tensor | Tensors) -> Split:
    """A split that holds a whole source, in its order."""
    xs = inputs if isinstance(inputs, tuple) else (inputs,)
    ys = targets if isinstance(targets, tuple) else (targets,)
    return Split(xs, ys, torch.arange(len(xs[0])))


@dataclass(frozen=True)
class Target:
    """What is told of each sample.

    Args:
        output: the output that it is for; None: for every one.
        classes: the names of its classes where the dataset knows them.
        column: its column's name in a table.
    """

    output: str | None = None
    classes: tuple[str, ...] = ()
    column: str | None = None


@dataclass(frozen=True)
class LoadedData:
    """What a loader reads.

    Args:
        whole: the training part, or everything where the dataset has no parts.
        test: the part that the dataset sets aside itself.
        targets: what is told of each sample.
        picture: whether samples are C×H×W pictures; uint8 ones are scaled to [0, 1] later.
        shaped: whether the deterministic transforms before Normalize are applied already.
        columns: of a table: the names of its features, of one input after the other.
    """

    whole: Split
    test: Split | None = None
    targets: tuple[Target, ...] = (Target(),)
    picture: bool = False
    shaped: bool = False
    columns: tuple[str, ...] = ()

    def place(self, output: str) -> int:
        """Where the target of an output stands among the targets."""
        return next((place for place, target in enumerate(self.targets) if target.output == output), 0)

    def target(self, output: str) -> Target:
        """The target of an output."""
        return self.targets[self.place(output)]


@dataclass(frozen=True)
class LoadRequest:
    """What a loader is asked: the dataset's name and arguments, and the network's inputs by name.

    `shape` brings one picture (uint8 C×H×W) to its final size where the spec's transforms do; None where they don't.
    `memory` is the number of bytes up to which samples are held in memory.
    """

    name: Scalar
    arguments: Node | None
    folder: Path
    evaluate: Evaluate
    inputs: dict[str, Tensor]
    shape: Callable[[torch.Tensor], torch.Tensor] | None = None
    parts: bool = True
    memory: int = MOST_HELD

    @property
    def input(self) -> Tensor:
        """The network's first input."""
        return next(iter(self.inputs.values()))

    def argument(self, key: str) -> Node | None:
        """The node of one argument."""
        return self.arguments.get(key) if isinstance(self.arguments, Mapping) else None


def own_arguments(request: LoadRequest, *allowed: str) -> dict[str, object]:
    """The evaluated arguments of one of netspec's own datasets.

    Raises:
        SpecError: NS205 for others than `allowed`.
    """
    if not isinstance(request.arguments, Mapping):
        raise spec_error("NS203", f"{request.name.value} needs arguments: {', '.join(allowed)}", request.name)
    for key, _ in request.arguments:
        if key.value not in allowed:
            message = f"{request.name.value} has no argument {key.value!r}"
            raise unknown_name("NS205", message, key, str(key.value), list(allowed))
    return {str(key.value): request.evaluate(value) for key, value in request.arguments}


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list node; none where it is no list."""
    return node.items if isinstance(node, Sequence) else ()


def by_input(node: Node | None, request: LoadRequest) -> list[tuple[str, Node]]:
    """The parts of a value that may go by the inputs' names, in the network's order; all of it for the only input."""
    if not isinstance(node, Mapping):
        return [] if node is None else [(next(iter(request.inputs)), node)]
    written = {key.text: value for key, value in node}
    if set(written) == set(request.inputs):
        return [(name, written[name]) for name in request.inputs]
    return [*written.items()]  # the check has said what is wrong with them


def by_output(node: Node | None) -> list[tuple[str | None, Node]]:
    """The parts of a value that may go by the outputs' names; all of it for every output."""
    if not isinstance(node, Mapping):
        return [] if node is None else [(None, node)]
    return [(key.text, value) for key, value in node]
