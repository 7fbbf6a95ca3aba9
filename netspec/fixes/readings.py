"""A written size that contradicts the one that arrives → whether only the arriving one can have been meant.

Each number that is written speaks for a size. What is computed from several layers (a Flatten's product, a concat's
sum), and the declared input, count as two: a size written elsewhere has to contradict them twice to be as likely. A
width that one number upstream declares counts as one: `out_channels: 32` against one `in_channels: 64` is a tie.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.shapes import Shape, ShapeError
from netspec.core.tree import Scalar, Span
from netspec.expansion.graph import Call, Graph, Ref
from netspec.layers.table import ADAPTIVE_POOLS, CONVOLUTIONS, POOLS
from netspec.shapes.report import Report

FURTHEST = 200  # calls that are looked back
MOST_CLAIMS = 300  # written sizes that are compared; in a larger network none is judged
WIDTHS = ("out_channels", "out_features", "hidden_size", "proj_size", "embedding_dim", "d_model")
SHAPES = ("shape", "unflattened_size", "sizes")
REARRANGING = frozenset({"permute", "transpose", "movedim", "swapaxes", "flip", "roll", "reshape", "Unflatten"})
COMPUTING = frozenset({"LSTM", "GRU", "RNN", "PixelShuffle", "PixelUnshuffle", "GLU", "glu", "chunk", "split"})
SUMS = frozenset({"add", "sub", "mul"})
ROUND = 8  # a number of channels is usually a multiple


@dataclass(frozen=True, slots=True)
class Change:
    """A size that a fix changes: the call as it was, the argument (`shape` for a claim), its value before and after."""

    call: Call
    name: str
    written: Any
    actual: Any


@dataclass(frozen=True, slots=True)
class Source:
    """What decides a size: the kind (`input`, `number`, `flatten`, `concat`, `computed`), where, and the parts."""

    kind: str
    ref: Ref
    parts: tuple[int, ...] = ()


def one_reading(change: Change, before: Report, count: int) -> bool:
    """Whether a size that contradicts what arrives can only have been meant as the arriving one.

    Args:
        change: of the size.
        before: the report on the spec as it is.
        count: how many sizes the fix changes.
    """
    if change.name == "shape":
        return _claim(change, before)
    call, graph = change.call, before.graph
    written, actual = (_number(value) for value in (change.written, change.actual))
    arriving = before.inferred[call.id].inputs
    if written is None or actual is None or call.own != 1 or arriving[0] is None or graph is None:
        return False
    shape = arriving[0].shape
    axis = _axis(call, change.name, shape, actual)
    if axis is None or shape[axis] != actual:
        return False
    if len(shape) > 1 and (written == prod(shape) or written in (*shape[:axis], *shape[axis + 1 :])):
        return False  # a Flatten is missing, or axes are swapped
    if len(shape) > 1 and axis == len(shape) - 1 and _is_picture(graph, call):
        return False
    source = _source(before, graph, call.inputs[0], axis)
    if source is None or not _explained(source, written, call, change.name):
        return False
    votes = _votes(before, graph, source, actual)
    return votes is not None and votes[0] + (1 if source.kind == "number" else 2) > votes[1]


def _number(value: object) -> int | None:
    """A size, which may be a list of one."""
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _axis(call: Call, name: str, shape: Shape, actual: int) -> int | None:
    """The axis of the arriving sample that an argument counts; None where it is not one."""
    arg = call.record.arg(name)
    if arg is None or arg.infer is None:
        return None
    found = []
    for axis in range(len(shape)):
        try:
            if arg.infer((*shape[:axis], shape[axis] + 1, *shape[axis + 1 :])) != actual:
                found.append(axis)
        except ShapeError:
            return None
    return found[0] if len(found) == 1 else None


def _is_picture(graph: Graph, call: Call) -> bool:
    """Whether the last axis that reaches a call is the width of a picture, or the length of a signal."""
    ref = call.inputs[0]
    for _ in range(FURTHEST):
        if ref.node < 0:
            return False
        before = graph.calls[ref.node]
        if before.record.name in CONVOLUTIONS | POOLS | ADAPTIVE_POOLS:
            return True
        if before.record.name in REARRANGING or len(before.inputs) != 1 or set(WIDTHS) & before.args.keys():
            return False
        ref = before.inputs[0]
    return True


def _source(report: Report, graph: Graph, ref: Ref, axis: int) -> Source | None:
    """What decides the size of a value along an axis; None where that cannot be told."""
    for _ in range(FURTHEST):
        if ref.node < 0:
            return Source("input", ref)
        call, known = graph.calls[ref.node], report.inferred[ref.node]
        if known.outputs is None or (ref.output or 0) >= len(known.outputs) or None in known.inputs:
            return None
        after = known.outputs[ref.output or 0].shape
        shapes = [tensor.shape for tensor in known.inputs if tensor is not None]
        name, size = call.record.name, after[axis]
        declared = [call.args.get(key) for key in WIDTHS]
        listed = [each for key in SHAPES for each in _listed(call.args.get(key))]
        if size in declared or (size in listed and name in REARRANGING):
            return Source("number", ref)
        if len(shapes) != 1:
            return _joined(name, ref, axis, size, shapes)
        if name in COMPUTING and shapes[0] != after:
            return Source("computed", ref)
        if name in REARRANGING and prod(shapes[0]) != size:
            return None
        entered = shapes[0]
        if len(after) == 1 < len(entered) and prod(entered) == size and prod(entered[1:]) > 1:
            return Source("flatten", ref, entered)
        kept = _kept(entered, after, axis)
        if kept is None:
            return None
        ref, axis = call.inputs[0], kept
    return None


def _listed(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _joined(name: str, ref: Ref, axis: int, size: int, shapes: list[Shape]) -> Source | None:
    """The source of a size that several values give together."""
    if {len(shape) for shape in shapes} != {len(shapes[0])} if shapes else True:
        return None
    parts = tuple(shape[axis] for shape in shapes if axis < len(shape))
    if name == "concat" and sum(parts) == size:
        return Source("concat", ref, parts)
    return Source("computed", ref) if name in SUMS and set(parts) == {size} else None


def _kept(entered: Shape, after: Shape, axis: int) -> int | None:
    """The axis of a layer's input that is an axis of its output, with its size; None where it is not clear."""
    size = after[axis]
    if len(entered) == len(after):
        return axis if entered[axis] == size else None
    if len(after) == 1 and len(entered) > 1 and entered.count(size) == 1:
        return entered.index(size)  # a mean, a squeeze, one of the steps
    return None


