"""What happens in one module: its calls and the scopes inside it, and how these use each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from netspec.importer.held import Op, Ref


@dataclass(eq=False)
class Scope:
    """What happens in one module.

    Args:
        path: the module's path in the network.
        title: the name of its class.
        entries: its calls, and the scopes inside it.
        inputs: the values that enter, in the order of their use.
        results: the values that leave.
        shares: the scope of the same module's first call.
        order: the names of what it holds, where that is not the order of the entries.
        each: the axis to whose indexes it is applied one by one; 0 for none.
        size: the size of that axis.
    """

    path: str
    title: str
    entries: list[Op | Scope] = field(default_factory=list)
    inputs: list[Ref] = field(default_factory=list)
    results: list[Ref] = field(default_factory=list)
    shares: Scope | None = None
    order: list[str] = field(default_factory=list)
    each: int = 0
    size: int = 0

    def ops(self) -> Iterator[Op]:
        """All calls inside it."""
        for entry in self.entries:
            if isinstance(entry, Scope):
                yield from entry.ops()
            else:
                yield entry


def ops_of(entry: Op | Scope) -> tuple[Op, ...]:
    """The calls of an entry."""
    return (entry,) if isinstance(entry, Op) else tuple(entry.ops())


def operation_of(entry: Op | Scope) -> str:
    """What an entry is called in a message."""
    return entry.type if isinstance(entry, Op) else entry.title


def weights_of(op: Op) -> bool:
    """Whether a call's module has weights or buffers."""
    return op.module is not None and any(True for _ in op.module.state_dict())


def uses_of(entries: Sequence[Op | Scope]) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """For each entry those that take what it gives, and those whose values it takes."""
    home = {op: index for index, entry in enumerate(entries) for op in ops_of(entry)}
    after: dict[int, set[int]] = {index: set() for index in range(len(entries))}
    before: dict[int, set[int]] = {index: set() for index in range(len(entries))}
    for index, entry in enumerate(entries):
        for op in ops_of(entry):
            for source in {home[ref.op] for ref in op.refs if isinstance(ref.op, Op) and ref.op in home}:
                if source != index:
                    after[source].add(index)
                    before[index].add(source)
    return after, before
