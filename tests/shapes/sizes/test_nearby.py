"""For tensors that do not meet, a check says which input sizes near the declared ones work, and the nearest two."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from netspec.checker import check
from netspec.language.load import loads

UNET = """\
netspec: 1
input: [3, %d, %d]
layers:
  - branches:
      low: [{MaxPool2d: 2}, {MaxPool2d: 8}, {Upsample: {scale_factor: 16}}]
      same: []
    merge: concat
"""


def works(height: int, width: int) -> bool:
    """The same network by hand."""
    if min(height, width) < 16:
        return False  # nothing is left to scale up
    x = torch.empty(1, 3, height, width, device="meta")
    low = nn.functional.interpolate(nn.MaxPool2d(8)(nn.MaxPool2d(2)(x)), scale_factor=16.0)
    return low.shape == x.shape


@pytest.mark.parametrize(("height", "width"), [(100, 100), (90, 64), (31, 250)])
def test_the_nearest_sizes_and_the_rule(height: int, width: int) -> None:
    (found,) = check(loads(UNET % (height, width))).diagnostics
    sizes = [fix.title.removeprefix("an input of 3×").split("×") for fix in found.fixes if "input" in fix.title]
    assert len(sizes) >= 2
    assert all(works(int(h), int(w)) for h, w in sizes)
    around = [(h, w) for h in range(height, height + 17) for w in range(width, width + 17)]  # a larger one comes first
    nearest = min(abs(h - height) + abs(w - width) for h, w in around if works(h, w))
    assert abs(int(sizes[0][0]) - height) + abs(int(sizes[0][1]) - width) == nearest
    (note,) = [note.text for note in found.notes if note.label == "or"]
    assert note.startswith("inputs with H and W multiples of 16 (tried ")


def test_no_size_helps() -> None:
    text = "netspec: 1\ninput: [3, 32, 32]\nlayers: [{branches: {a: [{MaxPool2d: 2}], b: []}, merge: concat}]\n"
    (found,) = check(loads(text)).diagnostics
    assert not [note for note in found.notes if note.label == "or"]
