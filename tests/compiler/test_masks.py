"""Masks in compiled networks: what torch gives by hand with the same weights, and what a mask is for."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

import netspec

HEAD = "netspec: 1\n"
SEQUENCE = "inputs: {x: [5, 8], y: [7, 8], pad: {shape: [7], dtype: bool}, grid: {shape: [5, 7], dtype: bool}}\n"
SMALL = "nhead: 2, dim_feedforward: 16, dropout: 0.0"
MODES = pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])


def made(text: str, training: bool) -> nn.Module:
    torch.manual_seed(0)
    return netspec.compile(netspec.loads(HEAD + text)).train(training)


def batch() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Queries, keys, the padding of the keys, and another mask of the weights for each sample."""
    torch.manual_seed(1)
    pad = torch.arange(7) >= torch.tensor([[4], [7], [6]])
    grid = torch.rand(3, 5, 7) < 0.3
    grid[..., 0] = False  # a query that may look at nothing has no weights: nan, in torch too
    return torch.randn(3, 5, 8), torch.randn(3, 7, 8), pad, grid


@MODES
def test_attention_as_by_hand(training: bool) -> None:
    item = "{MultiheadAttention: {num_heads: 4}, from: {query: x, key: y, key_padding_mask: pad, attn_mask: grid}}"
    model = made(f"{SEQUENCE}layers: [{item}]\n", training)
    x, y, pad, grid = batch()
    result, weights = model(x, y, pad, grid)
    (attention,) = model.children()
    assert isinstance(attention, nn.MultiheadAttention)
    by_sample = [  # each sample alone: there torch takes an L×S mask for all heads
        attention(x[n : n + 1], y[n : n + 1], y[n : n + 1], key_padding_mask=pad[n : n + 1], attn_mask=grid[n])
        for n in range(3)
    ]
    torch.testing.assert_close(result, torch.cat([each for each, _ in by_sample]))
    torch.testing.assert_close(weights, torch.cat([each for _, each in by_sample]))
    assert bool((weights[pad[:, None].expand_as(weights) | grid] == 0).all())


def test_a_mask_for_each_head() -> None:
    text = "inputs: {x: [5, 8], grid: {shape: [2, 5, 5], dtype: bool}}\n"
    item = "{MultiheadAttention: {num_heads: 2, average_attn_weights: false}, from: {query: x, attn_mask: grid}}"
    model = made(f"{text}layers: [{item}]\n", True)
    grid = torch.rand(3, 2, 5, 5) < 0.4
    grid[..., 0] = False
    _, weights = model(torch.randn(3, 5, 8), grid)
    assert torch.equal(weights == 0, grid)


@MODES
@pytest.mark.parametrize("kind", ["TransformerEncoderLayer", "TransformerEncoder"])
def test_padding_is_not_looked_at(kind: str, training: bool) -> None:
    more = "num_layers: 2, " if kind == "TransformerEncoder" else ""
    text = f"inputs: {{y: [7, 8], pad: {{shape: [7], dtype: bool}}}}\nlayers:\n  - {kind}: {{{more}{SMALL}}}\n"
    masked = made(f"{text}    from: {{src: y, src_key_padding_mask: pad}}\n", training)
    bare = made(f"{text}    from: y\n", training)
    _, y, pad, _ = batch()
    changed = torch.where(pad[..., None], torch.randn_like(y), y)
    torch.testing.assert_close(masked(y, pad)[~pad], masked(changed, pad)[~pad])
    assert not torch.allclose(bare(y, pad)[~pad], bare(changed, pad)[~pad])


@MODES
def test_a_transformer_as_by_hand(training: bool) -> None:
    text = (
        "inputs: {x: [5, 8], y: [7, 8], pad: {shape: [7], dtype: bool}}\nlayers:\n"
        f"  - Transformer: {{{SMALL}, num_encoder_layers: 1, num_decoder_layers: 2, tgt_is_causal: true}}\n"
        "    from: {src: y, tgt: x, src_key_padding_mask: pad, memory_key_padding_mask: pad}\n"
    )
    model = made(text, training)
    x, y, pad, _ = batch()
    (transformer,) = model.children()
    assert isinstance(transformer, nn.Transformer)
    causal = torch.ones(5, 5, dtype=torch.bool).triu(1)
    expected = transformer(y, x, tgt_mask=causal, src_key_padding_mask=pad, memory_key_padding_mask=pad)
    torch.testing.assert_close(model(x, y, pad), expected)


@MODES
def test_stacked_decoder_layers_keep_the_memory_and_its_mask(training: bool) -> None:
    item = f"TransformerDecoderLayer: {{{SMALL}, tgt_is_causal: true}}"
    wires = "from: {tgt: x, memory: y, memory_key_padding_mask: pad, memory_mask: grid}"
    model = made(f"{SEQUENCE}layers:\n  - {{repeat: 2, {item}, {wires}}}\n", training)
    x, y, pad, grid = batch()
    causal, expected = torch.ones(5, 5, dtype=torch.bool).triu(1), x
    for layer in model.children():
        expected = layer(
            expected,
            y,
            tgt_mask=causal,
            memory_key_padding_mask=pad,
            memory_mask=torch.cat([grid] * 2, 1).view(6, 5, 7),
        )
    torch.testing.assert_close(model(x, y, pad, grid), expected)


def test_causal_and_padding_together() -> None:
    """The future is not looked at, nor is padding: every position depends on exactly the ones before it that count."""
    text = "inputs: {y: [7, 8], pad: {shape: [7], dtype: bool}}\nlayers:\n  - MultiheadAttention: "
    model = made(text + "{num_heads: 2, is_causal: true}\n    from: {query: y, key_padding_mask: pad}\n", True)
    _, y, pad, _ = batch()
    _, weights = model(y, pad)
    for sample, query, key in itertools.product(range(3), range(7), range(7)):
        assert (weights[sample, query, key] > 0) == (key <= query and not pad[sample, key])


def test_product_with_a_mask() -> None:
    text = "inputs: {q: [2, 5, 4], k: [2, 7, 4], bias: [1, 5, 7]}\nlayers:\n"
    item = "scaled_dot_product_attention: {}, from: {query: q, key: k, value: k, attn_mask: bias}"
    model = made(f"{text}  - {{{item}}}\n", True)
    q, k, bias = torch.randn(3, 2, 5, 4), torch.randn(3, 2, 7, 4), torch.randn(3, 1, 5, 7)
    expected = torch.softmax(q @ k.transpose(-1, -2) / 2 + bias, -1) @ k
    torch.testing.assert_close(model(q, k, bias), expected)


def test_weighted_bag() -> None:
    text = "inputs: {words: {shape: [4], dtype: int64}, weights: [4]}\nlayers:\n"
    item = "EmbeddingBag: {num_embeddings: 9, embedding_dim: 3, mode: sum}"
    model = made(f"{text}  - {{{item}, from: {{input: words, per_sample_weights: weights}}}}\n", True)
    words, weights = torch.randint(0, 9, (2, 4)), torch.rand(2, 4)
    (bag,) = model.children()
    expected = (bag.weight[words] * weights[..., None]).sum(1)
    torch.testing.assert_close(model(words, weights), expected)
