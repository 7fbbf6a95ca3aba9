"""Attention: MultiheadAttention, and scaled_dot_product_attention as a function.

A sample is L×features, queries L×E against keys and values S×E (torch.nn.MultiheadAttention, "Shape"). torch's own
default, `batch_first: false`, would treat the batch axis as the sequence axis: it is true here, and false is refused.
MACs count the projections and the two matrix products.
"""

from __future__ import annotations

from netspec.core.shapes import (
    ArgumentError,
    BatchAxisError,
    DtypeError,
    MergeError,
    RankError,
    Shape,
    ShapeError,
    Tensor,
    count_axes,
    need_axes,
    need_rank,
    show,
    size,
)
from netspec.layers.arguments import Bool, Float, Int, optional
from netspec.layers.code import call, literal
from netspec.layers.functions.arithmetic import broadcast
from netspec.layers.modules.linear import with_bias
from netspec.layers.modules.masks import Attention, keywords, masks_suit, names_of, need_square
from netspec.layers.record import Arg, Args, FurtherInput, Layer, Tensors, case
from netspec.layers.spatial import axis_size

_PRODUCT = "scaled_dot_product_attention"
_OWN = (Attention("attn_mask", "key_padding_mask", "is_causal", 0, 1),)


def need_batch_first(a: Args) -> None:
    """Refuse the layout in which the first axis, the batch, would be the time."""
    if not a.batch_first:
        raise BatchAxisError("batch_first false would take the batch for the time", argument="batch_first")


def _three(x: Shape, *others: Shape) -> tuple[Shape, Shape, Shape]:
    """Query, key and value: of one input all three, of two the second for the last two."""
    key = others[0] if others else x
    return x, key, others[1] if len(others) > 1 else key


def attention_weights(embedding: int, key: int, value: int, *, bias: bool) -> int:
    """The parameters of a MultiheadAttention without bias_k and bias_v."""
    return embedding * (2 * embedding + key + value) + (4 * embedding if bias else 0)


def attention_macs(embedding: int, queries: int, keys: int, key: int, value: int, extra: int = 0) -> int:
    """Projections of queries, keys, values and the result, then queries times keys and weights times values."""
    projections = 2 * queries * embedding * embedding + keys * (key + value) * embedding
    return projections + 2 * queries * (keys + extra) * embedding


def _widths(a: Args) -> tuple[int, int]:
    return (a.embed_dim if a.kdim is None else a.kdim), (a.embed_dim if a.vdim is None else a.vdim)


def _multihead_shape(a: Args, *inputs: Shape) -> Shape | list[Shape]:
    query, key, value = _three(*inputs)
    need_batch_first(a)
    for x in inputs:
        need_rank("MultiheadAttention", x, "L", "features")
    if a.embed_dim % a.num_heads:
        fact = f"{a.embed_dim} features are not divisible by num_heads {a.num_heads}"
        raise ArgumentError(fact, argument="num_heads", guesses=(query,))
    for what, x, width in zip(("kdim", "vdim"), (key, value), _widths(a), strict=True):
        if x[1] != width:
            kind = "keys" if what == "kdim" else "values"
            raise ShapeError(f"the {kind} are expected to have {width} features, they have {x[1]}", argument=what)
    if key[0] != value[0]:
        raise MergeError(f"there are {key[0]} keys for {value[0]} values: {show(key)} and {show(value)}")
    if a.is_causal and (a.add_bias_kv or a.add_zero_attn):
        raise ArgumentError(
            "is_causal has no place for the rows of add_bias_kv and add_zero_attn", argument="is_causal"
        )
    need_square(_OWN[0], a, inputs)
    if not a.need_weights:
        return query
    columns = key[0] + bool(a.add_bias_kv) + bool(a.add_zero_attn)
    weights = (query[0], columns) if a.average_attn_weights else (a.num_heads, query[0], columns)
    return [query, weights]


def _multihead_parameters(a: Args, *inputs: Shape) -> int:
    weights = attention_weights(a.embed_dim, *_widths(a), bias=a.bias)
    return weights + (2 * a.embed_dim if a.add_bias_kv else 0)


def under(name: str, tensors: Tensors) -> Tensors:
    """The tensors of the submodule `name`, by their names in the module around it."""
    return {f"{name}.{key}": shape for key, shape in tensors.items()}


def attention_tensors(a: Args) -> Tensors:
    """The parameters of a MultiheadAttention by name."""
    embed, (key, value) = a.embed_dim, _widths(a)
    found: Tensors = {"in_proj_weight": (3 * embed, embed)}
    if not key == value == embed:
        found = {f"{of}_proj_weight": (embed, width) for of, width in (("q", embed), ("k", key), ("v", value))}
    if a.bias:
        found["in_proj_bias"] = (3 * embed,)
    if a.add_bias_kv:
        found |= {"bias_k": (1, 1, embed), "bias_v": (1, 1, embed)}
    return found | under("out_proj", with_bias((embed, embed), a.bias, embed))


