"""What a module does in training mode and not in eval mode: how the spec of one differs from that of the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from netspec.importer.held import Op, Ref
from netspec.importer.lowering import Lowering
from netspec.importer.scopes import needed
from netspec.importer.traced import TracedCall

NOISE = frozenset({"randn_like", "rand_like"})
_MOST = 4  # operations that a note names


@dataclass
class Graph:
    """What a module does in one mode.

    Args:
        ops: its calls in the spec.
        results: the values that it returns.
        returned: what it returns, as traced.
        calls: its calls as traced.
        lowering: what has made the calls in the spec.
        backwards: its functions with a backward of their own.
    """

    ops: list[Op]
    results: list[Ref]
    returned: object
    calls: list[TracedCall]
    lowering: Lowering
    backwards: tuple[str, ...] = ()


def same_graph(one: Graph, other: Graph) -> bool:
    """Whether two graphs are the same in what their results need."""
    return _key(one) == _key(other)


def _key(graph: Graph) -> Hashable:
    ops = needed(graph.ops, graph.results)
    places = {op: place for place, op in enumerate(ops)}

    def at(ref: Ref) -> Hashable:
        return (places[ref.op] if isinstance(ref.op, Op) else ref.op, ref.output, ref.weight)

    calls = ((op.type, op.path, repr(op.args), tuple(map(at, op.refs)), tuple(op.wires)) for op in ops)
    return tuple(calls), tuple(map(at, graph.results))


def noise_of_training(trained: Sequence[Op], evaluated: Sequence[Op]) -> None:
    """Let the noise that eval mode lacks be there in training mode alone."""
    places = {op.place for op in evaluated if op.type in NOISE}
    for op in trained:
        if op.type in NOISE and op.place not in places:
            op.args = {**op.args, "training_only": True}


def only_in(calls: Sequence[TracedCall], others: Sequence[TracedCall]) -> str:
    """The operations of one run that the other lacks, with the lines that call them; empty where there are none."""
    rest = Counter(map(_operation, calls)) - Counter(map(_operation, others))
    found: dict[str, list[str]] = {}
    for name, place in rest:
        found.setdefault(name, []).append(place)
    named = [f"{name}{_at(places)}" for name, places in found.items()]
    more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
    return ", ".join(named[:_MOST]) + more


def _at(places: Sequence[str]) -> str:
    known = [place for place in places if place]
    return f" ({known[0]})" if known else ""


def _operation(call: TracedCall) -> tuple[str, str]:
    return call.path or call.function, call.place
