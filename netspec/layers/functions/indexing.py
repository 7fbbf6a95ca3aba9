"""Functions that choose numbers by indices or masks: gather, index_select, where, one_hot, topk and others.

They make no submodule. Every sample has its own indices, int64, and its own mask of bool; `dim` arguments are torch's,
0 being the batch.
"""

from __future__ import annotations

from netspec.core.shapes import ArgumentError, MergeError, RankError, Shape, ShapeError, count_axes, sample_axis, show
from netspec.layers.arguments import Bool, Float, Int, Ints, optional
from netspec.layers.code import call, literal
from netspec.layers.functions.arithmetic import broadcast
from netspec.layers.record import Arg, Args, Layer, case


def _gather_shape(a: Args, x: Shape, index: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x))
    if len(index) != len(x):
        raise MergeError(f"gather takes as many axes of the indices as of the input: {show(x)} and {show(index)}")
    if 0 not in index:  # torch looks at no number of an empty index
        larger = [i for i, (most, given) in enumerate(zip(x, index, strict=True)) if given > most and i != axis]
        if larger:
            raise MergeError(f"the indices {show(index)} are more than the input {show(x)} has outside of dim {a.dim}")
        if x[axis] == 0:
            raise ShapeError(f"dim {a.dim} has the size 0: there is nothing to choose from", argument="dim")
    return index


def _index_select_shape(a: Args, x: Shape, *others: Shape) -> Shape:
    axis = sample_axis(a.dim, len(x))
    if bool(others) == (a.index is not None):
        raise ArgumentError("the indices are either a second input or `index`, a list", argument="index")
    if others and len(others[0]) != 1:
        raise RankError(f"the indices are one axis for one sample, they have {count_axes(others[0])}")
    for index in a.index or ():
        if not -x[axis] <= index < x[axis]:
            raise ShapeError(f"index {index} is outside of dim {a.dim}, whose size is {x[axis]}", argument="index")
    count = len(a.index) if a.index is not None else others[0][0]
    if x[axis] == 0 and count:
        raise ShapeError(f"dim {a.dim} has the size 0: there is nothing to choose from", argument="dim")
    return (*x[:axis], count, *x[axis + 1 :])


def _index_select_code(a: Args, x: str, *others: str) -> str:
    rank = len(a.input_shapes[0])
    axis = sample_axis(a.dim, rank)
    if a.index is not None:
        return f"{x}[{', '.join([':'] * (axis + 1) + [str(list(a.index))])}]"
    places = [":" if place == axis else "None" for place in range(rank)]
    index = others[0] if rank == 1 else f"{others[0]}[:, {', '.join(places)}]"
    return f"torch.take_along_dim({x}, {index}, dim={a.dim})"


def _where_shape(a: Args, *inputs: Shape) -> Shape:
    if len(inputs) == 2 and a.other is None:
        raise MergeError("where takes a condition and two inputs, or one and `other`", guesses=(inputs[1],))
    if len(inputs) == 3 and a.other is not None:
        raise ArgumentError("`other` is in place of the third input, there are three", argument="other")
    return broadcast("where", inputs)


def _masked_fill_shape(a: Args, x: Shape, mask: Shape) -> Shape:
    return broadcast("masked_fill", (x, mask))


def _ordered(a: Args, x: Shape) -> list[Shape]:
    sample_axis(a.dim, len(x))  # for its facts about dim
    return [x, x]


def _topk_shape(a: Args, x: Shape) -> list[Shape]:
    axis = sample_axis(a.dim, len(x))
    if a.k > x[axis]:
        raise ShapeError(f"dim {a.dim} has {x[axis]} numbers, not {a.k}", argument="k")
    return [(*x[:axis], a.k, *x[axis + 1 :])] * 2


_DIM = Arg("dim", Int(), -1)

