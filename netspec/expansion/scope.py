"""A scope under construction during the expansion: its names, its steps, and their values in the flat graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

from netspec.core.dataclass import dataclass
from netspec.core.tree import Scalar
from netspec.expansion.graph import Call, Local, Ref, Scope, Step, Tie
from netspec.expansion.lists import item_and_rest
from netspec.language.spec import Item

Expand = Callable[[Item, Local | None], Local | None]

# How a scope was expanded, to expand it once more: the function, its item, and the indexes of its calls.
Again = tuple[Expand, Item, range]

NETWORK = "network "  # before the name of an input of the network, inside of groups and blocks

# A value in the flat graph: what a call gives, or several of them for a block with outputs.
Flat = Ref | tuple[Ref, ...]


@dataclass
class ScopeBuilder:
    """A scope under construction.

    `inputs` are the values that enter, by the name they have inside. `names` holds the local value of each named item
    so far, None where it failed. `later` are the names of all its items, to tell a later one from none. `again` holds,
    for each step that is a scope, how to expand it once more, and its calls. `order` are the names in the order in
    which the module holds them, where that is not the order of use. `held` are the steps of layers that are not
    applied, `weights` the values of parameters, by their names. `around` is the scope around it, and `handed` what that
    hands on besides what enters: inputs of the network whose sizes are read. `hidden` are the names of `sizes` that a
    block's own parameters have.
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
    lists: dict[str, Scalar] = field(default_factory=dict)  # those that items with dots in their names lie in
    again: dict[int, Again] = field(default_factory=dict)
    ties: list[Tie] = field(default_factory=list)
    order: tuple[Scalar, ...] = ()
    held: dict[str, int] = field(default_factory=dict)
    weights: dict[str, Local] = field(default_factory=dict)
    around: ScopeBuilder | None = None
    handed: list[Local] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()

    def at(self, name: str) -> str:
        """The module path of an item of this scope."""
        return f"{self.path}.{name}" if self.path else name

    @property
    def entry(self) -> Local | None:
        """What the first item takes: the one value that enters."""
        return Local(-1) if len(self.inputs) == 1 else None

    @property
    def entering(self) -> int:
        """How many values enter, without those that are there for their sizes."""
        return len(self.inputs) - len(self.handed)

    def network_input(self, name: str) -> str:
        """The name that an input of the network has here; the scopes around this one hand it on."""
        if self.around is None:
            return name
        own = f"{NETWORK}{name}"
        if own not in self.inputs:
            outer = self.around.network_input(name)
            local = Local(-1 - list(self.around.inputs).index(outer))
            self.inputs[own] = self.around.flat(local)
            self.handed.append(local)
        return own

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
        chain = chain and not any("." in step.name for step in self.steps)
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


def below(step: Step, path: str, calls: Sequence[Call]) -> tuple[int, str] | None:
    """The call that a path leads to below a step, and what is left of the path: the name of its parameter."""
    while step.scope is not None:
        steps = {each.name: each for each in reversed(step.scope.steps)}
        name, path = item_and_rest(path, steps)
        if name not in steps:
            return None
        step = steps[name]
    if step.call is None or calls[step.call].record.is_function:
        return None
    return calls[step.call].maker, path
