"""What nobody uses: layers, blocks and parameters, sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import SimpleNamespace

from netspec.core.diagnostics import Diagnostic, Edit, Fix
from netspec.core.expressions import names_in
from netspec.core.tree import Mapping, Node, Scalar, Sequence
from netspec.language.spec import Item
from netspec.lint.context import LintContext, finding


def unused_layers(context: LintContext) -> Iterator[Diagnostic]:
    """NS901: layers whose value reaches no output; of a chain of them only the last."""
    graph = context.graph
    needed: set[int] = set()
    queue = [*context.results]
    while queue:
        node = queue.pop()
        if node >= 0 and node not in needed:
            needed.add(node)
            queue.extend(ref.node for ref in graph.calls[node].inputs)
    for call in graph.calls:
        if call.id not in needed and not context.users[call.id]:
            message = f"nobody uses what {call.path} gives: it is no output and no later layer takes it"
            yield Diagnostic("NS901", message, call.item.at.span, call.path, frames=call.frames)


def unused_sizes(context: LintContext) -> Iterator[Diagnostic]:
    """NS918: a size that is wrong, of a layer that has no use for it: torch does not look at it."""
    for call in context.graph.calls:
        known = context.known(call)
        shapes = [tensor.shape for tensor in known.inputs if tensor is not None]
        for arg in call.record.args:
            written, place = call.args.get(arg.name), call.places.get(arg.name)
            if arg.infer is None or arg.idle is None or place is None or not arg.idle(SimpleNamespace(**known.args)):
                continue
            actual = arg.infer(*shapes)
            if written != actual:
                message = f"{call.record.name} gets {actual} {arg.unit}, not {written}; without weights torch does not "
                message += f"look at {arg.name}"
                source = context.source(place, written)
                edits = () if source is None else (Edit(source.span, str(actual)),)
                fixes = (Fix(f"{arg.name}: {actual}", edits),) if edits else ()
                yield finding("NS918", message, place, call, fixes=fixes)


def unused_names(context: LintContext) -> Iterator[Diagnostic]:
    """NS902: blocks that no item uses, and parameters of the spec or of its blocks that no value reads."""
    spec = context.report.spec
    used = set(_block_names((*spec.layers, *(item for block in spec.blocks.values() for item in block.items))))
    for name, block in spec.blocks.items():
        if name not in used and block.at.span.path == spec.path:
            yield Diagnostic("NS902", f"nobody uses the block {name}", block.at.span)
    read = {name for _, value in spec.document for node in _values(value) for name in _reads(node)}
    params = spec.document.get("params")
    for key, _ in params if isinstance(params, Mapping) else ():
        if key.text not in read:
            yield Diagnostic("NS902", f"nobody reads the parameter {key.text}", key.span)
    blocks = spec.document.get("blocks")
    for key, body in blocks if isinstance(blocks, Mapping) else ():
        if key.span.path == spec.path and isinstance(body, Mapping):
            yield from _unread_in(key, body)


def _unread_in(name: Scalar, block: Mapping) -> Iterator[Diagnostic]:
    """The parameters of a block, in a list or with defaults, that nothing in it reads."""
    params = block.get("params")
    if params is None:
        return
    defaults = [value for _, value in params] if isinstance(params, Mapping) else []
    readers = [*defaults, *(value for _, value in block if value is not params)]
    read = {word for reader in readers for node in _values(reader) for word in _reads(node)}
    for key in [key for key, _ in params] if isinstance(params, Mapping) else _values(params):
        if key.text not in read:
            yield Diagnostic("NS902", f"nothing in {name.text} reads its parameter {key.text}", key.span)


def _block_names(items: Iterable[Item]) -> Iterator[str]:
    """The blocks that items use."""
    for item in items:
        if item.kind == "block":
            yield item.at.text
        yield from _block_names(item.items)
        for _, body, _ in item.branches:
            yield from _block_names(body)


def _reads(node: Scalar) -> set[str]:
    """The parameters that a scalar may read; a name template reads those in its braces."""
    if not isinstance(node.value, str):
        return set()
    parts = node.text.replace("}", "{").split("{")[1::2] if "{" in node.text else [node.text]
    return {name for part in parts for name in names_in(part)}


def _values(node: Node) -> Iterator[Scalar]:
    """The scalars below a node that are no keys."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _values(item)
    else:
        for _, value in node:
            yield from _values(value)
