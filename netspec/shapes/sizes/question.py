"""For `netspec sizes`: the input sizes for which a network is right, besides those that its spec declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from netspec.core.dataclass import dataclass
from netspec.core.shapes import Tensor
from netspec.expansion.graph import Graph
from netspec.shapes.report import Inferred
from netspec.shapes.sizes.budget import ANSWER_SECONDS, ANSWER_WORK, Budget, BudgetSpent
from netspec.shapes.sizes.search import Depends, Family, ValidSizes, diagonal, line_of, valid_sizes
from netspec.shapes.sizes.walk import Outputs, Walker, cost, with_inferred_arguments

LEAST_LAST = 512  # the largest size that is tried by default, at least
MOST_WORK = 1_500_000  # calls that are inferred for one answer by default
_AXES = {3: ("C", "H", "W"), 4: ("C", "D", "H", "W")}


@dataclass(frozen=True)
class Axis:
    """An axis that varies: its name, its (input, axis) positions, and the size that the spec declares."""

    name: str
    positions: tuple[tuple[int, int], ...]
    declared: int


@dataclass(frozen=True)
class Answer:
    """The input sizes for which a network is right.

    Args:
        axes: the axes that vary.
        fits: the sizes for the network made for its declared input; where that is wrong, for one made for each size.
        remade: the sizes for a network made anew for each size; None where no inferred argument depends on the size.
        inferred: the inferred arguments that depend on it, with their layers.
        declared: whether the declared input is right.
    """

    axes: tuple[Axis, ...]
    fits: ValidSizes
    remade: ValidSizes | None
    inferred: tuple[str, ...]
    declared: bool


def axes_of(graph: Graph) -> tuple[Axis, ...]:
    """The axes of a graph's inputs that vary: all of a sequence, all but the channels of a picture.

    Axes of the same name and size in several inputs vary together.
    """
    found: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for index, tensor in enumerate(graph.inputs.values()):
        shape = tensor.shape if tensor is not None else ()
        for axis, size in enumerate(shape):
            if len(shape) < 3 or axis > 0:
                found.setdefault((_axis_name(graph, index, len(shape), axis), size), []).append((index, axis))
    names = [name for name, _ in found]
    inputs = list(graph.inputs)
    return tuple(
        Axis(name if names.count(name) == 1 else f"{inputs[positions[0][0]]}.{name}", tuple(positions), size)
        for (name, size), positions in found.items()
    )


def _axis_name(graph: Graph, index: int, rank: int, axis: int) -> str:
    """The name of an axis, as in torch's documentation of the layer that takes it."""
    if rank == 1:
        return "L"
    if rank == 2:
        first = next((call.record.name for call in graph.calls if any(r.node == -1 - index for r in call.inputs)), "")
        return ("C", "L")[axis] if first.endswith("1d") else ("L", "C")[axis]
    return _AXES[rank][axis] if rank in _AXES else f"axis{axis}"


def family(graph: Graph, axes: Sequence[Axis], sizes: Mapping[str, Sequence[int]]) -> Family:
    """The inputs of a graph with some of their axes varying from the declared sizes."""
    tensors = [tensor or Tensor(()) for tensor in graph.inputs.values()]

    def entering(choice: Mapping[str, int]) -> Outputs:
        shapes = [list(tensor.shape) for tensor in tensors]
        for axis in axes:
            for index, position in axis.positions:
                shapes[index][position] = choice[axis.name]
        return tuple(replace(tensor, shape=tuple(shape)) for tensor, shape in zip(tensors, shapes, strict=True))

    owners = {position: axis.name for axis in axes for position in axis.positions}
    depends: tuple[Depends, ...] = tuple(
        tuple(frozenset({owners[i, a]} if (i, a) in owners else ()) for a in range(len(tensor.shape)))
        for i, tensor in enumerate(tensors)
    )
    return Family(sizes, {axis.name: axis.declared for axis in axes}, entering, depends)


def _start(walker: Walker, asked: Family) -> dict[str, int] | None:
    """The start of a second search, where nothing is found from the declared sizes: where most layers are right."""
    names = list(asked.sizes)
    last = min(sizes[-1] for sizes in asked.sizes.values())
    equal = diagonal(walker, asked, range(1, last + 1), dict.fromkeys(names, 0))
    tried = [(count, dict.fromkeys(names, size)) for size, count in equal.counts().items()]
    for name in names:
        tried += [(n, {**asked.start, name: size}) for size, n in line_of(walker, asked, name).counts().items()]
    if len(names) <= 3:
        powers = [2**power for power in range(last.bit_length())]
        for sizes in product(powers, repeat=len(names)):
            choice = dict(zip(names, sizes, strict=True))
            tried.append((len(walker.run(asked.entering(choice))), choice))
    return max(tried, key=lambda each: each[0], default=(0, None))[1]


def search(walker: Walker, axes: Sequence[Axis], sizes: Mapping[str, Sequence[int]]) -> ValidSizes:
    """The right sizes of a graph's inputs, also where the declared ones are wrong."""
    asked = family(walker.graph, axes, sizes)
    found = valid_sizes(walker, asked)
    if not found.boxes and len(axes) > 1:
        start = _start(walker, asked)
        if start is not None:
            found = valid_sizes(walker, replace(asked, start=start))
    return found


def _within_budget(graph: Graph, axes: Sequence[Axis], sizes: Mapping[str, Sequence[int]]) -> tuple[Walker, ValidSizes]:
    """The search with its walker; where it takes too long, of half of the sizes, and half of those, and so on."""
    walker = Walker(graph)
    for attempt in range(max(max(map(len, sizes.values()), default=1).bit_length(), 1)):
        walker = Walker(graph, Budget(ANSWER_WORK >> attempt, ANSWER_SECONDS / 2**attempt))
        examined = {name: each[: max(len(each) >> attempt, 1)] for name, each in sizes.items()}
        try:
            return walker, search(walker, axes, examined)
        except BudgetSpent:
            continue
    return walker, ValidSizes({name: each[:1] for name, each in sizes.items()}, ())


def answer(graph: Graph, known: Sequence[Inferred], right: bool, last: int | None = None) -> Answer:
    """Find the input sizes for which a graph is right.

    Args:
        graph: the network.
        known: what inference knows of its calls at the declared sizes.
        right: whether it is right at those.
        last: the largest size that is tried; by default at least twice the declared ones, as far as time allows.
    """
    axes = axes_of(graph)
    most = MOST_WORK // (cost(graph.calls) * max(len(axes), 1))
    sizes = {axis.name: range(1, (last or max(min(max(LEAST_LAST, 2 * axis.declared), most), 1)) + 1) for axis in axes}
    walker, fits = _within_budget(with_inferred_arguments(graph, known) if right else graph, axes, sizes)
    following = tuple(
        f"{argument} of {graph.calls[id].path}"
        for id, argument in sorted(walker.differed)
        if right and argument not in graph.calls[id].args and graph.calls[id].shares is None
    )
    remade = _within_budget(graph, axes, sizes)[1] if following else None
    return Answer(axes, fits, remade, following, right)