def _explained(source: Source, written: int, call: Call, name: str) -> bool:
    """Whether no other single mistake explains the written size of a product or a sum."""
    parts = source.parts
    if source.kind == "concat":
        rest = {sum(parts) - part for part in parts} if len(parts) > 2 else set()
        return set(parts) != {written} and written not in rest
    if source.kind != "flatten":
        return True
    channels, places, axes = parts[0], prod(parts[1:]), len(parts) - 1
    if written in parts:
        return False  # the Flatten is too much, or a pooling over all places is missing
    counted, beyond = divmod(written, channels)
    if not beyond and (counted == places * 2**axes or counted * 2**axes == places):
        return False  # one halving too many or too few
    other, beyond = divmod(written, places)
    node = call.arg_nodes.get(name)
    first = node.text.partition("*")[0].strip() if isinstance(node, Scalar) else ""
    return first == str(channels) or bool(beyond) or other < ROUND or other % ROUND != 0


def _votes(report: Report, graph: Graph, source: Source, actual: int) -> tuple[int, int] | None:
    """How many other places in the texts claim the size of a source as `actual`, and how many otherwise."""
    agree: set[Span] = set()
    disagree: set[Span] = set()
    for index, (call, name, axis) in enumerate(_claims(report, graph)):
        if index >= MOST_CLAIMS:
            return None
        found = _source(report, graph, call.inputs[0], axis)
        if found is not None and found.ref == source.ref and name in call.arg_nodes:
            (agree if _number(call.args[name]) == actual else disagree).add(call.arg_nodes[name].span)
    return len(agree - disagree), len(disagree)


def _claims(report: Report, graph: Graph) -> Iterator[tuple[Call, str, int]]:
    """The calls with a written size that follows from the input: the argument, and the axis that it counts."""
    for call in graph.calls:
        inputs = report.inferred[call.id].inputs
        if call.own != 1 or not inputs or inputs[0] is None:
            continue
        for arg in call.record.args:
            if arg.infer is None or _number(call.args.get(arg.name)) is None:
                continue
            shape = inputs[0].shape
            try:
                axis = _axis(call, arg.name, shape, arg.infer(shape))
            except ShapeError:
                continue
            if axis is not None:
                yield call, arg.name, axis


def _claim(change: Change, report: Report) -> bool:
    """Whether a claimed shape can only have been meant as the computed one: not its channels, nor a kept size."""
    written, actual = change.written, change.actual
    known = report.inferred[change.call.id]
    entered = known.inputs[0].shape if known.inputs and known.inputs[0] is not None else ()
    if not written or not actual or len(written) != len(actual) or written[0] != actual[0] or len(actual) < 2:
        return False
    pairs = [pair for pair in zip(written[1:], actual[1:], strict=True) if pair[0] != pair[1]]
    halved = all(one == 2 * other or other == 2 * one for one, other in pairs)
    return not halved and written[1:] != entered[1:]
