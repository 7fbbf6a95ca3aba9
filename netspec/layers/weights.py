"""The parameters of a layer by torch's names, with their shapes: `weight`, `in_proj_bias`, `layers.0.linear1.weight`.

For what names single parameters: `tie`, `init` and `parametrize`. A test compares the names and shapes with torch's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

from netspec.core.shapes import Shape
from netspec.layers.record import Args, Layer

Weights = dict[str, Shape]


def _with_bias(weight: Shape, bias: bool, size: int) -> Weights:
    return {"weight": weight, **({"bias": (size,)} if bias else {})}


def _convolution(a: Args, axes: int, *, transposed: bool) -> Weights:
    kernel = a.kernel_size if isinstance(a.kernel_size, tuple) else (a.kernel_size,) * axes
    first, second = (a.in_channels, a.out_channels) if transposed else (a.out_channels, a.in_channels)
    return _with_bias((first, second // a.groups, *kernel), a.bias, a.out_channels)


def _norm(affine: bool, shape: Shape | int, *, bias: bool = True) -> Weights:
    whole = shape if isinstance(shape, tuple) else (shape,)
    return {"weight": whole, **({"bias": whole} if bias else {})} if affine else {}


def _recurrent(a: Args, gates: int) -> Weights:
    found: Weights = {}
    given = getattr(a, "proj_size", 0) or a.hidden_size
    directions = ("", "_reverse") if a.bidirectional else ("",)
    for layer in range(a.num_layers):
        entering = a.input_size if layer == 0 else given * len(directions)
        for direction in directions:
            end = f"_l{layer}{direction}"
            found |= {
                f"weight_ih{end}": (gates * a.hidden_size, entering),
                f"weight_hh{end}": (gates * a.hidden_size, given),
            }
            if a.bias:
                found |= {f"{name}{end}": (gates * a.hidden_size,) for name in ("bias_ih", "bias_hh")}
            if getattr(a, "proj_size", 0):
                found[f"weight_hr{end}"] = (a.proj_size, a.hidden_size)
    return found


def _cell(a: Args, gates: int) -> Weights:
    rows = gates * a.hidden_size
    found: Weights = {"weight_ih": (rows, a.input_size), "weight_hh": (rows, a.hidden_size)}
    return found | ({"bias_ih": (rows,), "bias_hh": (rows,)} if a.bias else {})


def _attention(a: Args) -> Weights:
    embed, key, value = a.embed_dim, a.kdim or a.embed_dim, a.vdim or a.embed_dim
    found: Weights = {"in_proj_weight": (3 * embed, embed)}
    if not key == value == embed:
        found = {f"{of}_proj_weight": (embed, width) for of, width in (("q", embed), ("k", key), ("v", value))}
    if a.bias:
        found["in_proj_bias"] = (3 * embed,)
    if a.add_bias_kv:
        found |= {"bias_k": (1, 1, embed), "bias_v": (1, 1, embed)}
    return found | _under("out_proj", _with_bias((embed, embed), a.bias, embed))


def _under(name: str, weights: Weights) -> Weights:
    return {f"{name}.{key}": shape for key, shape in weights.items()}


def _transformer_layer(a: Args, attentions: tuple[str, ...]) -> Weights:
    size, wide, found = a.d_model, a.dim_feedforward, dict[str, Shape]()
    attention = SimpleNamespace(embed_dim=size, kdim=None, vdim=None, bias=a.bias, add_bias_kv=False)
    for name in attentions:
        found |= _under(name, _attention(attention))
    found |= _under("linear1", _with_bias((wide, size), a.bias, wide))
    found |= _under("linear2", _with_bias((size, wide), a.bias, size))
    for number in range(len(attentions) + 1):
        found |= _under(f"norm{number + 1}", _norm(True, size, bias=a.bias))
    return found


_ENCODER, _DECODER = ("self_attn",), ("self_attn", "multihead_attn")


def _stack(a: Args, attentions: tuple[str, ...], layers: int, *, norm: bool, norm_bias: bool = True) -> Weights:
    found: Weights = {}
    for number in range(layers):
        found |= _under(f"layers.{number}", _transformer_layer(a, attentions))
    return found | (_under("norm", _norm(True, a.d_model, bias=norm_bias)) if norm else {})


def _transformer(a: Args) -> Weights:
    encoder = _stack(a, _ENCODER, a.num_encoder_layers, norm=True, norm_bias=a.bias)
    decoder = _stack(a, _DECODER, a.num_decoder_layers, norm=True, norm_bias=a.bias)
    return _under("encoder", encoder) | _under("decoder", decoder)


_WEIGHTS: dict[str, Callable[[Args], Weights]] = {
    "Linear": lambda a: _with_bias((a.out_features, a.in_features), a.bias, a.out_features),
    "Bilinear": lambda a: _with_bias((a.out_features, a.in1_features, a.in2_features), a.bias, a.out_features),
    "Embedding": lambda a: {"weight": (a.num_embeddings, a.embedding_dim)},
    "EmbeddingBag": lambda a: {"weight": (a.num_embeddings, a.embedding_dim)},
    "PReLU": lambda a: {"weight": (a.num_parameters,)},
    "LayerNorm": lambda a: _norm(a.elementwise_affine, a.normalized_shape, bias=a.bias),
    "LayerNorm2d": lambda a: _norm(a.elementwise_affine, a.normalized_shape, bias=a.bias),
    "RMSNorm": lambda a: _norm(a.elementwise_affine, a.normalized_shape, bias=False),
    "GroupNorm": lambda a: _norm(a.affine, a.num_channels, bias=a.bias),
    "RNN": lambda a: _recurrent(a, 1),
    "GRU": lambda a: _recurrent(a, 3),
    "LSTM": lambda a: _recurrent(a, 4),
    "RNNCell": lambda a: _cell(a, 1),
    "GRUCell": lambda a: _cell(a, 3),
    "LSTMCell": lambda a: _cell(a, 4),
    "MultiheadAttention": _attention,
    "TransformerEncoderLayer": lambda a: _transformer_layer(a, _ENCODER),
    "TransformerDecoderLayer": lambda a: _transformer_layer(a, _DECODER),
    "TransformerEncoder": lambda a: _stack(a, _ENCODER, a.num_layers, norm=a.norm),
    "TransformerDecoder": lambda a: _stack(a, _DECODER, a.num_layers, norm=a.norm),
    "Transformer": _transformer,
}
for _axes in (1, 2, 3):
    _WEIGHTS[f"Conv{_axes}d"] = partial(_convolution, axes=_axes, transposed=False)
    _WEIGHTS[f"ConvTranspose{_axes}d"] = partial(_convolution, axes=_axes, transposed=True)
    for _kind in ("BatchNorm", "InstanceNorm"):
        _WEIGHTS[f"{_kind}{_axes}d"] = lambda a: _norm(a.affine, a.num_features, bias=a.bias)


def weights_of(record: Layer, args: dict[str, object]) -> Weights:
    """The parameters of a layer by name, with their shapes; none for a plugin's layer, whose names are not known.

    Args:
        record: the layer; of a `parameter` the tensor itself is the parameter, called ``.
        args: all its arguments.
    """
    if record.tensor == "parameter":
        shape = args["shape"]
        assert isinstance(shape, tuple)
        return {"": (1, *shape) if args["batch_axis"] else shape}
    found = _WEIGHTS.get(record.name)
    return {} if found is None or record.origin is not None else found(SimpleNamespace(**args))
