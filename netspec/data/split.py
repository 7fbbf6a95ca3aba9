"""What loaders of data take and return: a LoadRequest → a LoadedData, with its samples in Splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from netspec.core.shapes import Tensor
from netspec.core.tree import Mapping, Node, Scalar
from netspec.core.tree import Sequence as ListNode
from netspec.data.pictures import Pictures, Reshape
from netspec.data.storage import MOST_HELD
from netspec.data.tables.encoding import Columns
from netspec.data.text.format import TextFormat
from netspec.data.text.sources import Documents
from netspec.data.text.tokens import PaddingMask, Tokens
from netspec.data.windows import Windows
from netspec.language.evaluate import Values
from netspec.objective.losses import Tensors
from netspec.objective.units import Unit
from netspec.runtime.diagnostics import spec_error, unknown_name

TextInput = Documents | Tokens | PaddingMask


@dataclass(frozen=True)
class Split:
    """Samples.

    Args:
        inputs: [N, *input] each; Pictures, which stay on the disk, where they take more memory than allowed; of text
            Documents, then Tokens, which stay compact.
        targets: each int64 [N], or float [N] or [N, K]; none where the targets are the inputs themselves; Tokens where
            there is one for each token.
        rows: int64 [N], the samples' indexes in their source.
        windows: how samples are cut from what are still the rows of a time series; None: these are the samples.
        files: the names of all samples of the source, by these indexes, where they have some.
    """

    inputs: tuple[torch.Tensor | Pictures | TextInput, ...]
    targets: tuple[torch.Tensor | Tokens, ...]
    rows: torch.Tensor
    files: Sequence[str] = ()
    windows: Windows | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, index: torch.Tensor) -> Split:
        """Some of the samples."""
        inputs = tuple(x[index] if isinstance(x, torch.Tensor) else x.select(index) for x in self.inputs)
        targets = tuple(y[index] if isinstance(y, torch.Tensor) else y.select(index) for y in self.targets)
        return Split(inputs, targets, self.rows[index], self.files, self.windows)

    def name_of(self, index: int) -> str:
        """The file of a sample, else its number, from 1."""
        row = int(self.rows[index])
        return self.files[row] if row < len(self.files) else f"row {row + 1}"

    @property
    def tables(self) -> Tensors:
        """The inputs in memory; all are, unless the first one is Pictures or text."""
        return tuple(x for x in self.inputs if isinstance(x, torch.Tensor))


def all_of(
    inputs: torch.Tensor | Pictures | Tensors, targets: torch.Tensor | Tensors, files: Sequence[str] = ()
) -> Split:
    """A split with all samples of a source, in its order."""
    xs = inputs if isinstance(inputs, tuple) else (inputs,)
    ys = targets if isinstance(targets, tuple) else (targets,)
    return Split(xs, ys, torch.arange(len(xs[0])), files)


@dataclass(frozen=True)
class Target:
    """A target of each sample.

    Args:
        output: the output that it is for; None: all.
        classes: the names of its classes, where the dataset has them.
        column: the name of its column in a table.
        unit: of targets that are scaled for training; None: they are not.
        count: how many classes there are, where they have no names.
        ignore: the number of those pixels of a mask that do not count.
    """

    output: str | None = None
    classes: tuple[str, ...] = ()
    column: str | None = None
    unit: Unit | None = None
    count: int = 0
    ignore: int | None = None


@dataclass(frozen=True)
class LoadedData:
    """What a loader reads.

    Args:
        whole: the training part, or all samples where the dataset has no parts.
        test: the validation or test part of the dataset.
        targets: of each sample.
        picture: whether samples are pictures [C, H, W]; uint8 ones are scaled to [0, 1] later.
        shaped: whether the pictures have gone through the transforms before Normalize.
        columns: of a table: the names of its features, of one input after the other.
        mapped: whether the inputs take more memory than allowed and stay in their file, of which pages are read.
        encodings: of a table: how the columns of each input become its numbers. While a loader hands them on, `whole`
            and `test` hold the raw numbers that they encode, float64 [N, columns].
        text: of texts: how they become tokens. Until its tokenizer is known the splits hold Documents.
        divided: the samples that the spec's fractions hold out to validate and to test, where the loader has done it:
            of a long text these are its end.
        groups, strata: int64 [N], of `whole`: which value each sample has in the columns that the request names.
        strata_names: the values that `strata` numbers.
    """

    whole: Split
    test: Split | None = None
    targets: tuple[Target, ...] = (Target(),)
    picture: bool = False
    shaped: bool = False
    columns: tuple[str, ...] = ()
    mapped: bool = False
    encodings: tuple[Columns, ...] = ()
    text: TextFormat | None = None
    divided: tuple[Split | None, Split | None] | None = None
    groups: torch.Tensor | None = None
    strata: torch.Tensor | None = None
    strata_names: tuple[str, ...] = ()

    def target_index(self, output: str) -> int:
        """The index of an output's target among the targets."""
        return next((index for index, target in enumerate(self.targets) if target.output == output), 0)

    def target(self, output: str) -> Target:
        """The target of an output."""
        return self.targets[self.target_index(output)]


