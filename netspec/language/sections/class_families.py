"""The families of torch's classes that `train` and `data` name: losses, optimizers, schedulers, transforms, datasets.

What is written by hand stands here: which of torch's classes a spec cannot reach, and why; which arguments netspec sets
itself. The classes with their arguments are in torch_classes.json, which `make docs` writes from torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from netspec.core.dataclass import dataclass

BALANCED = "balanced"  # class weights that are counted from the data


@dataclass(frozen=True, eq=False)
class ClassFamily:
    """Classes of one kind that a spec may name.

    Args:
        what: the word for one of them in messages.
        module: the module that has them.
        refused: those that a spec cannot use, with the reason.
        hidden: arguments that netspec sets itself.
        filled: required arguments that netspec sets where the spec does not.
        open: whether code of one's own may stand for one, as `my_module:name`.
        own: those of netspec's own, and torch's that it gives its targets, as `module:class`.
    """

    what: str
    module: str
    refused: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    filled: frozenset[str] = frozenset()
    own: Mapping[str, str] = field(default_factory=dict)
    open: bool = False


_TWO_INPUTS = "it takes more than one output and one target, which netspec does not train yet"
_NEEDS_CODE = "it needs Python code, which a spec does not hold"
_BOXES = "it is for boxes and key points"
_TENSORS = "samples are tensors already, leave it out"
_SCALED = "samples are scaled to [0, 1] already, leave it out"

LOSS = ClassFamily(
    "loss",
    "torch.nn",
    {
        **dict.fromkeys(
            (
                "TripletMarginWithDistanceLoss",
                "CTCLoss",
                "AdaptiveLogSoftmaxWithLoss",
                "LinearCrossEntropyLoss",
            ),
            _TWO_INPUTS,
        ),
        "NLLLoss2d": "it is torch's old name of NLLLoss",
    },
    hidden=frozenset({"size_average", "reduce"}),
    own={
        "KLDivergence": "netspec.objective.divergence:KLDivergence",
        "CosineEmbeddingLoss": "netspec.objective.pairs:CosineEmbeddingLoss",
        "MarginRankingLoss": "netspec.objective.pairs:MarginRankingLoss",
        "TripletMarginLoss": "netspec.objective.pairs:TripletMarginLoss",
    },
    open=True,
)
OPTIMIZER = ClassFamily(
    "optimizer",
    "torch.optim",
    {"SparseAdam": "it takes sparse gradients alone, which netspec does not train yet"},
    hidden=frozenset({"params"}),
    open=True,
)
SCHEDULER = ClassFamily(
    "scheduler",
    "torch.optim.lr_scheduler",
    {"LambdaLR": _NEEDS_CODE, "MultiplicativeLR": _NEEDS_CODE},
    hidden=frozenset({"optimizer", "last_epoch", "verbose", "scale_fn"}),
    filled=frozenset({"T_max"}),
)
TRANSFORM = ClassFamily(
    "transform",
    "torchvision.transforms.v2",
    open=True,
    refused={
        "Lambda": _NEEDS_CODE,
        "LinearTransformation": "its matrix has no place in a spec",
        "CutMix": "it mixes a batch; that stands under train, as mix: CutMix",
        "MixUp": "it mixes a batch; that stands under train, as mix: MixUp",
        "FiveCrop": "it gives several pictures for one",
        "TenCrop": "it gives several pictures for one",
        "UniformTemporalSubsample": "it is for videos",
        **dict.fromkeys(("ToTensor", "PILToTensor", "ToImage", "ToPILImage", "ToPureTensor"), _TENSORS),
        "ConvertImageDtype": _SCALED,
        "ToDtype": _SCALED,
        **dict.fromkeys(
            (
                "ClampBoundingBoxes",
                "ClampKeyPoints",
                "ConvertBoundingBoxFormat",
                "SanitizeBoundingBoxes",
                "SanitizeKeyPoints",
                "SetClampingMode",
                "RandomIoUCrop",
            ),
            _BOXES,
        ),
    },
)
MIXER = ClassFamily("mixer", "torchvision.transforms.v2", hidden=frozenset({"num_classes", "labels_getter"}))
DATASET = ClassFamily(
    "dataset",
    "torchvision.datasets",
    hidden=frozenset(
        {"transform", "target_transform", "transforms", "loader", "is_valid_file", "extensions", "target_type"}
    ),
    filled=frozenset({"root"}),
)
FAMILIES = {family.what: family for family in (LOSS, OPTIMIZER, SCHEDULER, TRANSFORM, MIXER, DATASET)}

HOLDERS = {  # classes that hold others of their family, and the argument that lists those
    **dict.fromkeys(("SequentialLR", "ChainedScheduler"), "schedulers"),
    **dict.fromkeys(("RandomApply", "RandomChoice", "RandomOrder", "Compose"), "transforms"),
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
