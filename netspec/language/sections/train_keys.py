"""The keys of `train`: its one table, with the JSON Schema made from it.

Names and arguments of torch's classes (losses, optimizers, schedulers) are checked by check_classes.py. The file is
long because it is that table, with a doc and an example for each key.
"""

from __future__ import annotations

from netspec.language.patterns import LONGEST
from netspec.language.sections.device import DEVICE_SCHEMA
from netspec.language.sections.keys import (
    ABOVE_ZERO,
    EVERY,
    EXPRESSION,
    FLAG,
    LOSSES,
    NAMED,
    NAMED_LIST,
    OWN_NAME,
    POSITIVE,
    TEXT,
    WHOLE,
    Key,
    Schema,
    object_schema,
)
from netspec.language.sections.loggers import LOGGERS, LOGGERS_SCHEMA, USUAL
from netspec.language.sections.losses import Kind
from netspec.language.sections.metrics import NAMES, PATTERNS, usual

_DECAY: Schema = {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, EXPRESSION]}
_FACTOR: Schema = {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 1}, EXPRESSION]}
_NOT_NEGATIVE: Schema = {"anyOf": [{"type": "number", "minimum": 0}, EXPRESSION]}
_PATTERN: Schema = {**TEXT, "maxLength": LONGEST}
_PATTERN_LIST: Schema = {"anyOf": [_PATTERN, {"type": "array", "items": _PATTERN, "minItems": 1}]}
_PATTERNS = "names as patterns, as features.*, layer types, or the words norm and bias; one or a list"

WARMUP_KEYS = (
    Key("steps", POSITIVE, "a positive integer", "How many steps it takes.", 500),
    Key("epochs", POSITIVE, "a positive integer", "How many epochs it takes, instead of `steps`.", 5),
    Key("from", _FACTOR, "a factor above 0, up to 1", "What the learning rate is multiplied with at first.", 0.1, 0.01),
)
STOPPING_KEYS = (
    Key("patience", POSITIVE, "a positive integer", "Epochs without a better one.", 5, required=True),
    Key("min_delta", _NOT_NEGATIVE, "a number ≥ 0", "What counts as better differs by more than this.", 0.001, 0.0),
)
WEIGHTS_KEYS = (
    Key(
        "from",
        TEXT,
        "a run's folder, a .safetensors file or torchvision's name",
        "Where they come from.",
        "pretrained.safetensors",
        required=True,
    ),
    Key("strict", FLAG, "true or false", "Whether every tensor has to be there, in the same shape.", True, False),
)
_GROUP: Schema = {
    "type": "object",
    "properties": {"match": {**_PATTERN_LIST, "description": f"Which parameters: {_PATTERNS}."}},
    "required": ["match"],
    "minProperties": 2,
}
_NAMES = (*PATTERNS, OWN_NAME)
_METRIC: Schema = {"anyOf": [{"enum": list(NAMES)}, *({"type": "string", "pattern": each} for each in _NAMES)]}


def _either(first: Schema, keys: tuple[Key, ...]) -> Schema:
    """The schema of a plain value, or of a mapping of keys."""
    return {"anyOf": [*first.get("anyOf", [first]), object_schema(keys)]}


