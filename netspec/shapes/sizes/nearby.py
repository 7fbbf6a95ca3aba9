"""The right sizes of the input near the declared one, for inputs of a call that do not fit together.

Only the calls up to that one are inferred, and only sizes near the declared ones, so that a check stays fast. The
message names the sizes that were examined.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from netspec.core.dataclass import dataclass
from netspec.expansion.graph import Call, Graph
from netspec.shapes.sizes.budget import Budget, BudgetSpent
from netspec.shapes.sizes.question import Axis, axes_of, family
from netspec.shapes.sizes.search import Family, ValidSizes, diagonal, line_of, valid_sizes
from netspec.shapes.sizes.walk import Walker
from netspec.shapes.sizes.words import pattern, runs, sizes_text

FURTHEST = 128  # sizes below and above the declared ones
MOST_RUNS = 4  # runs of sizes that a message lists
FEW = 32  # neighbouring sizes, of which the one with the largest power of two is chosen
MOST_PAIRS = 8_000  # calls that are inferred for combinations of sizes


@dataclass(frozen=True)
class Nearby:
    """The right sizes near the declared ones.

    Args:
        axes: the axes that vary.
        found: their right sizes, among those that were examined.
    """

    axes: tuple[Axis, ...]
    found: ValidSizes

    def period(self, name: str) -> int | None:
        """The number whose multiples, near the declared size, are all right for an axis."""
        sizes = self.found.boxes[0][name]
        found = pattern(sizes, self.found.examined[name][-1]) if len(runs(sizes)) > 1 else None
        return None if found is None or 0 not in found.remainders else found.period

    def candidates(self, name: str) -> tuple[int, ...]:
        """The sizes of an axis that a person would choose: multiples; of a short run the one with most factors of 2."""
        sizes, period = self.found.boxes[0][name], self.period(name)
        if period is not None:
            return tuple(size for size in sizes if size % period == 0)
        short = [run for run in runs(sizes) if run[1] - run[0] < FEW]
        chosen = {max(range(low, high + 1), key=lambda size: size & -size) for low, high in short}
        return tuple(n for n in sizes if n in chosen or not any(low <= n <= high for low, high in short))

    def words(self) -> str | None:
        """`H and W multiples of 16`; None where the axes depend on each other, or no more than one size is right."""
        if not self.found.separate:
            return None
        names_of: dict[str, list[str]] = {}
        for name in self.found.boxes[0]:
            sizes, examined, period = self.found.boxes[0][name], self.found.examined[name], self.period(name)
            text = sizes_text(sizes, examined) if period is None else f"multiples of {period}"
            if len(sizes) < 2 or (period is None and len(runs(sizes)) > MOST_RUNS):
                return None
            if not text.startswith("every size"):
                names_of.setdefault(text, []).append(name)
        if not names_of:
            return None
        ends = {(sizes[0], sizes[-1]) for sizes in self.found.examined.values()}
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
        words = ", ".join(f"{' and '.join(names)} {text}" for text, names in names_of.items())
        return f"{words} (tried {low} to {high})"

    def nearest(self) -> list[dict[str, int]]:
        """The next right sizes above and below the declared ones, the nearer ones first."""
        if not self.found.separate:
            return []
        declared = {axis.name: axis.declared for axis in self.axes}
        named = {name: self.candidates(name) for name in declared}
        above = {name: next((n for n in sizes if n >= declared[name]), None) for name, sizes in named.items()}
        below = {name: next((n for n in reversed(sizes) if n <= declared[name]), None) for name, sizes in named.items()}
        whole = [{name: size for name, size in choice.items() if size is not None} for choice in (above, below)]
        found = [choice for choice in whole if len(choice) == len(declared) and choice != declared]
        return sorted(found, key=lambda each: sum(abs(size - declared[name]) for name, size in each.items()))


def upstream_graph(graph: Graph, call: Call) -> Graph:
    """The graph up to a call: what it depends on, and itself."""
    needed, queue = {call.id}, [call.id]
    while queue:
        each = graph.calls[queue.pop()]
        sources = {ref.node for ref in each.inputs if ref.node >= 0}
        if each.shares is not None:
            sources.add(each.shares)
        queue += sources - needed
        needed |= sources
    order = {old: new for new, old in enumerate(sorted(needed))}
    calls = tuple(
        replace(
            each,
            id=order[each.id],
            inputs=tuple(replace(ref, node=order[ref.node]) if ref.node >= 0 else ref for ref in each.inputs),
            shares=None if each.shares is None else order[each.shares],
        )
        for each in (graph.calls[old] for old in order)
    )
    return replace(graph, calls=calls)


def nearby(graph: Graph, call: Call, budget: Budget | None = None) -> Nearby | None:
    """The right sizes near the declared ones for the whole network, else for the part up to a call.

    Args:
        graph: the network.
        call: one whose inputs do not fit together.
        budget: what the search may spend; `ended` says whether it was too little.

    Returns:
        None where there are no such sizes, or the search would take too long.
    """
    if any(tensor is None for tensor in graph.inputs.values()):
        return None
    try:
        return _around(graph, budget) or _around(upstream_graph(graph, call), budget)
    except BudgetSpent:
        return None


def _around(part: Graph, budget: Budget | None) -> Nearby | None:
    """The right sizes of a graph near the declared ones."""
    axes = tuple(axis for axis in axes_of(part) if axis.name != "C")
    if not axes or len({axis.declared for axis in axes}) > 2:
        return None
    low, high = (end(axis.declared for axis in axes) for end in (min, max))
    near = {axis.name: (low, high) if high - low <= 2 * FURTHEST else (axis.declared, axis.declared) for axis in axes}
    sizes = {name: range(max(least - FURTHEST, 1), most + FURTHEST + 1) for name, (least, most) in near.items()}
    walker = Walker(part, budget)
    asked = family(part, axes, sizes)
    start = _start(walker, asked)
    if start is None:
        return None
    found = valid_sizes(walker, replace(asked, start=start), MOST_PAIRS)
    return Nearby(axes, found) if found.boxes else None


def _start(walker: Walker, asked: Family) -> dict[str, int] | None:
    """The right sizes that are nearest: all axes changed alike, else each by itself, else all of one size."""
    names, calls = list(asked.sizes), range(len(walker.graph.calls))
    first = min(names, key=lambda name: asked.start[name])
    ranges = asked.sizes.values()
    inside = range(max(sizes[0] for sizes in ranges), min(sizes[-1] for sizes in ranges) + 1)
    offsets = {name: asked.start[name] - asked.start[first] for name in names}
    lowest = max(sizes[0] - offsets[name] for name, sizes in asked.sizes.items())
    highest = min(sizes[-1] - offsets[name] for name, sizes in asked.sizes.items())
    alike = diagonal(walker, asked, range(lowest, highest + 1), offsets)
    right = alike.reaching(calls)
    if right:
        nearest = min(right, key=lambda size: abs(size - asked.start[first]))
        return {name: nearest + more for name, more in offsets.items()}
    alone = [
        (abs(size - asked.start[name]), {**asked.start, name: size})
        for name in names
        for size in line_of(walker, asked, name).reaching(calls)
    ]
    if alone:
        return min(alone, key=lambda each: each[0])[1]
    if len(set(offsets.values())) > 1 and inside:
        right = diagonal(walker, asked, inside, dict.fromkeys(names, 0)).reaching(calls)
        if right:
            return dict.fromkeys(names, right[0])
    if len(names) == 2:
        for sizes in product((8, 16, 32, 64, 128), repeat=2):
            choice = dict(zip(names, sizes, strict=True))
            if all(size in inside for size in sizes) and len(walker.run(asked.entering(choice))) == len(calls):
                return choice
    return None
