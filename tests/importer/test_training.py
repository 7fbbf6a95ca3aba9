"""What a module does in training mode: the spec does it too, or a note says that it does not."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import netspec


class Plain(nn.Module):
    """Two layers, with something that depends on the mode between them."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.out = nn.Linear(6, 8), nn.Linear(8, 3)

    def between(self, x: Tensor) -> Tensor:
        return x

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.between(self.fc(x)))


class Noisy(Plain):
    def between(self, x: Tensor) -> Tensor:
        if self.training:
            x = x + 0.1 * torch.randn_like(x)
        return x


class DropPath(nn.Module):
    """As timm and many papers' code have it."""

    def __init__(self, drop_prob: float) -> None:
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        keep = 1 - self.drop_prob
        mask = keep + torch.rand((x.shape[0], *(1,) * (x.ndim - 1)), dtype=x.dtype, device=x.device)
        return x.div(keep) * mask.floor_()


class OwnDropout(nn.Module):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.bernoulli(torch.full_like(x, 1 - self.rate)) / (1 - self.rate) if self.training else x


class Gumbel(Plain):
    def between(self, x: Tensor) -> Tensor:
        return F.gumbel_softmax(x, dim=1) if self.training else F.softmax(x, dim=1)


class OnlyEvalSoftmax(Plain):
    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x)
        return x if self.training else x.softmax(1)


class NeverDrops(Plain):
    def between(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.5, training=False)


class HiddenNoise(Plain):
    """Outputs that do not tell the modes apart: the noise is multiplied by weights that begin as 0."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(8))

    def between(self, x: Tensor) -> Tensor:
        return x + self.gain * (F.gumbel_softmax(x, dim=1) if self.training else x)


class Heads(Plain):
    """A second output in training mode, of weights that eval mode uses too."""

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        hidden = self.fc(x)
        return (self.out(hidden), hidden) if self.training else self.out(hidden)


class NamedHeads(Plain):
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        hidden = self.fc(x)
        return {"y": self.out(hidden), **({"hidden": hidden} if self.training else {})}


def text_of(module: nn.Module) -> tuple[str, list[str]]:
    """The text of a module's spec, and what is warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        text = netspec.from_module(module, [6]).to_yaml()
    return text, [str(each.message) for each in caught]


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (Noisy, "randn_like: {training_only: true}"),
        (Heads, "outputs: [out, {from: fc, when: training}]"),
        (NamedHeads, "outputs: {y: out, hidden: {from: fc, when: training}}"),
    ],
)
def test_it_is_expressed(make: Callable[[], nn.Module], line: str) -> None:
    torch.manual_seed(3)
    module = make()
    text, notes = text_of(module)
    assert line in text
    assert notes == []
    made = netspec.compile(netspec.loads(text))
    made.load_state_dict(module.state_dict())
    x = torch.randn(5, 6)
    for training in (True, False):
        torch.manual_seed(4)
        want = module.train(training)(x)
        torch.manual_seed(4)
        have = made.train(training)(x)
        torch.testing.assert_close(have, want)


@pytest.mark.parametrize(
    ("layer", "line"),
    [(DropPath(0.2), "StochasticDepth: {p: 0.2, mode: row}"), (OwnDropout(0.3), "Dropout: {p: 0.3}")],
)
def test_layers_that_drop_by_hand(layer: nn.Module, line: str) -> None:
    text, notes = text_of(nn.Sequential(nn.Linear(6, 6), layer))
    assert line in text
    assert notes == []


@pytest.mark.parametrize(
    ("make", "note"),
    [
        (Gumbel, "in training mode the module also does what a spec cannot say: the network: "),
        (OnlyEvalSoftmax, "in training mode the module does not call torch.Tensor.softmax (test_training.py:"),
        (NeverDrops, "in training mode output 0 of the spec differs from the module's by up to "),
        (HiddenNoise, "in training mode the module also does what a spec cannot say: the network: "),
    ],
)
def test_or_said(make: Callable[[], nn.Module], note: str) -> None:
    torch.manual_seed(3)
    text, notes = text_of(make())
    assert [each.startswith(f"netspec.from_module: {note}") for each in notes] == [True]
    assert text.splitlines()[1].startswith(f"# {note}")


def test_nothing_is_said_where_layers_drop_in_another_order() -> None:
    class Crossed(nn.Module):
        """The order of use is not that of the weights."""

        def __init__(self) -> None:
            super().__init__()
            self.late, self.early = nn.Linear(6, 6), nn.Linear(6, 6)
            self.norm = nn.BatchNorm1d(6)

        def forward(self, x: Tensor) -> Tensor:
            one = F.dropout(self.early(x), 0.5, self.training)
            two = F.dropout(self.late(x), 0.2, self.training)
            return self.norm(one + two)

    module = Crossed()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    _, notes = text_of(module)
    assert notes == []
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())  # left as it was
    assert module.training
