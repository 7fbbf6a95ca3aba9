"""Calls → fewer calls that give the same: changes of shape in a row are one, and `x[0], x[1], x[2]` is `unbind`."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.core.shapes import Shape
from netspec.importer.held import Op, Ref
from netspec.importer.trace import Frame
from netspec.layers.table import TABLE

_KEEP_NUMBERS = frozenset({"reshape", "flatten", "unsqueeze", "squeeze"})


def simplified(ops: Sequence[Op], results: Sequence[Ref]) -> tuple[list[Op], list[Ref]]:
    """The calls of a network, and its results, with fewer calls; what is not needed any more stays.

    Args:
        ops: in the order of execution; they are changed.
        results: what the network returns.
    """
    same: dict[Ref, Ref] = {}
    kept = _unbound(ops, same)
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


def _only_shape(op: Op | str, frame: Frame) -> bool:
    return isinstance(op, Op) and op.type in _KEEP_NUMBERS and op.frame is frame and not op.path


def _shape_of(ref: Ref) -> Shape | None:
    """The sample shape of a value; None for an input of the network."""
    return ref.op.shapes[ref.output or 0] if isinstance(ref.op, Op) else None


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
