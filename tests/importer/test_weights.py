"""Functions whose weights are a module's own, another layer's, or computed: the spec gives the same bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import SwinTransformer
from torchvision.models.swin_transformer import PatchMergingV2, SwinTransformerBlockV2

import netspec
from netspec.importer.failure import ImportFailure
from tests.importer.round_trip import differences
from tests.importer.test_functions import Applied, Function


def zeroed(m: Applied, x: Tensor) -> Tensor:
    """A bias whose middle is 0, as Swin V2 has it."""
    bias = m.b.clone()
    bias[2:4].zero_()
    return F.linear(x, m.w, bias)


def assigned(m: Applied, x: Tensor) -> Tensor:
    y = x.clone()
    y[:, 2:4] = 1.5
    y[:, 0] += 1
    y[..., 5:] = x[:, 2:5] * 2
    y[:, 4:].mul_(2)[:, 1].sub_(1)
    return y


def standardised(m: Applied, x: Tensor, **options: Tensor) -> Tensor:
    """A convolution whose weight is normalized as timm's StdConv2d does."""
    flat = m.w.reshape(1, 4, -1)
    weight = F.batch_norm(flat, None, None, training=True, momentum=0.0, eps=1e-6)
    return F.conv1d(x[:, None], weight.reshape_as(m.w), padding=1)


CASES: dict[str, tuple[Function, dict[str, list[int]]]] = {
    "linear": (lambda m, x: F.linear(x, m.w * 2, m.b), {"w": [3, 8], "b": [3]}),
    "one_output": (lambda m, x: F.linear(x, m.w * 2, m.b), {"w": [1, 8], "b": [1]}),
    "turned": (lambda m, x: F.linear(x, m.fc.weight.t(), m.fc.bias), {}),
    "zeroed": (zeroed, {"w": [6, 8], "b": [6]}),
    "assigned": (assigned, {}),
    "standardised": (standardised, {"w": [4, 1, 3]}),
    "transposed": (lambda m, x: F.conv_transpose1d(x[:, None], m.w, m.b, 2), {"w": [1, 4, 3], "b": [4]}),
    "layer_norm": (lambda m, x: F.layer_norm(x.view(-1, 2, 4), (2, 4), m.g * 2, m.b), {"g": [2, 4], "b": [2, 4]}),
    "rms_norm": (lambda m, x: F.rms_norm(x, (8,), m.g * 2, 1e-5), {"g": [8]}),
    "group_norm": (lambda m, x: F.group_norm(x, 2, m.g * 2, m.b), {"g": [8], "b": [8]}),
    "batch_norm": (lambda m, x: F.batch_norm(x, m.b, m.b * m.b, m.g * 2, m.b, eps=1e-3), {"g": [8], "b": [8]}),
    "instance_norm": (lambda m, x: F.instance_norm(x.view(-1, 2, 4), weight=m.g, bias=m.g), {"g": [2]}),
    "prelu": (lambda m, x: F.prelu(x, m.g) + F.prelu(x, m.p), {"g": [8], "p": [1]}),
    "embedding": (lambda m, x: F.embedding((x > 0).long(), m.w), {"w": [2, 3]}),
    "bilinear": (lambda m, x: F.bilinear(x, x[:, :3], m.w * 2, m.b), {"w": [2, 8, 3], "b": [2]}),
}


@pytest.mark.parametrize("name", CASES)
def test_weights_as_inputs(name: str) -> None:
    function, shapes = CASES[name]
    torch.manual_seed(3)
    assert differences(Applied(function, **{key: torch.randn(shape) for key, shape in shapes.items()}), [8]) == []


def test_a_layer_whose_weight_alone_is_used_is_not_applied() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(20, 8)
            self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))

        def forward(self, x: Tensor) -> Tensor:
            h = F.linear(self.words(x), self.body[0].weight.t(), self.body[2].bias)
            return F.linear(h, self.words.weight)

    module = Net()
    text = netspec.from_module(module, {"shape": [5], "dtype": "int64"}).to_yaml()
    assert differences(module, {"shape": [5], "dtype": "int64"}) == []
    assert text.count("apply: false") == 2
    assert "words.weight" in text


def test_a_weight_of_each_sample_is_named() -> None:
    module = Applied(lambda m, x: F.linear(x, x))
    with pytest.raises(ImportFailure) as caught:
        netspec.from_module(module, [8])
    assert "its weights differ from sample to sample" in str(caught.value)


def test_swin_v2() -> None:
    torch.manual_seed(0)
    kinds: dict[str, Any] = {"block": SwinTransformerBlockV2, "downsample_layer": PatchMergingV2}
    module = SwinTransformer([4, 4], 8, [2], [2], [4, 4], num_classes=3, **kinds)
    for part in module.modules():
        if isinstance(part, nn.Linear) and part.bias is not None:
            nn.init.normal_(part.bias)
    spec = netspec.from_module(module, [3, 32, 32])
    assert differences(module, [3, 32, 32], spec) == []
    assert spec.to_yaml().count("when: with_roll") == 3  # one block for windows that are shifted and that are not
