"""Problem → fixes of an argument that the layer, or the size that arrives, refuses: the nearest value that works."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Scalar
from netspec.expansion.graph import Call
from netspec.fixes.context import FixContext, outputs_with
from netspec.fixes.edits import optional_fix, set_argument
from netspec.fixes.followers import with_argument, with_followers
from netspec.fixes.values import set_value
from netspec.layers.spatial import per_axis
from netspec.shapes.apply import Problem

# Arguments of which a smaller value may work.
REDUCIBLE = ("padding", "groups", "num_groups", "nhead", "num_heads", "output_padding", "dilation")
USUAL_WINDOW = 3  # a larger one may be meant to see all
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
        spread = per_axis(call.args.get("dilation", 1), len(kernel))
        halves = tuple(by * (size - 1) // 2 for size, by in zip(kernel, spread, strict=True))
        value = halves[0] + 1 if len(set(halves)) == 1 else halves
    candidates: list[object] = []
    if name == "groups" and value == call.args.get("out_channels") and problem.inputs:
        candidates.append(problem.inputs[0].shape[0])  # a depthwise convolution: one group for each channel that enters
    if isinstance(value, int):
        candidates += _smaller(value)
    elif isinstance(value, tuple):
        candidates += [value, *_fewer(value, call, problem)]
    for candidate in candidates:
        if candidate != call.args.get(name) and accepts(call, problem, name, candidate):
            yield set_value(call.arg_nodes[name], name, candidate)
            return


def _fewer(value: tuple[int, ...], call: Call, problem: Problem) -> Iterator[tuple[int, ...]]:
    """The paddings of a pool along each axis, none over half of its window."""
    axes = len(problem.inputs[0].shape) - 1 if problem.inputs else 0
    if problem.argument == "padding" and "Pool" in call.record.name and len(value) == axes:
        kernel = per_axis(call.args["kernel_size"], axes)
        yield tuple(min(padding, size // 2) for padding, size in zip(value, kernel, strict=True))


def padding_layer(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """The widest padding that a padding layer accepts, where one number is written."""
    call, name = problem.call, problem.argument or ""
    node, value = call.arg_nodes.get(name), call.args.get(name)
    if call.record.name.endswith(("Pad1d", "Pad2d", "Pad3d")) and isinstance(node, Scalar) and isinstance(value, int):
        for candidate in _smaller(value)[:-1]:
            if accepts(call, problem, name, candidate):
                yield set_value(node, name, candidate)
                return


def permutation(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A permutation of one axis more than the sample has: without one of the axes that keep their order."""
    if problem.code in ("NS403", "NS406") and problem.argument == "dims" and "dims" in problem.call.arg_nodes:
        yield from _permutation(problem)


def _permutation(problem: Problem) -> Iterator[Fix]:
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
    """For a kernel larger than its input: adaptive pooling, or a last convolution over the whole input."""
    call = problem.call
    if problem.code != "NS404" or problem.argument != "kernel_size" or not problem.inputs:
        return
    name, spatial = call.record.name, problem.inputs[0].shape[1:]
    kernel = per_axis(call.args.get("kernel_size", 1), len(spatial))
    if name.startswith("AvgPool") or (name.startswith("MaxPool") and min(kernel) > USUAL_WINDOW + 1):
        yield Fix(f"Adaptive{name}: 1", _retyped(call, f"Adaptive{name}", "1"))
    last = not any({"kernel_size", "output_size"} & after.args.keys() for after in context.later(call))
    whole = call.args.get("padding", 0) in (0, "valid") and set(per_axis(call.args.get("stride") or 1, 1)) == {1}
    square = len(spatial) > 1 and len(set(spatial)) == 1 < spatial[0] and min(kernel) > USUAL_WINDOW
    node = call.arg_nodes.get("kernel_size")
    works = square and accepts(call, problem, "kernel_size", spatial[0])
    if name.startswith("Conv") and last and whole and works and node is not None:
        yield set_value(node, "kernel_size", spatial[0])


def spanning(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A kernel over a whole axis, its longest by far, that counts more than the axis has: as many as there are."""
    call = problem.call
    node, kernel = call.arg_nodes.get("kernel_size"), call.args.get("kernel_size")
    fits_not = problem.code == "NS404" and problem.argument == "kernel_size"
    if not fits_not or not isinstance(kernel, tuple) or node is None or not call.record.name.startswith("Conv"):
        return
    spatial = problem.inputs[0].shape[1:]
    whole = tuple(map(min, kernel, spatial))
    longest = max(kernel)
    long = [size == longest > USUAL_WINDOW for size, now in zip(kernel, whole, strict=True) if size != now]
    alone = call.args.get("padding", 0) in (0, "valid") and kernel.count(longest) == 1 and long == [True]
    if alone and accepts(call, problem, "kernel_size", whole):
        changed = with_argument(context.graph, call, kernel_size=whole)
        yield with_followers(set_value(node, "kernel_size", whole), changed, context, call.id)


def _retyped(call: Call, name: str, value: str) -> tuple[Edit, ...]:
    """The edits that write another type with one scalar argument."""
    edits = [Edit(call.item.at.span, name)]
    if call.item.argument_node is not None and call.item.kind == "layer":
        edits.append(Edit(call.item.argument_node.span, value))
    return tuple(edits)


def output_padding(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """An output_padding without a stride: the stride that it is for."""
    call, extra = problem.call, problem.call.args.get("output_padding")
    if problem.argument != "output_padding" or "stride" in call.args or not isinstance(extra, int):
        return
    if accepts(call, problem, "stride", extra + 1):
        changed = with_argument(context.graph, call, stride=extra + 1)
        for fix in optional_fix(f"stride: {extra + 1}", set_argument(call, "stride", str(extra + 1))):
            yield with_followers(fix, changed, context, call.id)


RULES = (output_padding, nearest_argument, padding_layer, permutation, spanning, windows)