def _multihead_macs(a: Args, output: Shape, *inputs: Shape) -> int:
    query, key, _ = _three(*inputs)
    extra = bool(a.add_bias_kv) + bool(a.add_zero_attn)
    return attention_macs(a.embed_dim, query[0], key[0], *_widths(a), extra)


def _multihead_call(a: Args, module: str, *inputs: str, **further: FurtherInput) -> str:
    query = inputs[0]
    key = inputs[1] if len(inputs) > 1 else query
    value = inputs[2] if len(inputs) > 2 else key
    given = keywords(_OWN, a.num_heads, a, inputs, further)
    given += [] if a.need_weights else ["need_weights=False"]
    given += ["average_attn_weights=False"] if a.need_weights and not a.average_attn_weights else []
    result = f"{module}({', '.join((query, key, value, *given))})"
    return result if a.need_weights else f"{result}[0]"


def _product_shape(a: Args, query: Shape, key: Shape, value: Shape) -> Shape:
    for x in (query, key, value):
        need_axes(_PRODUCT, x, 2)
    guesses = ((*query[:-1], value[-1]),)
    if query[-1] != key[-1]:
        fact = f"queries and keys need equally many features: {show(query)} and {show(key)}"
        raise MergeError(fact, guesses=guesses)
    if key[-2] != value[-2]:
        raise MergeError(f"there are {key[-2]} keys for {value[-2]} values: {show(key)} and {show(value)}")
    if a.enable_gqa:
        if not len(query) == len(key) == len(value) == 3:
            raise RankError("enable_gqa takes heads×L×features for one sample", argument="enable_gqa")
        heads, groups = query[0], (key[0], value[0])
        if key[0] != value[0] or 0 in groups or heads % key[0]:
            fact = f"{heads} heads of the queries cannot share {key[0]} of the keys and {value[0]} of the values"
            raise MergeError(fact, guesses=guesses)
        return guesses[0]
    if len({len(query), len(key), len(value)}) > 1:
        fact = f"{_PRODUCT} needs equally many axes: {show(query)}, {show(key)} and {show(value)}"
        raise MergeError(fact, guesses=guesses)
    leading = broadcast(_PRODUCT, (query[:-2], key[:-2], value[:-2]))
    return (*leading, query[-2], value[-1])


def _product_suits(a: Args, inputs: tuple[Shape, ...], further: dict[str, Tensor]) -> None:
    query, key, value = inputs
    mask = further["attn_mask"]
    if a.is_causal:
        raise ArgumentError("is_causal makes a mask of its own: leave it out, or attn_mask", argument="is_causal")
    if mask.dtype not in ("bool", "float32"):
        raise DtypeError(f"attn_mask is bool or float32, gets {mask.dtype}", argument="attn_mask")
    heads = () if a.enable_gqa else broadcast(_PRODUCT, (query[:-2], key[:-2], value[:-2]))
    weights = (*(heads or query[:-2]), query[-2], key[-2])
    if len(mask.shape) != len(weights):
        raise RankError(
            f"attn_mask has to have the axes of the weights {show(weights)} for one sample, "
            f"gets {count_axes(mask.shape)}",
            argument="attn_mask",
        )
    if any(have not in (1, want) for have, want in zip(mask.shape, weights, strict=True)):
        fact = f"attn_mask has to be {show(weights)}, or 1 where it repeats, it is {show(mask.shape)}"
        raise MergeError(fact, argument="attn_mask")


def _product_code(a: Args, query: str, key: str, value: str, **further: FurtherInput) -> str:
    given = [query, key, value, *(f"{name}={mask.text}" for name, mask in further.items())]
    if a.dropout_p:
        given.append(f"dropout_p={literal(a.dropout_p)} if self.training else 0.0")
    switches = {"is_causal": a.is_causal or None, "scale": a.scale, "enable_gqa": a.enable_gqa or None}
    return call(f"F.{_PRODUCT}", *given, **switches)


def _product_macs(a: Args, output: Shape, query: Shape, key: Shape, value: Shape) -> int:
    return size(output[:-1]) * key[-2] * (query[-1] + value[-1])


