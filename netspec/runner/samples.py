"""What loaders of data are asked and what they give: a Request → a Loaded, with its samples in Splits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from netspec.ground.shapes import Tensor
from netspec.ground.tree import Mapping, Node, Scalar, Sequence
from netspec.runner.byname import Evaluate
from netspec.runner.pictures import Pictures
from netspec.runner.problems import misspelt, problem
from netspec.runner.storage import MOST_HELD


@dataclass(frozen=True)
class Split:
    """Samples: `inputs` [N, *sample]; `targets` [N] int64, or [N] or [N, K] float; `rows` [N], where they came from.

    Inputs that take more memory than they may are Pictures, which can be asked like a tensor and stay on the disk.
    """

    inputs: torch.Tensor | Pictures
    targets: torch.Tensor
    rows: torch.Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def select(self, index: torch.Tensor) -> Split:
        """Some of the samples."""
        inputs = self.inputs.select(index) if isinstance(self.inputs, Pictures) else self.inputs[index]
        return Split(inputs, self.targets[index], self.rows[index])

    @property
    def table(self) -> torch.Tensor:
        """The inputs of what is no picture, which are always in memory."""
        assert isinstance(self.inputs, torch.Tensor)
        return self.inputs


def all_of(inputs: torch.Tensor | Pictures, targets: torch.Tensor) -> Split:
    """A split that holds a whole source, in its order."""
    return Split(inputs, targets, torch.arange(len(inputs)))


@dataclass(frozen=True)
class Loaded:
    """What a loader reads.

    Args:
        whole: the training part, or everything where the dataset has no parts.
        test: the part that the dataset sets aside itself.
        classes: the names of the classes where the dataset knows them.
        picture: whether samples are C×H×W pictures; uint8 ones are scaled to [0, 1] later.
        shaped: whether the deterministic transforms before Normalize are applied already.
        columns, target: of a table: the names of its features and of its target.
    """

    whole: Split
    test: Split | None = None
    classes: tuple[str, ...] = ()
    picture: bool = False
    shaped: bool = False
    columns: tuple[str, ...] = ()
    target: str | None = None


@dataclass(frozen=True)
class Request:
    """What a loader is asked: the dataset's name and arguments, and the network's input.

    `shape` brings one picture (uint8 C×H×W) to its final size where the spec's transforms do; None where they don't.
    `memory` is the number of bytes up to which samples are held in memory.
    """

    name: Scalar
    arguments: Node | None
    folder: Path
    evaluate: Evaluate
    input: Tensor
    shape: Callable[[torch.Tensor], torch.Tensor] | None = None
    parts: bool = True
    memory: int = MOST_HELD

    def argument(self, key: str) -> Node | None:
        """The node of one argument."""
        return self.arguments.get(key) if isinstance(self.arguments, Mapping) else None


def own_arguments(request: Request, *allowed: str) -> dict[str, object]:
    """The evaluated arguments of one of netspec's own datasets.

    Raises:
        SpecError: NS205 for others than `allowed`.
    """
    if not isinstance(request.arguments, Mapping):
        raise problem("NS203", f"{request.name.value} needs arguments: {', '.join(allowed)}", request.name)
    for key, _ in request.arguments:
        if key.value not in allowed:
            message = f"{request.name.value} has no argument {key.value!r}"
            raise misspelt("NS205", message, key, str(key.value), list(allowed))
    return {str(key.value): request.evaluate(value) for key, value in request.arguments}


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list node; none where it is no list."""
    return node.items if isinstance(node, Sequence) else ()
