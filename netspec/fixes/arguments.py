"""Arguments that a layer or its picture refuses: the nearest value that torch takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Scalar
from netspec.expansion.graph import Call
from netspec.fixes.context import Context, edit, text_of, written
from netspec.fixes.edits import remove_item
from netspec.layers.spatial import per_axis
from netspec.shapes.apply import Problem, apply

LESS = ("padding", "groups", "num_groups", "nhead", "num_heads", "output_padding", "dilation")  # a smaller one may do
MOST_TRIED = 1000  # values below one that is refused


def _smaller(value: int) -> list[int]:
    """The values below one, the largest first; of a number beyond all pictures only the smallest."""
    return [*range(min(value, MOST_TRIED) - 1, -1, -1)]


def accepts(call: Call, problem: Problem, name: str, value: object) -> bool:
    """Whether the call works with one argument changed."""
    arg = call.record.arg(name)
    try:
        if arg is not None:
            arg.kind.accept(value)
    except ValueError:
        return False
    outcome = apply(replace(call, args={**call.args, name: value}), problem.inputs)
    return bool(outcome.candidates) and not outcome.problems


def nearest_argument(problem: Problem, context: Context) -> Iterator[Fix]:
    """The largest smaller value of a padding, a number of groups, …, that works."""
    call, name = problem.call, problem.argument
    value = call.args.get(name or "")
    if name not in LESS or name not in call.arg_nodes:
        return
    if value == "same":
        kernel = per_axis(call.args["kernel_size"], len(problem.inputs[0].shape) - 1)
        halves = tuple((size - 1) // 2 for size in kernel)
        value = halves[0] + 1 if len(set(halves)) == 1 else halves
    candidates: list[object] = []
    if name == "groups" and value == call.args.get("out_channels") and problem.inputs:
        candidates.append(problem.inputs[0].shape[0])  # one group a channel: of those that come in
    if isinstance(value, int):
        candidates += _smaller(value)
    elif isinstance(value, tuple):
        candidates.append(value)
    for candidate in candidates:
        if candidate != call.args.get(name) and accepts(call, problem, name, candidate):
            yield edit(call.arg_nodes[name], written(candidate), f"{name}: {written(candidate)}")
            return


def first_of_list(problem: Problem, context: Context) -> Iterator[Fix]:
    """Padding layers and their kin: the widest that the picture takes, where one number is written."""
    call, name = problem.call, problem.argument
    node = call.arg_nodes.get(name or "")
    value = call.args.get(name or "")
    if call.record.name.endswith(("Pad1d", "Pad2d", "Pad3d")) and isinstance(node, Scalar) and isinstance(value, int):
        for candidate in _smaller(value)[:-1]:
            if accepts(call, problem, str(name), candidate):
                yield edit(node, str(candidate), f"{name}: {candidate}")
                return


def dims(problem: Problem, context: Context) -> Iterator[Fix]:
    """A dim that is no axis of the sample: the channels, or the last axis."""
    call, name = problem.call, problem.argument
    node = call.arg_nodes.get(name or "")
    if problem.code not in ("NS403", "NS406") or node is None:
        return
    if name == "dims":
        yield from _permutation(problem)
        return
    if not isinstance(call.args.get(str(name)), int):
        return
    for candidate in (1, -1):
        if accepts(call, problem, str(name), candidate):
            yield edit(node, str(candidate), f"{name}: {candidate}")


def _permutation(problem: Problem) -> Iterator[Fix]:
    """A permutation for one axis more than there is: without one of the axes that keep their order."""
    call = problem.call
    order = call.args.get("dims")
    if not isinstance(order, tuple) or len(order) != len(problem.inputs[0].shape) + 2:
        return
    for gone in range(len(order) - 2, 0, -1):
        shorter = tuple(dim - (dim > gone) for dim in order if dim != gone)
        if accepts(call, problem, "dims", shorter):
            yield edit(call.arg_nodes["dims"], written(shorter), f"dims: {written(shorter)}")
            return


def windows(problem: Problem, context: Context) -> Iterator[Fix]:
    """A window larger than what is left of the picture."""
    call = problem.call
    if problem.code != "NS404" or problem.argument != "kernel_size" or not problem.inputs:
        return
    name, picture = call.record.name, problem.inputs[0].shape[1:]
    if name.startswith("AvgPool"):
        yield Fix(f"Adaptive{name}: 1", _retyped(call, f"Adaptive{name}", "1"))
    if "Pool" in name:
        removed = remove_item(call, context.spec.sources)
        if removed is not None:
            yield Fix(f"without this {name}", (removed,))
    last = not any({"kernel_size", "output_size"} & after.args.keys() for after in context.later(call))
    whole = call.args.get("padding", 0) in (0, "valid") and set(per_axis(call.args.get("stride", 1), 1)) == {1}
    if name.startswith("Conv") and last and whole:  # a head that reads all that is left
        size = picture[0] if len(set(picture)) == 1 else picture
        if accepts(call, problem, "kernel_size", size) and "kernel_size" in call.arg_nodes:
            yield edit(call.arg_nodes["kernel_size"], written(size), f"kernel_size: {written(size)}")


def _retyped(call: Call, name: str, value: str) -> tuple[Edit, ...]:
    """The edits that write another type with one scalar argument."""
    edits = [Edit(call.item.at.span, name)]
    if call.item.argument_node is not None and call.item.kind == "layer":
        edits.append(Edit(call.item.argument_node.span, value))
    return tuple(edits)


def channels(problem: Problem, context: Context) -> Iterator[Fix]:
    """Channels that a shuffle cannot divide: the nearest number of channels that it can."""
    call = problem.call
    if problem.argument not in ("upscale_factor", "groups") or not problem.inputs or problem.code != "NS404":
        return
    producer = context.ways.width_source(call)
    factor = call.args.get(problem.argument)
    if producer is None or not isinstance(factor, int) or "out_channels" not in producer.arg_nodes:
        return
    step = factor**2 if problem.argument == "upscale_factor" else factor
    count = problem.inputs[0].shape[0]
    up, down = -(-count // step) * step, count // step * step
    for wanted in sorted({up, down} - {0}, key=lambda c: (abs(c - count), -c)):
        yield edit(
            producer.arg_nodes["out_channels"], str(wanted), f"out_channels: {wanted} in {text_of(producer.item.at)}"
        )


RULES = (nearest_argument, first_of_list, dims, windows, channels)
