"""The targets of a part that is a dataset of its own, numbered as the classes of the training set are.

A part may lack classes, so that its own numbers are others; a class that the training set lacks is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from netspec.core.names import closest, did_you_mean
from netspec.data.split import Split, Target
from netspec.data.text.tokens import Tokens


class OtherClasses(Exception):
    """What the targets of a part have that those of training have not; the message is the end of a sentence."""


def numbered_as(known: Sequence[Target], own: Sequence[Target], split: Split) -> Split:
    """A part, with the class numbers of the training set.

    Args:
        known: the targets of the training set.
        own: those of the part.
        split: the part.

    Raises:
        OtherClasses: the part has a class that the training set lacks, or targets of another kind.
    """
    if [target.output for target in known] != [target.output for target in own]:
        raise OtherClasses("targets for other outputs than the training set")
    if not split.targets:
        return split
    values = (_renumbered(*each) for each in zip(known, own, split.targets, strict=True))
    return replace(split, targets=tuple(values))


def _renumbered(known: Target, own: Target, values: torch.Tensor | Tokens) -> torch.Tensor | Tokens:
    if known.classes == own.classes:
        return values
    if not known.classes or not own.classes:
        kinds = [" ".join(["classes" if target.classes else "numbers", "as targets"]) for target in (own, known)]
        raise OtherClasses(f"{kinds[0]}, the training set {kinds[1]}")
    unseen = [name for name in own.classes if name not in known.classes]
    if unseen:
        meant = did_you_mean(closest(unseen[0], known.classes))
        more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
        raise OtherClasses(f"the class {unseen[0]!r}{more}, which the training set has not{meant}")
    places = torch.tensor([known.classes.index(name) for name in own.classes])
    if isinstance(values, Tokens):
        ids = values.ids.long()  # of which -100 stands for no class
        return replace(values, ids=torch.where(ids < 0, ids, places[ids.clamp_min(0)]).to(values.ids.dtype))
    if values.ndim == 1:
        return places[values.long()]
    if values.shape[1:] == (len(own.classes),):  # a row of 0 and 1 a sample
        rows = values.new_zeros(len(values), len(known.classes))
        rows[:, places] = values
        return rows
    raise OtherClasses("other classes than the training set")
