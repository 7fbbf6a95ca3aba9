"""Modules whose every call takes a batch with an axis folded into it → `each` of the module, in place of its layers'.

A CNN that is applied to the frames of a video, folded into the batch, is `{name: cnn, each: 1, layers: [...]}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.importer.functions import AXES
from netspec.importer.held import Op
from netspec.importer.layers import takes_any_axes
from netspec.importer.scope import Scope
from netspec.layers.record import same_shape
from netspec.layers.table import TABLE

_WITH_AXES = frozenset({"amax", "concat", "log_softmax", "mean", "select", "softmax", "squeeze", "sum", "unsqueeze"})


def with_each(root: Scope) -> None:
    """Let the modules of a network take each index of a folded axis, where all that they do does so.

    Args:
        root: the scope of the network; those inside it are changed.
    """
    calls: dict[Scope, list[Scope]] = {}
    for entry in root.entries:
        if isinstance(entry, Scope):
            calls.setdefault(entry.shares or entry, []).append(entry)
    for first, scopes in calls.items():
        if first in scopes and all(map(_may, scopes)):
            for scope in scopes:
                scope.each, scope.size = 1, _size_of(scope)
                for op in scope.ops():
                    _unfold(op)
        else:
            for scope in scopes:
                with_each(scope)


def _size_of(scope: Scope) -> int:
    """The size of the folded axis."""
    return next(op.shapes[0][0] for op in scope.ops() if op.each)


def _may(scope: Scope) -> bool:
    """Whether a module takes one folded value and gives one, and nothing in it needs to know of the axis."""
    ops = [*scope.ops()]
    single = len(scope.inputs) == len(scope.results) == 1
    return single and any(op.each for op in ops) and all(map(_is_free, ops))


def _is_free(op: Op) -> bool:
    record = TABLE[op.type]
    if op.each or not op.folded:
        return bool(op.each)
    if not record.is_function:
        return takes_any_axes(record)
    plain = record.shape is same_shape or record.broadcasts
    has_axes = any(name in AXES for name in op.args)
    is_shape = op.type in ("reshape", "flatten") and [*op.args.get("shape", ())][:1] == [op.shapes[0][0]]
    return (plain and not has_axes) or (op.type in _WITH_AXES and has_axes) or is_shape


def _unfold(op: Op) -> None:
    """Write a call as it is for one index of the axis."""
    op.each = 0
    op.shapes = tuple(shape[1:] for shape in op.shapes)
    if not TABLE[op.type].is_function:
        if isinstance(dim := op.args.get("dim"), int):
            op.args["dim"] = _earlier(dim)
        return
    if op.type == "reshape":
        op.args = {} if len(op.shapes[0]) == 1 else {"shape": [*op.shapes[0]]}
        op.type = "flatten" if len(op.shapes[0]) == 1 else "reshape"
    op.args = {name: _earlier(value) if name in AXES else value for name, value in op.args.items()}


def _earlier(value: Any) -> Any:
    """An axis, or several, without the first one behind the batch."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_earlier(each) for each in value]
    return value - 1 if isinstance(value, int) and value > 0 else value
