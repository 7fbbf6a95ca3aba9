"""Recurrent layers, attention, embeddings and losses of sequences: the network after the first fix is a good tutor's.

Each case has the reason for its answer beside it, mostly the arithmetic of torch.nn's documentation; torch then runs
the mended network.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from netspec.checker import check
from netspec.compiler.module import compile_spec
from netspec.fixes.verify import edited
from netspec.language.load import loads
from netspec.shapes.report import Report

_PAIR = "inputs: {source: [9, 12], target: [5, 12]}"
_ATTENTION = "name: decoder, MultiheadAttention: {num_heads: 4}"
_WORDS = "input: {shape: [30], dtype: int64}"
_OUT = "{name: out, Linear: 3, from: decoder.0}"


def _head(features: int) -> str:
    return f"{{name: out, Linear: {{in_features: {features}, out_features: 3}}, from: decoder.0}}"


def _decoder(encoder: str, decoder: str, sources: str = "target, encoder.1") -> list[str]:
    return [
        f"{{name: encoder, {encoder}, from: source}}",
        f"{{name: decoder, {decoder}, from: [{sources}]}}",
        _OUT,
    ]


# head, layers; the layers after the first fix, or the head and the layers
CASES: dict[str, tuple[str, list[str], list[str] | tuple[str, list[str]]]] = {
    # the state is 1×128: hidden_size is the width of the state
    "a state of another width": (
        _PAIR,
        _decoder("GRU: {hidden_size: 128}", "GRU: {hidden_size: 64}"),
        _decoder("GRU: {hidden_size: 128}", "GRU: {hidden_size: 128}"),
    ),
    # the decoder gives 128 from then on: the Linear behind it says 64 too
    "a state of another width, written twice": (
        _PAIR,
        [
            *_decoder("GRU: 128", "GRU: 64")[:2],
            _head(64),
        ],
        [
            *_decoder("GRU: 128", "GRU: 128")[:2],
            _head(128),
        ],
    ),
    # both directions of one layer: 2×32 → their sum 1×32
    "both directions for one": (
        _PAIR,
        _decoder("GRU: {hidden_size: 32, bidirectional: true}", "GRU: 32"),
        [
            "{name: encoder, GRU: {hidden_size: 32, bidirectional: true}, from: source}",
            "{name: encoder_1_both, sum: {dim: 1, keepdim: true}, from: encoder.1}",
            "{name: decoder, GRU: 32, from: [target, encoder_1_both]}",
            _OUT,
        ],
    ),
    # 2×32 numbers are 1×64: both directions beside each other are a state of hidden_size 64
    "both directions beside each other": (
        _PAIR,
        _decoder("GRU: {hidden_size: 32, bidirectional: true}", "GRU: 64"),
        [
            "{name: encoder, GRU: {hidden_size: 32, bidirectional: true}, from: source}",
            "{name: encoder_1_both, reshape: [1, 64], from: encoder.1}",
            "{name: decoder, GRU: 64, from: [target, encoder_1_both]}",
            _OUT,
        ],
    ),
    # h_n is (layers·directions)×h, by layers first: 4×32 → 2×2×32, summed over the directions
    "both directions of two layers": (
        _PAIR,
        _decoder("GRU: {hidden_size: 32, num_layers: 2, bidirectional: true}", "GRU: {hidden_size: 32, num_layers: 2}"),
        [
            "{name: encoder, GRU: {hidden_size: 32, num_layers: 2, bidirectional: true}, from: source}",
            "{reshape: [2, 2, 32], from: encoder.1}",
            "{name: encoder_1_both, sum: {dim: 2}}",
            "{name: decoder, GRU: {hidden_size: 32, num_layers: 2}, from: [target, encoder_1_both]}",
            _OUT,
        ],
    ),
    # an LSTM has two states, and both have two directions
    "both directions of an LSTM": (
        _PAIR,
        _decoder("LSTM: {hidden_size: 8, bidirectional: true}", "LSTM: 8", "target, encoder.1, encoder.2"),
        [
            "{name: encoder, LSTM: {hidden_size: 8, bidirectional: true}, from: source}",
            "{name: encoder_1_both, sum: {dim: 1, keepdim: true}, from: encoder.1}",
            "{name: encoder_2_both, sum: {dim: 1, keepdim: true}, from: encoder.2}",
            "{name: decoder, LSTM: 8, from: [target, encoder_1_both, encoder_2_both]}",
            _OUT,
        ],
    ),
    # one state for each layer: two of them are for a decoder of two layers
    "a state of two layers": (
        _PAIR,
        _decoder("GRU: {hidden_size: 32, num_layers: 2}", "GRU: 32"),
        _decoder("GRU: {hidden_size: 32, num_layers: 2}", "GRU: {hidden_size: 32, num_layers: 2}"),
    ),
    # a decoder in two directions looks ahead, and a state in one direction has none for the second
    "one direction for both": (
        _PAIR,
        [
            *_decoder("GRU: 32", "GRU: {hidden_size: 32, bidirectional: true}")[:2],
            _head(64),
        ],
        [
            *_decoder("GRU: 32", "GRU: {hidden_size: 32, bidirectional: false}")[:2],
            _head(32),
        ],
    ),
    # a state of one layer is 1×32, the features are 32
    "features for a state": (
        "inputs: {picture: [32], target: [5, 12]}",
        ["{name: decoder, GRU: 32, from: [target, picture]}", _OUT],
        [
            "{name: picture_state, unsqueeze: {dim: 1}, from: picture}",
            "{name: decoder, GRU: 32, from: [target, picture_state]}",
            _OUT,
        ],
    ),
    # a Linear makes the width, and an axis for the layers
    "features of another width for a state": (
        "inputs: {picture: [512], target: [5, 12]}",
        ["{name: decoder, GRU: 32, from: [target, picture]}", _OUT],
        [
            "{Linear: 32, from: picture}",
            "{name: picture_state, unsqueeze: {dim: 1}}",
            "{name: decoder, GRU: 32, from: [target, picture_state]}",
            _OUT,
        ],
    ),
    # torch.nn.LSTM takes (h_0, c_0), and the encoder gives both
    "one state for an LSTM": (
        _PAIR,
        _decoder("LSTM: 32", "LSTM: 32"),
        _decoder("LSTM: 32", "LSTM: 32", "target, encoder.1, encoder.2"),
    ),
    # the sequence of an LSTM is the first of its three outputs
    "the outputs of an LSTM for a tensor": (
        "input: [9, 12]",
        ["LSTM: 32", "Linear: 3"],
        ["{name: lstm, LSTM: 32}", "{Linear: 3, from: lstm.0}"],
    ),
    "the outputs of a named GRU for a tensor": (
        "input: [9, 12]",
        ["{name: rnn, GRU: 32}", "{name: fc, Linear: 3, from: rnn}"],
        ["{name: rnn, GRU: 32}", "{name: fc, Linear: 3, from: rnn.0}"],
    ),
    # each of them has three outputs
    "a chain of LSTMs": (
        "input: [9, 12]",
        ["LSTM: 32", "Dropout: 0.5", "LSTM: 16", "Linear: 3"],
        [
            "{name: lstm, LSTM: 32}",
            "{Dropout: 0.5, from: lstm.0}",
            "{name: lstm2, LSTM: 16}",
            "{Linear: 3, from: lstm2.0}",
        ],
    ),
    # the state of a cell is hidden_size wide
    "a state of another width for a cell": (
        "inputs: {x: [12], h: [64]}",
        ["{name: cell, GRUCell: 32, from: [x, h]}", "Linear: {in_features: 32, out_features: 3}"],
        ["{name: cell, GRUCell: 64, from: [x, h]}", "Linear: {in_features: 64, out_features: 3}"],
    ),
    # two layers of width 32
    "a state of two narrower layers": (
        "inputs: {x: [9, 12], h: [2, 32]}",
        ["{name: decoder, GRU: 64, from: {input: x, hx: h}}", _OUT],
        ["{name: decoder, GRU: {hidden_size: 32, num_layers: 2}, from: {input: x, hx: h}}", _OUT],
    ),
    # in front of a state the encoder's sequence is not wanted
    "the whole encoder for its states": (
        _PAIR,
        _decoder("LSTM: 32", "LSTM: 32", "target, encoder"),
        _decoder("LSTM: 32", "LSTM: 32", "target, encoder.1, encoder.2"),
    ),
    # proj_size makes the state smaller than hidden_size; here the two are exchanged
    "a projection to more": (
        "input: [9, 12]",
        ["{name: decoder, LSTM: {hidden_size: 32, proj_size: 64}}", _OUT],
        ["{name: decoder, LSTM: {hidden_size: 64, proj_size: 32}}", _OUT],
    ),
    "the batch not first": (
        "input: [9, 12]",
        ["{name: decoder, LSTM: {hidden_size: 32, batch_first: false}}", _OUT],
        ["{name: decoder, LSTM: {hidden_size: 32, batch_first: true}}", _OUT],
    ),
    # the width of both directions is 2·32
    "the width of both directions, by its parameter": (
        "params: {hidden: 32}\ninput: [9, 12]",
        [
            "{name: rnn, LSTM: {hidden_size: hidden, bidirectional: true}}",
            "{Linear: {in_features: hidden, out_features: 3}, from: rnn.0}",
        ],
        [
            "{name: rnn, LSTM: {hidden_size: hidden, bidirectional: true}}",
            "{Linear: {in_features: 2*hidden, out_features: 3}, from: rnn.0}",
        ],
    ),
    # 24 steps of one feature, as input_size says
    "a series without an axis for its feature": (
        "input: [24]",
        ["{name: decoder, LSTM: {input_size: 1, hidden_size: 8}}", _OUT],
        ["unsqueeze: {dim: 2}", "{name: decoder, LSTM: {input_size: 1, hidden_size: 8}}", _OUT],
    ),
    # C×H×W → W×C·H: the columns are the steps, 8·32 features each
    "columns of a picture": (
        "input: [1, 32, 100]",
        [
            "Conv2d: {out_channels: 8, kernel_size: 1}",
            "{name: decoder, LSTM: {input_size: 8*32, hidden_size: 8}}",
            _OUT,
        ],
        [
            "Conv2d: {out_channels: 8, kernel_size: 1}",
            "permute: {dims: [0, 3, 1, 2]}",
            "Flatten: {start_dim: 2}",
            "{name: decoder, LSTM: {input_size: 8*32, hidden_size: 8}}",
            _OUT,
        ],
    ),
    # a cell takes one step; a sequence is for the layer
    "a sequence for a cell": (
        "input: [9, 12]",
        ["{name: decoder, LSTMCell: 32}", _OUT],
        ["{name: decoder, LSTM: 32}", _OUT],
    ),
    # kdim and vdim are the widths of keys and values
    "keys of another width": (
        "inputs: {q: [10, 128], memory: [20, 96]}",
        ["{name: decoder, MultiheadAttention: {num_heads: 4}, from: [q, memory]}", _OUT],
        ["{name: decoder, MultiheadAttention: {num_heads: 4, kdim: 96, vdim: 96}, from: [q, memory]}", _OUT],
    ),
    # the memory has to be d_model wide: 96 → 128
    "a memory of another width": (
        "inputs: {memory: [20, 96], target: [10, 128]}",
        ["{name: decode, TransformerDecoderLayer: {nhead: 4}, from: [target, memory]}", "Linear: 7"],
        [
            "{name: memory_wide, Linear: 128, from: memory}",
            "{name: decode, TransformerDecoderLayer: {nhead: 4}, from: [target, memory_wide]}",
            "Linear: 7",
        ],
    ),
    # the mask is for the 20 keys
    "a padding mask of the queries": (
        "inputs: {q: [10, 128], m: [20, 128], pad: {shape: [10], dtype: bool}}",
        [
            f"{{{_ATTENTION}, from: {{query: q, key: m, value: m, key_padding_mask: pad}}}}",
            _OUT,
        ],
        (
            "inputs: {q: [10, 128], m: [20, 128], pad: {shape: [20], dtype: bool}}",
            [
                f"{{{_ATTENTION}, from: {{query: q, key: m, value: m, key_padding_mask: pad}}}}",
                _OUT,
            ],
        ),
    ),
    "a mask of integers": (
        "inputs: {q: [10, 128], pad: {shape: [10], dtype: int64}}",
        ["{name: decoder, MultiheadAttention: {num_heads: 4}, from: {query: q, key_padding_mask: pad}}", _OUT],
        (
            "inputs: {q: [10, 128], pad: {shape: [10], dtype: bool}}",
            ["{name: decoder, MultiheadAttention: {num_heads: 4}, from: {query: q, key_padding_mask: pad}}", _OUT],
        ),
    ),
    # queries×keys is a mask of the weights
    "a mask of the weights for the padding": (
        "inputs: {q: [10, 128], m: {shape: [10, 10], dtype: bool}}",
        ["{name: decoder, MultiheadAttention: {num_heads: 4}, from: {query: q, key_padding_mask: m}}", _OUT],
        ["{name: decoder, MultiheadAttention: {num_heads: 4}, from: {query: q, attn_mask: m}}", _OUT],
    ),
    # the target's mask has its 10 places; the memory has 20
    "the target's mask for the memory": (
        "inputs: {target: [10, 128], memory: [20, 128], pad: {shape: [10], dtype: bool}}",
        [
            "{TransformerDecoderLayer: {nhead: 4}, from: {tgt: target, memory: memory, memory_key_padding_mask: pad}}",
        ],
        [
            "{TransformerDecoderLayer: {nhead: 4}, from: {tgt: target, memory: memory, tgt_key_padding_mask: pad}}",
        ],
    ),
    # a causal mask is square, the queries and keys of two sequences are not
    "a causal mask between two sequences": (
        "inputs: {q: [10, 128], m: [20, 128]}",
        ["{name: decoder, MultiheadAttention: {num_heads: 4, is_causal: true}, from: [q, m]}", _OUT],
        ["{name: decoder, MultiheadAttention: {num_heads: 4, is_causal: false}, from: [q, m]}", _OUT],
    ),
    # C×H×W → H·W places of C features
    "attention to a picture": (
        "input: [64, 8, 8]",
        ["{name: decoder, MultiheadAttention: {embed_dim: 64, num_heads: 4}}", _OUT],
        [
            "Flatten: {start_dim: 2}",
            "transpose: {dim0: 1, dim1: 2}",
            "{name: decoder, MultiheadAttention: {embed_dim: 64, num_heads: 4}}",
            _OUT,
        ],
    ),
    # 100 is not divisible by 8 heads: the table's width is the mistake
    "an embedding narrower than the encoder": (
        _WORDS,
        ["Embedding: {num_embeddings: 200, embedding_dim: 100}", "TransformerEncoderLayer: {d_model: 128, nhead: 8}"],
        ["Embedding: {num_embeddings: 200, embedding_dim: 128}", "TransformerEncoderLayer: {d_model: 128, nhead: 8}"],
    ),
    # words and places are added, number by number
    "an embedding narrower than its places": (
        _WORDS,
        [
            "{name: words, Embedding: {num_embeddings: 200, embedding_dim: 100}}",
            "{name: places, parameter: {shape: [30, 128]}}",
            "{add: {}, from: [words, places]}",
            "TransformerEncoderLayer: {d_model: 128, nhead: 8}",
        ],
        [
            "{name: words, Embedding: {num_embeddings: 200, embedding_dim: 128}}",
            "{name: places, parameter: {shape: [30, 128]}}",
            "{add: {}, from: [words, places]}",
            "TransformerEncoderLayer: {d_model: 128, nhead: 8}",
        ],
    ),
    # an Embedding takes the numbers of words: 30 of them
    "one-hot integers for a table": (
        "input: {shape: [30, 200], dtype: int64}",
        ["Embedding: {num_embeddings: 200, embedding_dim: 16}", "{name: decoder, LSTM: 32}", _OUT],
        (_WORDS, ["Embedding: {num_embeddings: 200, embedding_dim: 16}", "{name: decoder, LSTM: 32}", _OUT]),
    ),
    "one-hot floats for a table": (
        "input: [30, 200]",
        ["Embedding: {num_embeddings: 200, embedding_dim: 16}", "{name: decoder, LSTM: 32}", _OUT],
        (_WORDS, ["Embedding: {num_embeddings: 200, embedding_dim: 16}", "{name: decoder, LSTM: 32}", _OUT]),
    ),
    # the largest of 200 scores is the number of a word
    "scores for a table": (
        "input: [30, 8]",
        ["Linear: 200", "Embedding: {num_embeddings: 200, embedding_dim: 16}"],
        ["Linear: 200", "argmax: {dim: -1}", "Embedding: {num_embeddings: 200, embedding_dim: 16}"],
    ),
}


def _text(head: str, layers: list[str]) -> str:
    return f"netspec: 1\n{head}\nlayers:\n" + "".join(f"  - {layer}\n" for layer in layers)


def _first_fix(report: Report) -> str:
    """The text after the first fix of the first error; empty where there is none."""
    fixes = next(found.fixes for found in report.diagnostics if found.severity == "error")
    (text,) = edited(report.spec, fixes[0].edits).values() if fixes else ("",)
    return text


@pytest.mark.parametrize("name", CASES)
def test_the_first_fix_is_the_tutors(name: str) -> None:
    head, layers, expected = CASES[name]
    wanted = _text(*expected) if isinstance(expected, tuple) else _text(head, expected)
    assert _first_fix(check(loads(_text(head, layers)))) == wanted


@pytest.mark.parametrize("name", CASES)
def test_torch_runs_what_the_tutor_writes(name: str) -> None:
    head, _, expected = CASES[name]
    spec = loads(_text(*expected) if isinstance(expected, tuple) else _text(head, expected))
    report = check(spec)
    assert report.ok
    assert report.graph is not None
    inputs: list[Any] = [
        torch.zeros(2, *tensor.shape, dtype=getattr(torch, tensor.dtype))
        for tensor in report.graph.inputs.values()
        if tensor is not None
    ]
    compile_spec(spec)(*inputs)


@pytest.mark.parametrize("name", ["a state of another width", "keys of another width", "columns of a picture"])
def test_torch_refuses_what_was_written(name: str) -> None:
    """The cases are wrong: nothing is mended that torch would run."""
    head, layers, _ = CASES[name]
    assert not check(loads(_text(head, layers))).ok
