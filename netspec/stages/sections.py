"""The sections `data`, `train` and `expect`: which keys they have, their JSON Schemas, and the check of a document.

Torch-free. One table a section is the only place where a key is declared; the schemas, the messages and the
reference page come from it. Names and arguments of torch's own classes (losses, optimizers, transforms, datasets) are
checked by the runner, which can ask torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from netspec.ground.conforms import conforms
from netspec.ground.diagnostics import Diagnostic
from netspec.ground.findings import Findings
from netspec.ground.tree import Mapping, Node, Scalar, describe, plain
from netspec.ground.tree import Sequence as ListNode

Schema = dict[str, Any]

EXPRESSION: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9_ +\-*/%().]+$"}
POSITIVE: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]}
WHOLE: Schema = {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]}
ABOVE_ZERO: Schema = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, EXPRESSION]}
FLAG: Schema = {"anyOf": [{"type": "boolean"}, EXPRESSION]}
TEXT: Schema = {"type": "string", "minLength": 1}
NAMED: Schema = {"anyOf": [TEXT, {"type": "object", "minProperties": 1, "maxProperties": 1}]}
NAMED_LIST: Schema = {"type": "array", "items": NAMED}
ROWS: Schema = {"type": "array", "minItems": 1}
COLUMN: Schema = {"anyOf": [{"type": "integer"}, TEXT]}
AMOUNT: Schema = {"anyOf": [{"type": "number", "minimum": 0}, TEXT]}
FRACTION: Schema = {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, NAMED]}


@dataclass(frozen=True)
class Key:
    """One key: its schema, the same in a person's words, torch-like default, one line of doc, an example."""

    name: str
    schema: Schema
    wants: str
    doc: str
    example: Any
    default: Any = None
    required: bool = False


TRAIN_KEYS = (
    Key("epochs", POSITIVE, "a positive integer", "How many times the training samples are gone through.", 10, 10),
    Key("batch_size", POSITIVE, "a positive integer", "Samples for one step of the optimizer.", 64, 64),
    Key(
        "loss",
        NAMED,
        "a loss of torch.nn: Name or {Name: arguments}",
        "The loss that is minimised, by torch's name.",
        "CrossEntropyLoss",
        required=True,
    ),
    Key(
        "optimizer",
        NAMED,
        "an optimizer of torch.optim: Name or {Name: arguments}",
        "Who takes the steps, by torch's name.",
        {"SGD": {"lr": 0.01, "momentum": 0.5}},
        required=True,
    ),
    Key(
        "scheduler",
        NAMED,
        "a scheduler of torch.optim.lr_scheduler: Name or {Name: arguments}",
        "How the learning rate changes; it steps once an epoch (OneCycleLR and CyclicLR: once a batch).",
        {"CosineAnnealingLR": {"T_max": 10}},
    ),
    Key("seed", WHOLE, "an integer ≥ 0", "Fixes initial weights, order and augmentation.", 0, 0),
    Key("device", TEXT, "auto, cpu, cuda, cuda:N or mps", "Where it runs; `--device` goes first.", "auto", "auto"),
    Key("clip_grad_norm", ABOVE_ZERO, "a number > 0", "Scales gradients whose common norm is larger down to it.", 1.0),
    Key(
        "early_stopping", POSITIVE, "a positive integer", "Ends the run after so many epochs without a new best one.", 5
    ),
)

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
        "a fraction between 0 and 1, or a dataset",
        "What is held back for validation, where the dataset has no split of its own.",
        0.2,
    ),
)

_SHAPE: Schema = {"type": "array", "items": POSITIVE}
EXPECT_KEYS = (
    Key(
        "output",
        {"anyOf": [_SHAPE, {"type": "object", "minProperties": 1, "additionalProperties": _SHAPE}]},
        "a list of positive integers, or one for each output by name",
        "The output's sample shape.",
        [10],
    ),
    Key("max_params", AMOUNT, "a number, or one with k, M, G or T", "No more parameters than this.", "7M"),
    Key("max_macs", AMOUNT, "a number, or one with k, M, G or T", "No more multiply-accumulates than this.", "2G"),
)

