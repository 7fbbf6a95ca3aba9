"""What functions whose weights are inputs share: their records, and what is wrong with a weight.

The weights are parameters of one's own, those of another layer (`from: [x, words.weight]`), or computed from such: one
tensor for all samples. What the layers of torch.nn say of shapes and costs holds for the functions too.
"""

from __future__ import annotations

from typing import Any

from netspec.core.shapes import MergeError, RankError, Shape, count_axes, need_axes, show
from netspec.layers.record import Arg, Args, Layer, ShapeRule


def need_weight(name: str, what: str, weight: Shape, axes: str) -> None:
    """Raise unless a weight has as many axes as `axes` names, `out×in` say."""
    count = axes.count("×") + 1
    if len(weight) != count:
        wanted = f"{count} {'axis' if count == 1 else 'axes'} {axes}"
        raise RankError(f"the {what} of {name} has {wanted}, this one has {count_axes(weight)}")


def need_numbers(name: str, wanted: int, out: Shape, **vectors: Shape | None) -> None:
    """Raise unless each of some vectors, a bias say, has so many numbers."""
    for what, shape in vectors.items():
        if shape is not None and shape != (wanted,):
            fact = f"the {what} of {name} has to be {wanted}, one number for each channel, it is {show(shape)}"
            raise MergeError(fact, guesses=(out,))


def channels_of(name: str, x: Shape) -> int:
    """The channels of one sample, its first axis."""
    need_axes(name, x, 1)
    return x[0]


def weighted(
    name: str, doc: str, shape: ShapeRule, least: int, inputs: tuple[str, ...], *, of: int = 1, **fields: Any
) -> Layer:
    """The record of a function of `of` tensors of samples, whose further inputs are weights."""
    fields = {"names": inputs, "unbatched": inputs[of:], **fields}
    return Layer(name=name, doc=doc, shape=shape, inputs=(least, len(inputs)), **fields)


def written(a: Args, args: tuple[Arg, ...]) -> dict[str, object]:
    """The arguments that are not torch's defaults."""
    return {arg.name: value for arg in args if (value := getattr(a, arg.name)) != arg.default}
