"""A scope during the expansion: its names, its steps, and the values of its references."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace

from netspec.core.diagnostics import Findings, Note
from netspec.core.expressions import Value, evaluate
from netspec.core.names import certain_match, name_fault
from netspec.core.tree import Frame, Node, Scalar, shorten
from netspec.expansion.graph import Call, InitRule, Local, Ref, Scope, Step, Tie
from netspec.language.evaluate import FAILED, Evaluator, Reader
from netspec.language.spec import Item
from netspec.layers.arguments import Kind

_TEMPLATE = re.compile(r"\{([^{}]*)\}")

Expand = Callable[[Item, Local | None], Local | None]

# How a scope was expanded, to expand it once more: the function, its item, and the indexes of its calls.
Again = tuple[Expand, Item, range]

# A value in the flat graph: what a call gives, or several of them for a block with outputs.
Flat = Ref | tuple[Ref, ...]


@dataclass
class ScopeBuilder:
    """A scope under construction.

    `inputs` are the values that enter, by the name they have inside. `names` holds the local value of each named item
    so far, None where it failed. `later` are the names of all its items, to tell a later one from none. `again` holds,
    for each step that is a scope, how to expand it once more, and its calls. `order` are the names in the order in
    which the module holds them, where that is not the order of use.
    """

    path: str
    title: str
    inputs: dict[str, Flat]
    later: frozenset[str]
    names: dict[str, Local | None] = field(default_factory=dict)
    named_at: dict[str, Scalar] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    values: list[Flat] = field(default_factory=list)
    position: int = 0
    numbered: dict[str, Scalar] = field(default_factory=dict)  # the submodules that have their number as a name
    again: dict[int, Again] = field(default_factory=dict)
    ties: list[Tie] = field(default_factory=list)
    order: tuple[Scalar, ...] = ()

    def at(self, name: str) -> str:
        """The module path of an item of this scope."""
        return f"{self.path}.{name}" if self.path else name

    @property
    def entry(self) -> Local | None:
        """What the first item takes: the one value that enters."""
        return Local(-1) if len(self.inputs) == 1 else None

    def flat(self, local: Local) -> Flat:
        """A local value in the flat graph."""
        value = list(self.inputs.values())[-1 - local.step] if local.step < 0 else self.values[local.step]
        if local.output is None:
            return value
        return value[local.output] if isinstance(value, tuple) else Ref(value.node, local.output)

    def each(self, local: Local) -> tuple[Local, ...]:
        """A local value; of one with several outputs, all of them one by one."""
        value = self.flat(local)
        if not isinstance(value, tuple):
            return (local,)
        return tuple(Local(local.step, index) for index in range(len(value)))

    def add(self, step: Step, value: Flat) -> Local:
        """Append a step whose result is `value` in the flat graph."""
        self.steps.append(step)
        self.values.append(value)
        return Local(len(self.steps) - 1)

    def finish(self, results: tuple[Local, ...], calls: Sequence[Call]) -> Scope:
        """The finished scope; it is a chain where nn.Sequential, which takes one value, can hold it."""
        self.again.clear()  # it is needed no longer, and refers back to this scope
        chain = not self.ties and len(self.inputs) == 1 and results == (Local(len(self.steps) - 1),)
        for index, step in enumerate(self.steps):
            call = None if step.call is None else calls[step.call]
            module = call is None or (
                call.record.chains and not call.record.sets_forward(call.args) and call.shares is None
            )
            chain = chain and module and not step.shared and step.sources == (Local(index - 1),)
        counts = tuple(len(flat) if isinstance(flat := self.flat(each), tuple) else 1 for each in results)
        order = tuple(name.text for name in self.order)
        return Scope(
            self.path,
            self.title,
            tuple(self.inputs),
            tuple(self.steps),
            results,
            chain and not order,
            counts,
            ties=tuple(self.ties),
            order=order,
        )


@dataclass(frozen=True)
class Context:
    """The state in which items are expanded.

    Args:
        scope: the scope that is built.
        names: the parameters with their values.
        findings: takes what is wrong.
        types: the names of the layers, functions and blocks.
        frames: the block uses that led to the scope.
        inits: how the parameters of its layers are filled, innermost first.
    """

    scope: ScopeBuilder
    names: Dict[str, Value]
    findings: Findings
    types: Collection[str]
    frames: tuple[Frame, ...] = ()
    inits: tuple[InitRule, ...] = ()

    def error(self, code: str, message: str, at: Node, *, layer: str | None = None, notes: Iterable[Note] = ()) -> None:
        """Add a finding with the block uses that led to the scope."""
        self.findings.add(code, message, at, layer=layer, notes=notes, frames=self.frames)

    def scalar(self, node: Scalar, read: Reader = evaluate) -> object:
        """The value of a scalar, FAILED where it has none; text is an expression, or what `read` reads."""
        return Evaluator(self.findings).scalar(node, self.names, self.frames, read)

    def argument(self, node: Node, kind: Kind, what: str, layer: str | None = None) -> object:
        """The value of a node as a kind of argument accepts it, FAILED where it does not."""
        return Evaluator(self.findings).argument(node, kind, self.names, what, layer, self.frames)

    def check_order(self) -> None:
        """NS301 for a name in `order` that no submodule or tensor of the scope has."""
        known = dict.fromkeys(step.name for step in self.scope.steps)
        for name in self.scope.order:
            if name.text not in known:
                message = f"no submodule or tensor of this scope is called {shorten(name.text)!r}"
                self.findings.misspelt("NS301", message, name, known, frames=self.frames)

    def with_names(self, more: Dict[str, Value]) -> Context:
        """The same with further parameters."""
        return replace(self, names={**self.names, **more}) if more else self

    def name_of(self, node: Scalar) -> str:
        """A name with its {expressions} filled in."""
        parts = _TEMPLATE.split(node.text)
        if len(parts) == 1 and "{" not in node.text:
            return node.text
        for index in range(1, len(parts), 2):
            value = self.scalar(replace(node, value=parts[index], text=parts[index], plain=False))
            parts[index] = "_" if value is FAILED else str(value)
        name = "".join(parts)
        fault = name_fault(name)
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
                if number in scope.named_at:
                    self.number_taken(number, item.at, scope.named_at[number])
            return number
        name = self.name_of(item.name)
        if name in scope.inputs and name != "input":  # which has a finding of its own
            self.error("NS209", f"an input of the network is called {name} already", item.name)
        if name not in scope.named_at:
            scope.named_at[name] = item.name
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

    def bind(self, item: Item, name: str, local: Local | None) -> Local | None:
        """Store the value of a named item for later references; None marks one that failed."""
        if item.name is not None:
            self.scope.names[name] = local
        return local

    def expect_items(self, item: Item) -> None:
        """NS303 where nothing is left of the scope: it is the identity then, which is no value where several enter."""
        scope = self.scope
        if len(scope.inputs) > 1 and not (scope.steps or scope.names or scope.position):
            message = f"nothing is left of {scope.path}, and {len(scope.inputs)} values enter it: one has to leave"
            self.error("NS303", message, item.at, layer=scope.path)

    def sources(self, item: Item, last: Local | None) -> tuple[Local, ...] | None:
        """The local values that an item takes; None where one is missing, with a finding unless it failed before."""
        if item.sources is None:
            if last is None and not self.scope.steps and len(self.scope.inputs) > 1:
                known = ", ".join(self.scope.inputs)
                self.error("NS303", f"several values enter here ({known}): say which with from", item.at)
            return None if last is None else (last,)
        found = [self.lookup(reference) for reference in item.sources]
        locals_ = tuple(local for local in found if local is not None)
        return locals_ if locals_ and len(locals_) == len(found) else None

    def lookup(self, reference: Scalar) -> Local | None:
        """The value of a reference; None where there is none, with a finding unless it failed before."""
        scope, inputs = self.scope, list(self.scope.inputs)
        name, dot, index = reference.text.partition(".")
        if reference.text in inputs:
            return Local(-1 - inputs.index(reference.text))
        if reference.text in scope.names:
            return scope.names[reference.text]
        if name in inputs:
            local: Local | None = Local(-1 - inputs.index(name))
        elif name == "input" and len(inputs) == 1:
            local = Local(-1)
        elif name in scope.names:
            local = scope.names[name]
        elif name in scope.later:
            self.error("NS302", f"{name} comes later: a layer takes only what is computed before it", reference)
            return None
        else:
            message = f"nothing before this is called {shorten(reference.text)!r} in this scope"
            suffix = dot + index if index.isdecimal() else ""
            known = [each + suffix for each in (*scope.names, *inputs) if "." not in each]  # with a dot it is no name
            self.findings.misspelt("NS301", message, reference, known, frames=self.frames)
            guess = certain_match(reference.text, known)
            return None if guess is None else self.lookup(replace(reference, value=guess, text=guess))
        if local is None or not dot:
            return local
        if not index.isdecimal() or len(index) > 6:
            self.error("NS301", f"{shorten(reference.text)!r} is no reference: it is name or name.0", reference)
            return None
        value = scope.flat(local)
        if isinstance(value, tuple) and int(index) >= len(value):
            self.error("NS304", f"{name} has {len(value)} outputs, numbered from 0; got {index}", reference)
            return None
        return Local(local.step, int(index))


def _makes_module(item: Item) -> bool:
    """Whether an item becomes a submodule of its own."""
    return item.kind not in ("share", "branches") and (item.record is None or not item.record.is_function)


def names_in(items: tuple[Item, ...]) -> frozenset[str]:
    """The names that the items of one scope have."""
    found: set[str] = set()
    for item in items:
        if item.name is not None:
            found.add(item.name.text)
        elif item.kind == "group":
            found |= names_in(item.items)
        elif item.kind == "branches":
            found |= {name.text for name, _, _ in item.branches}
    return frozenset(found)