LAYERS = (
    Layer(
        name="gather",
        doc="The numbers that a second input, of indices, chooses along an axis; it gives the shape that comes out.",
        args=(Arg("dim", Int()),),
        shape=_gather_shape,
        inputs=(2, 2),
        takes=("any", "int64"),
        code=lambda a, x, index: call("torch.gather", x, str(a.dim), index),
        right=(
            case((3, 4), (3, 2), dim=-1, dtype=("float32", "int64")),
            case((3, 4), (2, 4), dim=1, dtype=("float32", "int64")),
        ),
        wrong=(
            case((3, 4), (4, 2), dim=2, dtype=("float32", "int64")),
            case((3, 4), (3,), dim=1, dtype=("float32", "int64")),
            case((3, 4), (3, 4), dim=3, dtype=("float32", "int64")),
            case((3, 4), (3, 4), dim=0, dtype=("float32", "int64")),
        ),
    ),
    Layer(
        name="index_select",
        doc="Some indices of an axis, in their order: those of `index`, or of a second input, each sample's own.",
        args=(Arg("dim", Int()), Arg("index", optional(Ints()), None)),
        shape=_index_select_shape,
        inputs=(1, 2),
        takes=("any", "int64"),
        code=_index_select_code,
        right=(
            case((3, 4), (5,), dim=-1, dtype=("float32", "int64")),
            case((3, 4, 6), (2,), dim=1, dtype=("float32", "int64")),
            case((3, 4, 6), (2,), dim=-2, dtype=("float32", "int64")),
            case((3, 4), dim=1, index=(2, 1, 0)),
            case((3, 4), dim=-2, index=(-1, 0)),
        ),
        wrong=(
            case((3, 4), (5,), dim=3, dtype=("float32", "int64")),
            case((3, 4), (5, 2), dim=1, dtype=("float32", "int64")),
            case((3, 4), dim=1, index=(3,)),
            case((3, 4), dim=0, index=(0,)),
        ),
    ),
    Layer(
        name="where",
        doc="The number of the second input where the first, of bool, is true, else that of the third, or `other`.",
        args=(Arg("other", optional(Float()), None),),
        shape=_where_shape,
        inputs=(2, 3),
        takes=("bool", "triple"),
        gives="chosen",
        broadcasts=True,
        code=lambda a, *inputs: call("torch.where", *inputs, *([literal(float(a.other))] if len(inputs) == 2 else ())),
        right=(
            case((3, 4), (3, 4), (3, 4), dtype=("bool", "float32")),
            case((1, 4), (3, 4), other=-1.5, dtype=("bool", "float32")),
            case((3, 4), (3, 4), (3, 1), dtype=("bool", "int64")),
        ),
        wrong=(
            case((3, 4), (3, 5), (3, 4), dtype=("bool", "float32")),
            case((3, 4), (4,), (3, 4), dtype=("bool", "float32")),
            case((3, 4), (3, 4), dtype=("bool", "float32")),
        ),
    ),
    Layer(
        name="masked_fill",
        doc="The first input, with `value` where the second one, of bool, is true.",
        args=(Arg("value", Float()),),
        shape=_masked_fill_shape,
        inputs=(2, 2),
        takes=("float", "bool"),
        broadcasts=True,
        code=lambda a, x, mask: call(f"{x}.masked_fill", mask, literal(a.value)),
        right=(
            case((3, 4), (3, 4), value=0.0, dtype=("float32", "bool")),
            case((6, 3, 4), (1, 3, 4), value=float("-inf"), dtype=("float32", "bool")),
        ),
        wrong=(
            case((3, 4), (3, 5), value=0.0, dtype=("float32", "bool")),
            case((3, 4), (4,), value=0.0, dtype=("float32", "bool")),
        ),
    ),
    Layer(
        name="one_hot",
        doc="A last axis of `num_classes` for each number, 1 at the class that the number names and 0 elsewhere.",
        args=(Arg("num_classes", Int(1)),),
        shape=lambda a, x: (*x, a.num_classes),
        takes="int64",
        code=lambda a, x: call("F.one_hot", x, str(a.num_classes)),
        right=(case((3,), num_classes=10, dtype="int64"), case((), num_classes=1, dtype="int64")),
        wrong=(case((3,), num_classes=10),),
    ),
    Layer(
        name="topk",
        doc="The `k` largest numbers along an axis, or the smallest (outputs: the numbers, and their indices).",
        args=(Arg("k", Int(0), sized=True), _DIM, Arg("largest", Bool(), True), Arg("sorted", Bool(), True)),
        shape=_topk_shape,
        takes="number",
        gives=("same", "int64"),
        code=lambda a, x: call(
            f"{x}.topk",
            str(a.k),
            dim=None if a.dim == -1 else a.dim,
            largest=None if a.largest else False,
            sorted=None if a.sorted else False,
        ),
        right=(case((3, 4), k=2), case((3, 4), k=3, dim=1, largest=False)),
        wrong=(case((3, 4), k=5), case((3, 4), k=1, dim=3), case((3, 4), k=1, dim=0), case((), k=1)),
    ),
    Layer(
        name="sort",
        doc="The numbers of an axis in ascending order (outputs: the numbers, and their indices).",
        args=(_DIM, Arg("descending", Bool(), False), Arg("stable", Bool(), False)),
        shape=_ordered,
        takes="any",
        gives=("same", "int64"),
        code=lambda a, x: call(
            f"{x}.sort", dim=None if a.dim == -1 else a.dim, descending=a.descending or None, stable=a.stable or None
        ),
        right=(case((3, 4)), case((3, 4), dim=1, descending=True, stable=True)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=0), case(())),
    ),
    Layer(
        name="argsort",
        doc="The indices that would put the numbers of an axis in ascending order.",
        args=(_DIM, Arg("descending", Bool(), False)),
        shape=lambda a, x: _ordered(a, x)[0],
        takes="any",
        gives="int64",
        code=lambda a, x: call(f"{x}.argsort", dim=None if a.dim == -1 else a.dim, descending=a.descending or None),
        right=(case((3, 4)), case((3, 4), dim=1, descending=True)),
        wrong=(case((3, 4), dim=3), case((3, 4), dim=0), case(())),
    ),
)
