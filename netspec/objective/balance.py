"""Class weights that the data decide: `weight: balanced` and `pos_weight: balanced`, by scikit-learn's formula."""

from __future__ import annotations

from dataclasses import replace

import torch

from netspec.runtime.diagnostics import problem
from netspec.runtime.families import BALANCED
from netspec.runtime.registry import Choice


def unbalanced(loss: Choice) -> Choice:
    """A loss without the weights that the data decide, to be tried before there are data."""
    kept = {name: value for name, value in loss.kwargs.items() if not isinstance(value, str) or value != BALANCED}
    return replace(loss, kwargs=kept)


def balanced(loss: Choice, targets: torch.Tensor, outputs: int) -> Choice:
    """A loss with its weights worked out.

    A class c of n_c among N samples of C classes weighs N/(C·n_c), and 0 where there is none of it. `pos_weight` of a
    label is the number of samples without it over that of those with it.

    Args:
        loss: as the spec chose it.
        targets: [N] class numbers, or [N] or [N, labels] of 0 and 1: those of the training samples.
        outputs: how many numbers the network gives.

    Raises:
        SpecError: NS605, there are no classes to count.
    """
    found = dict(loss.kwargs)
    for name, value in loss.kwargs.items():
        if not isinstance(value, str) or value != BALANCED:
            continue
        classes = targets if name == "weight" else targets.reshape(len(targets), -1)
        counted = classes.ndim == 1 and not classes.is_floating_point() and bool((classes >= 0).all())
        if name == "weight" and (not counted or int(classes.max()) >= outputs):
            raise problem("NS605", f"{BALANCED} counts classes, and the targets are none", loss.places[name])
        if name == "weight":
            counts = torch.bincount(classes, minlength=outputs).float()  # [C]
            weights = len(classes) / (int((counts > 0).sum()) * counts)
            found[name] = torch.where(counts > 0, weights, 0.0)
        else:
            there = (classes > 0.5).float().sum(0)  # [labels]
            if not bool((there > 0).all()):
                raise problem("NS605", f"{BALANCED}: a label has no sample", loss.places[name])
            found[name] = (len(classes) - there) / there
    return replace(loss, kwargs=found)
