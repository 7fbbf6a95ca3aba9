"""Transformers: encoder and decoder layers, stacks of them, and both together (torch.nn.Transformer, "Shape").

A sample is L×d_model. torch's own default, `batch_first: false`, would treat the batch axis as the sequence axis: it is
true here, and false is refused. A stack is written with the arguments of its layer (`TransformerEncoder: {num_layers:
6, nhead: 8}`); `norm: true` puts a LayerNorm after it. Masks are given by name; those of decoding are made by
`is_causal` and `tgt_is_causal`. torch's nested tensors are left out: their output is as long as the longest sample of
the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.core.shapes import ArgumentError, Shape, ShapeError, Tensor, need_rank
from netspec.layers.arguments import Bool, Float, Int, Word
from netspec.layers.code import arguments, literal
from netspec.layers.modules.attention import (
    attention_macs,
    attention_tensors,
    attention_weights,
    need_batch_first,
    under,
)
from netspec.layers.modules.linear import with_bias
from netspec.layers.modules.masks import Attention, keywords, masks_suit, names_of, need_square
from netspec.layers.modules.normalization import norm_weights
from netspec.layers.record import Arg, Args, FurtherInput, Layer, Tensors, case
from netspec.layers.spatial import axis_size

_OPTIONS = (
    Arg("dim_feedforward", Int(1), 2048),
    Arg("dropout", Float(0, 1), 0.1),
    Arg("activation", Word(("relu", "gelu")), "relu"),
    Arg("layer_norm_eps", Float(), 1e-5),
    Arg("batch_first", Bool(), True, always=True),
    Arg("norm_first", Bool(), False),
    Arg("bias", Bool(), True),
)


def _width(name: str) -> Arg:
    return Arg("d_model", Int(1), infer=axis_size(name, "L", "features", index=1), unit="features")


def _layer_args(name: str) -> tuple[Arg, ...]:
    return (_width(name), Arg("nhead", Int(1)), *_OPTIONS)


def _record(name: str, attentions: tuple[Attention, ...], *, args: tuple[Arg, ...], **fields: Any) -> Layer:
    """The record of a layer with these attentions: its output has the shape of the last one's queries."""

    def shape(a: Args, *inputs: Shape) -> Shape:
        for x in inputs:
            need_rank(name, x, "L", "features")
        need_batch_first(a)
        out = inputs[attentions[-1].queries]
        if a.d_model % a.nhead:
            fact = f"{a.d_model} features are not divisible by nhead {a.nhead}"
            raise ArgumentError(fact, argument="nhead", guesses=(out,))
        wrong = [x[1] for x in inputs if x[1] != a.d_model]
        if wrong:
            other = next((width for width in wrong if width != inputs[0][1]), None)
            raise ShapeError(
                f"both inputs need {a.d_model} features, one has {wrong[0] if other is None else other}",
                argument="d_model" if other is None else None,  # then the written d_model is what is wrong
                guesses=((out[0], a.d_model),),
            )
        for attention in attentions:
            need_square(attention, a, inputs)
        return out

    def call(a: Args, module: str, *inputs: str, **further: FurtherInput) -> str:
        return f"{module}({', '.join((*inputs, *keywords(attentions, a.nhead, a, inputs, further)))})"

    causal = (Arg(each.causal, Bool(), False, forward=True) for each in attentions)
    count = len(fields["names"])
    return Layer(
        name=name,
        args=(*args, *causal),
        shape=shape,
        inputs=(count, count),
        further=names_of(attentions),
        suits=masks_suit(attentions, "nhead"),
        call=call,
        **fields,
    )


def _weights(a: Args, attentions: int) -> int:
    """The parameters of a layer with so many attentions, each followed by a norm, and the feed-forward part."""
    size, hidden = a.d_model, a.dim_feedforward
    norm = 2 * size if a.bias else size
    forward = 2 * size * hidden + (hidden + size if a.bias else 0)
    attention = attention_weights(size, size, size, bias=a.bias)
    return int(attentions * (attention + norm) + forward + norm)


def _encoder_macs(a: Args, x: Shape) -> int:
    size = int(a.d_model)
    return attention_macs(size, x[0], x[0], size, size) + 2 * x[0] * size * int(a.dim_feedforward)


def _decoder_macs(a: Args, x: Shape, memory: Shape) -> int:
    size = a.d_model
    return _encoder_macs(a, x) + attention_macs(size, x[0], memory[0], size, size)


def _norm(a: Args) -> int:
    return 2 * int(a.d_model) if a.norm else 0


