"""Candidate fixes for tensors that do not fit together: change a layer of one branch so that it meets the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from netspec.ground.diagnostics import Fix
from netspec.ground.shapes import Shape, Tensor
from netspec.stages.edits import replace_arguments, set_argument
from netspec.stages.infer import Inference, apply
from netspec.stages.spec import Call, Graph, Ref

FURTHEST = 12  # layers upstream that are considered
MOST = 6  # candidates for one problem
_WINDOWS = ("kernel_size", "stride", "padding")


def _upstream(graph: Graph, ref: Ref) -> list[Call]:
    """The calls of a branch from its end backwards, along first inputs, until a fork or the limit."""
    calls: list[Call] = []
    while ref.node >= 0 and len(calls) < FURTHEST:
        call = graph.calls[ref.node]
        calls.append(call)
        if len(call.inputs) != 1:
            break
        ref = call.inputs[0]
    return calls


def _with(call: Call, **args: Any) -> Call:
    return replace(call, args={**call.args, **args})


def _end_shape(inference: Inference, calls: list[Call], index: int, changed: Call) -> Shape | None:
    """The branch's last shape if its call number `index` (counted from the end) were `changed`."""
    inputs = tuple(tensor for tensor in inference.known[changed.id].inputs if tensor is not None)
    for call in (changed, *calls[:index][::-1]):
        outcome = apply(call, inputs)
        if not outcome.worlds or outcome.problems:
            return None
        inputs = outcome.worlds[0]
    return inputs[0].shape


def _changes(call: Call, shape: Shape, wanted: Shape) -> Iterator[dict[str, int]]:
    """Arguments that might turn a layer's part of the way to `shape` into one to `wanted`."""
    names = {arg.name for arg in call.record.args}
    if shape[0] != wanted[0] and "out_channels" in names:
        yield {"out_channels": wanted[0]}
    if shape[-1:] != wanted[-1:] and "out_features" in names:
        yield {"out_features": wanted[-1]}
    if len(shape) < 2 or shape[1:] == wanted[1:] or not set(_WINDOWS) <= names:
        return
    kernel = call.args.get("kernel_size")
    if not isinstance(kernel, int):
        return
    for padding in range(1, kernel // 2 + 1):
        yield {"padding": padding}
    if "output_padding" in names:
        for extra in (1, 2, 3):
            yield {"output_padding": extra}
    if "Pool" in call.record.name:
        yield {"kernel_size": 3, "stride": 1, "padding": 1}
    for stride in (1, 2, 3, 4):
        yield {"stride": stride}
        for padding in range(1, kernel // 2 + 1):
            yield {"stride": stride, "padding": padding}


def shape_fixes(call: Call, inputs: tuple[Tensor, ...], wanted: Shape) -> Iterator[Fix]:
    """Candidate fixes for a layer that misses a claimed shape: its padding, stride or output_padding."""
    given = apply(call, inputs)
    if not given.worlds or len(given.worlds[0][0].shape) != len(wanted) or given.worlds[0][0].shape[0] != wanted[0]:
        return
    for change in _changes(call, given.worlds[0][0].shape, wanted):
        outcome = apply(_with(call, **change), inputs)
        if outcome.worlds and not outcome.problems and outcome.worlds[0][0].shape == wanted:
            fix = _fix(call, change)
            if fix is not None:
                yield fix
                return


def _goal(merge: Call, shape: Shape, other: Shape) -> Shape:
    """The shape that a branch of `shape` would need beside one of `other`."""
    if merge.record.name == "concat" and len(shape) == len(other):
        axis = int(merge.args.get("dim", 1)) - 1
        if 0 <= axis < len(shape):
            return (*other[:axis], shape[axis], *other[axis + 1 :])
    return other


def merge_fixes(merge: Call, graph: Graph, inference: Inference) -> Iterator[Fix]:
    """Candidate fixes for a merge whose inputs differ: those that locally give the shape that is needed."""
    known = inference.known[merge.id].inputs
    shapes = [tensor.shape for tensor in known if tensor is not None]
    if len(shapes) != len(merge.inputs) or len(shapes) < 2 or len(set(map(len, shapes))) != 1:
        return
    given = 0
    for index in range(len(shapes) - 1, -1, -1):
        for other in dict.fromkeys(shapes[:index] + shapes[index + 1 :]):
            wanted = _goal(merge, shapes[index], other)
            if wanted == shapes[index]:
                continue
            calls = _upstream(graph, merge.inputs[index])
            for position, call in enumerate(calls):
                for change in _changes(call, shapes[index], wanted):
                    if _end_shape(inference, calls, position, _with(call, **change)) != wanted:
                        continue
                    fix = _fix(call, change)
                    if fix is not None:
                        yield fix
                        given += 1
                        break
                if given >= MOST:
                    return


def _fix(call: Call, change: dict[str, int]) -> Fix | None:
    """The fix that makes a change of arguments in a call's item."""
    name = call.path.rpartition(".")[2]
    where = call.record.name if name.isdigit() else f"{name} ({call.record.name})"
    said = ", ".join(f"{key}: {value}" for key, value in change.items())
    if len(change) == 1:
        ((key, value),) = change.items()
        edit = set_argument(call, key, str(value))
    else:
        kept = {name: node for name, node in call.places.items() if name not in change and name != "shape"}
        if any(not hasattr(node, "text") for node in kept.values()):
            return None
        parts = [f"{name}: {getattr(node, 'text', '')}" for name, node in kept.items()]
        edit = replace_arguments(
            call, "{" + ", ".join([*parts, *(f"{key}: {value}" for key, value in change.items())]) + "}"
        )
    return None if edit is None else Fix(f"{said} in {where}", (edit,))
