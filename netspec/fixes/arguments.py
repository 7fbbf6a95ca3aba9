"""Problem → fixes of an argument that the layer, or the size that arrives, refuses: the nearest value that works."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Scalar
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext, node_text, outputs_with, replace_value, set_value
from netspec.fixes.edits import optional_fix, remove_item
from netspec.layers.spatial import per_axis
from netspec.shapes.apply import Problem

# Arguments of which a smaller value may work.
REDUCIBLE = ("padding", "groups", "num_groups", "nhead", "num_heads", "output_padding", "dilation")
MOST_TRIED = 1000  # values below one that is refused


def _smaller(value: int) -> list[int]:
    """The values below one, the largest first; of a very large one only the last MOST_TRIED."""
    return [*range(min(value, MOST_TRIED) - 1, -1, -1)]


def accepts(call: Call, problem: Problem, name: str, value: object) -> bool:
    """Whether the call works with one argument changed."""
    arg = call.record.arg(name)
    try:
        if arg is not None:
            arg.kind.accept(value)
    except ValueError:
        return False
    return outputs_with(call, problem.inputs, **{name: value}) is not None


def nearest_argument(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The largest smaller value of a padding, a number of groups and the like that works."""
    call, name = problem.call, problem.argument
    value = call.args.get(name or "")
    if name not in REDUCIBLE or name not in call.arg_nodes:
        return
    if value == "same":
        kernel = per_axis(call.args["kernel_size"], len(problem.inputs[0].shape) - 1)
        halves = tuple((size - 1) // 2 for size in kernel)
        value = halves[0] + 1 if len(set(halves)) == 1 else halves
    candidates: list[object] = []
    if name == "groups" and value == call.args.get("out_channels") and problem.inputs:
        candidates.append(problem.inputs[0].shape[0])  # a depthwise convolution: one group for each channel that enters
    if isinstance(value, int):
        candidates += _smaller(value)
    elif isinstance(value, tuple):
        candidates.append(value)
    for candidate in candidates:
        if candidate != call.args.get(name) and accepts(call, problem, name, candidate):
            yield set_value(call.arg_nodes[name], name, candidate)
            return


def padding_layer(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The widest padding that a padding layer accepts, where one number is written."""
    call, name = problem.call, problem.argument or ""
    node, value = call.arg_nodes.get(name), call.args.get(name)
    if call.record.name.endswith(("Pad1d", "Pad2d", "Pad3d")) and isinstance(node, Scalar) and isinstance(value, int):
        for candidate in _smaller(value)[:-1]:
            if accepts(call, problem, name, candidate):
                yield set_value(node, name, candidate)
                return


def dims(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For a dim that the sample does not have: the channels, or the last axis."""
    call, name = problem.call, problem.argument or ""
    node = call.arg_nodes.get(name)
    if problem.code not in ("NS403", "NS406") or node is None:
        return
    if name == "dims":
        yield from _permutation(problem)
    elif isinstance(call.args.get(name), int):
        for candidate in (1, -1):
            if accepts(call, problem, name, candidate):
                yield set_value(node, name, candidate)


def _permutation(problem: Problem) -> Iterator[Fix]:
    """A permutation of one axis more than the sample has: without one of the axes that keep their order."""
    call = problem.call
    order = call.args.get("dims")
    if not isinstance(order, tuple) or len(order) != len(problem.inputs[0].shape) + 2:
        return
    for removed in range(len(order) - 2, 0, -1):
        shorter = tuple(dim - (dim > removed) for dim in order if dim != removed)
        if accepts(call, problem, "dims", shorter):
            yield set_value(call.arg_nodes["dims"], "dims", shorter)
            return


def windows(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For a kernel larger than its input: adaptive pooling, no pooling, or a last convolution over the whole input."""
    call = problem.call
    if problem.code != "NS404" or problem.argument != "kernel_size" or not problem.inputs:
        return
    name, spatial = call.record.name, problem.inputs[0].shape[1:]
    if name.startswith("AvgPool"):
        yield Fix(f"Adaptive{name}: 1", _retyped(call, f"Adaptive{name}", "1"))
    if "Pool" in name:
        yield from optional_fix(f"without this {name}", remove_item(call, context.spec.sources))
    last = not any({"kernel_size", "output_size"} & after.args.keys() for after in context.later(call))
    if not name.startswith("Conv") or not last:
        return
    if call.args.get("padding", 0) in (0, "valid") and set(per_axis(call.args.get("stride", 1), 1)) == {1}:
        size = spatial[0] if len(set(spatial)) == 1 else spatial
        if accepts(call, problem, "kernel_size", size) and "kernel_size" in call.arg_nodes:
            yield set_value(call.arg_nodes["kernel_size"], "kernel_size", size)


def _retyped(call: Call, name: str, value: str) -> tuple[Edit, ...]:
    """The edits that write another type with one scalar argument."""
    edits = [Edit(call.item.at.span, name)]
    if call.item.argument_node is not None and call.item.kind == "layer":
        edits.append(Edit(call.item.argument_node.span, value))
    return tuple(edits)


def channels(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """For channels that a shuffle cannot divide: the nearest numbers of channels that it can."""
    call = problem.call
    if problem.argument not in ("upscale_factor", "groups") or not problem.inputs or problem.code != "NS404":
        return
    producer = context.provenance.width_source(call)
    factor = call.args.get(problem.argument)
    if producer is None or not isinstance(factor, int) or "out_channels" not in producer.arg_nodes:
        return
    step = factor**2 if problem.argument == "upscale_factor" else factor
    count = problem.inputs[0].shape[0]
    up, down = -(-count // step) * step, count // step * step
    for wanted in sorted({up, down} - {0}, key=lambda multiple: (abs(multiple - count), -multiple)):
        title = f"out_channels: {wanted} in {node_text(producer.item.at)}"
        yield replace_value(producer.arg_nodes["out_channels"], str(wanted), title)


RULES = (nearest_argument, padding_layer, dims, windows, channels)
