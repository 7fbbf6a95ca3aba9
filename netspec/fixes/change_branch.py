"""Problem → fixes of shapes that do not match: change a layer upstream, so that its branch ends in the wanted shape."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape
from netspec.expansion.graph import Call, Graph, Ref
from netspec.fixes.context import FixContext, outputs_with, set_value, yaml_text
from netspec.fixes.edits import insert_before, optional_fix, set_argument
from netspec.shapes.apply import Problem

FURTHEST = 12  # layers upstream that are considered
MOST = 6  # candidates for one problem
_WINDOWS = ("kernel_size", "stride", "padding")
Change = dict[str, Any]  # new values of arguments, by name


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


def _end_shape(calls: list[Call], index: int, change: Change, context: FixContext) -> Shape | None:
    """The last shape of a branch with some arguments of its call number `index`, counted from the end, changed."""
    changed = calls[index]
    known = context.inference.known[changed.id].inputs
    inputs = tuple(tensor for tensor in known if tensor is not None)
    if len(inputs) < len(known):
        return None
    outputs = outputs_with(changed, inputs, **change)
    for call in calls[:index][::-1]:
        if outputs is None:
            return None
        outputs = outputs_with(call, (outputs[call.inputs[0].output or 0],))
    return None if outputs is None else outputs[0].shape


def _changes(call: Call, shape: Shape, wanted: Shape) -> Iterator[Change]:
    """Changes of a layer's arguments that might turn the end of its branch from `shape` into `wanted`."""
    names = {arg.name for arg in call.record.args}
    if call.record.name == "parameter":
        yield {"shape": wanted}
    factor = call.args.get("scale_factor")
    if isinstance(factor, int | float) and len(shape) == len(wanted) > 1 and shape[1] and wanted[1] % shape[1] == 0:
        yield {"scale_factor": factor * (wanted[1] // shape[1])}
    if shape[:1] != wanted[:1] and "out_channels" in names and wanted:
        yield {"out_channels": wanted[0]}
    if shape[-1:] != wanted[-1:] and "out_features" in names and wanted:
        yield {"out_features": wanted[-1]}
    if len(shape) < 2 or shape[1:] == wanted[1:] or not set(_WINDOWS) <= names:
        return
    kernel = call.args.get("kernel_size")
    if not isinstance(kernel, int):
        return
    dilation = call.args.get("dilation", 1)
    reach = (dilation if isinstance(dilation, int) else 1) * (kernel - 1) + 1
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


def _working_changes(
    calls: list[Call], index: int, shape: Shape, wanted: Shape, context: FixContext
) -> Iterator[Change]:
    """The changes of one call of a branch that turn the end of the branch from `shape` into `wanted`."""
    for change in _changes(calls[index], shape, wanted):
        if _end_shape(calls, index, change, context) == wanted:
            yield change


def change_layer_or_claim(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A layer that does not give its claimed shape: other arguments of the layer, and last another claim."""
    if problem.kind != "shape":
        return
    call, shape, wanted = problem.call, problem.actual, problem.written
    if len(shape) == len(wanted) and shape[:1] == wanted[:1]:
        for change in _changes(call, shape, wanted):
            outputs = outputs_with(call, problem.inputs, **change)
            fixes = _fix(call, change) if outputs is not None and outputs[0].shape == wanted else ()
            if fixes:
                yield from fixes
                break
    yield set_value(call.arg_nodes["shape"], "shape", shape)


def change_upstream(ref: Ref, wanted: Shape, context: FixContext) -> Iterator[Fix]:
    """For an output that misses its promised shape: changes of one layer upstream that give it.

    Args:
        ref: the output.
        wanted: its promised sample shape.
        context: the spec, its graph and its shapes.
    """
    known = context.inference.known[ref.node].outputs if ref.node >= 0 else None
    if known is None or len(known[0].shape) != len(wanted):
        return
    calls = _upstream(context.graph, ref)
    for index, call in enumerate(calls):
        for change in islice(_working_changes(calls, index, known[0].shape, wanted, context), 1):
            yield from _change_of_parameter(call, change, context)
            yield from _fix(call, change)


def _change_of_parameter(call: Call, change: Change, context: FixContext) -> Iterator[Fix]:
    """The change of one argument, made at the parameter of the spec that the argument names."""
    for key, value in change.items() if len(change) == 1 else ():
        name = getattr(call.arg_nodes.get(key), "text", "")
        if not call.frames and name in context.spec.params:
            yield set_value(context.spec.params[name], name, value)


def shortcut(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A residual sum whose shortcut has another shape: a 1×1 convolution brings it to the first one's shape."""
    call, shapes = problem.call, [tensor.shape for tensor in problem.inputs]
    sources = call.item.sources or ()
    if problem.code != "NS405" or call.record.name not in ("add", "sub", "mul") or len(sources) != 2:
        return
    if len(shapes) != 2 or {len(shape) for shape in shapes} != {3}:
        return
    left, right = shapes
    if left == right or 0 in left or any(r % w for r, w in zip(right[1:], left[1:], strict=True)):
        return
    strides = {r // w for r, w in zip(right[1:], left[1:], strict=True)}
    if len(strides) != 1:
        return
    stride = "" if strides == {1} else f", stride: {int(strides.pop())}"
    conv = f"{{in_channels: {right[0]}, out_channels: {left[0]}, kernel_size: 1{stride}}}"
    line = f"{{name: downsample, Conv2d: {conv}, from: {sources[1].text}}}"
    inserted = insert_before(call, line, context.spec.sources, wired=True)
    renamed = Edit(sources[1].span, "downsample")
    yield from optional_fix("a 1×1 convolution on the shortcut", inserted, renamed)


def _goal(merge: Call, shape: Shape, other: Shape) -> Shape:
    """The shape that a branch of `shape` needs to be merged with one of `other`."""
    if merge.record.name == "concat" and len(shape) == len(other):
        axis = int(merge.args.get("dim", 1)) - 1
        if 0 <= axis < len(shape):
            return (*other[:axis], shape[axis], *other[axis + 1 :])
    return other


def branches(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For a merge whose inputs differ: changes of a layer upstream that give the needed shape."""
    known = context.inference.known[problem.call.id].inputs
    shapes = [tensor.shape for tensor in known if tensor is not None]
    if problem.code != "NS405" or len(shapes) != len(problem.call.inputs) or len(set(map(len, shapes))) != 1:
        return
    yield from islice(_changed_branches(problem.call, shapes, context), MOST)


def _changed_branches(merge: Call, shapes: list[Shape], context: FixContext) -> Iterator[Fix]:
    """The fixes of each branch of a merge, the last branch first."""
    for index in range(len(shapes) - 1, -1, -1):
        for other in dict.fromkeys(shapes[:index] + shapes[index + 1 :]):
            wanted = _goal(merge, shapes[index], other)
            if wanted == shapes[index]:
                continue
            calls = _upstream(context.graph, merge.inputs[index])
            for position, call in enumerate(calls):
                for change in _working_changes(calls, position, shapes[index], wanted, context):
                    fixes = _fix(call, change)
                    yield from fixes
                    if fixes:
                        break


def _fix(call: Call, change: Change) -> tuple[Fix, ...]:
    """The fix that writes changed arguments into a call's item; none where that cannot be edited."""
    label = call.path.rpartition(".")[2]
    where = call.record.name if label.isdigit() else f"{label} ({call.record.name})"
    title = ", ".join(f"{name}: {yaml_text(value)}" for name, value in change.items())
    if len(change) == 1:
        ((name, value),) = change.items()
        return optional_fix(f"{title} in {where}", set_argument(call, name, yaml_text(value)))
    kept = {name: node for name, node in call.arg_nodes.items() if name not in change and name != "shape"}
    written = call.item.argument_node
    if written is None or call.item.kind != "layer" or any(not hasattr(node, "text") for node in kept.values()):
        return ()
    arguments = [f"{name}: {getattr(node, 'text', '')}" for name, node in kept.items()]
    arguments += [f"{name}: {value}" for name, value in change.items()]
    return (Fix(f"{title} in {where}", (Edit(written.span, f"{{{', '.join(arguments)}}}"),)),)


RULES = (change_layer_or_claim, branches, shortcut)
