"""Stacks of transformer layers inside a network, and causal masks in every form in which people give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import netspec
from tests.rounds import sample

pytestmark = pytest.mark.filterwarnings("ignore:netspec.from_module. the outputs differ")

causal = nn.Transformer.generate_square_subsequent_mask


class Around(nn.Module):
    """A module between two layers, called by a function."""

    def __init__(self, inner: nn.Module, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.first, self.inner, self.last = nn.Linear(8, 8), inner, nn.Linear(8, 3)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.function(self.inner, self.first(x)))


def layer(**given: Any) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, **given)


def encoder(**given: Any) -> nn.TransformerEncoder:
    return nn.TransformerEncoder(layer(**given), 2, nn.LayerNorm(8), enable_nested_tensor=False)


def decoder() -> nn.TransformerDecoder:
    return nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16, batch_first=True), 2)


def both() -> nn.Transformer:
    return nn.Transformer(8, 2, 1, 2, 16, batch_first=True, activation="gelu")


def attention() -> nn.MultiheadAttention:
    return nn.MultiheadAttention(8, 2, batch_first=True)


NETS: dict[str, tuple[Callable[[], nn.Module], Callable[..., Tensor], str]] = {
    "encoder": (lambda: encoder(norm_first=True, activation="gelu"), lambda m, x: m(x), "num_layers: 2, norm: true"),
    "padding": (encoder, lambda m, x: m(x, src_key_padding_mask=x[..., 0] > 9), "src_key_padding_mask:"),
    "encoder_mask": (encoder, lambda m, x: m(x, causal(x.shape[1])), "is_causal: true"),
    "encoder_hint": (encoder, lambda m, x: m(x, mask=causal(5), is_causal=True), "is_causal: true"),
    "layer_mask": (layer, lambda m, x: m(x, src_mask=causal(5), is_causal=True), "is_causal: true"),
    "other_mask": (layer, lambda m, x: m(x, src_mask=torch.eye(5).bool()), "src_mask:"),
    "decoder": (decoder, lambda m, x: m(x, x.flip(1), tgt_mask=causal(5)), "tgt_is_causal: true"),
    "both": (both, lambda m, x: m(x, x.flip(1), tgt_mask=causal(5)), "tgt_is_causal: true"),
    "attention": (
        attention,
        lambda m, x: m(x, x, x, attn_mask=torch.ones(5, 5).triu(1).bool(), need_weights=False)[0],
        "is_causal: true",
    ),
}


@pytest.mark.parametrize("name", sample(NETS, 3))
@pytest.mark.filterwarnings("ignore:enable_nested_tensor", "ignore:The PyTorch API of nested tensors")
def test_attention(name: str) -> None:
    make, function, said = NETS[name]
    torch.manual_seed(0)
    module = Around(make(), function).eval()
    text = netspec.from_module(module, [5, 8]).to_yaml()
    assert said in text
    made = netspec.compile(netspec.loads(text)).eval()
    made.load_state_dict(module.state_dict())
    x = torch.randn(3, 5, 8)
    with torch.no_grad():
        torch.testing.assert_close(made(x), module(x))