def _usual(kind: Kind) -> str:
    """The metrics of a loss of a kind where `metrics` is left out, in words."""
    *most, last = usual(kind)
    return f"{', '.join(most)} and {last}" if most else last


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
    Key(
        "groups",
        {"type": "array", "items": _GROUP, "minItems": 1},
        "a list of {match: pattern, …} with arguments of the optimizer",
        "Other arguments of the optimizer for a part of the parameters; of groups that meet, the later one counts. "
        f"`match` takes {_PATTERNS}.",
        [{"match": ["norm", "bias"], "weight_decay": 0}, {"match": "features.*", "lr": 0.001}],
    ),
    Key(
        "freeze",
        _PATTERN_LIST,
        _PATTERNS,
        "Parameters that are not trained; the running statistics of BatchNorm among them stay as they are.",
        "features.*",
    ),
    Key(
        "scheduler",
        NAMED,
        "a scheduler of torch.optim.lr_scheduler: Name or {Name: arguments}",
        "How the learning rate changes; the length of OneCycleLR and CosineAnnealingLR is the run's if left out.",
        {"CosineAnnealingLR": {"T_max": 10}},
    ),
    Key(
        "scheduler_step",
        {"enum": ["epoch", "batch"]},
        "epoch or batch",
        "When the scheduler steps; if left out, once an epoch (OneCycleLR and CyclicLR: once a batch).",
        "batch",
    ),
    Key(
        "warmup",
        object_schema(WARMUP_KEYS),
        "{steps: number} or {epochs: number}, and from",
        "The learning rate grows linearly to what the scheduler says: it is multiplied with a factor `from` … 1.",
        {"epochs": 5, "from": 0.01},
        keys=WARMUP_KEYS,
    ),
    Key("clip_grad_norm", ABOVE_ZERO, "a number > 0", "Scales gradients whose common norm is larger down to it.", 1.0),
    Key("clip_grad_value", ABOVE_ZERO, "a number > 0", "Cuts every number of the gradients to ± this.", 0.5),
    Key(
        "ema",
        _DECAY,
        "a number between 0 and 1",
        "Keeps a moving average of the weights, by this decay a step; it is what is validated and kept.",
        0.999,
    ),
    Key(
        "mix",
        {"anyOf": [NAMED, {"type": "array", "items": NAMED, "minItems": 1}]},
        "MixUp, CutMix, or a list of them, as Name or {Name: arguments}",
        "Mixes the pictures of a batch and their classes; of a list, one is drawn for each batch.",
        {"MixUp": {"alpha": 0.2}},
    ),
    Key(
        "metrics",
        {"anyOf": [*_METRIC["anyOf"], {"type": "array", "items": _METRIC}]},
        f"one or a list of {', '.join(NAMES)} (or another top<k>, or my_module:name)",
        f"What is measured after each epoch; if left out, {_usual('classes')} for classes, and "
        f"{_usual('numbers')} for numbers.",
        ["accuracy", "f1", "confusion_matrix"],
    ),
    Key(
        "callbacks",
        NAMED_LIST,
        "a list of your own classes: my_module:Name or {my_module:Name: arguments}",
        "Objects with any of the methods begin(report, settings), add(row) after each epoch, and end(status); Python "
        "code, which runs where you allow it (`--allow-plugins`).",
        ["my_callbacks:Notify"],
        [],
    ),
    Key(
        "monitor",
        TEXT,
        "a column of metrics.jsonl, as val_loss or val_f1",
        "By what the best epoch is chosen; if left out, by accuracy where there is one, then by loss.",
        "val_loss",
    ),
    Key(
        "early_stopping",
        _either(POSITIVE, STOPPING_KEYS),
        "a positive integer, or {patience: number, min_delta: number}",
        "Ends the run after so many epochs without a new best one.",
        5,
        keys=STOPPING_KEYS,
    ),
    Key(
        "weights",
        _either(TEXT, WEIGHTS_KEYS),
        "a run's folder, a .safetensors file or torchvision's name; or {from: …, strict: true}",
        "What training starts from: every tensor that fits by name and shape is loaded, and the rest is listed.",
        "ResNet18_Weights.IMAGENET1K_V1",
        keys=WEIGHTS_KEYS,
    ),
    Key(
        "deterministic",
        FLAG,
        "true or false",
        "Asks torch for algorithms that give the same result each time; on a GPU that is slower.",
        True,
        False,
    ),
    Key("seed", WHOLE, "an integer ≥ 0", "Fixes initial weights, order and augmentation.", 0, 0),
    Key(
        "device",
        DEVICE_SCHEMA,
        "auto, cpu, cuda, cuda:N or mps",
        "Where it runs; `--device` goes first.",
        "auto",
        "auto",
    ),
    Key(
        "loggers",
        LOGGERS_SCHEMA,
        f"a list of {', '.join(kind.name for kind in LOGGERS)}: Name or {{Name: arguments}}",
        f"Who is told of settings, epochs and pictures; {', '.join(USUAL)} where left out, and metrics.jsonl anyhow.",
        ["tensorboard", "csv"],
    ),
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
TRAIN_SCHEMA: Schema = object_schema(TRAIN_KEYS)

# Where keys belong that people write under `train`.
MISPLACED = {
    **dict.fromkeys(
        ("lr", "learning_rate", "momentum", "weight_decay", "betas", "nesterov"),
        "the optimizer's arguments, as optimizer: {SGD: {lr: 0.01}}",
    ),
    **dict.fromkeys(
        ("gamma", "step_size", "milestones", "T_max", "max_lr", "lr_scheduler"),
        "the scheduler's arguments, as scheduler: {StepLR: {step_size: 5, gamma: 0.1}}",
    ),
    **dict.fromkeys(
        ("label_smoothing", "pos_weight", "reduction"),
        "the loss's arguments, as loss: {CrossEntropyLoss: {label_smoothing: 0.1}}",
    ),
    **dict.fromkeys(
        ("class_weight", "class_weights", "weight"),
        "the loss's arguments, as loss: {CrossEntropyLoss: {weight: balanced}}",
    ),
    **dict.fromkeys(("transforms", "augment", "val", "test", "folds", "stratify", "sampler", "dataset"), "data"),
    **dict.fromkeys(("patience", "min_delta"), "early_stopping, as early_stopping: {patience: 5}"),
    "decay": "ema, as ema: 0.999",
    "mixup": "mix, as mix: {MixUp: {alpha: 0.2}}",
    "cutmix": "mix, as mix: {CutMix: {alpha: 1.0}}",
    "grad_clip": "clip_grad_norm or clip_grad_value",
}
