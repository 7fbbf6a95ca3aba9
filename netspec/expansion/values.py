"""The state in which items are expanded, and the values that it gives: of expressions, and of references to items."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import field, replace
from typing import Self

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Findings, Note
from netspec.core.expressions import Value, evaluate
from netspec.core.names import certain_match
from netspec.core.tree import Frame, Node, Scalar, shorten
from netspec.expansion.graph import Call, InitRule, Local
from netspec.expansion.lists import item_and_rest
from netspec.expansion.scope import ScopeBuilder
from netspec.language.evaluate import Evaluator, Reader
from netspec.language.spec import Item
from netspec.layers.arguments import Kind

TEMPLATE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Values:
    """The state in which items are expanded.

    Args:
        scope: the scope that is built.
        names: the parameters with their values.
        findings: takes what is wrong.
        types: the names of the layers, functions and blocks.
        frames: the block uses that led to the scope.
        inits: how the parameters of its layers are filled, innermost first.
        calls: all so far, to which a reference to a parameter adds one.
        each: the calls that fold an axis into the batch around it.
    """

    scope: ScopeBuilder
    names: Dict[str, Value]
    findings: Findings
    types: Collection[str]
    frames: tuple[Frame, ...] = ()
    inits: tuple[InitRule, ...] = ()
    calls: list[Call] = field(default_factory=list)
    each: tuple[int, ...] = ()

    def error(self, code: str, message: str, at: Node, *, layer: str | None = None, notes: Iterable[Note] = ()) -> None:
        """Add a finding with the block uses that led to the scope."""
        self.findings.add(code, message, at, layer=layer, notes=notes, frames=self.frames)

    def scalar(self, node: Scalar, read: Reader = evaluate) -> object:
        """The value of a scalar, FAILED where it has none; text is an expression, or what `read` reads."""
        return Evaluator(self.findings).scalar(node, self.names, self.frames, read)

    def argument(self, node: Node, kind: Kind, what: str, layer: str | None = None) -> object:
        """The value of a node as a kind of argument accepts it, FAILED where it does not."""
        return Evaluator(self.findings).argument(node, kind, self.names, what, layer, self.frames)

    def with_names(self, more: Dict[str, Value]) -> Self:
        """The same with further parameters."""
        return replace(self, names={**self.names, **more}) if more else self

    def sources(self, item: Item, last: Local | None) -> tuple[Local, ...] | None:
        """The local values that an item takes; None where one is missing, with a finding unless it failed before."""
        if item.sources is None:
            if last is None and not self.scope.steps and len(self.scope.inputs) > 1:
                known = ", ".join(self.scope.inputs)
                self.error("NS303", f"several values enter here ({known}): say which with from", item.at)
            return None if last is None else self.handed_on(item, last)
        found = self.references(item.sources)
        if not found and item.sources:
            self.error("NS301", f"nothing before this is called {item.sources[0].text}", item.sources[0])
        locals_ = tuple(local for local in found if local is not None)
        return locals_ if locals_ and len(locals_) == len(found) else None

    def handed_on(self, item: Item, last: Local) -> tuple[Local, ...] | None:
        """What an item takes of the item before: a copy of a repeat that takes several values, all of them."""
        if not item.hands_on:
            return (last,)
        found = self.scope.each(last)
        if len(found) != item.hands_on:
            count = "1 value" if len(found) == 1 else f"{len(found)} values"
            message = f"a copy of this repeat takes {item.hands_on} values, and the one before it gives {count}"
            note = Note("fix", "outputs of the block, or of the group: as many as it takes")
            self.error("NS303", message, item.at, notes=[note])
            return None
        return found

    def count(self, item: Item) -> int:
        """How many values an item takes by its `from`; 0 where that is one."""
        if item.sources is None:
            return 0
        attempt = replace(self, findings=Findings())  # the item itself reports what is wrong
        count = len(attempt.references(item.sources))
        return count if count > 1 else 0

    def references(self, references: Iterable[Scalar]) -> tuple[Local | None, ...]:
        """The values of references, in their order; None for each that there is not."""
        return tuple(local for reference in references for local in self.several(reference))

    def several(self, reference: Scalar) -> tuple[Local | None, ...]:
        """The values of a reference; one with `*` stands for all so far whose names match, or for all outputs of one.

        `layer*` are layer1, layer2, …; `layer*.1` is the second output of each; `input.*` is all that enters.
        """
        return tuple(local for _, local in self.named(reference))

    def named(self, reference: Scalar) -> tuple[tuple[str, Local | None], ...]:
        """The values of a reference with the text that stands for each alone."""
        scope = self.scope
        name, part = item_and_rest(reference.text, scope.names)
        if "*" not in reference.text or reference.text in scope.names:
            return ((reference.text, self.lookup(reference)),)
        inside = [each for each in scope.names if "." in each and _pattern(reference.text).fullmatch(each)]
        if inside:
            return tuple((each, scope.names[each]) for each in inside)
        if "*" not in name:
            whole = replace(reference, value=name, text=name)
            found = [Local(-1 - index) for index in range(scope.entering)] if name == "input" else [self.lookup(whole)]
            values = [each for local in found for each in (scope.each(local) if local is not None else (None,))]
            if values == found and name != "input":  # the outputs of one layer, which are not counted yet
                return ((name, values[0]),)
            return tuple((f"{name}.{index}", each) for index, each in enumerate(values))
        pattern = _pattern(name)
        matching = [each for each in scope.names if pattern.fullmatch(each)]
        if not matching and not any(pattern.fullmatch(TEMPLATE.sub("0", each)) for each in scope.later):
            message = f"no item of this scope has a name like {shorten(name)!r}"
            known = dict.fromkeys(re.sub(r"\{[^{}]*\}|\d+", "*", each) for each in scope.later)
            self.findings.misspelt("NS301", message, reference, known, frames=self.frames)
            return ((reference.text, None),)
        texts = [f"{match}.{part}" if part else match for match in matching]
        found_in = self.named if part == "*" else self.one
        return tuple(pair for text in texts for pair in found_in(replace(reference, value=text, text=text)))

    def one(self, reference: Scalar) -> tuple[tuple[str, Local | None]]:
        """The value of a reference with its text, as a tuple."""
        return ((reference.text, self.lookup(reference)),)

    def lookup(self, reference: Scalar) -> Local | None:
        """The value of a reference; None where there is none, with a finding unless it failed before."""
        scope, inputs = self.scope, list(self.scope.inputs)
        name, index = item_and_rest(reference.text, scope.names, scope.later)
        dot = reference.text[len(name) : len(name) + 1]
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
            close = self.findings.misspelt("NS301", message, reference, self.writable(suffix), frames=self.frames)
            there = [each for each in close if self.is_there(each, suffix)]
            guess = certain_match(reference.text, there)
            return None if guess is None else self.lookup(replace(reference, value=guess, text=guess))
        held = scope.held.get(name)
        if (local is None and held is None) or not dot:
            return local
        if not index.isdecimal() or len(index) > 6:
            return self.weight(local.step if held is None and local is not None else held, index, reference)
        if local is None:
            return None
        value = scope.flat(local)
        if isinstance(value, tuple) and int(index) >= len(value):
            self.error("NS304", f"{name} has {len(value)} outputs, numbered from 0; got {index}", reference)
            return None
        return Local(local.step, int(index))

    def writable(self, suffix: str) -> Iterator[str]:
        """What a reference may be: a name with the `suffix` of an output, or one with a dot, which has no outputs."""
        names = (*self.scope.names, *self.scope.inputs)
        yield from (each + suffix for each in names if "." not in each)
        yield from (each for each in self.scope.names if "." in each)

    def is_there(self, reference: str, suffix: str) -> bool:
        """Whether a close name, which may be that of an earlier copy, is one here."""
        bare = reference.removesuffix(suffix)
        return reference in self.scope.names or bare in self.scope.names or bare in self.scope.inputs

    def weight(self, step: int | None, path: str, reference: Scalar) -> Local | None:
        """The value of a parameter below an earlier step; None, with a finding, where there is no such layer."""
        if step is not None and step >= 0:
            from netspec.expansion.weight_values import weight_value

            found = weight_value(self.scope, self.calls, step, path, reference, self.frames)
            if found is not None:
                return found
        forms = "name, name.0, or name.weight of a layer"
        self.error("NS301", f"{shorten(reference.text)!r} is no reference: it is {forms}", reference)
        return None


def _pattern(name: str) -> re.Pattern[str]:
    """The names that a name with `*` stands for."""
    return re.compile("[^.]*".join(map(re.escape, name.split("*"))))
