"""Problem → fixes of a residual sum whose shortcut has another shape: a 1×1 convolution on the side that has none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape
from netspec.core.tree import Mapping, Node, Scalar, Sequence
from netspec.expansion.graph import Call, Ref
from netspec.fixes.changes import FURTHEST, change_fix, upstream, working_changes
from netspec.fixes.context import FixContext
from netspec.fixes.edits import insert_after, optional_fix
from netspec.fixes.insert_layer import insert_between
from netspec.fixes.values import node_text, yaml_text
from netspec.layers.spatial import per_axis, window_out
from netspec.shapes.apply import Problem

SUMS = ("add", "sub")
_WIDTHS = ("out_channels", "out_features")
_ENLARGING = ("ConvTranspose", "Upsample", "Upsampling", "PixelShuffle")


@dataclass(frozen=True)
class _Residual:
    """The two sides of a sum: the plain one, which reaches it past the layers of the body, and the body's layers.

    `own` are the layers of the plain side, such as a pool.
    """

    plain: int
    shape: Shape
    wanted: Shape
    layers: tuple[Call, ...]
    own: tuple[Call, ...]


def plain_side(problem: Problem, context: FixContext) -> int | None:
    """The input of a residual sum that reaches it without a layer of its own that has a width; None without one.

    Args:
        problem: of the sum.
        context: the spec, its graph and its shapes.
    """
    found = _residual(problem, context)
    return None if found is None else found.plain


def _residual(problem: Problem, context: FixContext) -> _Residual | None:
    call = problem.call
    shapes = [tensor.shape for tensor in context.inference.known[call.id].inputs if tensor is not None]
    if problem.code != "NS405" or call.record.name not in SUMS or not len(shapes) == len(call.inputs) == 2:
        return None
    if len(shapes[0]) != len(shapes[1]) or shapes[0] == shapes[1] or not shapes[0] or 0 in (*shapes[0], *shapes[1]):
        return None
    chains = [_chain(ref, context) for ref in call.inputs]
    for plain, body in ((0, 1), (1, 0)):
        joint = next((index for index, ref in enumerate(chains[body]) if ref in chains[plain]), None)
        if joint is None:
            continue
        refs = chains[plain][: chains[plain].index(chains[body][joint])]
        own = tuple(context.graph.calls[ref.node] for ref in refs)
        layers = tuple(context.graph.calls[ref.node] for ref in chains[body][:joint])
        if not any(map(_wide, own)) and any(map(_wide, layers)):
            return _Residual(plain, shapes[plain], shapes[body], layers, own)
    return None


def _wide(call: Call) -> bool:
    return any(arg.name in _WIDTHS for arg in call.record.args)


def _chain(ref: Ref, context: FixContext) -> list[Ref]:
    """A value and those before it, along first inputs."""
    found = [Ref(ref.node)]
    while ref.node >= 0 and len(found) <= 4 * FURTHEST and context.graph.calls[ref.node].inputs:
        ref = context.graph.calls[ref.node].inputs[0]
        found.append(Ref(ref.node))
    return found


def projection(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A residual sum: a 1×1 convolution, with the body's stride, on the side that has none; a Linear for features."""
    found = _residual(problem, context)
    if found is None or any(layer.record.name.startswith(_ENLARGING) for layer in found.layers):
        return
    layer = _layer(found, found.wanted, problem.call)
    if layer is not None:
        yield from _placed(problem.call, found.plain, layer, (), context)
        return
    # The body lost its margins too: padding keeps them, and the convolution brings the width.
    goal = (found.wanted[0], *found.shape[1:])
    padded = _layer(found, goal, problem.call)
    calls = upstream(context.graph, problem.call.inputs[1 - found.plain])
    for index, call in enumerate(calls):
        for change in working_changes(calls, index, found.wanted, goal, context):
            fixes = change_fix(call, change)
            if padded is not None and change.keys() == {"padding"} and fixes:
                yield from _placed(problem.call, found.plain, padded, fixes[0].edits, context)
                return


