"""Masks of attention: which keys a query ignores, and which keys are padding (torch.nn.MultiheadAttention, "Shape").

A padding mask is S for one sample, a number for each key. A mask of the weights is L×S, the same for all heads, or
heads×L×S; torch wants (batch·heads)×L×S, to which the generated code expands both. A mask is bool, where true
means ignored, or float32, which is added to the scores. For `is_causal` the code makes the causal mask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from netspec.core.dataclass import dataclass
from netspec.core.shapes import (
    ArgumentError,
    DtypeError,
    MergeError,
    RankError,
    Shape,
    ShapeError,
    Tensor,
    count_axes,
    show,
)
from netspec.layers.record import Args, FurtherInput

_CAUSAL = {
    "float32": "nn.Transformer.generate_square_subsequent_mask({0}.shape[1], device={0}.device, dtype={0}.dtype)",
    "bool": "torch.ones({0}.shape[1], {0}.shape[1], dtype=torch.bool, device={0}.device).triu(1)",
}


@dataclass(frozen=True, slots=True)
class Attention:
    """One attention of a layer: torch's names of its masks, and which inputs its queries and keys are."""

    mask: str
    padding: str
    causal: str
    queries: int
    keys: int

    def keys_of(self, inputs: tuple[Shape, ...]) -> Shape:
        """The keys: where they are not given the queries themselves."""
        return inputs[min(self.keys, len(inputs) - 1)]


def names_of(attentions: tuple[Attention, ...]) -> tuple[str, ...]:
    """The further inputs of a layer with these attentions, in the order of torch's forward."""
    return (*(each.mask for each in attentions), *(each.padding for each in attentions))


def need_square(attention: Attention, a: Args, inputs: tuple[Shape, ...]) -> None:
    """Raise unless a causal mask has as many keys as queries."""
    queries, keys = inputs[attention.queries], attention.keys_of(inputs)
    if getattr(a, attention.causal) and keys[0] != queries[0]:
        fact = f"{attention.causal} needs as many keys as queries: {keys[0]} and {queries[0]}"
        raise ShapeError(fact, argument=attention.causal)


def masks_suit(attentions: tuple[Attention, ...], heads: str) -> Callable[..., None]:
    """The `suits` of a record with these attentions; `heads` is the argument that gives the number of heads."""

    def suits(a: Args, inputs: tuple[Shape, ...], further: Mapping[str, Tensor]) -> None:
        for each in attentions:
            queries, keys = inputs[each.queries][0], each.keys_of(inputs)[0]
            if each.mask in further:
                if getattr(a, each.causal):
                    fact = f"{each.causal} makes a mask of its own: leave it out, or {each.mask}"
                    raise ArgumentError(fact, argument=each.causal)
                _weights(each.mask, further[each.mask], getattr(a, heads), queries, keys)
            if each.padding in further:
                _padding(each.padding, further[each.padding], keys)

    return suits


def _kind(name: str, mask: Tensor) -> None:
    if mask.dtype not in _CAUSAL:
        raise DtypeError(f"{name} is bool or float32, gets {mask.dtype}", argument=name)


def _weights(name: str, mask: Tensor, heads: int, queries: int, keys: int) -> None:
    _kind(name, mask)
    if len(mask.shape) not in (2, 3):
        fact = f"{name} is queries×keys or heads×queries×keys for one sample, gets {count_axes(mask.shape)}"
        raise RankError(fact, argument=name)
    wanted = (heads, queries, keys)[-len(mask.shape) :]
    if mask.shape != wanted:
        raise MergeError(f"{name} has to be {show(wanted)}, it is {show(mask.shape)}", argument=name)


def _padding(name: str, mask: Tensor, keys: int) -> None:
    _kind(name, mask)
    if len(mask.shape) != 1:
        fact = f"{name} is one axis for one sample, a value for each key, gets {count_axes(mask.shape)}"
        raise RankError(fact, argument=name)
    if mask.shape != (keys,):
        raise MergeError(f"{name} has to be {keys}, one for each key, it is {show(mask.shape)}", argument=name)


def keywords(
    attentions: Iterable[Attention], heads: int, a: Args, sources: tuple[str, ...], further: Mapping[str, FurtherInput]
) -> list[str]:
    """`attn_mask=…`, `key_padding_mask=…`, `is_causal=True`: the keyword arguments of a call."""
    found = []
    for each in attentions:
        mask, padding = further.get(each.mask), further.get(each.padding)
        if getattr(a, each.causal):
            kind = "float32" if padding is None else padding.tensor.dtype  # torch deprecates two kinds together
            found.append(f"{each.mask}={_CAUSAL[kind].format(sources[each.queries])}")
        elif mask is not None:
            found.append(f"{each.mask}={_for_each_head(mask, heads)}")
        if padding is not None:
            found.append(f"{each.padding}={padding.text}")
        if getattr(a, each.causal):
            found.append(f"{each.causal}=True")
    return found


def _for_each_head(mask: FurtherInput, heads: int) -> str:
    """(batch·heads)×L×S of batch×L×S or batch×heads×L×S."""
    if len(mask.tensor.shape) == 3:
        return f"{mask.text}.flatten(0, 1)"
    return mask.text if heads == 1 else f"{mask.text}.repeat_interleave({heads}, 0)"
