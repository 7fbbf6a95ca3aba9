"""The keys of `data`, and the JSON Schema made from them; the datasets have a table of their own, datasets.py.

Names and arguments of torchvision's transforms and datasets are checked by check_classes.py.
"""

from __future__ import annotations

from netspec.core.tree import Mapping, Node, Scalar
from netspec.language.sections.datasets import DATASETS, OWN
from netspec.language.sections.keys import (
    AMOUNT,
    FRACTION,
    NAMED_LIST,
    WHOLE,
    Key,
    Schema,
    object_schema,
)
from netspec.language.sections.parts_keys import FRACTION_WORDS, PARTS_KEYS

DATA_KEYS = (
    Key(
        "transforms",
        NAMED_LIST,
        "a list of transforms: Name or {Name: arguments}",
        "torchvision.transforms.v2 by name, for all samples; tensors and scaling to [0, 1] are implied.",
        [{"Normalize": {"mean": [0.1307], "std": [0.3081]}}],
    ),
    Key(
        "augment",
        NAMED_LIST,
        "a list of transforms: Name or {Name: arguments}",
        "Random transforms, for training samples only; they come before the first Normalize of `transforms`.",
        [{"RandomCrop": {"size": 28, "padding": 2}}],
    ),
    Key(
        "val",
        FRACTION,
        FRACTION_WORDS,
        "The validation split, where the dataset has none of its own; a fraction is one of all samples.",
        0.2,
    ),
    *PARTS_KEYS,
    Key(
        "target",
        {"enum": ["input"]},
        "`input`, the samples themselves (the column of a table is the table's own target, as "
        "CSV: {path: rows.csv, target: -1})",
        "`input`: the targets are the samples themselves, after `transforms` and without `augment`, for autoencoders; "
        "with `augment` the network learns to undo it.",
        "input",
    ),
    Key(
        "memory",
        AMOUNT,
        "a number of bytes, as 8GiB",
        "A training or validation part that takes more than this stays on the disk and is read while it trains "
        "(8GiB, or half of the machine's memory, where left out).",
        "16GiB",
    ),
    Key(
        "workers",
        WHOLE,
        "an integer ≥ 0",
        "Processes that read what stays on the disk; 0: the training does it itself "
        "(one a core, 8 at most, where left out).",
        4,
    ),
)

_DATA_OBJECT: Schema = object_schema(DATA_KEYS)
_DATA_OBJECT["properties"] |= {name: kind.schema for name, kind in DATASETS.items()}
DATA_SCHEMA: Schema = {"anyOf": [{"enum": [name for name in DATASETS if name not in OWN]}, _DATA_OBJECT]}

# Where keys belong that people write under `data`.
MISPLACED = {
    **dict.fromkeys(("download", "root"), "the dataset's arguments, as MNIST: {download: true}"),
    **dict.fromkeys(("epochs", "steps", "batch_size", "loss", "optimizer", "scheduler", "seed", "metrics"), "train"),
}


def reconstructs(section: Node | None) -> bool:
    """Whether the targets are the samples themselves: `target: input`.

    Args:
        section: the value of `data`, as written.
    """
    node = section.get("target") if isinstance(section, Mapping) else None
    return isinstance(node, Scalar) and node.value == "input"