def _layer_tensors(a: Args, attentions: tuple[str, ...]) -> Tensors:
    """The parameters of a layer by name, the names of its attentions given."""
    size, wide, found = a.d_model, a.dim_feedforward, Tensors()
    attention = Args(embed_dim=size, kdim=None, vdim=None, bias=a.bias, add_bias_kv=False)
    for name in attentions:
        found |= under(name, attention_tensors(attention))
    found |= under("linear1", with_bias((wide, size), a.bias, wide))
    found |= under("linear2", with_bias((size, wide), a.bias, size))
    for number in range(len(attentions) + 1):
        found |= under(f"norm{number + 1}", norm_weights(True, size, bias=a.bias))
    return found


_OF_ENCODER, _OF_DECODER = ("self_attn",), ("self_attn", "multihead_attn")


def _stack_tensors(a: Args, attentions: tuple[str, ...], layers: int, *, norm: bool, norm_bias: bool = True) -> Tensors:
    layer, found = _layer_tensors(a, attentions), Tensors()
    for number in range(layers):
        found |= under(f"layers.{number}", layer)
    return found | (under("norm", norm_weights(True, a.d_model, bias=norm_bias)) if norm else {})


def _both_tensors(a: Args) -> Tensors:
    encoder = _stack_tensors(a, _OF_ENCODER, a.num_encoder_layers, norm=True, norm_bias=a.bias)
    decoder = _stack_tensors(a, _OF_DECODER, a.num_decoder_layers, norm=True, norm_bias=a.bias)
    return under("encoder", encoder) | under("decoder", decoder)


def _stack(kind: str) -> Callable[[Args], str]:
    """The expression that makes a stack of layers."""

    def make(a: Args) -> str:
        layer = f"nn.Transformer{kind}Layer({arguments(_layer_args(''), vars(a))})"
        norm = f", norm=nn.LayerNorm({a.d_model}, eps={literal(a.layer_norm_eps)})" if a.norm else ""
        nested = ", enable_nested_tensor=False" if kind == "Encoder" else ""
        return f"nn.Transformer{kind}({layer}, {a.num_layers}{norm}{nested})"

    return make


_LAYER = (Attention("src_mask", "src_key_padding_mask", "is_causal", 0, 0),)
_ENCODER = (Attention("mask", "src_key_padding_mask", "is_causal", 0, 0),)
_DECODER = (
    Attention("tgt_mask", "tgt_key_padding_mask", "tgt_is_causal", 0, 0),
    Attention("memory_mask", "memory_key_padding_mask", "memory_is_causal", 0, 1),
)
_BOTH = (
    Attention("src_mask", "src_key_padding_mask", "src_is_causal", 0, 0),
    Attention("tgt_mask", "tgt_key_padding_mask", "tgt_is_causal", 1, 1),
    Attention("memory_mask", "memory_key_padding_mask", "memory_is_causal", 1, 0),
)
_PAD: dict[str, Tensor] = {"src_key_padding_mask": Tensor((7,), "bool")}
_MEMORY: dict[str, Tensor] = {
    "tgt_key_padding_mask": Tensor((7,), "bool"),
    "memory_key_padding_mask": Tensor((5,), "bool"),
}
_STACK = (Arg("num_layers", Int(1)), Arg("norm", Bool(), False))
_SMALL: dict[str, Any] = {"nhead": 2, "dim_feedforward": 16}

