"""Modules that are called several times: what a call does that others do too, and the sizes in which they differ.

Only the first call is written out, the others share it: so all of them take and give the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netspec.importer.held import Op, Ref
from netspec.importer.scope import Scope
from netspec.importer.traced import Frame
from netspec.layers.table import TABLE


def frames_of(op: Op) -> Iterator[Frame]:
    """The calls of modules that a call is part of, the innermost first."""
    frame: Frame | None = op.frame
    while frame is not None:
        yield frame
        frame = frame.inside


def same_in_other_calls(ops: Sequence[Op]) -> dict[Op, list[Op]]:
    """For each operation in a module that is called several times those that are the same in the other calls."""
    calls: dict[str, dict[Frame, list[Op]]] = {}
    for op in ops:
        for frame in frames_of(op):
            if frame.path:
                calls.setdefault(frame.path, {}).setdefault(frame, []).append(op)
    found: dict[Op, list[Op]] = {}
    for frames in calls.values():
        first, *others = frames.values()
        for other in others:
            if [op.type for op in other] == [op.type for op in first]:
                for one, two in zip(first, other, strict=True):
                    found.setdefault(one, []).append(two)
                    found.setdefault(two, []).append(one)
    return found


def as_first_call(used: Mapping[Scope, list[Ref]]) -> None:
    """Let all calls of a module give the same values, those that one of them needs, and take the same sizes.

    Args:
        used: for each scope the values in it that are used outside; it is changed.
    """
    calls: dict[Scope, list[Scope]] = {}
    for entry in used:
        calls.setdefault(entry.shares or entry, []).append(entry)
    for first, entries in calls.items():
        ops = {entry: [*entry.ops()] for entry in entries}
        types = {tuple(op.type for op in each) for each in ops.values()}
        if len(entries) < 2 or first not in entries or len(types) > 1:
            continue
        places = dict.fromkeys((ops[entry].index(ref.op), ref.output) for entry in entries for ref in used[entry])  # type: ignore[arg-type]
        for entry in entries:
            used[entry][:] = [Ref(ops[entry][place], output) for place, output in places]


def with_sizes_of_inputs(first: Scope, others: Sequence[Scope]) -> None:
    """Say the sizes in which the calls of a module differ by those of what it takes: `slice: {end: input.size(1)}`.

    Args:
        first: the first call; its arguments are changed.
        others: the further ones.
    """
    calls = [first, *others]
    inputs = [[_shape_of(ref) for ref in call.inputs] for call in calls]
    if any(shape is None for shapes in inputs for shape in shapes) or len({len(each) for each in inputs}) > 1:
        return
    for same in zip(*(call.entries for call in calls), strict=False):
        if not all(isinstance(entry, Op) for entry in same):
            continue
        op = same[0]
        assert isinstance(op, Op)
        for arg in TABLE[op.type].args:
            values = [entry.args.get(arg.name) for entry in same if isinstance(entry, Op)]
            if arg.sized and any(value != values[0] for value in values):
                op.args[arg.name] = _said(values, inputs)


def _said(values: Sequence[Any], inputs: Sequence[Sequence[Any]]) -> Any:
    """A size, or a list of them, in which calls differ, by the sizes of their inputs; as it is where that fails."""
    if all(isinstance(value, list) and len(value) == len(values[0]) for value in values):
        return [_said(each, inputs) for each in zip(*values, strict=True)]
    if all(value == values[0] for value in values):
        return values[0]
    for place, shapes in enumerate(zip(*inputs, strict=True)):
        for axis, sizes in enumerate(zip(*shapes, strict=False)):
            if list(sizes) == list(values):
                name = "input" if len(inputs[0]) == 1 else f"input.{place}"
                return f"{name}.size({axis + 1})"
    return values[0]


def _shape_of(ref: Ref) -> Any:
    """The sample shape of a value; None for an input of the network."""
    return ref.op.shapes[ref.output or 0] if isinstance(ref.op, Op) else None
