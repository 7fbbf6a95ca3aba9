"""Containers that are never called (nn.ModuleList, nn.ModuleDict) → scopes of what lies between their modules.

Those that are used by turns, as two lists in one loop, are no scopes: their modules have names with dots.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netspec.importer.failure import ImportFailure, Unsayable
from netspec.importer.held import Op
from netspec.importer.scope import Scope, operation_of, ops_of, uses_of, weights_of


def names_to(scope: Scope, entry: Op | Scope) -> list[str]:
    """The names from a scope to an entry of it: several where a container lies between."""
    if not entry.path:
        return []
    prefix = f"{scope.path}." if scope.path else ""
    if not entry.path.startswith(prefix):
        raise ImportFailure(
            "a module uses one that is not its own",
            (
                Unsayable(
                    scope.path, operation_of(entry), f"it is {entry.path}, which a spec can use only in its own scope"
                ),
            ),
        )
    return entry.path.removeprefix(prefix).split(".")


def with_containers(scope: Scope) -> None:
    """Gather the modules of each container, and what lies between them, in a scope of its own.

    Where modules of others lie between them they stay where they are, with the container in their names.
    """
    spread: set[str] = set()
    while True:
        paths = [names_to(scope, entry) for entry in scope.entries]
        name = next((path[0] for path in paths if len(path) > 1 and path[0] not in spread), None)
        if name is None:
            break
        if not _gather(scope, name):
            spread.add(name)
    for entry in scope.entries:
        if isinstance(entry, Scope):
            with_containers(entry)


def _gather(scope: Scope, name: str) -> bool:
    """Whether the modules of a container are in a scope of their own now: nothing that others hold is between them."""
    entries = scope.entries
    own = [index for index, entry in enumerate(entries) if names_to(scope, entry)[:1] == [name]]
    after, before = uses_of(entries)
    inside = set(own)
    downstream = _reach(own, after)
    upstream = _reach(own, before)
    inside |= downstream & upstream
    inside |= {index for index in range(len(entries)) if _is_glue(entries[index], index, inside, before, entries)}
    inside -= _behind(own, inside, entries)
    path = f"{scope.path}.{name}" if scope.path else name
    loose = [entries[index] for index in sorted(inside) if index not in own and entries[index].path]
    if any(_holds(op) for entry in loose for op in ops_of(entry)):
        return False
    title = "".join(part.capitalize() for part in name.split("_") if part) or "Container"
    inner = Scope(path, title, [each for index in sorted(inside) for each in _loosened(entries[index], loose)])
    place = max(inside)
    scope.entries = [
        *(entry for index, entry in enumerate(entries) if index < place and index not in inside),
        inner,
        *(entry for index, entry in enumerate(entries) if index > place),
    ]
    _share_anew(scope.entries, {op for entry in loose for op in ops_of(entry)}, {*loose})
    return True


def _behind(own: Sequence[int], inside: set[int], entries: Sequence[Op | Scope]) -> set[int]:
    """The functions of one value behind a container's last module that do not stand between its modules too."""
    if len(own) < 2:
        return set()
    gap = sum(own[-2] < index < own[-1] for index in inside)
    tail = sorted(index for index in inside if index > own[-1])
    found: set[int] = set()
    while len(tail) > gap:
        entry = entries[tail[-1]]
        if not isinstance(entry, Op) or len(entry.refs) != 1:
            break
        found.add(tail.pop())
    return found


def _holds(op: Op) -> bool:
    """Whether a call is of a module with weights, or of a tensor of the module itself."""
    return bool(op.path) and (op.module is None or weights_of(op))


def _loosened(entry: Op | Scope, loose: Sequence[Op | Scope]) -> Sequence[Op | Scope]:
    """An entry of a container; the calls of a module without weights from elsewhere, as an activation, have no name."""
    if entry not in loose:
        return (entry,)
    for op in ops_of(entry):
        op.path, op.shares = "", None
    return ops_of(entry)


def _share_anew(entries: Sequence[Op | Scope], ops: set[Op], gone: set[Op | Scope]) -> None:
    """Let the first of the calls left share what the others of a module share, where its first call has no name now."""
    first: dict[str, Op | Scope] = {}
    for entry in entries:
        if entry.shares is not None and (entry.shares in ops or entry.shares in gone):
            known = first.setdefault(entry.path, entry)
            entry.shares = None if known is entry else known


def _is_glue(
    entry: Op | Scope, index: int, inside: set[int], before: Mapping[int, set[int]], entries: Sequence[Op | Scope]
) -> bool:
    """Whether a function only joins what a container's modules give with what enters them."""
    if isinstance(entry, Scope) or entry.path or index in inside:
        return False
    taken = before[index]
    entering = set().union(*(before[each] for each in inside)) - inside
    outside = {ref.op for ref in entry.refs} - {op for other in entries for op in ops_of(other)}
    known = {ref.op for each in inside for op in ops_of(entries[each]) for ref in op.refs}
    if bool(taken & inside) and taken <= inside | entering and outside <= known:
        inside.add(index)
        return True
    return False


def _reach(start: Iterable[int], edges: Mapping[int, set[int]]) -> set[int]:
    found: set[int] = set()
    waiting = [*start]
    while waiting:
        for each in edges[waiting.pop()]:
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found
