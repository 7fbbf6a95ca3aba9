"""Layers, blocks, parameters and sizes that nothing uses: NS901, NS902, NS918."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import SimpleNamespace

from netspec.core.diagnostics import Diagnostic
from netspec.core.expressions import names_in
from netspec.core.tree import Mapping, Node, Scalar, Span, scalars
from netspec.expansion.graph import Call, Scope
from netspec.fixes.values import set_value
from netspec.lint.context import LintContext, finding


def unused_layers(context: LintContext) -> Iterator[Diagnostic]:
    """NS901: layers whose output reaches no output of the network; of a chain of them only the last.

    Of the copies of a repeat one that is used speaks for all: what the last one hands on may be for nobody.
    """
    graph = context.graph
    needed: set[int] = set()
    queue = [*context.results]
    while queue:
        node = queue.pop()
        if node >= 0 and node not in needed:
            needed.add(node)
            queue.extend(ref.node for ref in graph.calls[node].inputs)
    used = {_origin(graph.calls[node]) for node in needed}
    for call in graph.calls:
        if call.id not in needed and not (context.users[call.id] or call.record.held) and _origin(call) not in used:
            message = f"nobody uses what {call.path} gives: it is no output and no later layer takes it"
            yield Diagnostic("NS901", message, call.item.at.span, call.path, frames=call.frames)


def _origin(call: Call) -> tuple[Span, ...]:
    """Where a call is written: the same for all copies of a repeat, another for each use of a block."""
    return (call.item.at.span, *(frame.span for frame in call.frames))


def unused_sizes(context: LintContext) -> Iterator[Diagnostic]:
    """NS918: a wrong size of a layer that does not use it; torch does not check it."""
    for call in context.graph.calls:
        known = context.known(call)
        shapes = [tensor.shape for tensor in known.inputs if tensor is not None]
        for arg in call.record.args:
            written, node = call.args.get(arg.name), call.arg_nodes.get(arg.name)
            if arg.infer is None or arg.idle is None or node is None or not arg.idle(SimpleNamespace(**known.args)):
                continue
            actual = arg.infer(*shapes)
            if written != actual:
                message = (
                    f"{call.record.name} gets {actual} {arg.unit}, not {written}; without weights torch does not "
                    f"look at {arg.name}"
                )
                source = context.source(node, written)
                fixes = () if source is None else (set_value(source, arg.name, actual),)
                yield finding("NS918", message, node, call, fixes=fixes)


def unused_names(context: LintContext) -> Iterator[Diagnostic]:
    """NS902: blocks that no item uses, and parameters of the spec or of its blocks that no value reads."""
    spec = context.spec
    items = [*spec.every_item()]
    used = {item.at.text for item in items if item.kind == "block"}
    types = {item.at.text for item in items if item.kind == "parameter"}  # parameters that are types of items
    used |= _titles(context.graph.scope) if types else set()
    for name, block in spec.blocks.items():
        if name not in used and block.at.span.path == spec.path:
            yield Diagnostic("NS902", f"nobody uses the block {name}", block.at.span)
    params = spec.document.get("params")
    read = _names_read(value for _, value in spec.document) | types if params is not None else types
    for key, _ in params if isinstance(params, Mapping) else ():
        if key.text not in read:
            yield Diagnostic("NS902", f"nobody reads the parameter {key.text}", key.span)
    blocks = spec.document.get("blocks")
    for key, body in blocks if isinstance(blocks, Mapping) else ():
        if key.span.path == spec.path and isinstance(body, Mapping):
            yield from _unread_in(key, body, types)


def _titles(scope: Scope) -> set[str]:
    """The titles of a scope and of those in it: the names of the blocks, where they are uses of blocks."""
    return {scope.title}.union(*(_titles(step.scope) for step in scope.steps if step.scope is not None))


def _unread_in(name: Scalar, block: Mapping, types: set[str]) -> Iterator[Diagnostic]:
    """The parameters of a block, in a list or with defaults, that nothing in it reads."""
    params = block.get("params")
    if params is None:
        return
    defaults = [value for _, value in params] if isinstance(params, Mapping) else []
    read = _names_read([*defaults, *(value for _, value in block if value is not params)]) | types
    for key in [key for key, _ in params] if isinstance(params, Mapping) else scalars(params):
        if key.text not in read:
            yield Diagnostic("NS902", f"nothing in {name.text} reads its parameter {key.text}", key.span)


def _names_read(nodes: Iterable[Node]) -> set[str]:
    """The parameters that values may read; a name template reads those in its braces."""
    texts = [scalar.text for node in nodes for scalar in scalars(node) if isinstance(scalar.value, str)]
    parts = [part for text in texts for part in (re.split("[{}]", text)[1::2] if "{" in text else [text])]
    return {name for part in parts for name in names_in(part) or _words(part)}


def _words(text: str) -> set[str]:
    """All words of a formula over indices or of sizes of tensors, which are no expressions of their own."""
    return set(re.findall(r"[^\W\d]\w*", text)) if "(" in text else set()
