"""Changes of a layer's arguments that bring the end of its branch to a wanted shape, and the fix that writes them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape
from netspec.expansion.graph import Call, Graph, Ref
from netspec.fixes.context import FixContext, outputs_with
from netspec.fixes.edits import optional_fix, set_argument
from netspec.fixes.values import yaml_text
from netspec.layers.spatial import per_axis

FURTHEST = 12  # layers upstream that are considered
_TURNING = frozenset({"transpose", "permute", "movedim", "swapaxes"})
_WINDOWS = ("kernel_size", "stride", "padding")
_TRANSPOSED = {"kernel_size": None, "stride": 1, "padding": 0, "dilation": 1}
Change = dict[str, Any]  # new values of arguments, by name


def upstream(graph: Graph, ref: Ref) -> list[Call]:
    """The calls of a branch from its end backwards, along first inputs, until a fork or the limit.

    Args:
        graph: the network.
        ref: the end of the branch.
    """
    calls: list[Call] = []
    while ref.node >= 0 and len(calls) < FURTHEST:
        call = graph.calls[ref.node]
        calls.append(call)
        if len(call.inputs) != 1:
            break
        ref = call.inputs[0]
    return calls


def _end_shape(calls: list[Call], index: int, change: dict[int, Change], context: FixContext) -> Shape | None:
    """The last shape of a branch with some arguments of its calls changed, from its call number `index` on.

    The calls are counted from the end, and so are the changes.
    """
    known = context.inference.known[calls[index].id].inputs
    inputs = tuple(tensor for tensor in known if tensor is not None)
    if len(inputs) < len(known):
        return None
    outputs = outputs_with(calls[index], inputs, **change.get(index, {}))
    for at in range(index - 1, -1, -1):
        if outputs is None:
            return None
        call = calls[at]
        outputs = outputs_with(call, (outputs[call.inputs[0].output or 0],), **change.get(at, {}))
    return None if outputs is None else outputs[0].shape


def exactly_enlarged(calls: list[Call], wanted: Shape, context: FixContext) -> Iterator[Fix]:
    """The fix of several transposed convolutions of a branch that each lose a part of their stride: output_padding.

    (L - 1)s - 2p + d(k - 1) + output_padding + 1 is L·s for output_padding = s + 2p - d(k - 1) - 1.

    Args:
        calls: the branch, from its end backwards.
        wanted: the shape of its end, as it should be.
        context: the spec, its graph and its shapes.
    """
    change: dict[int, Change] = {}
    for index, call in enumerate(calls):
        if call.record.name.startswith("ConvTranspose") and not call.args.get("output_padding"):
            numbers = [call.args.get(name, usual) for name, usual in _TRANSPOSED.items()]
            whole = [number for number in numbers if isinstance(number, int)]
            if len(whole) < len(numbers):
                return
            kernel, stride, padding, dilation = whole
            lost = stride + 2 * padding - dilation * (kernel - 1) - 1
            if 0 < lost < stride:
                change[index] = {"output_padding": lost}
    if len(change) < 2 or _end_shape(calls, max(change), change, context) != wanted:
        return
    values = {made["output_padding"] for made in change.values()}
    fixes = [change_fix(calls[index], made) for index, made in change.items()]
    if len(values) == 1 and all(fixes):
        edits = dict.fromkeys(edit for each in fixes for edit in each[0].edits)
        yield Fix(f"output_padding: {values.pop()} in {len(edits)} transposed convolutions", tuple(edits))


def changes(call: Call, shape: Shape, wanted: Shape, *, turned: bool = False, last: bool = True) -> Iterator[Change]:
    """Changes of a layer's arguments that might turn the end of its branch from `shape` into `wanted`.

    Args:
        call: the layer.
        shape: the end of its branch, C×(spatial), or with the features last.
        wanted: the same, as it should be.
        turned: whether a layer behind it exchanges axes, so that the first one may be spatial.
        last: whether it is the last one of the branch.
    """
    names = {arg.name for arg in call.record.args}
    if call.record.name == "parameter":
        yield {"shape": wanted}
    yield from _scaled(call, shape, wanted, turned)
    if shape[:1] != wanted[:1] and "out_channels" in names and wanted:
        yield {"out_channels": wanted[0]}
    if shape[-1:] != wanted[-1:] and "out_features" in names and wanted:
        yield {"out_features": wanted[-1]}
    if len(shape) < 2 or (shape[1:] == wanted[1:] and not turned) or not set(_WINDOWS) <= names:
        return
    if "ceil_mode" in names and not call.args.get("ceil_mode"):
        yield {"ceil_mode": True}
    kernel = call.args.get("kernel_size")
    if isinstance(kernel, tuple) and call.args.get("dilation", 1) == 1:
        yield {"padding": tuple((size - 1) // 2 for size in kernel)}
    if not isinstance(kernel, int):
        return
    if kernel % 2 == 0 and _stride(call) == 1:  # no padding keeps the size
        yield {"kernel_size": kernel + 1}
        if kernel > 2:  # a window of one would do nothing
            yield {"kernel_size": kernel - 1, "padding": kernel // 2 - 1}
        yield {"kernel_size": kernel + 1, "padding": kernel // 2}
    dilation = call.args.get("dilation", 1)
    reach = (dilation if isinstance(dilation, int) else 1) * (kernel - 1) + 1
    for padding in range(1, reach // 2 + 1):
        yield {"padding": padding}
    if "output_padding" in names:
        for extra in (1, 2, 3):
            yield {"output_padding": extra}
        for other in sorted(range(max(kernel - 3, 1), kernel + 4), key=lambda size: abs(size - kernel)):
            if other != kernel and other >= max(per_axis(call.args.get("stride", 1), 1)):  # no pixel is left out
                yield {"kernel_size": other}
    if "Pool" in call.record.name:
        if call.args.get("stride") is None:
            for kernel_size in (2, 3, 4, 8):
                yield {"kernel_size": kernel_size}
        if kernel > 2 or last:  # a pool of two before other layers halves on purpose
            yield {"kernel_size": 3, "stride": 1, "padding": 1}
    for stride in (1, 2, 3, 4):
        yield {"stride": stride}
        for padding in range(1, kernel // 2 + 1):
            yield {"stride": stride, "padding": padding}
    if "output_padding" in names:
        for padding in range(1, (kernel + 1) // 2):
            yield {"padding": padding, "output_padding": 1}


def _along_one_axis(call: Call, shape: Shape, wanted: Shape) -> Iterator[Change]:
    """Arguments for each axis, where only some axes have to change: of a transposed convolution, or at a stride of 1.

    (L - 1)s - 2p + (k - 1) + 1 grows by one with k, L + 2p - (k - 1) by two with p.
    """
    off = [new - old for old, new in zip(shape[1:], wanted[1:], strict=True)]
    written = [call.args.get(name, usual) for name, usual in _TRANSPOSED.items()]
    numbers = [number for number in written if isinstance(number, int | tuple)]
    if len({*off}) == 1 or len(numbers) < len(written) or numbers[-1] != 1:
        return
    kernel, stride, padding = (per_axis(number, len(off)) for number in numbers[:-1])
    if call.record.name.startswith("ConvTranspose"):
        sizes = tuple(map(sum, zip(kernel, off, strict=True)))
        if all(size >= step for size, step in zip(sizes, stride, strict=True)):  # no pixel is left out
            yield {"kernel_size": sizes}
    elif {*stride} == {1} and not any(size % 2 or abs(size) >= max(kernel) for size in off):
        wide = tuple(size + more // 2 for size, more in zip(padding, off, strict=True))
        if min(wide) >= 0:
            yield {"padding": wide}


def _scaled(call: Call, shape: Shape, wanted: Shape, turned: bool) -> Iterator[Change]:
    """The factor of a layer that enlarges, in proportion to the first spatial axis."""
    factor = call.args.get("scale_factor")
    if isinstance(factor, int | float) and len(shape) == len(wanted) > 1:
        for axis in (1, 0) if turned else (1,):
            scaled = factor * wanted[axis]
            if shape[axis] and shape[axis] != wanted[axis] and scaled % shape[axis] == 0:
                yield {"scale_factor": scaled // shape[axis]}


def _stride(call: Call) -> object:
    """The stride of a convolution or a pool, whose own default is its kernel."""
    usual = call.args.get("kernel_size") if "Pool" in call.record.name else 1
    return call.args.get("stride") or usual


def working_changes(
    calls: list[Call], index: int, shape: Shape, wanted: Shape, context: FixContext, *, by_axis: bool = False
) -> Iterator[Change]:
    """The changes of one call of a branch that turn the end of the branch from `shape` into `wanted`.

    Args:
        calls: the branch, from its end backwards.
        index: of the call that is changed.
        shape: the end of the branch.
        wanted: the same, as it should be.
        context: the spec, its graph and its shapes.
        by_axis: also give arguments of its own to each axis.
    """
    turned = any(call.record.name in _TURNING for call in calls[:index])
    tried = changes(calls[index], shape, wanted, turned=turned, last=index == 0)
    later: list[Change] = []
    for change in chain(tried, _along_one_axis(calls[index], shape, wanted) if by_axis and not turned else ()):
        if _end_shape(calls, index, {index: change}, context) == wanted:
            if _leaves_out(calls[index], change, context):
                later.append(change)
            else:
                yield change
    yield from later


def _leaves_out(call: Call, change: Change, context: FixContext) -> bool:
    """Whether the windows of another stride end before the picture does."""
    arriving, outputs = context.inference.known[call.id].inputs, None
    if "stride" in change and len(arriving) == 1 and arriving[0] is not None:
        outputs = outputs_with(call, (arriving[0],), **change)
    args = {**call.args, **change}
    kernel, stride, padding = (
        args.get(name, usual) for name, usual in (("kernel_size", 1), ("stride", 1), ("padding", 0))
    )
    if outputs is None or arriving[0] is None or not all(isinstance(each, int) for each in (kernel, stride, padding)):
        return False
    sizes = zip(arriving[0].shape[1:], outputs[0].shape[1:], strict=True)
    return any((made - 1) * stride + kernel - padding < size for size, made in sizes)


def change_fix(call: Call, change: Change) -> tuple[Fix, ...]:
    """The fix that writes changed arguments into a call's item; none where that cannot be edited.

    Args:
        call: the call of the item.
        change: the new values, by argument.
    """
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
