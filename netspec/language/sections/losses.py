"""The losses of torch.nn by what they compare the output with, and the losses that a spec writes for its outputs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from netspec.core.dataclass import dataclass
from netspec.core.names import closest
from netspec.core.tree import Mapping, Node, Scalar
from netspec.language.sections.keys import OWN_NAME

_OWN = re.compile(OWN_NAME)
Kind = Literal[
    "classes",
    "probabilities",
    "logits",
    "signs",
    "labels",
    "numbers",
    "distances",
    "angles",
    "ranks",
    "divergence",
    "own",
]

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
    "TripletMarginLoss": "distances",
    "CosineEmbeddingLoss": "angles",
    "MarginRankingLoss": "ranks",
    "KLDivergence": "divergence",
    **dict.fromkeys(("HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "PoissonNLLLoss", "SmoothL1Loss"), "numbers"),
}


OF_EMBEDDINGS: tuple[Kind, ...] = (
    "distances",
    "angles",
)  # of pairs or triplets, drawn by classes
OF_PAIRS: tuple[Kind, ...] = (*OF_EMBEDDINGS, "ranks")
BY_ITSELF: tuple[Kind, ...] = (*OF_EMBEDDINGS, "divergence")  # what is not compared with a target number by number


def kind_of(loss: str) -> Kind:
    """What a loss compares the output with; numbers where it is unknown, and `own` for one of the user's own.

    Args:
        loss: its name in torch.nn, or `my_module:name`.
    """
    return KINDS.get(loss, "own" if is_own(loss) else "numbers")


def is_own(name: object) -> bool:
    """Whether a name is that of code of one's own: `my_module:name`."""
    return isinstance(name, str) and _OWN.match(name) is not None


@dataclass(frozen=True, slots=True)
class Written:
    """A loss as a spec writes it.

    Args:
        output: the name of the output it is for; None where it is for the only one.
        node: `Name` or `{Name: arguments}`.
        weight: its factor in the sum, where there is one.
    """

    output: Scalar | None
    node: Node
    weight: Node | None = None

    @property
    def name(self) -> Scalar | None:
        """The node of the loss's name; None where what is written names none."""
        if isinstance(self.node, Mapping) and len(self.node.entries) == 1:
            return self.node.entries[0][0]
        return self.node if isinstance(self.node, Scalar) and isinstance(self.node.value, str) else None


def written_losses(node: Node | None) -> tuple[Written, ...]:
    """The losses of a spec: `Name` or `{Name: arguments}` for the only output, or a mapping from outputs to those.

    In a mapping a loss may have its weight beside it: `aux: {CrossEntropyLoss: {}, weight: 0.3}`.

    Args:
        node: the value of `loss`, as written.
    """
    if node is None:
        return ()
    if not isinstance(node, Mapping) or not _by_output(node):
        return (Written(None, node),)
    return tuple(_weighted(key, value) for key, value in node)


def _by_output(node: Mapping) -> bool:
    """Whether the keys are outputs; a single key may also be a loss, with its arguments as the value."""
    if len(node.entries) != 1:
        return bool(node.entries)
    key, value = node.entries[0]
    return not _like_a_loss(key) and (
        _like_a_loss(value) or (isinstance(value, Mapping) and any(_like_a_loss(inner) for inner, _ in value))
    )


def _like_a_loss(node: Node) -> bool:
    """Whether a word is a loss's name, or nearly."""
    word = node.value if isinstance(node, Scalar) else None
    return isinstance(word, str) and (
        word.endswith("Loss") or word in KINDS or is_own(word) or bool(closest(word, KINDS))
    )


def _weighted(output: Scalar, node: Node) -> Written:
    if not isinstance(node, Mapping) or node.get("weight") is None:
        return Written(output, node)
    rest = tuple((key, value) for key, value in node if key.value != "weight")
    return Written(output, replace(node, entries=rest), node.get("weight"))