LAYERS = (
    Layer(
        name="MultiheadAttention",
        doc=(
            "Attention in several heads: of one input to itself, of queries to a second one, or of query, key and "
            "value. Outputs: the result and, with need_weights, the attention weights."
        ),
        args=(
            Arg("embed_dim", Int(1), infer=axis_size("MultiheadAttention", "L", "features", index=1), unit="features"),
            Arg("num_heads", Int(1)),
            Arg("dropout", Float(0, 1), 0.0),
            Arg("bias", Bool(), True),
            Arg("add_bias_kv", Bool(), False),
            Arg("add_zero_attn", Bool(), False),
            Arg("kdim", optional(Int(1)), None),
            Arg("vdim", optional(Int(1)), None),
            Arg("batch_first", Bool(), True, always=True),
            Arg("need_weights", Bool(), True, forward=True),
            Arg("average_attn_weights", Bool(), True, forward=True),
            Arg("is_causal", Bool(), False, forward=True),
        ),
        shape=_multihead_shape,
        parameters=_multihead_parameters,
        weights=attention_tensors,
        macs=_multihead_macs,
        inputs=(1, 3),
        names=("query", "key", "value"),
        further=names_of(_OWN),
        suits=masks_suit(_OWN, "num_heads"),
        call=_multihead_call,
        right=(
            case((7, 8), num_heads=2),
            case((7, 8), num_heads=2, need_weights=False, is_causal=True),
            case((7, 8), (5, 8), num_heads=4, add_bias_kv=True, add_zero_attn=True, average_attn_weights=False),
            case((7, 8), (5, 6), (5, 3), num_heads=2, kdim=6, vdim=3, bias=False),
            case((7, 8), (5, 8), num_heads=2, further={"key_padding_mask": Tensor((5,), "bool")}),
            case((7, 8), num_heads=2, is_causal=True, further={"key_padding_mask": Tensor((7,), "bool")}),
            case((7, 8), (5, 8), num_heads=2, further={"attn_mask": Tensor((7, 5))}),
            case(
                (7, 8),
                (5, 8),
                num_heads=2,
                add_bias_kv=True,
                add_zero_attn=True,
                further={"attn_mask": Tensor((2, 7, 5), "bool"), "key_padding_mask": Tensor((5,), "bool")},
            ),
        ),
        wrong=(
            case((7, 8), num_heads=3),
            case((7, 8), (5, 6), num_heads=2),
            case((7, 8), (5, 8), (4, 8), num_heads=2),
            case((2, 7, 8), num_heads=2),
            case((7, 8), (5, 8), num_heads=2, is_causal=True),
            case((7, 8), (5, 8), num_heads=2, further={"key_padding_mask": Tensor((7,), "bool")}),
            case((7, 8), (5, 8), num_heads=2, further={"attn_mask": Tensor((5, 7), "bool")}),
            case((7, 8), (5, 8), num_heads=4, further={"attn_mask": Tensor((2, 7, 5))}),
            case((7, 8), num_heads=2, further={"key_padding_mask": Tensor((7,), "int64")}),
        ),
    ),
    Layer(
        name=_PRODUCT,
        doc="softmax(q·kᵀ / √E)·v of query …×L×E, key …×S×E and value …×S×V. `dropout_p` holds while training.",
        args=(
            Arg("dropout_p", Float(0, 1), 0.0),
            Arg("is_causal", Bool(), False),
            Arg("scale", optional(Float()), None),
            Arg("enable_gqa", Bool(), False),
        ),
        shape=_product_shape,
        macs=_product_macs,
        inputs=(3, 3),
        names=("query", "key", "value"),
        further=("attn_mask",),
        suits=_product_suits,
        code=_product_code,
        right=(
            case((4, 7, 8), (4, 5, 8), (4, 5, 6)),
            case((7, 8), (7, 8), (7, 8), is_causal=True, dropout_p=0.1, scale=0.5),
            case((4, 7, 8), (2, 5, 8), (2, 5, 8), enable_gqa=True),
            case((4, 7, 8), (4, 5, 8), (4, 5, 6), further={"attn_mask": Tensor((1, 7, 5), "bool")}),
            case((4, 7, 8), (2, 5, 8), (2, 5, 8), enable_gqa=True, further={"attn_mask": Tensor((4, 1, 5))}),
        ),
        wrong=(
            case((4, 7, 8), (4, 5, 6), (4, 5, 6)),
            case((4, 7, 8), (4, 5, 8), (4, 6, 8)),
            case((4, 7, 8), (3, 5, 8), (3, 5, 8)),
            case((8,), (8,), (8,)),
            case((4, 7, 8), (4, 5, 8), (4, 5, 6), further={"attn_mask": Tensor((7, 5), "bool")}),
            case((4, 7, 8), (4, 5, 8), (4, 5, 6), further={"attn_mask": Tensor((4, 5, 7), "bool")}),
            case((4, 7, 8), (4, 5, 8), (4, 5, 6), further={"attn_mask": Tensor((4, 7, 5), "int64")}),
            case((4, 7, 8), (4, 7, 8), (4, 7, 6), is_causal=True, further={"attn_mask": Tensor((4, 7, 7), "bool")}),
        ),
    ),
)
