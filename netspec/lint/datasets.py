"""Spec → DatasetFacts: what is known of a dataset before it is read."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace
from pathlib import Path

from netspec.core.dataclass import dataclass
from netspec.core.lazy_import import imported
from netspec.core.shapes import Shape, Tensor
from netspec.core.tree import Mapping, Node, Scalar
from netspec.language.sections.data_keys import DATA_KEYS, reconstructs
from netspec.language.sections.datasets import DATASETS
from netspec.language.spec import Spec

Sizes = tuple[int | None, ...]  # None: not known


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """One dataset.

    Args:
        name: the node of its name, to point at.
        title: its name in messages.
        shape: of one sample, as far as known.
        classes: the number of classes, where it is known.
        regression: whether the targets are numbers, not classes; None where that is not known.
        target: the shape of one target.
        picture: whether samples are images, which are scaled to [0, 1] and transformed.
        fractions: whether samples are not whole numbers.
        rows: the targets, where the spec writes them, with their node.
        numbers: all numbers of the targets, one sample after the other, where the spec writes them.
        at_least: whether a sample may have more numbers than its shape says.
        vocabulary: how many tokens there are, of texts, where that is known.
    """

    name: Scalar
    title: str
    shape: Sizes | None = None
    classes: int | None = None
    regression: bool | None = None
    target: Shape | None = None
    picture: bool = False
    fractions: bool = False
    rows: tuple[tuple[float, ...], Node] | None = None
    numbers: tuple[float, ...] = ()
    at_least: bool = False
    vocabulary: int | None = None


@dataclass(frozen=True, slots=True)
class WrittenDataset:
    """What a spec writes of its dataset, for a function that says what is known of the samples.

    Args:
        name: the node of its name.
        node: its arguments, where there are any.
        given: their value; what is no expression is None.
        args: those that go by names.
        input, entering: the sample shape and the name of the network's input that is asked about.
        output: the name of the output that is asked about; None: any.
        folder: of the spec, from which paths start.
        floats: whether the input takes fractions.
    """

    name: Scalar
    node: Node | None
    given: object
    args: Dict[str, object]
    input: Shape
    entering: str
    output: str | None
    folder: Path = Path()
    floats: bool = True


def dataset_nodes(section: Node | None) -> tuple[Scalar, Node | None] | None:
    """The nodes of the dataset's name and of its arguments; None where `data` names none that is known."""
    found: list[tuple[Scalar, Node | None]] = []
    if isinstance(section, Scalar):
        found = [(section, None)]
    elif isinstance(section, Mapping):
        own = {key.name for key in DATA_KEYS}
        found = [(key, value) for key, value in section if key.value not in own]
    return found[0] if len(found) == 1 and found[0][0].value in DATASETS else None


def dataset_facts(spec: Spec, input: Tensor, entering: str = "input", output: str | None = None) -> DatasetFacts | None:
    """What is known of a spec's samples without reading any.

    Args:
        spec: the spec with the section `data`.
        input, entering: the sample tensor and the name of one of the network's inputs.
        output: the name of one of its outputs, each of which may have its own targets. None: any of them.
    """
    found = dataset_nodes(spec.data)
    facts = None if found is None else _own_facts(spec, found, input, entering, output)
    if found is None or not reconstructs(spec.data):
        return facts
    facts = facts or DatasetFacts(found[0], str(found[0].value))
    numbers = input.dtype.startswith("float")  # a sample has the input's shape, or there is another error
    return replace(facts, classes=None, regression=numbers, target=input.shape, rows=None, numbers=())


def _own_facts(
    spec: Spec, found: tuple[Scalar, Node | None], input: Tensor, entering: str, output: str | None
) -> DatasetFacts | None:
    """What the record of the dataset tells, with the dataset's own targets."""
    name, node = found
    given = None if node is None else spec.evaluate(node)
    args: Dict[str, object] = given if isinstance(given, dict) else {}
    told = DATASETS[str(name.value)].facts
    if told is None:
        return None
    floats = input.dtype.startswith("float")
    written = WrittenDataset(name, node, given, args, input.shape, entering, output, spec.folder, floats)
    facts: DatasetFacts | None = imported(told)(written)
    return facts
