"""One tensor under several names, one module under several names, and what forward does not use."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import netspec
from tests.importer.round_trip import differences

WORDS = {"shape": [5], "dtype": "int64"}


class Base(nn.Module):
    """Words, and what a test adds."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 8)


class HeadOfWords(Base):
    """GPT-2's head without a module: the rows of the words score them."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 8), nn.GELU())
        self.bias = nn.Parameter(torch.randn(20))

    def forward(self, x: Tensor) -> Tensor:
        h = self.body(self.words(x))
        return F.linear(h, self.words.weight, self.bias) + h @ self.words.weight.T


class ParameterOfALayer(Base):
    """A parameter that is a layer's weight, and one of which a layer has the bias, as BERT's decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = nn.Linear(8, 20)
        self.bias = nn.Parameter(torch.randn(20))
        self.decoder.bias = self.bias
        self.table = self.words.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.words(x)) @ self.table


class Half(Base):
    """Words and a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.fc(self.words(x)))


class SharedWords(Base):
    """One embedding under three names, used by two halves, and a head that is tied to it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Half(), Half()
        self.encoder.words = self.decoder.words = self.words
        self.head = nn.Linear(8, 20, bias=False)
        self.head.weight = self.words.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x) + self.decoder(x))


class OneBlock(Base):
    """ALBERT's layers: one module three times in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Sequential(nn.Linear(8, 8), nn.GELU())] * 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.words(x)
        for layer in self.layers:
            h = layer(h)
        return h


class Unused(Base):
    """Layers and tensors that forward does not use, as a mask token or a head for another task."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(8, 3)
        self.mask = nn.Parameter(torch.randn(1, 8))
        self.used = nn.Linear(8, 8)
        self.register_buffer("steps", torch.arange(5))
        self.more = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4))

    def forward(self, x: Tensor) -> Tensor:
        return self.used(self.words(x))


@pytest.mark.parametrize("kind", [HeadOfWords, ParameterOfALayer, SharedWords, OneBlock])
def test_the_same_names_and_outputs(kind: type[nn.Module]) -> None:
    torch.manual_seed(0)
    assert differences(kind(), WORDS) == []


def test_what_forward_does_not_use_is_told() -> None:
    torch.manual_seed(0)
    module = Unused()
    with pytest.warns(UserWarning, match="forward does not use mask, steps, head, more"):
        spec = netspec.from_module(module, WORDS)
    assert differences(module, WORDS, spec) == []
    assert spec.to_yaml().count("apply: false") == 3
    assert netspec.check(spec).ok