CSV_KEYS = (
    Key("path", TEXT, "a path", "The file, also .gz, .bz2, .xz or .zip.", "data/diabetes.csv.gz", required=True),
    Key("target", COLUMN, "a column's name or index", "The column to predict; negative from the end.", -1, -1),
    Key("header", {"type": "boolean"}, "true or false", "Whether line 1 holds names; found out where left out.", True),
    Key(
        "columns",
        {"type": "array", "items": COLUMN, "minItems": 1},
        "a list of column names or indexes",
        "The features, in this order; all but the target where left out.",
        ["Glucose", "BMI"],
    ),
    Key(
        "separator",
        {"type": "string", "minLength": 1, "maxLength": 1},
        "one character",
        "What stands between values.",
        ";",
        ",",
    ),
)
INLINE_KEYS = (
    Key("x", ROWS, "a list with one entry a sample", "The inputs.", [[1.0], [2.0]], required=True),
    Key("y", ROWS, "a list with one entry a sample", "The targets.", [[0], [1]], required=True),
)
SKLEARN_TABLES = ("digits", "iris", "wine", "breast_cancer", "diabetes", "linnerud")
SKLEARN_KEYS = (
    Key(
        "name",
        {"enum": list(SKLEARN_TABLES)},
        f"one of {', '.join(SKLEARN_TABLES)}",
        "A table that scikit-learn brings.",
        "digits",
        required=True,
    ),
)

# Classification datasets of torchvision.datasets (a test compares); their arguments are torchvision's own.
VISION = (
    "CIFAR10",
    "CIFAR100",
    "CLEVRClassification",
    "Caltech101",
    "Caltech256",
    "Country211",
    "DTD",
    "EMNIST",
    "EuroSAT",
    "FER2013",
    "FGVCAircraft",
    "FakeData",
    "FashionMNIST",
    "Flowers102",
    "Food101",
    "GTSRB",
    "ImageFolder",
    "ImageNet",
    "Imagenette",
    "INaturalist",
    "KMNIST",
    "LFWPeople",
    "LSUN",
    "MNIST",
    "Omniglot",
    "OxfordIIITPet",
    "PCAM",
    "Places365",
    "QMNIST",
    "RenderedSST2",
    "SEMEION",
    "STL10",
    "SUN397",
    "SVHN",
    "StanfordCars",
    "USPS",
)
OWN = {"CSV": CSV_KEYS, "inline": INLINE_KEYS, "sklearn": SKLEARN_KEYS}
DATASETS = (*OWN, *VISION)


def _object(keys: Iterable[Key]) -> Schema:
    keys = tuple(keys)
    properties = {key.name: {**key.schema, "description": key.doc} for key in keys}
    required = [key.name for key in keys if key.required]
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": required}


def _dataset_schema(name: str) -> Schema:
    if name not in OWN:
        return {"type": ["object", "null", "string", "number", "array"]}  # the arguments are torchvision's own
    required = [key for key in OWN[name] if key.required]
    return {"anyOf": [required[0].schema, _object(OWN[name])]} if len(required) == 1 else _object(OWN[name])


TRAIN_SCHEMA: Schema = _object(TRAIN_KEYS)
EXPECT_SCHEMA: Schema = _object(EXPECT_KEYS)
_DATA_OBJECT: Schema = _object(DATA_KEYS)
_DATA_OBJECT["properties"] |= {name: _dataset_schema(name) for name in DATASETS}
DATA_SCHEMA: Schema = {"anyOf": [{"enum": list(VISION)}, _DATA_OBJECT]}

SECTIONS: dict[str, tuple[Key, ...]] = {"data": DATA_KEYS, "train": TRAIN_KEYS, "expect": EXPECT_KEYS}


def amount(value: object) -> float | None:
    """`7M`, `1.5k`, `2G` or a number as a number; None where it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]?)\s*", value) if isinstance(value, str) else None
    factor = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
    return float(match[1]) * factor[match[2]] if match else None


def check_sections(document: Mapping) -> list[Diagnostic]:
    """What is wrong with the keys and values of a document's `data`, `train` and `expect`, each at its place."""
    findings = Findings()
    for section in ("data", "train", "expect"):
        node = document.get(section)
        if isinstance(node, Scalar) and node.value is None:
            findings.add(
                "NS202", f"{section} is empty: give it a mapping, or leave it out", document.key(section) or node
            )
        elif node is not None and section == "data":
            _check_data(node, findings)
        elif node is not None:
            _check_keys(node, SECTIONS[section], section, findings)
    return findings.list()


