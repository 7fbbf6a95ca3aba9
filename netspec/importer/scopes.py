"""Calls → the tree of modules: each scope holds what happens in one module, in an order in which it can be computed.

A call belongs to the module in which it happens. A container that is never called itself (nn.ModuleList, nn.ModuleDict)
becomes a scope of what lies between its modules.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from netspec.importer.calls import as_first_call, frames_of, same_in_other_calls, with_sizes_of_inputs
from netspec.importer.containers import names_to, with_containers
from netspec.importer.failure import ImportFailure, Unsayable
from netspec.importer.held import Op, Ref
from netspec.importer.scope import Scope, ops_of, uses_of, weights_of
from netspec.importer.traced import Frame


def needed(ops: Sequence[Op], results: Iterable[Ref]) -> list[Op]:
    """The calls that the results need, and those of modules with weights.

    Of a module that is called several times each call does the same, what another one needs included.
    """
    others = same_in_other_calls(ops)
    kept: set[Op] = set()
    waiting = [*(ref.op for ref in results), *(op for op in ops if weights_of(op) or not op.applied)]
    while waiting:
        op = waiting.pop()
        if isinstance(op, Op) and op not in kept:
            kept.add(op)
            waiting += [*(ref.op for ref in op.refs), *others.get(op, ())]
    return [op for op in ops if op in kept]


def _chain(op: Op, transparent: set[Frame]) -> list[Frame]:
    """The calls of modules that a call is part of, from the outermost; the network's own is left out."""
    frames = [frame for frame in frames_of(op) if frame.inside is not None and frame.path and frame not in transparent]
    return frames[::-1]


def _transparent(ops: Sequence[Op]) -> set[Frame]:
    """The modules that are no scope of their own: one that is its single call, or that holds that call's weights.

    So a subclass of BatchNorm2d with an activation is a BatchNorm2d and an activation; only the former has a name, as
    the latter has no weights.
    """
    inside: dict[Frame, list[Op]] = {}
    for op in ops:
        for frame in frames_of(op):
            inside.setdefault(frame, []).append(op)
    found: set[Frame] = set()
    for frame, own in inside.items():
        if frame.inside is None:
            continue
        if any(op.path == frame.path and op.frame is frame for op in own):
            found.add(frame)
            for op in own:
                if op.path != frame.path and not weights_of(op):
                    op.path = ""
                    found |= {inner for inner in frames_of(op) if inner.path.startswith(f"{frame.path}.")}
        elif len(own) == 1 and not own[0].path and own[0].frame is frame:
            found.add(frame)
            own[0].path = frame.path
    return found


def scopes(ops: Sequence[Op], results: Sequence[Ref], keys: Sequence[str]) -> Scope:
    """The tree of scopes of a network.

    Args:
        ops: its calls in the order of execution.
        results: what it returns.
        keys: the names of its weights in their order.

    Raises:
        ImportFailure: the modules of two containers are used by turns.
    """
    transparent = _transparent(ops)
    chains = {op: _chain(op, transparent) for op in ops}
    first: dict[str, Scope] = {}
    root = _nested(ops, chains, 0, Scope("", "Network"), first)
    with_containers(root)
    _connect(root, results)
    _in_order(root, keys)
    return root


def _nested(
    ops: Sequence[Op], chains: Mapping[Op, list[Frame]], depth: int, scope: Scope, first: dict[str, Scope]
) -> Scope:
    """Fill a scope with its calls; those that happen in one call of a module inside it are one entry."""
    index = 0
    while index < len(ops):
        chain = chains[ops[index]]
        if len(chain) <= depth:
            scope.entries.append(ops[index])
            index += 1
            continue
        frame, start = chain[depth], index
        while index < len(ops) and chains[ops[index]][depth : depth + 1] == [frame]:
            index += 1
        inner = Scope(frame.path, type(frame.module).__name__)
        if frame.path in first:
            inner.shares = first[frame.path]
        first.setdefault(frame.path, inner)
        scope.entries.append(_nested(ops[start:index], chains, depth + 1, inner, first))
    return scope


# -- values that enter and leave, and the order ------------------------------------------------------------------------


