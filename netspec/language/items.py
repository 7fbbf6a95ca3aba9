"""One `layers` list → items. Only the structure is checked: types, names of arguments, keys; `expand` evaluates values.

An unambiguous misspelling becomes a finding and is then parsed as the corrected word; what cannot be read becomes an
item of the kind `unknown`, which keeps its position and name. So the items around it are checked all the same. The
file is long because each form of an item holds lists of items of all forms.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import replace
from typing import Any

from netspec.core.diagnostics import Edit, Findings, Fix
from netspec.core.names import certain_match, closest, sure_match
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, is_null, shorten
from netspec.language.argument_syntax import (
    NO_NAMES,
    Params,
    block_args,
    fits_block,
    fits_layer,
    layer_args,
    split_at_colon,
)
from netspec.language.item_keys import COMMON_KEYS, check_name, common_keys, references
from netspec.language.known_names import known_types, layers_with_weights, renamings_from_other_code, short_name
from netspec.language.parameters import is_value, layers_in
from netspec.language.plugins import Types
from netspec.language.spec import Item
from netspec.layers.record import Layer

GROUP_KEYS = ("layers", "sequential", "branches", "merge", "share", "order")
KEYS = (*COMMON_KEYS, *GROUP_KEYS)
UNREADABLE = ("NS100", "NS212", "NS213")  # a file with blocks could not be read
BESIDE = {
    "layers": ("layers",),
    "sequential": ("sequential",),
    "branches": ("branches", "merge"),
    "share": ("share",),
    "merge": ("merge",),
    "order": ("order",),
}


def unknown(node: Node, at: Scalar | None = None, **shared: Any) -> Item:
    """An item that could not be read."""
    return Item("unknown", at or (node if isinstance(node, Scalar) else Scalar(None, node.span)), node, **shared)


class ItemParser:
    """Parses items against the types of the spec and the names of its blocks."""

    def __init__(
        self, findings: Findings, types: Types, block_params: dict[str, Params], params: Dict[str, Node | None]
    ) -> None:
        self.findings = findings
        self.params = params
        self.layers = types.layers
        self.complete = types.complete and not any(found.code in UNREADABLE for found in findings.list())
        self.block_params = block_params
        self.types = (*self.layers, *block_params)

    @contextlib.contextmanager
    def inside(self, more: Dict[str, Node | None]) -> Iterator[None]:
        """Within it further parameters are known: those of a block, or of a repeat."""
        before = self.params
        self.params = {**before, **more}
        yield
        self.params = before

    def is_parameter(self, word: str) -> bool:
        """Whether the type of an item is the value of a parameter; a number leaves the function of its name alone."""
        if word not in self.params:
            return False
        default = self.params[word]
        is_number = isinstance(default, Scalar) and not isinstance(default.value, str)
        return word not in self.types or not is_number

    def check_layers(self, node: Node | None) -> None:
        """Check the types and the names of arguments of the layers in a parameter's value."""
        for key, argument in () if node is None else layers_in(node):
            self.typed(key, argument, key, {})

    def parse_list(self, node: Node | None) -> tuple[tuple[Item, ...], bool]:
        """The items of a list, and whether it was one item instead of a list."""
        if node is None or is_null(node):
            return (), False
        if isinstance(node, Sequence):
            return tuple(self.parse_item(child) for child in node.items), False
        return (self.parse_item(node),), True

    def parse_item(self, node: Node) -> Item:
        """One item."""
        if isinstance(node, Sequence):
            message = "expected a layer, got a list; a list that is a submodule is written {sequential: […]}"
            start, end = replace(node.span, end_line=node.span.line, end_column=node.span.column), node.span
            end = replace(end, line=end.end_line, column=end.end_column)
            edits = (Edit(start, "{sequential: "), Edit(end, "}")) if node.flow else (Edit(start, "sequential: "),)
            fixes = [Fix("sequential: […]", edits)] if node.flow else []
            self.findings.add("NS202", message, node, fixes=fixes)
            return unknown(node)
        if isinstance(node, Scalar):
            if not isinstance(node.value, str):
                self.findings.add("NS202", f"expected a layer, got {describe(node)}", node)
                return unknown(node)
            return self.typed(node, None, node, {})
        values = node.get("repeat")
        if isinstance(values, Mapping):
            with self.inside({key.text: value for key, value in values}):
                return self.parse_mapping(node)
        return self.parse_mapping(node)

    def parse_mapping(self, node: Mapping) -> Item:
        """One item that is written as a mapping."""
        item = self.mapped(node)
        if not item.applied and item.kind not in ("layer", "parameter", "unknown"):
            self.findings.add("NS202", "apply: false is for a layer; in a group or block each layer says it", item.at)
        return item

    def mapped(self, node: Mapping) -> Item:
        """One item that is written as a mapping, whatever its `apply` is."""
        entries = self.corrected_entries(node)
        shared = common_keys({key.text: value for key, value in entries if key.text in COMMON_KEYS}, self.findings)
        kinds = [(key, value) for key, value in entries if key.text not in COMMON_KEYS]
        self.check_outputs(node, kinds, shared)
        grouped = any(
            key.text in ("layers", "sequential", "branches") or key.text in self.block_params for key, _ in kinds
        )
        named = {"name", "repeat"} <= shared.keys() and "{" not in getattr(shared["name"], "text", "")
        if shared.get("wires") and (grouped or (named and shared["repeat"] is not None)):
            self.findings.add("NS202", NO_NAMES, shared["wires"][0][0])
            shared |= {"wires": (), "sources": ()}
        if any(key.text in GROUP_KEYS for key, _ in kinds):
            return self.grouped(node, kinds, shared)
        if not kinds:
            self.findings.add(
                "NS203", "the item has no type: a layer, a block, layers, sequential, branches or share", node
            )
            return unknown(node, **shared)
        key, value = self.type_key(kinds)
        others = [(other, node) for other, node in kinds if other is not key]
        if is_null(value) and self.are_arguments(key, others):
            names = " and ".join(other.text for other, _ in others)
            self.findings.add(
                "NS201", f"{names} belong to {key.text}: indent them further than {key.text}", others[0][0]
            )
            value = Mapping(tuple(others), node.span)
            return self.typed(key, value, node, shared)
        for other, _ in others:
            self.extra_key(other, key)
        return self.typed(key, value, node, shared)

    def check_outputs(self, node: Mapping, kinds: list[tuple[Scalar, Node]], shared: dict[str, Any]) -> None:
        """NS202 for `outputs` of an item that is no group and no submodule of copies."""
        at = node.key("outputs")
        fills = shared.get("repeat") is not None and "{" not in getattr(shared.get("name"), "text", "{")
        if at is not None and not fills and not any(key.text in ("layers", "sequential") for key, _ in kinds):
            wants = "outputs is for a group and for a repeat with a plain name; a block has its own, beside its layers"
            self.findings.add("NS202", wants, at)
            shared.pop("outputs", None)

    def are_arguments(self, key: Scalar, others: list[tuple[Scalar, Node]]) -> bool:
        """Whether the other keys of an item are arguments of its type, written beside it instead of under it."""
        record = self.layers.get(key.text)
        known = [arg.name for arg in record.args] if record else list(self.block_params.get(key.text, ()))
        return bool(others) and all(other.text in known for other, _ in others)

    def corrected_entries(self, node: Mapping) -> list[tuple[Scalar, Node]]:
        """The entries of an item, with misspelt keys of the language corrected; each becomes a finding."""
        entries = []
        for key, value in node:
            known = key.text in KEYS or key.text in self.types or key.text in self.params
            known = known or not self.findings.suggests
            guess = None if known else certain_match(key.text, (*KEYS, *self.types))
            if guess in KEYS and node.get(guess) is None:
                self.findings.misspelt("NS201", f"an item has no key {key.text!r}", key, KEYS)
                key = replace(key, value=guess, text=guess)
            entries.append((key, value))
        return entries

    def type_key(self, kinds: list[tuple[Scalar, Node]]) -> tuple[Scalar, Node]:
        """The key that is the type: a known one, else one that is similar to a known one, else the last."""
        certain = [pair for pair in kinds if pair[0].text in self.types]
        certain += [pair for pair in kinds if self.is_parameter(pair[0].text)]
        if certain or not self.findings.suggests:
            return certain[0] if certain else kinds[-1]
        return next((pair for pair in kinds if closest(pair[0].text, self.types)), kinds[-1])

    def extra_key(self, key: Scalar, kind: Scalar) -> None:
        if key.text in self.types:
            message = f"the item is a {kind.text} already; {key.text} has to be an item of its own"
            self.findings.add("NS217", message, key)
        else:
            self.findings.misspelt("NS201", f"an item has no key {shorten(key.text)!r}", key, KEYS)

    def grouped(self, node: Mapping, kinds: list[tuple[Scalar, Node]], shared: dict[str, Any]) -> Item:
        group = [(key, value) for key, value in kinds if key.text in GROUP_KEYS]
        at, value = next((pair for pair in group if pair[0].text != "merge"), group[0])
        for key, _ in kinds:
            if key.text in GROUP_KEYS and key.text not in BESIDE[at.text]:
                self.findings.add("NS217", f"an item has either {at.text} or {key.text}", key)
            elif key.text not in GROUP_KEYS:
                self.extra_key(key, at)
        if at.text == "merge":
            self.findings.add("NS203", "merge needs branches to join", at)
            return unknown(node, at, **shared)
        if at.text in ("layers", "sequential"):
            items, single = self.parse_list(value)
            kind = "group" if at.text == "layers" else "sequential"
            return Item(kind, at, node, items=items, single=single and kind == "group", **shared)
        if at.text == "order":
            return self.ordered(node, at, value)
        if at.text == "share":
            if not isinstance(value, Scalar) or not isinstance(value.value, str):
                self.findings.add("NS202", "share takes the name of an earlier item of the same scope", value)
                return unknown(node, at, **shared)
            return Item("share", value, node, argument_node=value, **shared)
        merge = next((value for key, value in group if key.text == "merge"), None)
        return self.branched(node, at, value, merge, shared)

    def ordered(self, node: Mapping, at: Scalar, value: Node) -> Item:
        """The order of a scope's submodules, which is no layer and stands alone."""
        for key, _ in node:
            if key.text in COMMON_KEYS:
                self.findings.add("NS217", f"order stands alone, without {key.text}", key)
        return Item("order", at, node, sources=references(value, self.findings, "order"))

    def branched(self, node: Mapping, at: Scalar, value: Node, merge_node: Node | None, shared: dict[str, Any]) -> Item:
        if not isinstance(value, Mapping) or not value.entries:
            self.findings.add("NS202", "branches is a mapping of a name to a list of layers for each branch", value)
            return unknown(node, at, **shared)
        branches = []
        for name, body in value:
            check_name(name, self.findings)
            items, single = self.parse_list(body)
            branches.append((name, items, single))
        if merge_node is None:
            self.findings.add("NS203", "branches need a merge: concat, add, mul, …", at)
            return unknown(node, at, **shared)
        merge = self.parse_item(merge_node)
        joins = merge.kind == "parameter" or (merge.record is not None and merge.record.inputs[1] != 1)
        if not joins and merge.kind != "unknown":
            self.findings.add("NS303", f"{merge.at.text} does not join several tensors", merge.at)
        if not joins:
            return unknown(node, at, **shared)
        return Item("branches", at, node, branches=tuple(branches), merge=merge, **shared)

    def typed(self, key: Scalar, value: Node | None, node: Node, shared: dict[str, Any]) -> Item:
        """An item whose type is a layer or a block, or the value of a parameter."""
        if self.is_parameter(key.text):
            return Item("parameter", key, node, argument_node=value, **shared)
        if key.text not in self.types:
            parts = split_at_colon(key, self.types, "NS204", self.findings) if isinstance(node, Scalar) else None
            if parts is not None:
                return self.typed(*parts, node, shared)
            meant = known_types(key.text, self.types) if self.complete else []
            if meant:
                return self.renamed(key, value, node, meant, shared)
            message = f"netspec knows no block, layer or function called {shorten(key.text)}"
            plain = replace(key, value=short_name(key.text))
            guess = certain_match(str(plain.value), self.types) if self.findings.suggests else None
            if not self.complete and (guess is None or guess.lower() != str(plain.value).lower()):
                return unknown(node, key, **shared)  # it may be of a plugin or a file that could not be read
            self.findings.misspelt("NS204", message, plain, (*self.types, *self.params))
            sure = guess is not None and guess == sure_match(str(plain.value), self.types)
            if guess is None or not self.fits(guess, value) or not (sure or self.reads(guess, value)):
                return unknown(node, key, **shared)
            shared = {**shared, "guessed": not sure}
            key = replace(key, value=guess, text=guess)
        if key.text in self.block_params:
            args, whole = block_args(key, value, self.block_params[key.text], self.findings)
            values = [isinstance(given, Scalar) or is_value(name.text, given, self.findings) for name, given in args]
            for _, given in args:
                self.check_layers(given)
            args = tuple(pair for pair, right in zip(args, values, strict=True) if right)
            whole = whole and all(values)
            return Item("block", key, node, args=args, argument_node=value, whole=whole, **shared)
        record = self.layers[key.text]
        if record.unbatched and self.lacks_weights(record, shared):
            return self.renamed(key, value, node, layers_with_weights(record.name, self.types), shared)
        args, whole = layer_args(record, value, self.findings)
        return Item("layer", key, node, record=record, args=args, argument_node=value, whole=whole, **shared)

    def lacks_weights(self, record: Layer, shared: dict[str, Any]) -> bool:
        """Whether a function that needs weights is written as the layer that has them: it takes one input."""
        given = shared.get("sources") or ()
        several = len(given) > 1 or any("*" in reference.text for reference in given) or shared.get("wires")
        return record.inputs[0] > 1 and not several and bool(layers_with_weights(record.name, self.types))

    def renamed(self, key: Scalar, value: Node | None, node: Node, meant: list[str], shared: dict[str, Any]) -> Item:
        """An item whose type has its name from other code; `meant` are the types that it may stand for."""
        fits = [name for name in meant if self.fits(name, value)] or meant
        fixes = [fix for name in fits for fix in renamings_from_other_code(key, value, name)]
        others = f" or {' or '.join(meant[1:])}" if meant[1:] else ""
        message = f"what is called {shorten(key.text)} elsewhere is {meant[0]}{others} here"
        self.findings.add("NS204", message, key, fixes=fixes)
        shared = {**shared, "guessed": True}
        return self.typed(replace(key, value=fits[0], text=fits[0]), value, node, shared)

    def reads(self, guess: str, value: Node | None) -> bool:
        """Whether the node after a misspelt type has no error and gives all that the type `guess` needs."""
        if guess in self.block_params:
            return True
        scratch, record = Findings(), self.layers[guess]
        args, whole = layer_args(record, value, scratch)
        given = {name.text for name, _ in args}
        return whole and not scratch.list() and all(arg.name in given for arg in record.args if arg.required)

    def fits(self, guess: str, value: Node | None) -> bool:
        """Whether the node after a misspelt type suits the type `guess`."""
        if guess in self.block_params:
            return fits_block(self.block_params[guess], value)
        return fits_layer(self.layers[guess], value)
