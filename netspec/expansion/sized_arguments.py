"""Arguments of functions that hold sizes of tensors: `low.size(2)`, or a name of `sizes`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Node, Scalar, Sequence, describe
from netspec.expansion.context import Context
from netspec.expansion.graph import size_of
from netspec.expansion.layer_inputs import LayerInputs
from netspec.expansion.scope import NETWORK, ScopeBuilder
from netspec.language.evaluate import FAILED
from netspec.language.spec import Item, Spec
from netspec.language.tensor_sizes import InputSizes, SizedArgument, size_reader
from netspec.layers.record import Arg, Layer


def input_sizes(spec: Spec) -> dict[str, tuple[str, int] | None]:
    """The names of `sizes`: the input and the dim whose size each is; None where no axis of an input is just that."""
    found: dict[str, tuple[str, int] | None] = {declared.name: None for declared in spec.sizes}
    for declared in spec.inputs:
        for axis, node in enumerate(declared.sizes, 1):
            text = node.text.strip() if isinstance(node, Scalar) else ""
            if text in found and found[text] is None:
                found[text] = (declared.name, axis)
    return found


def sizes_seen(sizes: InputSizes, scope: ScopeBuilder) -> InputSizes:
    """The names of `sizes` in a scope, without those that a block's own parameters hide.

    Args:
        sizes: of the network's own scope.
        scope: inside of groups and blocks the network's inputs have other names.
    """
    if scope.around is None:
        return sizes
    seen = {name: place for name, place in sizes.items() if name not in scope.hidden}
    return {name: place and (f"{NETWORK}{place[0]}", place[1]) for name, place in seen.items()}


def sized_argument(
    arg: Arg, node: Node, item: Item, record: Layer, context: Context, path: str, sizes: InputSizes
) -> object:
    """The value of an argument with sizes of tensors, FAILED with a finding where it has none.

    Args:
        arg: the argument.
        node: its value.
        item: the layer's item.
        record: the layer.
        context: where it stands.
        path: the layer's module path.
        sizes: the names of `sizes`.
    """
    if not arg.sized:
        kind = "takes only numbers" if record.is_function else "is fixed when the network is made"
        takers = "interpolate, reshape, expand, slice and other functions"
        message = f"{record.name}.{arg.name} {kind}; sizes of tensors are for {takers}"
        rename = Fix("interpolate", (Edit(item.at.span, "interpolate"),))
        fixes = [rename] if record.name == "Upsample" and item.at.text == record.name else []
        context.findings.add("NS206", message, node, layer=path, frames=context.frames, fixes=fixes)
        return FAILED
    listed = isinstance(node, Sequence)
    reader = size_reader(sizes)
    parts = []
    for part in node.items if isinstance(node, Sequence) else (node,):
        if isinstance(part, Scalar):
            parts.append(context.scalar(part, reader))
            continue
        context.error("NS202", f"{record.name}.{arg.name} has to be {arg.kind.wants}, got {describe(part)}", part)
        parts.append(FAILED)
    return FAILED if FAILED in parts else SizedArgument(tuple(parts), listed)


def without_sizes(args: dict[str, Any]) -> tuple[dict[str, Any], dict[str, SizedArgument]]:
    """The arguments that hold no sizes of tensors, and those that do."""
    sized = {name: value for name, value in args.items() if isinstance(value, SizedArgument)}
    return {name: value for name, value in args.items() if name not in sized} if sized else args, sized


def with_sized_inputs(
    taken: LayerInputs, sized: Mapping[str, SizedArgument], context: Context, nodes: Mapping[str, Node]
) -> LayerInputs | None:
    """The inputs of a function with, by `size_of`, the tensors whose sizes its arguments read; None where one fails.

    Args:
        taken: its own inputs.
        sized: the arguments by name.
        context: where it stands.
        nodes: of the arguments.
    """
    further, references = dict(taken.further), dict(taken.references)
    whole = True
    for argument, value in sized.items():
        for reference in value.references:
            name, node = size_of(reference), _place(nodes[argument], reference)
            if reference.startswith(NETWORK):
                context.scope.network_input(reference.removeprefix(NETWORK))
            local = further.get(name) or context.lookup(node)
            whole = whole and local is not None
            if local is not None:
                further[name], references[name] = local, node
    return replace(taken, further=further, references=references) if whole else None


def _place(node: Node, reference: str) -> Scalar:
    """Where a reference stands in an argument."""
    parts = node.items if isinstance(node, Sequence) else (node,)
    found = next((each for each in parts if isinstance(each, Scalar) and f"{reference}.size" in each.text), None)
    span = node.span if found is None else found.span
    if found is not None and found.plain and span.line == span.end_line:
        column = span.column + found.text.index(f"{reference}.size")
        span = replace(span, column=column, end_column=column + len(reference))
    return Scalar(reference, span, reference, frames=node.frames)