def _connect(scope: Scope, results: Iterable[Ref]) -> None:
    """Note what enters and leaves each scope; `results` are the values of it that are used outside."""
    scope.results = [*dict.fromkeys(results)]
    home = {op: entry for entry in scope.entries for op in ops_of(entry)}
    used: dict[Scope, list[Ref]] = {entry: [] for entry in scope.entries if isinstance(entry, Scope)}
    for ref in scope.results:
        entry = home.get(ref.op) if isinstance(ref.op, Op) and not ref.weight else None
        if isinstance(entry, Scope):
            used[entry].append(ref)
    for entry in scope.entries:
        for op in ops_of(entry):
            for ref in op.refs:
                source = home.get(ref.op) if isinstance(ref.op, Op) and not ref.weight else None
                if isinstance(source, Scope) and source is not entry:
                    used[source].append(ref)
    as_first_call(used)
    for entry, refs in used.items():
        own = set(entry.ops())
        entering = [ref for op in entry.ops() for ref in op.refs if ref.op not in own]
        entry.inputs = [*dict.fromkeys(entering)]
        order = {op: index for index, op in enumerate(entry.ops())}
        _connect(entry, sorted(dict.fromkeys(refs), key=lambda ref: (order[ref.op], ref.output or 0)))  # type: ignore[index]
    for first in {entry.shares for entry in used if entry.shares is not None}:
        with_sizes_of_inputs(first, [entry for entry in used if entry.shares is first])


def _in_order(scope: Scope, keys: Sequence[str]) -> None:
    """Put the entries into an order in which they can be computed, that of the weights where that is one."""
    places = {key: index for index, key in enumerate(keys)}
    prefixes: dict[str, int] = {}
    for key, index in places.items():
        parts = key.split(".")
        for length in range(1, len(parts) + 1):
            prefixes.setdefault(".".join(parts[:length]), index)
    entries = scope.entries
    _, before = uses_of(entries)
    waits = {index: set(sources) for index, sources in before.items()}
    first: dict[str, int] = {}  # the entry that makes a module, or the first that lies in a list
    for index, entry in enumerate(entries):
        if entry.path in prefixes and entry.shares is None:
            first.setdefault(names_to(scope, entry)[0], index)
    around = f"{scope.path}." if scope.path else ""
    ranked = sorted(first, key=lambda name: prefixes[around + name])
    for earlier, later in itertools.pairwise(ranked):
        waits[first[later]].add(first[earlier])
    order = _sorted(waits)
    if order is None:
        order = _sorted(before)
        scope.order = ranked
    if order is None:
        raise ImportFailure(
            "the modules of two containers are used by turns",
            (Unsayable(scope.path, scope.title, "no order of its modules is one in which they can be computed"),),
        )
    scope.entries = [entries[index] for index in order]
    scope.order += _orders_of_lists(scope, prefixes)
    for entry in scope.entries:
        if isinstance(entry, Scope):
            _in_order(entry, keys)


def _orders_of_lists(scope: Scope, prefixes: Mapping[str, int]) -> list[str]:
    """The names of what the lists of a scope hold, for those whose order is not that of the use; numbers count up."""
    lists: dict[str, dict[str, int]] = {}
    for entry in scope.entries:
        if entry.path in prefixes and entry.shares is None and len(names := names_to(scope, entry)) > 1:
            lists.setdefault(names[0], {})[".".join(names)] = prefixes[entry.path]
    found: list[str] = []
    for name, held in lists.items():
        counted = {*held} == {f"{name}.{number}" for number in range(len(held))}
        if not counted and [*held] != sorted(held, key=lambda each: held[each]):
            found += sorted(held, key=lambda each: held[each])
    return found


def _sorted(before: Mapping[int, set[int]]) -> list[int] | None:
    """Indexes, each after those it waits for, else in their order; None where they wait for each other."""
    done: list[int] = []
    found: set[int] = set()
    waiting = [*before]
    while waiting:
        ready = next((index for index in waiting if before[index] <= found), None)
        if ready is None:
            return None
        done.append(ready)
        found.add(ready)
        waiting.remove(ready)
    return done
