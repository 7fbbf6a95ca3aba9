"""Calls → fewer calls that give the same.

Changes of shape in a row are one, `x[0], x[1], x[2]` is `unbind`, and what is concatenated again and again grows.
"""

from __future__ import annotations

from collections.abc import Sequence

from netspec.core.shapes import Shape
from netspec.importer.held import Op, Ref
from netspec.importer.traced import Frame
from netspec.layers.table import TABLE

_KEEP_NUMBERS = frozenset({"reshape", "flatten", "unsqueeze", "squeeze"})


def simplified(ops: Sequence[Op], results: Sequence[Ref]) -> tuple[list[Op], list[Ref]]:
    """The calls of a network, and its results, with fewer calls; what is not needed any more stays.

    Args:
        ops: in the order of execution; they are changed.
        results: what the network returns.
    """
    same: dict[Ref, Ref] = {}
    kept = _joined_stepwise(_unbound(ops, same))
    for op in kept:
        op.inputs = tuple(same.get(ref, ref) for ref in op.inputs)
        op.wires = {name: same.get(ref, ref) for name, ref in op.wires.items()}
        if op.type in ("reshape", "flatten") and not (op.type == "flatten" and op.args):
            while (source := op.inputs[0].op) is not None and _only_shape(source, op.frame):
                assert isinstance(source, Op)
                op.inputs = source.inputs
            if _shape_of(op.inputs[0]) == op.shapes[0]:
                same[Ref(op)] = op.inputs[0]
    return kept, [same.get(ref, ref) for ref in results]


def _joined_stepwise(ops: list[Op]) -> list[Op]:
    """Concatenations of all that came before, as those of the last one and what is new, at the end of the module that
    makes it: so each layer of a DenseNet takes one value and gives one.
    """
    joins = [op for op in ops if op.type == "concat" and not op.path]
    every = {(op.inputs, op.args.get("dim")) for op in joins}
    known: dict[tuple[tuple[Ref, ...], object], Ref] = {}
    moved: dict[Op, Op] = {}
    for op in joins:
        whole, dim = op.inputs, op.args.get("dim")
        before, last = whole[:-1], whole[-1].op
        grows = any(len(other) > 2 and other[:2] == whole[:2] and at == dim for other, at in every)
        start = before[0] if len(before) == 1 and grows else known.get((before, dim))
        known[whole, dim] = Ref(op)
        if start is None or not isinstance(last, Op) or last.frame is op.frame:
            continue
        if last.frame.inside in (op.frame, op.frame.inside):
            op.inputs, op.frame = (start, whole[-1]), last.frame
            moved[last] = op
    kept = [op for op in ops if op not in moved.values()]
    return [each for op in kept for each in ((op, moved[op]) if op in moved else (op,))]


def _only_shape(op: Op | str, frame: Frame) -> bool:
    if not isinstance(op, Op) or op.frame is not frame or op.path:
        return False
    return op.type in _KEEP_NUMBERS or (op.type in ("transpose", "permute") and _keeps_order(op))


def _keeps_order(op: Op) -> bool:
    """Whether axes of size 1 alone are moved, which leaves the numbers as they lie."""
    shape = _shape_of(op.inputs[0])
    if shape is None:
        return False
    order = [*range(len(shape) + 1)]
    if op.type == "permute":
        order = [dim % len(order) for dim in op.args["dims"]]
    else:
        one, other = (op.args[name] % len(order) for name in ("dim0", "dim1"))
        order[one], order[other] = order[other], order[one]
    moved = [axis for axis in order if axis == 0 or shape[axis - 1] != 1]
    return moved == sorted(moved)


def _shape_of(ref: Ref) -> Shape | None:
    """The sample shape of a value; None for an input of the network, and for a weight."""
    return ref.op.shapes[ref.output or 0] if isinstance(ref.op, Op) and not ref.weight else None


def _unbound(ops: Sequence[Op], same: dict[Ref, Ref]) -> list[Op]:
    """Selections of every index of an axis as one `unbind`."""
    if "unbind" not in TABLE:
        return [*ops]
    groups: dict[tuple[Ref, int, Frame], dict[int, Op]] = {}
    for op in ops:
        if op.type == "select" and not op.path:
            groups.setdefault((op.inputs[0], op.args["dim"], op.frame), {})[op.args["index"]] = op
    first: dict[Op, Op] = {}
    for (source, dim, frame), found in groups.items():
        shape = _shape_of(source)
        if dim < 1 or shape is None or sorted(found) != [*range(shape[dim - 1])] or len(found) < 2:
            continue
        shapes = (found[0].shapes[0],) * len(found)
        made = Op("unbind", {} if dim == 1 else {"dim": dim}, (source,), frame, shapes, several=True)
        first[min(found.values(), key=ops.index)] = made
        same |= {Ref(op): Ref(made, index) for index, op in found.items()}
    return [first.get(op, op) for op in ops]
