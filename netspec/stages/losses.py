"""What the losses of torch.nn compare the output with: classes, probabilities, logits, signs, labels or numbers."""

from __future__ import annotations

from typing import Literal

Kind = Literal["classes", "probabilities", "logits", "signs", "labels", "numbers"]

KINDS: dict[str, Kind] = {
    "CrossEntropyLoss": "classes",
    "NLLLoss": "classes",
    "MultiMarginLoss": "classes",
    "BCELoss": "probabilities",
    "BCEWithLogitsLoss": "logits",
    "MultiLabelSoftMarginLoss": "logits",
    "SoftMarginLoss": "signs",
    "HingeEmbeddingLoss": "signs",
    "MultiLabelMarginLoss": "labels",
    **dict.fromkeys(("HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "PoissonNLLLoss", "SmoothL1Loss"), "numbers"),
}


def kind_of(loss: str) -> Kind:
    """What a loss compares the output with."""
    return KINDS.get(loss, "numbers")
