"""Layer with its arguments → the tensors of its state_dict, parameters and buffers, without torch.

One entry for each layer that has any; a test holds them against torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from netspec.core.shapes import Shape
from netspec.layers.record import Args, Layer, no_parameters

State = dict[str, Shape]


def state_of(record: Layer, args: dict[str, Any]) -> State | None:
    """The tensors of a layer's state_dict: their shapes by name. None where they are not known: of a plugin's layer.

    Args:
        record: the layer.
        args: all its arguments by name.
    """
    if record.is_function:
        return {}
    a = SimpleNamespace(**args)
    if record.tensor:
        if record.tensor == "buffer" and not a.persistent:
            return {}
        shape = record.shape(a, ())
        assert isinstance(shape, tuple)
        return {"": (1, *shape) if a.batch_axis else shape}
    found = _STATES.get(record.name) if record.origin is None else None
    if found is None:
        return {} if record.origin is None and record.parameters is no_parameters else None
    return found(a)


def _with_bias(a: Args, weight: Shape, width: int) -> State:
    return {"weight": weight, **({"bias": (width,)} if a.bias else {})}


def _window(a: Args, axes: int) -> Shape:
    return tuple(a.kernel_size) if isinstance(a.kernel_size, tuple | list) else (a.kernel_size,) * axes


def _convolution(axes: int) -> Callable[[Args], State]:
    return lambda a: _with_bias(
        a, (a.out_channels, a.in_channels // a.groups, *_window(a, axes)), a.out_channels
    )  # fmt: skip


def _transposed(axes: int) -> Callable[[Args], State]:
    return lambda a: _with_bias(
        a, (a.in_channels, a.out_channels // a.groups, *_window(a, axes)), a.out_channels
    )  # fmt: skip


def _running_norm(a: Args) -> State:
    own: Shape = (a.num_features,)
    found = _with_bias(a, own, a.num_features) if a.affine else {}
    return {
        **found,
        **({"running_mean": own, "running_var": own, "num_batches_tracked": ()} if a.track_running_stats else {}),
    }


def _normalized(a: Args) -> State:
    shape = (a.normalized_shape,) if isinstance(a.normalized_shape, int) else tuple(a.normalized_shape)
    if not a.elementwise_affine:
        return {}
    return {"weight": shape, **({"bias": shape} if getattr(a, "bias", False) else {})}


def _recurrent(gates: int) -> Callable[[Args], State]:
    def state(a: Args) -> State:
        found: State = {}
        projected = getattr(a, "proj_size", 0)
        hidden, given = gates * a.hidden_size, projected or a.hidden_size
        directions = ("", "_reverse") if a.bidirectional else ("",)
        for layer in range(a.num_layers):
            for direction in directions:
                entering = a.input_size if layer == 0 else given * len(directions)
                end = f"_l{layer}{direction}"
                found |= {f"weight_ih{end}": (hidden, entering), f"weight_hh{end}": (hidden, given)}
                found |= {f"bias_ih{end}": (hidden,), f"bias_hh{end}": (hidden,)} if a.bias else {}
                found |= {f"weight_hr{end}": (projected, a.hidden_size)} if projected else {}
        return found

    return state


def _cell(gates: int) -> Callable[[Args], State]:
    def state(a: Args) -> State:
        hidden = gates * a.hidden_size
        weights: State = {"weight_ih": (hidden, a.input_size), "weight_hh": (hidden, a.hidden_size)}
        return weights | ({"bias_ih": (hidden,), "bias_hh": (hidden,)} if a.bias else {})

    return state


def _attention(a: Args) -> State:
    size = a.embed_dim
    key, value = a.kdim or size, a.vdim or size
    found: State = {"in_proj_weight": (3 * size, size)}
    if (key, value) != (size, size):
        found = {"q_proj_weight": (size, size), "k_proj_weight": (size, key), "v_proj_weight": (size, value)}
    found |= {"in_proj_bias": (3 * size,)} if a.bias else {}
    found |= {"bias_k": (1, 1, size), "bias_v": (1, 1, size)} if a.add_bias_kv else {}
    return found | {"out_proj.weight": (size, size)} | ({"out_proj.bias": (size,)} if a.bias else {})


def _below(name: str, state: State) -> Iterator[tuple[str, Shape]]:
    yield from ((f"{name}.{key}", shape) for key, shape in state.items())


def _transformer_layer(attentions: int) -> Callable[[Args], State]:
    def state(a: Args) -> State:
        size, hidden = a.d_model, a.dim_feedforward
        attention = SimpleNamespace(embed_dim=size, kdim=None, vdim=None, bias=a.bias, add_bias_kv=False)
        found: State = {}
        for name in ("self_attn", "multihead_attn")[:attentions]:
            found |= _below(name, _attention(attention))
        found |= _below("linear1", _with_bias(a, (hidden, size), hidden))
        found |= _below("linear2", _with_bias(a, (size, hidden), size))
        for number in range(1, attentions + 2):
            found |= _below(f"norm{number}", _with_bias(a, (size,), size))
        return found

    return state


def _transformer_stack(attentions: int) -> Callable[[Args], State]:
    def state(a: Args) -> State:
        found = _stacked("", a.num_layers, _transformer_layer(attentions)(a))
        return found | (dict(_below("norm", {"weight": (a.d_model,), "bias": (a.d_model,)})) if a.norm else {})

    return state


def _stacked(name: str, count: int, layer: State) -> State:
    return {key: shape for index in range(count) for key, shape in _below(f"{name}layers.{index}", layer)}


def _transformer(a: Args) -> State:
    found = _stacked("encoder.", a.num_encoder_layers, _transformer_layer(1)(a))
    found |= _below("encoder.norm", _with_bias(a, (a.d_model,), a.d_model))
    found |= _stacked("decoder.", a.num_decoder_layers, _transformer_layer(2)(a))
    return found | dict(_below("decoder.norm", _with_bias(a, (a.d_model,), a.d_model)))


_STATES: dict[str, Callable[[Args], State]] = {
    **{f"Conv{axes}d": _convolution(axes) for axes in (1, 2, 3)},
    **{f"ConvTranspose{axes}d": _transposed(axes) for axes in (1, 2, 3)},
    "Linear": lambda a: _with_bias(a, (a.out_features, a.in_features), a.out_features),
    "Bilinear": lambda a: _with_bias(a, (a.out_features, a.in1_features, a.in2_features), a.out_features),
    "Embedding": lambda a: {"weight": (a.num_embeddings, a.embedding_dim)},
    "EmbeddingBag": lambda a: {"weight": (a.num_embeddings, a.embedding_dim)},
    **{f"BatchNorm{axes}d": _running_norm for axes in (1, 2, 3)},
    **{f"InstanceNorm{axes}d": _running_norm for axes in (1, 2, 3)},
    "LayerNorm": _normalized,
    "LayerNorm2d": _normalized,
    "RMSNorm": _normalized,
    "GroupNorm": lambda a: _with_bias(a, (a.num_channels,), a.num_channels) if a.affine else {},
    "PReLU": lambda a: {"weight": (a.num_parameters,)},
    "RNN": _recurrent(1),
    "GRU": _recurrent(3),
    "LSTM": _recurrent(4),
    "RNNCell": _cell(1),
    "GRUCell": _cell(3),
    "LSTMCell": _cell(4),
    "MultiheadAttention": _attention,
    "TransformerEncoderLayer": _transformer_layer(1),
    "TransformerDecoderLayer": _transformer_layer(2),
    "TransformerEncoder": _transformer_stack(1),
    "TransformerDecoder": _transformer_stack(2),
    "Transformer": _transformer,
}
