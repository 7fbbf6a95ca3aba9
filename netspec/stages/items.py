"""One `layers` list → items. Structure only: types, argument names, keys; values are evaluated by `expand`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netspec.ground.diagnostics import Edit, Fix
from netspec.ground.findings import Findings
from netspec.ground.names import closest, did_you_mean, name_fault
from netspec.ground.tree import Mapping, Node, Scalar, Sequence, describe, shorten
from netspec.layers.record import Layer
from netspec.layers.table import TABLE
from netspec.stages.spec import Item

COMMON_KEYS = ("name", "from", "shape", "when", "repeat")
GROUP_KEYS = ("layers", "branches", "merge", "share")


class ItemParser:
    """Parses items against the layer table and the names of the spec's blocks."""

    def __init__(self, findings: Findings, block_params: dict[str, dict[str, Node | None]]) -> None:
        self.findings = findings
        self.block_params = block_params

    def parse_list(self, node: Node | None, owner: str, at: Node) -> tuple[tuple[Item, ...], bool]:
        """The items of a list, and whether it was one item in place of a list."""
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return (), False
        if isinstance(node, Sequence):
            return tuple(item for child in node.items if (item := self.parse_item(child)) is not None), False
        item = self.parse_item(node)
        if item is None and not isinstance(node, Mapping):
            self.findings.add("NS202", f"{owner} has to be a list of layers", at)
        return (() if item is None else (item,)), True

    def parse_item(self, node: Node) -> Item | None:
        """One item, or None where nothing sound is left of it."""
        if isinstance(node, Sequence):
            self.findings.add("NS202", "expected a layer, got a list; a group is written {layers: […]}", node)
            return None
        if isinstance(node, Scalar):
            if not isinstance(node.value, str):
                self.findings.add("NS202", f"expected a layer, got {describe(node)}", node)
                return None
            return self.typed(node, None, node, {})
        common = {key.text: value for key, value in node if key.text in COMMON_KEYS}
        kinds = [(key, value) for key, value in node if key.text not in COMMON_KEYS]
        group = [key for key, _ in kinds if key.text in GROUP_KEYS]
        if group:
            return self.grouped(node, group, kinds, common)
        if not kinds:
            self.findings.add("NS203", "the item has no type: a layer, a block, layers, branches or share", node)
            return None
        key, value = self.type_key(kinds)
        for other, _ in kinds:
            if other is not key:
                self.extra_key(other, key)
        return self.typed(key, value, node, common)

    def known_types(self) -> Iterable[str]:
        return (*TABLE, *self.block_params)

    def type_key(self, kinds: list[tuple[Scalar, Node]]) -> tuple[Scalar, Node]:
        """Which of several keys is the type: a known one, else one that is close to a known one, else the last."""
        known = set(self.known_types())
        ranked = [pair for pair in kinds if pair[0].text in known]
        ranked += [pair for pair in kinds if closest(pair[0].text, known) and not closest(pair[0].text, COMMON_KEYS)]
        return ranked[0] if ranked else kinds[-1]

    def extra_key(self, key: Scalar, kind: Scalar) -> None:
        if key.text in TABLE or key.text in self.block_params:
            self.findings.add(
                "NS217", f"the item is a {kind.text} already; {key.text} has to be an item of its own", key
            )
        else:
            self.findings.misspelt("NS201", f"an item has no key {key.text!r}", key, (*COMMON_KEYS, *GROUP_KEYS))

    def grouped(
        self, node: Mapping, group: list[Scalar], kinds: list[tuple[Scalar, Node]], common: dict[str, Node]
    ) -> Item | None:
        at = next((key for key in group if key.text != "merge"), group[0])
        allowed = {"layers": ("layers",), "branches": ("branches", "merge"), "share": ("share",), "merge": ("merge",)}
        for key, _ in kinds:
            if key.text not in allowed[at.text]:
                self.extra_key(key, at) if key.text not in GROUP_KEYS else self.findings.add(
                    "NS217", f"an item has either {at.text} or {key.text}", key
                )
        shared = self.common(common)
        if at.text == "merge":
            self.findings.add("NS203", "merge needs branches to join", at)
            return None
        value = node.get(at.text)
        if at.text == "layers":
            items, single = self.parse_list(value, "layers", at)
            return Item("group", at, node, items=items, single=single, **shared)
        if at.text == "share":
            if not isinstance(value, Scalar) or not isinstance(value.value, str):
                self.findings.add("NS202", "share takes the name of an earlier item of the same scope", value or at)
                return None
            return Item("share", value, node, argument_node=value, **shared)
        return self.branched(node, at, value, shared)

    def branched(self, node: Mapping, at: Scalar, value: Node | None, shared: dict[str, Any]) -> Item | None:
        if not isinstance(value, Mapping) or not value.entries:
            self.findings.add(
                "NS202", "branches is a mapping of a name to a list of layers for each branch", value or at
            )
            return None
        branches = []
        for name, body in value:
            self.check_name(name)
            items, single = self.parse_list(body, f"the branch {name.text}", name)
            branches.append((name, items, single))
        merge_node = node.get("merge")
        if merge_node is None:
            self.findings.add("NS203", "branches need a merge: concat, add, mul, …", at)
            return None
        merge = self.parse_item(merge_node)
        if merge is None:
            return None
        if merge.kind != "layer" or merge.record is None or merge.record.inputs[1] == 1:
            self.findings.add("NS303", f"{merge.at.text} does not join several tensors", merge.at)
            return None
        return Item("branches", at, node, branches=tuple(branches), merge=merge, **shared)

    def typed(self, key: Scalar, value: Node | None, node: Node, common: dict[str, Node]) -> Item | None:
        shared = self.common(common)
        name = key.text
        if name in self.block_params:
            args = self.block_args(key, value)
            return Item("block", key, node, args=args, argument_node=value, **shared)
        record = TABLE.get(name)
        if record is None:
            article = "block, layer of torch.nn or function"
            self.findings.misspelt("NS204", f"no {article} is called {shorten(name)}", key, self.known_types())
            return None
        args = self.layer_args(record, key, value)
        return Item("layer", key, node, record=record, args=args, argument_node=value, **shared)

    def layer_args(self, record: Layer, key: Scalar, value: Node | None) -> tuple[tuple[Scalar, Node], ...]:
        names = [arg.name for arg in record.args]
        given: list[tuple[Scalar, Node]] = []
        if isinstance(value, Mapping):
            for name, argument in value:
                if name.text in names:
                    given.append((name, argument))
                elif not names:
                    self.findings.add("NS205", f"{record.name} takes no arguments, got {name.text!r}", name)
                else:
                    matches = closest(name.text, names)
                    fixes = [Fix(match, (Edit(name.span, match),)) for match in matches if value.get(match) is None]
                    message = f"{record.name} has no argument {shorten(name.text)!r}{did_you_mean(matches)}"
                    self.findings.add("NS205", message, name, fixes=fixes)
        elif value is not None and not (isinstance(value, Scalar) and value.value is None):
            scalar = record.scalar
            if scalar is None:
                what = "takes no arguments" if not names else f"has no single argument that {describe(value)} could be"
                self.findings.add("NS202", f"{record.name} {what}", value)
                return ()
            given.append((Scalar(scalar.name, value.span, scalar.name, frames=value.frames), value))
        return tuple(given)

    def block_args(self, key: Scalar, value: Node | None) -> tuple[tuple[Scalar, Node], ...]:
        params = self.block_params[key.text]
        if isinstance(value, Mapping):
            for name, _ in value:
                if name.text not in params:
                    self.findings.misspelt(
                        "NS205", f"the block {key.text} has no parameter {name.text!r}", name, params
                    )
            return tuple((name, argument) for name, argument in value if name.text in params)
        if value is None or (isinstance(value, Scalar) and value.value is None):
            return ()
        required = [name for name, default in params.items() if default is None]
        names = required if len(required) == 1 else list(params)[:1] if not required else []
        if not names:
            self.findings.add(
                "NS202", f"the block {key.text} has no single parameter that {describe(value)} could be", value
            )
            return ()
        return ((Scalar(names[0], value.span, names[0], frames=value.frames), value),)

    def common(self, keys: dict[str, Node]) -> dict[str, Any]:
        """The keys that every kind of item may have, as fields of Item."""
        found: dict[str, Any] = {"claim": keys.get("shape"), "repeat": keys.get("repeat")}
        for key, field in (("name", "name"), ("when", "when")):
            node = keys.get(key)
            if node is None:
                continue
            if isinstance(node, Scalar) and node.value is not None and (key == "when" or isinstance(node.value, str)):
                found[field] = node
                if key == "name" and "{" not in node.text:
                    self.check_name(node)
            else:
                self.findings.add("NS202", f"{key} has to be a word, got {describe(node)}", node)
        if "from" in keys:
            found["sources"] = self.references(keys["from"])
        return found

    def check_name(self, node: Scalar) -> None:
        fault = name_fault(node.text)
        if fault:
            self.findings.add(fault[0], fault[1], node)

    def references(self, node: Node) -> tuple[Scalar, ...]:
        """The names of a `from`."""
        nodes = node.items if isinstance(node, Sequence) else (node,)
        names = tuple(n for n in nodes if isinstance(n, Scalar) and isinstance(n.value, str))
        if len(names) < len(nodes) or not nodes:
            wrong = next((n for n in nodes if n not in names), node)
            hint = "; give the item a name to refer to" if isinstance(wrong, Scalar) else ""
            self.findings.add("NS202", f"from takes names of items, got {describe(wrong)}{hint}", wrong)
        return names
