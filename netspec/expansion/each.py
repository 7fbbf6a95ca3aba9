"""`each` of an item: it is applied to each index along an axis, which is folded into the batch around it.

`{Conv2d: 8, each: 1}` of T×C×H×W is the Conv2d of each of the T pictures. Around it stand two functions, which no spec
names: one that folds the axis into the batch, and one that gives it back. What lies between them sees nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from netspec.core.shapes import ArgumentError, Shape, ShapeError
from netspec.core.tree import Scalar
from netspec.expansion.add_call import add_call
from netspec.expansion.context import Context
from netspec.expansion.graph import EACH, Call, Local
from netspec.expansion.layer_inputs import LayerInputs
from netspec.language.evaluate import FAILED
from netspec.language.spec import Item
from netspec.language.tensor_sizes import InputSizes
from netspec.layers.arguments import Int
from netspec.layers.record import Arg, Args, Layer, case

_CLOSED = ("layer", "block", "sequential", "share", "parameter")
_AXIS = Arg("dim", Int(1))


def _folded(a: Args, x: Shape) -> Shape:
    if a.dim > len(x):
        raise ArgumentError(f"axis {a.dim} is out of range: with the batch there are {len(x) + 1} axes", argument="dim")
    return (*x[: a.dim - 1], *x[a.dim :])


def _given_back(a: Args, y: Shape, x: Shape) -> Shape:
    if a.dim > len(x):  # which has a finding
        return y
    if a.dim > len(y) + 1:
        raise ShapeError(f"what it gives has {len(y)} axes, and the one of each: {a.dim} would stand behind them")
    return (*y[: a.dim - 1], x[a.dim - 1], *y[a.dim - 1 :])


FOLD = Layer(
    name=EACH,
    doc="An axis folded into the batch.",
    args=(_AXIS,),
    shape=_folded,
    takes="any",
    code=lambda a, x: f"{x}.flatten(0, 1)" if a.dim == 1 else f"{x}.movedim({a.dim}, 1).flatten(0, 1)",
    right=(case((5, 3), dim=1), case((5, 3), dim=2)),
    wrong=(case((5, 3), dim=3),),
)
UNFOLD = Layer(
    name=EACH,
    doc="The axis given back.",
    args=(_AXIS,),
    shape=_given_back,
    inputs=(2, 2),
    takes="any",
    gives="same",
    code=lambda a, y, x: (
        f"{y}.unflatten(0, ({x}.shape[0], {x}.shape[{a.dim}]))" + (f".movedim(1, {a.dim})" if a.dim > 1 else "")
    ),
    right=(case((3,), (5, 3), dim=1),),
)


def apply_to_each(
    item: Item, context: Context, last: Local | None, calls: list[Call], sizes: InputSizes,
    apply: Callable[[Item, Context, Local | None], Local | None],
) -> Local | None:  # fmt: skip
    """Apply an item to each index along an axis of its one input.

    Args:
        item: the item, with its `each`.
        context: its scope.
        last: the value of the item before.
        calls: all so far.
        sizes: the names of `sizes`.
        apply: expands an item of a scope, of which the last value is given.
    """
    assert item.each is not None
    bare = replace(item, each=None)
    if item.kind not in _CLOSED and not (item.kind in ("group", "branches") and item.name is not None):
        context.error("NS202", "each stands beside a layer, a block, or a group with a name", item.each)
        return apply(bare, context, last) if last is not None else None
    sources = context.sources(item, last)
    if item.wires or (sources is not None and len(sources) != 1):
        context.error("NS303", "an item with each takes one value", item.each)
        return context.unknown(bare, last)
    if sources is None or context.argument(item.each, Int(1), EACH) is FAILED:
        return context.unknown(bare, last)
    axis = ((Scalar("dim", item.at.span, "dim"), item.each),)
    around = Item("layer", item.at, item.node, record=FOLD, args=axis)
    folded = add_call(calls, around, context, LayerInputs(sources), EACH, sizes)
    inside = replace(context, each=(*context.each, len(calls) - 1))
    found = apply(replace(bare, sources=None, claim=None, follows=True), inside, folded)
    if found is None:
        return None
    value = context.scope.flat(found)
    if isinstance(value, tuple) or (found.output is None and value.node >= 0 and calls[value.node].record.outputs):
        context.error("NS303", "an item with each gives one value, this one gives several", item.each)
        return context.bind(item, context.name_of(item.name), None) if item.name is not None else None
    back = replace(around, record=UNFOLD, claim=item.claim)
    local = add_call(calls, back, context, LayerInputs((found, *sources)), EACH, sizes)
    return context.bind(item, context.name_of(item.name), local) if item.name is not None else local
