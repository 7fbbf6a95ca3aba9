"""The keys of `data` and of netspec's own datasets, the datasets' names, and the JSON Schema made from them.

Names and arguments of torchvision's transforms and datasets are checked by the runner, which can ask torchvision.
"""

from __future__ import annotations

from netspec.language.sections.keys import (
    AMOUNT,
    COLUMN,
    COLUMNS,
    FRACTION,
    NAMED_LIST,
    ROWS,
    TEXT,
    WHOLE,
    Key,
    Schema,
    by_name,
    object_schema,
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
        "The validation split, where the dataset has none of its own.",
        0.2,
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

CSV_KEYS = (
    Key("path", TEXT, "a path", "The file, also .gz, .bz2, .xz or .zip.", "data/diabetes.csv.gz", required=True),
    Key(
        "target",
        by_name(COLUMN, {"anyOf": [*COLUMN["anyOf"], COLUMNS]}),
        "a column's name or index; of several outputs one or a list each: {output: column}",
        "The column to predict, negative from the end; or those of each output, by the output's name.",
        -1,
        -1,
    ),
    Key("header", {"type": "boolean"}, "true or false", "Whether line 1 holds names; found out where left out.", True),
    Key(
        "columns",
        by_name(COLUMNS),
        "a list of column names or indexes; of several inputs one each: {input: columns}",
        "The features, in this order, or those of each input by its name; all but the target where left out.",
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
    Key(
        "x",
        by_name(ROWS),
        "a list with one entry a sample; of several inputs one each: {input: list}",
        "The samples, or those of each input by its name.",
        [[1.0], [2.0]],
        required=True,
    ),
    Key(
        "y",
        by_name(ROWS),
        "a list with one entry a sample; of several outputs one each: {output: list}",
        "The targets, or those of each output by its name.",
        [[0], [1]],
        required=True,
    ),
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


def _dataset_schema(name: str) -> Schema:
    if name not in OWN:
        return {"type": ["object", "null", "string", "number", "array"]}  # the arguments are torchvision's own
    required = [key for key in OWN[name] if key.required]
    return {"anyOf": [required[0].schema, object_schema(OWN[name])]} if len(required) == 1 else object_schema(OWN[name])


_DATA_OBJECT: Schema = object_schema(DATA_KEYS)
_DATA_OBJECT["properties"] |= {name: _dataset_schema(name) for name in DATASETS}
DATA_SCHEMA: Schema = {"anyOf": [{"enum": list(VISION)}, _DATA_OBJECT]}

# Where keys belong that people write under `data`.
MISPLACED = {
    **dict.fromkeys(("download", "root", "split"), "the dataset's arguments, as MNIST: {download: true}"),
    **dict.fromkeys(("epochs", "steps", "batch_size", "loss", "optimizer", "scheduler", "seed", "metrics"), "train"),
    "target": "the table's arguments, as CSV: {path: rows.csv, target: -1}",
}