LAYERS = (
    _record(
        "TransformerEncoderLayer",
        _LAYER,
        doc="Self-attention and a feed-forward part, each with a residual sum and a norm.",
        args=_layer_args("TransformerEncoderLayer"),
        parameters=lambda a, x: _weights(a, 1),
        weights=lambda a: _layer_tensors(a, _OF_ENCODER),
        macs=lambda a, output, x: _encoder_macs(a, x),
        names=("src",),
        right=(
            case((7, 8), **_SMALL),
            case((7, 8), **_SMALL, activation="gelu", norm_first=True, bias=False, dropout=0.0),
            case((7, 8), **_SMALL, is_causal=True),
            case((7, 8), **_SMALL, further={**_PAD, "src_mask": Tensor((7, 7), "bool")}),
            case((7, 8), **_SMALL, is_causal=True, further=_PAD),
        ),
        wrong=(
            *(case((7, 8), nhead=3), case((7, 8), nhead=2, d_model=6), case((2, 7, 8), nhead=2)),
            case((6, 8), **_SMALL, further=_PAD),
            case((7, 8), **_SMALL, further={"src_mask": Tensor((3, 7, 7))}),
        ),
    ),
    _record(
        "TransformerDecoderLayer",
        _DECODER,
        doc="Self-attention, attention to a second input (the memory), and a feed-forward part.",
        args=_layer_args("TransformerDecoderLayer"),
        parameters=lambda a, x, memory: _weights(a, 2),
        weights=lambda a: _layer_tensors(a, _OF_DECODER),
        macs=lambda a, output, x, memory: _decoder_macs(a, x, memory),
        names=("tgt", "memory"),
        right=(
            case((7, 8), (5, 8), **_SMALL),
            case((7, 8), (5, 8), **_SMALL, tgt_is_causal=True, norm_first=True, bias=False),
            case((7, 8), (5, 8), **_SMALL, tgt_is_causal=True, further=_MEMORY),
            case((7, 8), (7, 8), **_SMALL, memory_is_causal=True, further={"tgt_mask": Tensor((2, 7, 7))}),
        ),
        wrong=(
            *(case((7, 8), (5, 6), nhead=2), case((7, 8), (5, 8), nhead=3), case((7, 8), (1, 5, 8), nhead=2)),
            case((7, 8), (5, 8), **_SMALL, further={"memory_mask": Tensor((5, 7), "bool")}),
        ),
    ),
    _record(
        "TransformerEncoder",
        _ENCODER,
        doc="A stack of num_layers TransformerEncoderLayers, whose arguments it takes.",
        args=(*_STACK, *_layer_args("TransformerEncoder")),
        parameters=lambda a, x: a.num_layers * _weights(a, 1) + _norm(a),
        weights=lambda a: _stack_tensors(a, _OF_ENCODER, a.num_layers, norm=a.norm),
        macs=lambda a, output, x: a.num_layers * _encoder_macs(a, x),
        make=_stack("Encoder"),
        names=("src",),
        right=(
            case((7, 8), **_SMALL, num_layers=2),
            case((7, 8), **_SMALL, num_layers=1, norm=True, is_causal=True, bias=False),
            case((7, 8), **_SMALL, num_layers=2, further={**_PAD, "mask": Tensor((2, 7, 7), "bool")}),
        ),
        wrong=(
            *(case((7, 8), nhead=3, num_layers=1), case((2, 7, 8), nhead=2, num_layers=1)),
            case((7, 8), **_SMALL, num_layers=1, further={"src_key_padding_mask": Tensor((7,), "uint8")}),
        ),
    ),
    _record(
        "TransformerDecoder",
        _DECODER,
        doc="A stack of num_layers TransformerDecoderLayers, whose arguments it takes.",
        args=(*_STACK, *_layer_args("TransformerDecoder")),
        parameters=lambda a, x, memory: a.num_layers * _weights(a, 2) + _norm(a),
        weights=lambda a: _stack_tensors(a, _OF_DECODER, a.num_layers, norm=a.norm),
        macs=lambda a, output, x, memory: a.num_layers * _decoder_macs(a, x, memory),
        make=_stack("Decoder"),
        names=("tgt", "memory"),
        right=(
            case((7, 8), (5, 8), **_SMALL, num_layers=2),
            case((7, 8), (5, 8), **_SMALL, num_layers=1, norm=True, tgt_is_causal=True),
            case((7, 8), (5, 8), **_SMALL, num_layers=2, tgt_is_causal=True, further=_MEMORY),
        ),
        wrong=(
            *(case((7, 8), (5, 6), nhead=2, num_layers=1), case((7, 8), (5, 8), nhead=3, num_layers=1)),
            case((5, 8), (7, 8), **_SMALL, num_layers=1, further=_MEMORY),
        ),
    ),
    _record(
        "Transformer",
        _BOTH,
        doc="An encoder for the first input and a decoder for the second, which attends to what the encoder gives.",
        args=(
            _width("Transformer"),
            Arg("nhead", Int(1), 8),
            Arg("num_encoder_layers", Int(1), 6),
            Arg("num_decoder_layers", Int(1), 6),
            *_OPTIONS,
        ),
        parameters=lambda a, x, y: (
            a.num_encoder_layers * _weights(a, 1)
            + a.num_decoder_layers * _weights(a, 2)
            + (4 if a.bias else 2) * a.d_model
        ),
        weights=_both_tensors,
        macs=lambda a, output, x, y: (
            a.num_encoder_layers * _encoder_macs(a, x) + a.num_decoder_layers * _decoder_macs(a, y, x)
        ),
        names=("src", "tgt"),
        right=(
            case((7, 8), (5, 8), **_SMALL, num_encoder_layers=1, num_decoder_layers=2),
            case((7, 8), (5, 8), **_SMALL, num_encoder_layers=2, num_decoder_layers=1, tgt_is_causal=True, bias=False),
            case(
                *((7, 8), (5, 8)),
                **_SMALL,
                num_encoder_layers=1,
                num_decoder_layers=1,
                tgt_is_causal=True,
                further={
                    **_PAD,
                    "memory_key_padding_mask": Tensor((7,), "bool"),
                    "memory_mask": Tensor((5, 7), "bool"),
                },
            ),
        ),
        wrong=(
            *(case((7, 8), (5, 6), nhead=2), case((7, 8), (5, 8), nhead=3)),
            case((5, 8), (7, 8), **_SMALL, num_encoder_layers=1, num_decoder_layers=1, further=_PAD),
        ),
    ),
)
