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
    "pairs",
    "triplets",
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
    "GaussianNLLLoss": "numbers",
}
FURTHER: dict[str, tuple[str, ...]] = {  # what torch's forward takes beside output and target: outputs of the network
    "GaussianNLLLoss": ("var",),
    "CosineEmbeddingLoss": ("input2",),
    "MarginRankingLoss": ("input2",),
    "TripletMarginLoss": ("positive", "negative"),
}
NEEDS_FURTHER = frozenset({"GaussianNLLLoss"})  # the others draw from the batch without them
_GIVEN: dict[Kind, Kind] = {"angles": "pairs", "ranks": "pairs", "distances": "triplets"}


OF_EMBEDDINGS: tuple[Kind, ...] = (
    "distances",
    "angles",
)  # of pairs or triplets, drawn by classes
OF_PAIRS: tuple[Kind, ...] = (*OF_EMBEDDINGS, "ranks")
WITHOUT_TARGETS: tuple[Kind, ...] = ("divergence", "triplets")
# what is not compared with a target number by number
BY_ITSELF: tuple[Kind, ...] = (*OF_EMBEDDINGS, "pairs", *WITHOUT_TARGETS)


def kind_of(loss: str, further: bool = False) -> Kind:
    """What a loss compares the output with; numbers where it is unknown, and `own` for one of the user's own.

    Args:
        loss: its name in torch.nn, or `my_module:name`.
        further: whether it takes further outputs, so that pairs and triplets are given, not drawn.
    """
    kind = KINDS.get(loss, "own" if is_own(loss) else "numbers")
    return _GIVEN.get(kind, kind) if further else kind


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
        further: what else stands beside it: the further outputs that it takes, by torch's names of them.
    """

    output: Scalar | None
    node: Node
    weight: Node | None = None
    further: tuple[tuple[Scalar, Node], ...] = ()

    @property
    def name(self) -> Scalar | None:
        """The node of the loss's name; None where what is written names none."""
        if isinstance(self.node, Mapping) and len(self.node.entries) == 1:
            return self.node.entries[0][0]
        return self.node if isinstance(self.node, Scalar) and isinstance(self.node.value, str) else None


def written_losses(node: Node | None) -> tuple[Written, ...]:
    """The losses of a spec: `Name` or `{Name: arguments}` for the only output, or a mapping from outputs to those.

    In a mapping a loss may have its weight beside it, `aux: {CrossEntropyLoss: {}, weight: 0.3}`, and further outputs
    that it takes, `mean: {GaussianNLLLoss: {}, var: variance}`.

    Args:
        node: the value of `loss`, as written.
    """
    if node is None:
        return ()
    if not isinstance(node, Mapping) or not _by_output(node):
        return (Written(None, node),)
    return tuple(_with_what_is_beside(key, value) for key, value in node)


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


def _with_what_is_beside(output: Scalar | None, node: Node) -> Written:
    """A loss, its weight and further outputs; whatever stands beside exactly one loss is none of its arguments."""
    named = [key for key, _ in node if _like_a_loss(key)] if isinstance(node, Mapping) else []
    if not isinstance(node, Mapping) or (len(named) != 1 and node.get("weight") is None):
        return Written(output, node)
    one = named[0] if len(named) == 1 else None
    rest = tuple((key, value) for key, value in node if (key is one if one is not None else key.value != "weight"))
    beside = tuple(
        (key, value) for key, value in node if one is not None and key not in (one,) and key.value != "weight"
    )
    return Written(output, replace(node, entries=rest), node.get("weight"), beside)
