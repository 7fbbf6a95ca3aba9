"""The state in which items are expanded: what Values gives, and the names of submodules in their scope."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import replace

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Note
from netspec.core.names import item_name_fault
from netspec.core.tree import Scalar, shorten
from netspec.expansion.graph import Local
from netspec.expansion.lists import clash, lists_around
from netspec.expansion.values import TEMPLATE, Values
from netspec.language.evaluate import FAILED
from netspec.language.spec import Item


@dataclass(frozen=True)
class Context(Values):
    """The state in which items are expanded; as Values."""

    def name_of(self, node: Scalar) -> str:
        """A name with its {expressions} filled in."""
        parts = TEMPLATE.split(node.text)
        if len(parts) == 1 and "{" not in node.text:
            return node.text
        for index in range(1, len(parts), 2):
            value = self.scalar(replace(node, value=parts[index], text=parts[index], plain=False))
            parts[index] = "_" if value is FAILED else str(value)
        name = "".join(parts)
        fault = item_name_fault(name)
        if fault:
            self.error(fault[0], fault[1], node)
            return fault[2]
        return name

    def attribute(self, item: Item) -> str:
        """The name of an item's submodule: its own, or its number in the list, as nn.Sequential numbers."""
        scope = self.scope
        number = str(scope.position)
        scope.position += 1
        if item.name is None:
            if _makes_module(item):
                scope.numbered[number] = item.at
                if number in scope.named_at or number in scope.lists:
                    self.number_taken(number, item.at, scope.named_at.get(number) or scope.lists[number])
            return number
        name = self.name_of(item.name)
        if name in scope.inputs and name != "input":  # which has a finding of its own
            self.error("NS209", f"an input of the network is called {name} already", item.name)
        reason = clash(name, ChainMap(scope.named_at, scope.numbered), scope.lists)
        if reason is not None:
            self.error("NS209", reason, item.name, layer=scope.at(name))
            return f"{name.replace('.', '_')}_{number}"
        if name not in scope.named_at:
            scope.named_at[name] = item.name
            scope.lists |= dict.fromkeys(lists_around(name), item.name)
            if name in scope.numbered:
                self.number_taken(name, item.name, scope.numbered[name])
            return name
        first = scope.named_at[name]
        note = Note("note", f"first at line {first.span.line}")
        if first.span == item.name.span:
            note = Note("note", f"a repeat makes several: number them, as name: {name}{{i}} with repeat: {{i: 3}}")
        self.error("NS209", f"two items of one scope are called {name}", item.name, layer=scope.at(name), notes=[note])
        return f"{name}_{number}"

    def number_taken(self, number: str, at: Scalar, other: Scalar) -> None:
        """NS209 for an item whose name is the number of another one that has no name."""
        notes = [Note("note", f"the other one is at line {other.span.line}; items without a name have their numbers")]
        self.error("NS209", f"two items of one scope are called {number}", at, layer=self.scope.at(number), notes=notes)

    def check_order(self) -> None:
        """NS301 for a name in `order` that no submodule or tensor of the scope has."""
        known = dict.fromkeys(name for step in self.scope.steps for name in (*lists_around(step.name), step.name))
        for name in self.scope.order:
            if name.text not in known:
                message = f"no submodule or tensor of this scope is called {shorten(name.text)!r}"
                self.findings.misspelt("NS301", message, name, known, frames=self.frames)

    def bind(self, item: Item, name: str, local: Local | None) -> Local | None:
        """Store the value of a named item for later references; None marks one that failed."""
        if item.name is not None:
            self.scope.names[name] = local
        return local

    def unknown(self, item: Item, last: Local | None) -> Local | None:
        """Give an item that could not be read its number and its name; it has no value."""
        self.sources(item, last)
        return self.bind(item, self.attribute(item), None)

    def expect_items(self, item: Item) -> None:
        """NS303 where nothing is left of the scope: it is the identity then, which is no value where several enter."""
        scope = self.scope
        if len(scope.inputs) > 1 and not (scope.steps or scope.names or scope.position):
            message = f"nothing is left of {scope.path}, and {len(scope.inputs)} values enter it: one has to leave"
            self.error("NS303", message, item.at, layer=scope.path)


def _makes_module(item: Item) -> bool:
    """Whether an item becomes a submodule of its own."""
    return item.kind not in ("share", "branches") and (item.record is None or not item.record.is_function)
