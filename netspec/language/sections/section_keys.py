"""The keys of `data`, `train` and `expect`, with their JSON Schemas.

One table a section is the only place where a key is declared; the schemas, the messages and the reference page come
from it. The datasets that `data` may name have a table of their own, datasets.py. Names and arguments of torch's own
classes (losses, optimizers, transforms, datasets) are checked by the runner, which can ask torch.
"""

from __future__ import annotations

from netspec.language.sections.datasets import DATASETS, OWN
from netspec.language.sections.keys import (
    AMOUNT,
    EVERY,
    EXPRESSION,
    FLAG,
    FRACTION,
    LOSSES,
    NAMED,
    NAMED_LIST,
    POSITIVE,
    TEXT,
    WHOLE,
    Key,
    Schema,
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

TRAIN_SCHEMA: Schema = object_schema(TRAIN_KEYS)
EXPECT_SCHEMA: Schema = object_schema(EXPECT_KEYS)
_DATA_OBJECT: Schema = object_schema(DATA_KEYS)
_DATA_OBJECT["properties"] |= {name: kind.schema for name, kind in DATASETS.items()}
DATA_SCHEMA: Schema = {"anyOf": [{"enum": [name for name in DATASETS if name not in OWN]}, _DATA_OBJECT]}

SECTIONS: dict[str, tuple[Key, ...]] = {"data": DATA_KEYS, "train": TRAIN_KEYS, "expect": EXPECT_KEYS}
