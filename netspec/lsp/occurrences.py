"""The tree of a spec → where its names stand: blocks, parameters, items and inputs, each defined and used.

A name is told from another one of the same letters by its scope: the network or a block for items, the spec, a block or
a repeat for parameters. Includes and the model are part of the tree, so that occurrences may lie in other files. The
file is long because each key of an item has names of its own kind, and lists of items are in each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from netspec.core.dataclass import dataclass
from netspec.core.expressions import names_in
from netspec.core.tree import Mapping as Tree
from netspec.core.tree import Node, Scalar, Sequence, Span, is_null, scalars
from netspec.expansion.lists import item_and_rest
from netspec.language.item_keys import COMMON_KEYS
from netspec.language.items import GROUP_KEYS
from netspec.language.spec import Spec
from netspec.layers.arguments import Kind
from netspec.layers.table import TABLE

BLOCK, PARAMETER, ITEM, INPUT = "block", "parameter", "item", "input"
REFERENCES = ("from", "share", "outputs", "order")
_WORD = re.compile(r"[^\W\d]\w*")
_TEMPLATE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a name means.

    Args:
        kind: `block`, `parameter`, `item` or `input`.
        name: the name.
        scope: where it is known: the span of what defines the scope; None of the whole spec.
    """

    kind: str
    name: str
    scope: Span | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place at which a name stands.

    Args:
        symbol: what it means.
        span: of the name itself.
        defines: whether it is defined there.
    """

    symbol: Symbol
    span: Span
    defines: bool = False


@dataclass(frozen=True)
class _Scope:
    """What names mean at a place: parameters, and the items of the scope around it."""

    span: Span | None
    parameters: Mapping[str, Symbol]
    items: dict[str, Symbol] = field(default_factory=dict)
    inputs: Mapping[str, Symbol] = field(default_factory=dict)

    def with_parameters(self, more: Mapping[str, Symbol]) -> _Scope:
        return replace(self, parameters={**self.parameters, **more})

    def inside(self, span: Span) -> _Scope:
        """A scope of its own in this one, which its items do not leave."""
        return _Scope(span, self.parameters)


def occurrences(spec: Spec) -> tuple[Occurrence, ...]:
    """All places at which names of a spec stand.

    Args:
        spec: as it was read.
    """
    return tuple(_Walk(spec).all())


class _Walk:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.blocks = {name: Symbol(BLOCK, name) for name in spec.blocks}
        self.block_params = {
            name: {param: Symbol(PARAMETER, param, block.at.span) for param in block.params}
            for name, block in spec.blocks.items()
        }

    def all(self) -> Iterator[Occurrence]:
        root = self.spec.document
        declared = [*_entries(root.get("params")), *_entries(root.get("sizes"))]
        own = {key.text: Symbol(PARAMETER, key.text) for key, _ in declared}
        inputs = {each.name: Symbol(INPUT, each.name) for each in self.spec.inputs}
        network = _Scope(None, own, inputs=inputs)
        layers = root.get("layers")
        for key, value in root:
            if key.text in ("params", "sizes"):
                for name, default in _entries(value):
                    yield Occurrence(own[name.text], name.span, True)
                    yield from self.value(default, network)
            elif key.text == "inputs":
                for name, shape in _entries(value):
                    yield (
                        Occurrence(inputs[name.text], name.span, True)
                        if name.text in inputs
                        else Occurrence(Symbol(INPUT, name.text), name.span, True)
                    )
                    yield from self.value(shape, network)
            elif key.text == "input":
                yield from self.value(value, network)
            elif key.text == "blocks":
                for name, body in _entries(value):
                    yield from self.block(name, body, own)
            elif key.text == "search":
                for path, _ in _entries(value):
                    if path.text in own:
                        yield Occurrence(own[path.text], path.span)
            elif key.text not in ("layers", "outputs", "netspec", "name", "include", "model", "plugins"):
                yield from self.value(value, network)
        if layers is not None:
            self.define(layers, network)
            yield from self.list(layers, network)
        yield from self.outputs(root.get("outputs"), network)

    def block(self, key: Scalar, body: Node, own: Mapping[str, Symbol]) -> Iterator[Occurrence]:
        yield Occurrence(self.blocks.get(key.text, Symbol(BLOCK, key.text)), key.span, True)
        params = self.block_params.get(key.text, {})
        scope = _Scope(key.span, {**own, **params})
        if isinstance(body, Tree):
            given = body.get("params")
            pairs = given.entries if isinstance(given, Tree) else _names(given)
            for name, default in pairs:
                if name.text in params:
                    yield Occurrence(params[name.text], name.span, True)
                if default is not None:
                    yield from self.value(default, scope)
        layers = body.get("layers") if isinstance(body, Tree) else body
        if layers is not None:
            self.define(layers, scope)
            yield from self.list(layers, scope)
        if isinstance(body, Tree):
            yield from self.outputs(body.get("outputs"), scope)

    def define(self, node: Node, scope: _Scope) -> None:
        """Note the names of a list's items, and of those in groups without a name, which are spliced into it."""
        for item in _items(node):
            if not isinstance(item, Tree) or item.frames:
                continue
            name = item.get("name")
            if isinstance(name, Scalar):
                scope.items[name.text] = Symbol(ITEM, name.text, scope.span)
                continue
            inner = item.get("layers")
            if inner is not None:
                self.define(inner, scope)
            for branch, _ in _entries(item.get("branches")):
                scope.items[branch.text] = Symbol(ITEM, branch.text, scope.span)

    def list(self, node: Node, scope: _Scope) -> Iterator[Occurrence]:
        for item in _items(node):
            if not item.frames:
                yield from self.item(item, scope)

    def item(self, node: Node, scope: _Scope) -> Iterator[Occurrence]:
        if isinstance(node, Scalar):
            yield from self.type(node, scope)
            return
        if not isinstance(node, Tree):
            return
        repeat = node.get("repeat")
        around = scope
        if isinstance(repeat, Tree):
            turns = {key.text: Symbol(PARAMETER, key.text, key.span) for key, _ in repeat}
            scope = scope.with_parameters(turns)
            yield from (Occurrence(turns[key.text], key.span, True) for key, _ in repeat)
        name = node.get("name")
        own = isinstance(name, Scalar) or node.get("sequential") is not None
        inner = scope.inside(node.span) if own else scope
        for key, value in node:
            if key.frames:
                continue
            if key.text == "repeat":
                values = [each for _, each in _entries(repeat)] if isinstance(repeat, Tree) else [value]
                for each in values:
                    yield from self.value(each, around)
            elif key.text == "name" and isinstance(value, Scalar):
                if value.text in scope.items:
                    yield Occurrence(scope.items[value.text], value.span, True)
                yield from self.template(value, scope)
            elif key.text in ("layers", "sequential"):
                if own:
                    self.define(value, inner)
                yield from self.list(value, inner)
            elif key.text == "branches":
                yield from self.branches(value, scope, own)
            elif key.text == "merge":
                yield from self.item(value, scope)
            elif key.text == "outputs":
                yield from self.outputs(value, inner)
            elif key.text in ("from", "share", "order"):
                yield from self.references(value, scope)
            elif key.text == "tie":
                for each in scalars(value):
                    yield from self.reference(each, scope)
            elif key.text in COMMON_KEYS or key.text in GROUP_KEYS:
                yield from self.value(value, scope)
            else:
                yield from self.type(key, scope)
                yield from self.arguments(key, value, scope)

    def branches(self, value: Node, scope: _Scope, named: bool) -> Iterator[Occurrence]:
        for key, body in _entries(value):
            if key.text in scope.items and not named:
                yield Occurrence(scope.items[key.text], key.span, True)
            inner = scope.inside(key.span)
            self.define(body, inner)
            yield from self.list(body, inner)

    def type(self, key: Scalar, scope: _Scope) -> Iterator[Occurrence]:
        if key.text in scope.parameters and key.text not in TABLE:
            yield Occurrence(scope.parameters[key.text], key.span)
        elif key.text in self.blocks:
            yield Occurrence(self.blocks[key.text], key.span)

    def arguments(self, key: Scalar, value: Node, scope: _Scope) -> Iterator[Occurrence]:
        params = self.block_params.get(key.text)
        record = TABLE.get(key.text)
        if not isinstance(value, Tree):
            scalar = None if record is None else record.scalar
            yield from self.value(value, scope, None if scalar is None else scalar.kind)
            return
        for name, given in value:
            arg = None if record is None else record.arg(name.text)
            if params is not None and name.text in params:
                yield Occurrence(params[name.text], name.span)
            yield from self.value(given, scope, None if arg is None else arg.kind)

    def value(self, node: Node | None, scope: _Scope, kind: Kind | None = None) -> Iterator[Occurrence]:
        """The parameters that the expressions of a value read, and the blocks that it names."""
        if node is None or node.frames:
            return
        if isinstance(node, Sequence):
            for each in node.items:
                yield from self.value(each, scope, kind)
        elif isinstance(node, Tree):
            for key, each in node:
                if key.text in self.blocks:
                    yield Occurrence(self.blocks[key.text], key.span)
                yield from self.value(each, scope)
        elif isinstance(node.value, str) and not (kind is not None and kind.literal(node.value)):
            if node.text in self.blocks and node.text not in scope.parameters:
                yield Occurrence(self.blocks[node.text], node.span)
            else:
                yield from self.words(node, node.text, 0, scope)

    def words(self, node: Scalar, text: str, start: int, scope: _Scope) -> Iterator[Occurrence]:
        """The parameters in one expression of a scalar, which begins so many characters behind its start."""
        read = names_in(text) & scope.parameters.keys()
        span = node.span
        if not read or span.line != span.end_line:
            return
        first = span.column + start + (0 if node.plain else 1)
        for word in _WORD.finditer(text):
            if word[0] in read:
                column = first + word.start()
                place = replace(span, column=column, end_column=column + len(word[0]))
                yield Occurrence(scope.parameters[word[0]], place)

    def template(self, node: Scalar, scope: _Scope) -> Iterator[Occurrence]:
        for part in _TEMPLATE.finditer(node.text):
            yield from self.words(node, part[1], part.start(1), scope)

    def outputs(self, node: Node | None, scope: _Scope) -> Iterator[Occurrence]:
        for each in _items(node) if isinstance(node, Scalar | Sequence) else [value for _, value in _entries(node)]:
            reference = each.get("from") if isinstance(each, Tree) else each
            if isinstance(reference, Scalar):
                yield from self.reference(reference, scope)

    def references(self, node: Node, scope: _Scope) -> Iterator[Occurrence]:
        for each in scalars(node):
            yield from self.reference(each, scope)

    def reference(self, node: Scalar, scope: _Scope) -> Iterator[Occurrence]:
        """The item or input that a reference such as `name.0` begins with."""
        if node.frames or not isinstance(node.value, str):
            return
        name, _ = item_and_rest(node.text, scope.items, scope.inputs)
        symbol = scope.items.get(name) or scope.inputs.get(name)
        if symbol is not None and node.span.line == node.span.end_line:
            start = node.span.column + (0 if node.plain else 1)
            yield Occurrence(symbol, replace(node.span, column=start, end_column=start + len(name)))


def _entries(node: Node | None) -> tuple[tuple[Scalar, Node], ...]:
    return node.entries if isinstance(node, Tree) and not node.frames else ()


def _names(node: Node | None) -> tuple[tuple[Scalar, None], ...]:
    items = node.items if isinstance(node, Sequence) else ()
    return tuple((item, None) for item in items if isinstance(item, Scalar))


def _items(node: Node | None) -> tuple[Node, ...]:
    if node is None or is_null(node):
        return ()
    return node.items if isinstance(node, Sequence) else (node,)
