"""The families of classes that `data` and `train` name: losses, optimizers, schedulers, transforms."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import nn

from netspec.core.tree import Mapping, Node, Sequence
from netspec.runtime.diagnostics import spec_error
from netspec.runtime.registry import Choice, Evaluate, Family, choose, public_classes

_TWO_INPUTS = "it takes more than one output and one target, which netspec does not train yet"
_NEEDS_CODE = "it needs Python code, which a spec does not hold"

BALANCED = "balanced"  # class weights that are counted from the data
PER_BATCH = frozenset({"OneCycleLR", "CyclicLR"})  # schedulers that torch documents as stepping after every batch


def _loss_value(name: str, value: object, node: Node) -> object:
    """Lists of class weights become tensors; `balanced` stays until the data are there."""
    if name in ("weight", "pos_weight") and value == BALANCED:
        return value
    if name in ("weight", "pos_weight") and value is not None:
        try:
            return torch.tensor(value, dtype=torch.float32)
        except (TypeError, ValueError):
            raise spec_error("NS605", f"{name} is a list of numbers, one a class, or {BALANCED}", node) from None
    if name == "reduction" and value != "mean":
        raise spec_error("NS605", "the runner averages over samples: reduction has to be mean", node)
    return value


@cache
def losses() -> Family:
    """The losses of torch.nn that take one output and one target."""
    refused = dict.fromkeys(
        (
            "CosineEmbeddingLoss",
            "MarginRankingLoss",
            "TripletMarginLoss",
            "TripletMarginWithDistanceLoss",
            "GaussianNLLLoss",
            "CTCLoss",
            "AdaptiveLogSoftmaxWithLoss",
            "LinearCrossEntropyLoss",
        ),
        _TWO_INPUTS,
    )
    refused["NLLLoss2d"] = "it is torch's old name of NLLLoss"
    names = [name for name in dir(nn) if name.endswith("Loss") and name not in refused]
    found = public_classes(nn.modules.loss, nn.Module, names)
    return Family("loss", "torch.nn", found, refused, frozenset({"size_average", "reduce"}), _loss_value)


def _optimizer_value(name: str, value: object, node: Node) -> object:
    return tuple(value) if name in ("betas", "etas", "step_sizes", "eps2") and isinstance(value, list) else value


@cache
def optimizers() -> Family:
    """Optimizers of torch.optim."""
    found = public_classes(torch.optim, torch.optim.Optimizer)
    return Family("optimizer", "torch.optim", found, {}, frozenset({"params"}), _optimizer_value)


@cache
def schedulers() -> Family:
    """Schedulers of torch.optim.lr_scheduler."""
    module = torch.optim.lr_scheduler
    refused = {"LambdaLR": _NEEDS_CODE, "MultiplicativeLR": _NEEDS_CODE}
    found = public_classes(module, module.LRScheduler, [name for name in module.__all__ if name not in refused])
    hidden = frozenset({"optimizer", "last_epoch", "verbose", "scale_fn"})
    return Family("scheduler", "torch.optim.lr_scheduler", found, refused, hidden, optional=frozenset({"T_max"}))


_NO_TRANSFORM = {
    "Lambda": _NEEDS_CODE,
    "LinearTransformation": "its matrix has no place in a spec",
    "CutMix": "it mixes a batch; that stands under train, as mix: CutMix",
    "MixUp": "it mixes a batch; that stands under train, as mix: MixUp",
    "FiveCrop": "it gives several pictures for one",
    "TenCrop": "it gives several pictures for one",
    "UniformTemporalSubsample": "it is for videos",
    **dict.fromkeys(
        ("ToTensor", "PILToTensor", "ToImage", "ToPILImage", "ToPureTensor"),
        "samples are tensors already, leave it out",
    ),
    "ConvertImageDtype": "samples are scaled to [0, 1] already, leave it out",
    "ToDtype": "samples are scaled to [0, 1] already, leave it out",
    **dict.fromkeys(
        (
            "ClampBoundingBoxes",
            "ClampKeyPoints",
            "ConvertBoundingBoxFormat",
            "SanitizeBoundingBoxes",
            "SanitizeKeyPoints",
            "RandomIoUCrop",
        ),
        "it is for boxes and key points",
    ),
}
_RANDOM = frozenset(  # the random transforms whose names do not say so
    [
        "AugMix",
        "AutoAugment",
        "ColorJitter",
        "ElasticTransform",
        "GaussianBlur",
        "GaussianNoise",
        "JPEG",
        "RandAugment",
        "ScaleJitter",
        "TrivialAugmentWide",
    ]
)


def is_random(name: str) -> bool:
    """Whether a transform of torchvision draws random numbers."""
    return name.startswith("Random") or name in _RANDOM


def _transform_value(name: str, value: object, node: Node) -> object:
    """Words become torchvision's enums."""
    from torchvision.transforms import v2

    enum: Any = {"interpolation": v2.InterpolationMode, "policy": v2.AutoAugmentPolicy}.get(name)
    if enum is None or not isinstance(value, str):
        return value
    words = [member.value for member in enum]
    if value.lower() not in words:
        raise spec_error("NS605", f"{name} is one of {', '.join(words)}", node)
    return enum(value.lower())


@cache
def transforms() -> Family:
    """Transforms of torchvision.transforms.v2 for pictures."""
    from torchvision.transforms import v2

    found = public_classes(v2, v2.Transform, [name for name in vars(v2) if name not in _NO_TRANSFORM])
    return Family("transform", "torchvision.transforms.v2", found, _NO_TRANSFORM, convert=_transform_value)


def choose_transform(node: Node, evaluate: Evaluate) -> Choice:
    """A transform; the transforms in a container (RandomApply, RandomChoice, …) are constructed.

    Args:
        node: `Name`, or `{Name: arguments}`.
        evaluate: gives the value of a node.

    Raises:
        SpecError: NS604, NS605; see `choose`.
    """
    inner: Node | None = None
    if isinstance(node, Mapping) and len(node.entries) == 1:
        name, arguments = node.entries[0]
        if name.value in ("RandomApply", "RandomChoice", "RandomOrder", "Compose"):
            inner = arguments.get("transforms") if isinstance(arguments, Mapping) else arguments

    def evaluate_or_make(argument: Node) -> object:
        if isinstance(argument, Sequence) and argument is inner:
            return [choose_transform(item, evaluate).make() for item in argument.items]
        return evaluate(argument)

    return choose(node, transforms(), evaluate_or_make)
