"""Candidate fixes for tensors that do not fit together: change a layer of one branch so that it meets the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape
from netspec.expansion.graph import Call, Graph, Ref
from netspec.fixes.context import Context, edit, written
from netspec.fixes.edits import insert_before, replace_arguments, set_argument
from netspec.shapes.apply import Problem, apply
from netspec.shapes.infer import Inference

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
        if call is not changed:  # it takes one of what the call before it gives
            inputs = (inputs[call.inputs[0].output or 0],)
        outcome = apply(call, inputs)
        if not outcome.candidates or outcome.problems:
            return None
        inputs = outcome.candidates[0]
    return inputs[0].shape


def _changes(call: Call, shape: Shape, wanted: Shape) -> Iterator[dict[str, Any]]:
    """Arguments that might turn a layer's part of the way to `shape` into one to `wanted`."""
    names = {arg.name for arg in call.record.args}
    if call.record.name == "parameter":
        yield {"shape": wanted}  # a learned tensor has whatever shape is needed
    factor = call.args.get("scale_factor")
    if isinstance(factor, int | float) and len(shape) == len(wanted) > 1 and shape[1] and wanted[1] % shape[1] == 0:
        yield {"scale_factor": factor * (wanted[1] // shape[1])}
    if shape[0] != wanted[0] and "out_channels" in names:
        yield {"out_channels": wanted[0]}
    if shape[-1:] != wanted[-1:] and "out_features" in names:
        yield {"out_features": wanted[-1]}
    if len(shape) < 2 or shape[1:] == wanted[1:] or not set(_WINDOWS) <= names:
        return
    kernel = call.args.get("kernel_size")
    if not isinstance(kernel, int):
        return
    spread = call.args.get("dilation", 1)
    reach = (spread if isinstance(spread, int) else 1) * (kernel - 1) + 1
    for padding in range(1, reach // 2 + 1):
        yield {"padding": padding}
    if "output_padding" in names:
        for extra in (1, 2, 3):
            yield {"output_padding": extra}
    if "Pool" in call.record.name:
        if call.args.get("stride") is None:
            for kernel_size in (2, 3, 4, 8):
                yield {"kernel_size": kernel_size}
        yield {"kernel_size": 3, "stride": 1, "padding": 1}
    for stride in (1, 2, 3, 4):
        yield {"stride": stride}
        for padding in range(1, kernel // 2 + 1):
            yield {"stride": stride, "padding": padding}


def change_layer_or_claim(problem: Problem, context: Context) -> Iterator[Fix]:
    """A layer that misses a claimed shape: its padding, stride or output_padding, and last the claim."""
    if problem.kind != "shape":
        return
    call, shape, wanted = problem.call, problem.actual, problem.written
    if len(shape) == len(wanted) and shape[0] == wanted[0]:
        for change in _changes(call, shape, wanted):
            outcome = apply(_with(call, **change), problem.inputs)
            fix = _fix(call, change)
            if (
                fix is not None
                and outcome.candidates
                and not outcome.problems
                and outcome.candidates[0][0].shape == wanted
            ):
                yield fix
                break
    yield edit(call.arg_nodes["shape"], written(shape), f"shape: {written(shape)}")


def change_upstream(ref: Ref, wanted: Shape, context: Context) -> Iterator[Fix]:
    """For an output that misses its promised shape: the change of one layer upstream that gives it."""
    known = context.inference.known[ref.node].outputs if ref.node >= 0 else None
    if known is None or len(known[0].shape) != len(wanted):
        return
    calls = _upstream(context.graph, ref)
    for position, call in enumerate(calls):
        for change in _changes(call, known[0].shape, wanted):
            if _end_shape(context.inference, calls, position, _with(call, **change)) == wanted:
                yield from _parameter(call, change, context)
                fix = _fix(call, change)
                if fix is not None:
                    yield fix
                break


def _parameter(call: Call, change: dict[str, Any], context: Context) -> Iterator[Fix]:
    """The change made where the spec says the number: at the parameter that the argument names."""
    for key, value in change.items() if len(change) == 1 else ():
        name = getattr(call.arg_nodes.get(key), "text", "")
        if not call.frames and name in context.spec.params:
            yield edit(context.spec.params[name], written(value), f"{name}: {written(value)}")


def shortcut(problem: Problem, context: Context) -> Iterator[Fix]:
    """A sum whose second value has other channels: a 1×1 convolution brings it to the first one's shape."""
    call, shapes = problem.call, [tensor.shape for tensor in problem.inputs]
    sources = call.item.sources
    if problem.code != "NS405" or call.record.name not in ("add", "sub", "mul") or len(shapes) != 2 or not sources:
        return
    (left, right), ranks = shapes, {len(shape) for shape in shapes}
    if (
        ranks != {3}
        or len(sources) != 2
        or left == right
        or 0 in left
        or any(r % w for r, w in zip(right[1:], left[1:], strict=True))
    ):
        return
    strides = {r // w for r, w in zip(right[1:], left[1:], strict=True)}
    if len(strides) != 1:
        return
    stride = "" if strides == {1} else f", stride: {int(strides.pop())}"
    conv = f"{{in_channels: {right[0]}, out_channels: {left[0]}, kernel_size: 1{stride}}}"
    line = f"{{name: downsample, Conv2d: {conv}, from: {sources[1].text}}}"
    inserted = insert_before(call, line, context.spec.sources, wired=True)
    if inserted is not None:
        yield Fix("a 1×1 convolution on the shortcut", (inserted, Edit(sources[1].span, "downsample")))


def _goal(merge: Call, shape: Shape, other: Shape) -> Shape:
    """The shape that a branch of `shape` would need beside one of `other`."""
    if merge.record.name == "concat" and len(shape) == len(other):
        axis = int(merge.args.get("dim", 1)) - 1
        if 0 <= axis < len(shape):
            return (*other[:axis], shape[axis], *other[axis + 1 :])
    return other


def branches(problem: Problem, context: Context) -> Iterator[Fix]:
    """For a merge whose inputs differ: the changes of a layer upstream that locally give the shape that is needed."""
    merge, graph, inference = problem.call, context.graph, context.inference
    if problem.code != "NS405":
        return
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


def _fix(call: Call, change: dict[str, Any]) -> Fix | None:
    """The fix that makes a change of arguments in a call's item."""
    name = call.path.rpartition(".")[2]
    where = call.record.name if name.isdigit() else f"{name} ({call.record.name})"
    said = ", ".join(f"{key}: {written(value)}" for key, value in change.items())
    if len(change) == 1:
        ((key, value),) = change.items()
        edit = set_argument(call, key, written(value))
    else:
        kept = {name: node for name, node in call.arg_nodes.items() if name not in change and name != "shape"}
        if any(not hasattr(node, "text") for node in kept.values()):
            return None
        parts = [f"{name}: {getattr(node, 'text', '')}" for name, node in kept.items()]
        edit = replace_arguments(
            call, "{" + ", ".join([*parts, *(f"{key}: {value}" for key, value in change.items())]) + "}"
        )
    return None if edit is None else Fix(f"{said} in {where}", (edit,))


RULES = (change_layer_or_claim, branches, shortcut)
