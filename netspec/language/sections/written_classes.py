"""The sections `data` and `train` → the classes of torch that they name, each with its arguments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.dataclass import dataclass
from netspec.core.tree import Mapping, Node, Scalar, Sequence, is_null
from netspec.language.sections.class_families import (
    DATASET,
    HOLDERS,
    LOSS,
    MIXER,
    OPTIMIZER,
    SCHEDULER,
    TRANSFORM,
    ClassFamily,
)  # fmt: skip
from netspec.language.sections.data_keys import DATA_KEYS
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.losses import written_losses


@dataclass(frozen=True, slots=True)
class WrittenClass:
    """A class that a spec names.

    Args:
        family: that it has to be of.
        name: the node of its name.
        arguments: what follows the name; None where nothing does.
        group: whether these are arguments of a part of the parameters, beside those of the class.
        always: whether it is a transform for all samples, which may not be random.
    """

    family: ClassFamily
    name: Scalar
    arguments: Node | None
    group: bool = False
    always: bool = False


def split_named(node: Node) -> tuple[Scalar, Node | None] | None:
    """`Name`, `{Name: arguments}` → the node of the name and the arguments; None where a node is neither."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node, None
    if isinstance(node, Mapping) and len(node.entries) == 1:
        return node.entries[0]
    return None


def held(family: ClassFamily, name: str, arguments: Node | None) -> tuple[Node, ...]:
    """The nodes of the classes that a class holds, as those of `transforms` in RandomApply."""
    key = HOLDERS.get(name)
    if key is None or arguments is None or family not in (SCHEDULER, TRANSFORM):
        return ()
    node = arguments.get(key) if isinstance(arguments, Mapping) else arguments
    return node.items if isinstance(node, Sequence) else ()


def written_classes(data: Node | None, train: Node | None) -> Iterator[WrittenClass]:
    """The classes that the two sections name, those that others hold left out.

    Args:
        data, train: the nodes of the sections; what has another form than it should is left out.
    """
    if isinstance(train, Mapping):
        for written in written_losses(train.get("loss")):
            yield from _named(LOSS, written.node)
        for family in (OPTIMIZER, SCHEDULER):
            yield from _named(family, train.get(family.what))
        yield from _groups(train)
        mix = train.get("mix")
        for item in mix.items if isinstance(mix, Sequence) else (mix,):
            yield from _named(MIXER, item)
    for key in ("transforms", "augment"):
        steps = data.get(key) if isinstance(data, Mapping) else None
        for item in steps.items if isinstance(steps, Sequence) else ():
            yield from _named(TRANSFORM, item, always=key == "transforms")
    yield from _datasets(data)


def every_class(data: Node | None, train: Node | None) -> Iterator[WrittenClass]:
    """The classes that the two sections name, with those that others hold.

    Args:
        data, train: the nodes of the sections.
    """
    waiting = [*written_classes(data, train)][::-1]
    while waiting:
        written = waiting.pop()
        yield written
        named = map(split_named, held(written.family, str(written.name.value), written.arguments))
        waiting += [WrittenClass(written.family, *each) for each in named if each is not None]


def _named(family: ClassFamily, node: Node | None, *, always: bool = False) -> Iterator[WrittenClass]:
    found = None if node is None else split_named(node)
    if found is not None:
        yield WrittenClass(family, *found, always=always)


def _groups(train: Mapping) -> Iterator[WrittenClass]:
    groups, optimizer = train.get("groups"), train.get("optimizer")
    named = None if optimizer is None else split_named(optimizer)
    for item in groups.items if isinstance(groups, Sequence) and named is not None else ():
        if isinstance(item, Mapping) and named is not None:
            own = tuple((key, value) for key, value in item if key.value != "match")
            yield WrittenClass(OPTIMIZER, named[0], replace(item, entries=own), group=True)


def _datasets(data: Node | None) -> Iterator[WrittenClass]:
    """The datasets of torchvision: the one that trains, and the one that validates."""
    own = {key.name for key in DATA_KEYS}
    pairs: list[tuple[Scalar, Node | None]] = []
    if isinstance(data, Scalar):
        pairs = [(data, None)]
    elif isinstance(data, Mapping):
        pairs = [(key, value) for key, value in data if key.value not in own]
        val = data.get("val")
        pairs += [(val, None)] if isinstance(val, Scalar) else list(val) if isinstance(val, Mapping) else []
    for key, value in pairs:
        if key.value in DATASETS and DATASETS[str(key.value)].keys is None:
            yield WrittenClass(DATASET, key, None if value is None or is_null(value) else value)