def _layer(found: _Residual, wanted: Shape, merge: Call) -> str | None:
    """The layer that turns the plain side into the wanted shape, as YAML in flow style; None where none does."""
    shape, source = found.shape, next(filter(_wide, found.layers))
    convolves = source.record.name.startswith("Conv")
    if not convolves:
        if shape[:-1] != wanted[:-1] or shape == wanted or not source.record.name.startswith("Linear"):
            return None
        return f"Linear: {_width(found, wanted[-1], merge)}"
    axes = len(shape) - 1
    body, own = _strides(found.layers, axes), _strides(found.own, axes)
    strides = tuple(step // done or 1 for step, done in zip(body, own, strict=True))
    fits = all(
        window_out(before, 1, stride, 0, 1) == after
        for before, after, stride in zip(shape[1:], wanted[1:], strides, strict=True)
    )
    if not fits or (shape[0] == wanted[0] and (set(strides) == {1} or max(own, default=1) > 1)):
        return None
    stride = strides[0] if len(set(strides)) == 1 else strides
    written = [] if set(strides) <= {1} else [f"stride: {_stride(found, stride, merge)}"]
    arguments = ", ".join([f"out_channels: {_width(found, wanted[0], merge)}", "kernel_size: 1", *written])
    return f"Conv{len(shape) - 1}d: {{{arguments}}}"


def _strides(layers: tuple[Call, ...], axes: int) -> tuple[int, ...]:
    """The product of the strides of several layers, along each axis."""
    product = (1,) * axes
    for layer in layers:
        usual = layer.args.get("kernel_size", 1) if "Pool" in layer.record.name else 1
        stride = layer.args.get("stride") or usual
        if isinstance(stride, int | tuple) and len(per_axis(stride, axes)) == axes:
            product = tuple(a * b for a, b in zip(product, per_axis(stride, axes), strict=True))
    return product


def _width(found: _Residual, width: int, merge: Call) -> str:
    """A width as the body writes it, which may be a parameter of the block around it."""
    for layer in found.layers:
        for name in _WIDTHS:
            node = layer.arg_nodes.get(name)
            if layer.frames == merge.frames and layer.args.get(name) == width and isinstance(node, Scalar):
                return node.text
    return str(width)


def _stride(found: _Residual, stride: int | tuple[int, ...], merge: Call) -> str:
    """A stride as the body writes it, where one layer has it."""
    written = [layer for layer in found.layers if layer.args.get("stride") == stride and layer.frames == merge.frames]
    node = written[0].arg_nodes.get("stride") if len(written) == 1 else None
    return node.text if isinstance(node, Scalar) else yaml_text(stride)


def _placed(call: Call, side: int, layer: str, further: tuple[Edit, ...], context: FixContext) -> Iterator[Fix]:
    """The fix that puts a layer at the end of one side of a sum."""
    title = f"a 1×1 convolution on the shortcut: {layer}" if layer.startswith("Conv") else f"{layer} on the shortcut"
    title = f"{title}, and padding in the body" if further else title
    sources = call.item.sources
    if sources is not None and len(sources) == 2 and not call.item.follows:
        for fix in insert_between(call, {side: ("shortcut", layer)}, title, context):
            yield replace(fix, edits=(*fix.edits, *further))
        return
    items_that_merge = (each for each in context.spec.every_item() if each.merge is not None)
    item = next((each for each in items_that_merge if each.merge and each.merge.at.span == call.item.at.span), None)
    if item is None or len(item.branches) != 2:
        return
    key, items, _ = item.branches[side]
    if items:
        last = call.inputs[side]
        if last.node >= 0 and not context.graph.calls[last.node].item.sources:
            after = insert_after(context.graph.calls[last.node], _item(layer), context.spec.sources)
            yield from optional_fix(title, after, *further)
        return
    node = _branch_node(item.node, key)
    if isinstance(node, Sequence | Scalar):
        yield Fix(title, (Edit(node.span, f"{'' if node_text(node) else ' '}[{_item(layer)}]"), *further))


def _item(layer: str) -> str:
    return f"{{{layer}}}"


def _branch_node(node: Node, key: Scalar) -> Node | None:
    """The list of a branch, by its key."""
    branches = node.get("branches") if isinstance(node, Mapping) else None
    entries = branches.entries if isinstance(branches, Mapping) else ()
    return next((value for name, value in entries if name.span == key.span), None)


def downsample(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A sum or a gate of two other shapes: a 1×1 convolution brings the second one to the first one's shape."""
    call, shapes = problem.call, [tensor.shape for tensor in problem.inputs]
    if problem.code != "NS405" or call.record.name not in (*SUMS, "mul") or len(call.item.sources or ()) != 2:
        return
    if len(shapes) != 2 or {len(shape) for shape in shapes} != {3}:
        return
    left, right = shapes
    if left == right or 0 in left or any(r % w for r, w in zip(right[1:], left[1:], strict=True)):
        return
    strides = {r // w for r, w in zip(right[1:], left[1:], strict=True)}
    if len(strides) == 1:
        stride = "" if strides == {1} else f", stride: {strides.pop()}"
        conv = f"Conv2d: {{in_channels: {right[0]}, out_channels: {left[0]}, kernel_size: 1{stride}}}"
        yield from insert_between(call, {1: ("shortcut", conv)}, "a 1×1 convolution on the shortcut", context)