@dataclass(frozen=True)
class Data:
    """The data of a training run.

    Args:
        train: the training split.
        val: the validation split; None where there is none.
        source: what the loader read.
        node: the dataset's name in the spec.
        reconstruct: whether the targets are the samples themselves; the splits have no others then.
        naive: naive forecasts of a time series by their names, [N, *target], for the samples that are evaluated.
        untouched: the samples of the test part, in words; empty where there is none.
        overlap: the stride of samples that are windows of one series and are divided at random; 0: they are none.
    """

    train: Split
    val: Split | None
    source: LoadedData
    node: Scalar
    reconstruct: bool = False
    naive: dict[str, torch.Tensor] = field(default_factory=dict)
    untouched: str = ""
    overlap: int = 0


@dataclass(frozen=True)
class LoadRequest:
    """What a loader takes.

    Args:
        name: the node of the dataset's name.
        arguments: the node of its arguments.
        folder: of the spec, from which relative paths start.
        evaluate: gives the value of a node.
        inputs: the sample tensors of the network's inputs, by name.
        shape: the transforms that bring a picture (uint8 [C, H, W]) to its final size; None where they do not.
        parts: whether the dataset's own validation or test part is wanted too.
        memory: bytes of samples that are held in memory.
        own_targets: whether the samples are their own targets, so that others may be missing.
        encodings: of a table that validates: those of the training part.
        text: of texts that validate: the format of the training part.
        lengths: of inputs with one axis, whose size may vary: the sizes that it may have, by the input's name.
        fractions: of the samples that validate and that test, which a text divides by itself.
        groups, strata: the nodes of the columns by which the samples are divided; None: they are not.
    """

    name: Scalar
    arguments: Node | None
    folder: Path
    evaluate: Values
    inputs: dict[str, Tensor]
    shape: Reshape | None = None
    parts: bool = True
    memory: int = MOST_HELD
    own_targets: bool = False
    encodings: tuple[Columns, ...] = ()
    text: TextFormat | None = None
    lengths: dict[str, range] = field(default_factory=dict)
    fractions: tuple[float | None, float | None] = (None, None)
    groups: Node | None = None
    strata: Node | None = None

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


def numbered(name: str, count: int) -> list[str]:
    """The names of the columns of an array: x0, x1, …; of a single one that of the array."""
    return [name] if count == 1 else [f"{name}{index}" for index in range(count)]


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; none where the node is no list."""
    return node.items if isinstance(node, ListNode) else ()


def by_input(node: Node | None, request: LoadRequest) -> list[tuple[str, Node]]:
    """The nodes for each input of the network, in its order, by name; a value without names is for the first one."""
    if not isinstance(node, Mapping):
        return [] if node is None else [(next(iter(request.inputs)), node)]
    written = {key.text: value for key, value in node}
    if set(written) == set(request.inputs):
        return [(name, written[name]) for name in request.inputs]
    return [*written.items()]  # the check reports wrong names


def by_output(node: Node | None) -> list[tuple[str | None, Node]]:
    """The nodes for each output by name; a value without names is for all, under None."""
    if not isinstance(node, Mapping):
        return [] if node is None else [(None, node)]
    return [(key.text, value) for key, value in node]
