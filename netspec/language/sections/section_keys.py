"""The keys of `data`, `train` and `expect` and of netspec's own datasets, with their JSON Schemas.

One table a section is the only place where a key is declared; the schemas, the messages and the reference page come
from it. Names and arguments of torch's own classes (losses, optimizers, transforms, datasets) are checked by the
runner, which can ask torch.
"""

from __future__ import annotations

from netspec.language.sections.keys import (
    AMOUNT,
    COLUMN,
    COLUMNS,
    EVERY,
    EXPRESSION,
    FLAG,
    FRACTION,
    LOSSES,
    NAMED,
    NAMED_LIST,
    POSITIVE,
    ROWS,
    TEXT,
    WHOLE,
    Key,
    Schema,
    by_name,
    object_schema,
)
from netspec.language.sections.train_keys import LEARNING_KEYS

__all__ = ["EXPRESSION", "Key", "object_schema"]  # which others take from here

TRAIN_KEYS = (
    Key("epochs", POSITIVE, "a positive integer", "How many times the training samples are gone through.", 10, 10),
    Key(
        "steps",
        POSITIVE,
        "a positive integer",
        "The run ends after so many steps of the optimizer; where `epochs` is given too, with what comes first.",
        2000,
    ),
    Key("batch_size", POSITIVE, "a positive integer", "Samples for one step of the optimizer.", 64, 64),
    Key(
        "loss",
        LOSSES,
        "a loss of torch.nn: Name or {Name: arguments}; of several outputs one each: {output: loss}",
        "The loss that is minimised, by torch's name. Of a network with several outputs one for each, by its name, as "
        "`{logits: CrossEntropyLoss, aux: {CrossEntropyLoss: {}, weight: 0.3}}`; their weighted sum is minimised.",
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
    *LEARNING_KEYS,
    Key("seed", WHOLE, "an integer ≥ 0", "Fixes initial weights, order and augmentation.", 0, 0),
    Key("device", TEXT, "auto, cpu, cuda, cuda:N or mps", "Where it runs; `--device` goes first.", "auto", "auto"),
    Key(
        "checkpoint_every",
        EVERY,
        "one of {steps: N}, {seconds: N} and {epochs: N}",
        "When all that is needed to go on is written; left out: after epochs, and within one every minute.",
        {"seconds": 30},
    ),
    Key(
        "strategy",
        {"enum": ["ddp", "fsdp"]},
        "ddp or fsdp",
        "Several processes (`--nproc`) each hold the whole model, or a part of its weights.",
        "fsdp",
        "ddp",
    ),
    # speed
    Key(
        "precision",
        {"enum": ["fp32", "bf16", "fp16"]},
        "fp32, bf16 or fp16",
        "Numbers that the network is computed in, by autocast; fp16 scales the loss.",
        "bf16",
        "fp32",
    ),
    Key("tf32", FLAG, "true or false", "Whether CUDA multiplies float32 in TF32; torch's choice where left out.", True),
    Key("compile", FLAG, "true or false", "Whether torch.compile makes kernels for the network.", True, False),
    Key(
        "accumulate",
        POSITIVE,
        "a positive integer",
        "A batch is computed in so many parts, one after the other, which takes less memory.",
        4,
        1,
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
    Key("max_layers", POSITIVE, "a positive integer", "No more layers and functions than this.", 100),
    Key(
        "max_activation_memory",
        AMOUNT,
        "a number of bytes, as 40MB or 1GiB",
        "No more bytes than this for what all layers give for one sample, 4 bytes a number.",
        "40MB",
    ),
    Key(
        "min_receptive_field",
        POSITIVE,
        "a positive integer",
        "The windows on the way to an output see at least so many rows and columns of the input.",
        32,
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


TRAIN_SCHEMA: Schema = object_schema(TRAIN_KEYS)
EXPECT_SCHEMA: Schema = object_schema(EXPECT_KEYS)
_DATA_OBJECT: Schema = object_schema(DATA_KEYS)
_DATA_OBJECT["properties"] |= {name: _dataset_schema(name) for name in DATASETS}
DATA_SCHEMA: Schema = {"anyOf": [{"enum": list(VISION)}, _DATA_OBJECT]}

SECTIONS: dict[str, tuple[Key, ...]] = {"data": DATA_KEYS, "train": TRAIN_KEYS, "expect": EXPECT_KEYS}