def _check_data(node: Node, findings: Findings) -> None:
    if isinstance(node, Mapping):
        _check_keys(node, DATA_KEYS, "data", findings, others=DATASETS)
        named = [key for key, _ in node if key.value in DATASETS]
        for second in named[1:]:
            findings.add("NS201", f"data names two datasets, {named[0].value} and {second.value}; it takes one", second)
        unknown = any(key.value not in {*DATASETS, *(own.name for own in DATA_KEYS)} for key, _ in node)
        if not named and not unknown:
            findings.add("NS203", "data names no dataset, such as MNIST, CSV or sklearn", node)
        val = node.get("val")
        if isinstance(val, Mapping):
            for key, arguments in val:
                _check_dataset(key, arguments, findings)
        elif isinstance(val, Scalar) and isinstance(val.value, str) and val.value in (*DATASETS, ""):
            _check_dataset(val, None, findings)
        for key in named[:1]:
            _check_dataset(key, node.get(str(key.value)), findings)
    elif isinstance(node, Scalar):
        _check_dataset(node, None, findings)
    else:
        findings.add("NS202", f"data is a dataset's name or a mapping, not {describe(node)}", node)


def _check_dataset(name: Scalar, arguments: Node | None, findings: Findings) -> None:
    if name.value not in DATASETS:
        findings.misspelt("NS604", f"netspec knows no dataset {name.value!r}", name, DATASETS)
        return
    own = OWN.get(str(name.value))
    if own is None:
        return
    required = [key for key in own if key.required]
    if arguments is None or (isinstance(arguments, Scalar) and arguments.value is None):
        findings.add("NS203", f"{name.value} needs {' and '.join(key.name for key in required)}", name)
    elif isinstance(arguments, Scalar) and len(required) == 1:
        if own is SKLEARN_KEYS and arguments.value not in SKLEARN_TABLES:
            findings.misspelt("NS604", f"scikit-learn brings no table {arguments.value!r}", arguments, SKLEARN_TABLES)
        elif not isinstance(arguments.value, str):
            findings.add("NS202", f"{name.value} takes {required[0].wants}, not {describe(arguments)}", arguments)
    else:
        _check_keys(arguments, own, str(name.value), findings)


def _check_keys(node: Node, keys: Sequence[Key], section: str, findings: Findings, others: Iterable[str] = ()) -> None:
    """Validate one mapping by its keys' schema; each violation becomes one finding at the node it is about."""
    if not isinstance(node, Mapping):
        findings.add("NS202", f"{section} is a mapping, not {describe(node)}", node)
        return
    known = {key.name: key for key in keys}
    others = tuple(others)
    schema = _object(keys)
    schema["properties"] |= {name: {} for name in others}
    value = plain(node)
    if conforms(value, schema):
        return
    import jsonschema  # here, because it takes longer to import than a spec to check

    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(value), key=lambda error: str(error.absolute_path)):
        path = _culprit(error)
        if error.validator == "additionalProperties":
            for key, _ in node:
                if key.value not in known and key.value not in others:
                    findings.misspelt("NS201", f"{section} has no key {key.value!r}", key, [*known, *others])
        elif error.validator == "required" and not path:
            for name in (name for name in error.validator_value if node.get(name) is None):
                findings.add("NS203", f"{section} needs {name}, e.g. {name}: {known[name].example}", node)
        elif path and path[0] in known:
            place, wants = _at(node, path), f"{section} → {path[0]} is {known[str(path[0])].wants}"
            extra = f", not {describe(place)}" if len(path) == 1 else f"; {describe(place)} does not belong there"
            findings.add("NS202", wants + extra, place)


def _culprit(error: Any) -> list[str | int]:
    """The path of what an error is about: in the alternative that has the right outer form, the inner violation."""
    branches: dict[Any, list[Any]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    for inners in branches.values():
        if all(len(inner.absolute_path) > len(error.absolute_path) for inner in inners):
            return _culprit(inners[0])
    return list(error.absolute_path)


def _at(node: Node, path: Sequence[str | int]) -> Node:
    """The node at a path of keys and indexes."""
    for step in path:
        if isinstance(node, ListNode) and isinstance(step, int):
            node = node.items[step]
        elif isinstance(node, Mapping):
            node = node.get(str(step)) or node
    return node
