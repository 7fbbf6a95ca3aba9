"""Items of a scope whose names have dots → the lists that hold them, and the expressions of what they hold.

`convs.0` and `convs.1` are kept in an nn.ModuleList, items with other names in an nn.ModuleDict, and a module without
a forward of its own holds the rest: tensors, and names that those two do not take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from netspec.compiler.holes import with_holes
from netspec.compiler.templates import Assignment, Chain
from netspec.core.names import is_attribute
from netspec.expansion.graph import Call, Scope, Step
from netspec.layers.code import quoted

LIST, DICT, MODULE = "nn.ModuleList", "nn.ModuleDict", "nn.Module"
_TAKEN = frozenset({"clear", "items", "keys", "pop", "update", "values"})  # which nn.ModuleDict has itself
Tree: TypeAlias = "dict[str, Tree | Step]"


@dataclass(frozen=True)
class Lists:
    """The lists of a scope: by name, each with what it holds in its order."""

    tree: Mapping[str, Tree]
    calls: Sequence[Call]

    @classmethod
    def of(cls, scope: Scope, calls: Sequence[Call]) -> Lists:
        """The lists of a scope, whose members come in the order of use, or as `order` says; numbers count up."""
        tree: Tree = {}
        rank = {name: place for place, name in enumerate(scope.order)}
        own = [step for step in scope.steps if "." in step.name and makes_module(step, calls)]
        for step in sorted(own, key=lambda step: rank.get(step.name, len(rank))):
            *around, last = step.name.split(".")
            inner = tree
            for part in around:
                inner = inner.setdefault(part, {})  # type: ignore[assignment]  # no item lies in another one
            inner[last] = step
        return cls({name: _counted(held) for name, held in tree.items() if isinstance(held, dict)}, calls)

    def kind(self, held: Tree) -> str:
        """The class of a list."""
        if not all(isinstance(each, dict) or self._is_expression(each) for each in held.values()):
            return MODULE
        if any(isinstance(each, dict) and self.kind(each) == MODULE for each in held.values()):
            return MODULE
        if [*held] == [str(number) for number in range(len(held))]:
            return LIST
        return MODULE if _TAKEN & held.keys() else DICT

    def _is_expression(self, step: Step) -> bool:
        call = None if step.call is None else self.calls[step.call]
        return call is None or (not call.record.tensor and call.record.make is None)

    def expression(self, text: str, name: str) -> str:
        """The expression of an item that lies in a list; `text` is the scope's module."""
        first, *rest = name.split(".")
        held: Tree | Step | None = self.tree.get(first)
        text = member(text, first, MODULE)
        for part in rest:
            kind = self.kind(held) if isinstance(held, dict) else MODULE
            text, held = member(text, part, kind), held.get(part) if isinstance(held, dict) else None
        return text

    def assignments(self, name: str, made: Callable[[Step], Assignment]) -> list[Assignment]:
        """The code that makes a list of the scope.

        Args:
            name: of the list.
            made: gives the code that assigns an item.
        """
        held = self.tree[name]
        before, after = assigned("self", name)
        return [*self._made(held, before, after, member("self", name, MODULE), made)]

    def _made(
        self, held: Tree, before: str, after: str, text: str, made: Callable[[Step], Assignment]
    ) -> Iterator[Assignment]:
        if self.kind(held) != MODULE:
            yield Assignment(before, self._code(held, made), after)
            return
        yield Assignment(before, with_holes("nn.Module()"), after)
        for part, each in held.items():
            if isinstance(each, dict):
                yield from self._made(each, *assigned(text, part), member(text, part, MODULE), made)
            else:
                yield made(each)

    def _code(self, held: Tree, made: Callable[[Step], Assignment]) -> Chain:
        items = (self._code(each, made) if isinstance(each, dict) else made(each).code for each in held.values())
        kind = self.kind(held)
        return Chain(tuple(items), None if kind == LIST else tuple(held), kind)


def _counted(held: Tree) -> Tree:
    """What a list holds; numbers from 0 on in their order."""
    inner: Tree = {name: _counted(each) if isinstance(each, dict) else each for name, each in held.items()}
    numbers = [str(number) for number in range(len(inner))]
    return {name: inner[name] for name in numbers} if {*numbers} == {*inner} else inner


def makes_module(step: Step, calls: Sequence[Call]) -> bool:
    """Whether a step makes a submodule or a tensor of its scope."""
    call = None if step.call is None else calls[step.call]
    return not step.shared and (call is None or (not call.record.is_function and call.shares is None))


def member(text: str, name: str, kind: str) -> str:
    """The expression of what a module holds by a name."""
    if kind == LIST:
        return f"{text}[{name}]"
    if kind == DICT:
        return f"{text}[{quoted(name)}]"
    return f"{text}.{name}" if is_attribute(name) else f"getattr({text}, {quoted(name)})"


def assigned(text: str, name: str) -> tuple[str, str]:
    """What stands before and after the code of a module that another one holds by a name."""
    return (f"{text}.{name} = ", "") if is_attribute(name) else (f"{text}.add_module({quoted(name)}, ", ")")
