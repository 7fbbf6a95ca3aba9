"""The sizes for which a graph is right, exactly, over ranges of sizes.

First each axis varies alone, the others fixed at a base size. For layers that treat each axis by itself (`separable`) a
pair of sizes is valid where each of the two is valid on its own. The tensors that enter any other layer (`mixed`) sort
the sizes of an axis into classes (a 2×2 pool makes 8 and 9 the same), and these layers are inferred for every
combination of classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod

from netspec.core.dataclass import dataclass
from netspec.core.shapes import Tensor
from netspec.expansion.graph import Call, Ref
from netspec.shapes.sizes.line import Line
from netspec.shapes.sizes.walk import Outputs, Result, Walker, checked_sizes, cost, separable

MOST_PAIRS = 100_000  # calls that are inferred for combinations of classes
Box = dict[str, tuple[int, ...]]  # sizes by axis; every combination of them is right
Depends = tuple[frozenset[str], ...]  # for each axis of a tensor, the names of the sizes that it depends on


@dataclass(frozen=True)
class Family:
    """The inputs of a network with sizes that vary, each under a name.

    Args:
        sizes: the sizes to try of each name, ascending.
        start: a size of each name, at which the others stay while one varies.
        entering: one tensor for each input of the network, from a size of each name.
        depends: for each input and axis, the names that it depends on.
    """

    sizes: Mapping[str, Sequence[int]]
    start: Mapping[str, int]
    entering: Callable[[Mapping[str, int]], Outputs]
    depends: tuple[Depends, ...]


@dataclass(frozen=True)
class ValidSizes:
    """The right combinations of sizes.

    Args:
        examined: the sizes of each name that were tried.
        boxes: the right combinations among them, as boxes that do not overlap.
    """

    examined: dict[str, Sequence[int]]
    boxes: tuple[Box, ...]

    @property
    def separate(self) -> bool:
        """Whether the sizes of one axis do not depend on those of another."""
        return len(self.boxes) == 1

    def __contains__(self, choice: Mapping[str, int]) -> bool:
        return any(all(choice[name] in sizes for name, sizes in box.items()) for box in self.boxes)

    def all_right(self) -> bool:
        """Whether every combination that was tried is right."""
        return self.separate and all(len(sizes) == len(self.examined[name]) for name, sizes in self.boxes[0].items())


def line_of(walker: Walker, family: Family, name: str) -> Line:
    """The line along which one size varies, and the others stay at the start."""
    return Line(walker, family.sizes[name], lambda size: family.entering({**family.start, name: size}))


def diagonal(walker: Walker, family: Family, sizes: Sequence[int], offsets: Mapping[str, int]) -> Line:
    """The line along which all sizes vary together, each of them so much larger than the line's."""
    return Line(walker, sizes, lambda size: family.entering({name: size + more for name, more in offsets.items()}))


class _Search:
    def __init__(self, walker: Walker, family: Family, most: int) -> None:
        self.walker, self.family, self.calls, self.most = walker, family, walker.graph.calls, most
        self.sizes = {name: list(sizes) for name, sizes in family.sizes.items()}
        self.lines = {name: line_of(walker, family, name) for name in self.sizes}
        self.base = walker.run(self.enters({}))
        self.depends: dict[int, tuple[Depends, ...]] = {}  # of the outputs of calls that are not mixed
        self.mixed: list[Call] = []  # calls that need combinations of sizes
        self.jointly_checked: list[Call] = []  # calls that pass their input on, and refuse some combinations of sizes
        for call in self.calls:
            self.classify(call)

    def enters(self, choice: Mapping[str, int]) -> Outputs:
        return self.family.entering({**self.family.start, **choice})

    def reaching(self, ref: Ref) -> tuple[Depends, ...] | None:
        """The names that the tensors of a value depend on; None where a mixed call gives it."""
        outputs = (self.family.depends[-1 - ref.node],) if ref.node < 0 else self.depends.get(ref.node)
        if outputs is None or ref.output is None:
            return outputs
        return outputs[ref.output : ref.output + 1]

    def classify(self, call: Call) -> None:
        """Find whether a call can be inferred axis by axis, and what its outputs depend on."""
        columns = [self.reaching(ref) for ref in call.inputs]
        if call.shares is not None:  # where sizes are inferred, those of its first use hold
            columns += [self.reaching(ref) for ref in self.calls[call.shares].inputs]
        if any(column is None for column in columns):
            self.mixed.append(call)
            return
        tensors = [depends for column in columns for depends in column or ()]
        every = frozenset[str]().union(*(names for depends in tensors for names in depends))
        if len(every) > 1:
            inputs = self.walker.arriving(call, self.enters({}), self.base)
            passing = inputs is not None and len(inputs) == 1 and checked_sizes(call, inputs[0].shape) is not None
            alone = len({len(depends) for depends in tensors}) == 1 and all(
                len(frozenset[str]().union(*position)) <= 1 for position in zip(*tensors, strict=True)
            )
            if not alone or not (passing or separable(call)):
                self.mixed.append(call)
                return
            if passing:
                self.jointly_checked.append(call)
        depends = self.observed(call)
        if depends is None:
            self.mixed.append(call)
        else:
            self.depends[call.id] = depends

    def observed(self, call: Call) -> tuple[Depends, ...] | None:
        """The names that each axis of a call's outputs varies with; None for an axis of two names or a varying rank."""
        base = self.base.get(call.id)
        if base is None:
            return ()  # refused at the start, and so along every other line
        found: list[list[set[str]]] = [[set() for _ in tensor.shape] for tensor in base.outputs]
        for name, line in self.lines.items():
            for outputs in line.columns[call.id].outputs() if call.id in line.columns else ():
                if outputs == base.outputs:
                    continue
                if [len(tensor.shape) for tensor in outputs] != [len(axes) for axes in found]:
                    return None
                for axes, tensor, start in zip(found, outputs, base.outputs, strict=True):
                    for names, size, start_size in zip(axes, tensor.shape, start.shape, strict=True):
                        if size != start_size:
                            names.add(name)
        if any(len(names) > 1 for axes in found for names in axes):
            return None
        return tuple(tuple(frozenset(names) for names in axes) for axes in found)

    def combined(self, choice: Mapping[str, int], ref: Ref) -> Result:
        """A value that no mixed call gives, for a combination of sizes: each axis from the line of its own name."""
        node, base = ref.node, self.base[ref.node]
        tensors = []
        for index, depends in enumerate(self.depends[node]):
            lines = [next(iter(names), None) for names in depends]
            shape = tuple(
                size if name is None else self.lines[name][choice[name]][node].outputs[index].shape[axis]
                for axis, (name, size) in enumerate(zip(lines, base.outputs[index].shape, strict=True))
            )
            tensors.append(Tensor(shape, base.outputs[index].dtype))
        return Result(tuple(tensors), base.args)

    def found(self) -> ValidSizes:
        mixed = {call.id for call in self.mixed}
        alone = [call.id for call in self.calls if call.id not in mixed]
        for name, line in self.lines.items():
            self.sizes[name] = line.reaching(alone)
        if not all(self.sizes.values()):
            return ValidSizes(dict(self.family.sizes), ())
        edge = tuple(dict.fromkeys(ref for call in self.mixed for ref in call.inputs if ref.node not in mixed))
        classes = {name: self.classes(name, edge) for name in self.sizes}
        examined = dict(self.family.sizes)
        if not self.mixed and not self.jointly_checked:
            return ValidSizes(examined, ({name: tuple(sizes) for name, sizes in self.sizes.items()},))
        self.shrink(classes, examined)
        table = {
            combination: self.right(dict(zip(classes, (group[0] for group in combination), strict=True)), edge)
            for combination in product(*classes.values())
        }
        return ValidSizes(examined, tuple(_boxes(list(classes), table)))

    def classes(self, name: str, edge: Sequence[Ref]) -> list[tuple[int, ...]]:
        """The sizes of a name in classes, each of sizes that are the same to the layers that need combinations."""
        raw = any(
            ref.node < 0 and any(name in names and len(names) > 1 for names in self.family.depends[-1 - ref.node])
            for ref in edge
        )
        groups: dict[object, list[int]] = {}
        for size in self.sizes[name]:
            results, entering = self.lines[name][size], self.lines[name].entering[size]
            seen: list[object] = [entering[-1 - r.node] if r.node < 0 else results[r.node].outputs for r in edge]
            for call in self.jointly_checked:
                inputs = self.walker.arriving(call, entering, results) or ()
                seen.append(checked_sizes(call, inputs[0].shape))
            groups.setdefault((*seen, size if raw else None), []).append(size)
        return [tuple(sizes) for sizes in groups.values()]

    def shrink(self, classes: dict[str, list[tuple[int, ...]]], examined: dict[str, Sequence[int]]) -> None:
        """Leave out the largest sizes until there are few enough combinations."""
        most = max(self.most // cost([*self.mixed, *self.jointly_checked]), 1)
        while prod(map(len, classes.values())) > most:
            name = max(classes, key=lambda each: len(classes[each]))
            sizes = sorted(size for group in classes[name] for size in group)
            last = sizes[len(sizes) * 9 // 10 - 1]
            examined[name] = [size for size in examined[name] if size <= last]
            self.sizes[name] = [size for size in self.sizes[name] if size <= last]
            kept = (tuple(size for size in group if size <= last) for group in classes[name])
            classes[name] = [group for group in kept if group]

    def right(self, choice: Mapping[str, int], edge: Sequence[Ref]) -> bool:
        """Whether the calls that depend on several axes at once are right for a combination of sizes."""
        entering = self.enters(choice)
        for call in self.jointly_checked:
            given = {ref.node: self.combined(choice, ref) for ref in call.inputs if ref.node >= 0}
            inputs = self.walker.arriving(call, entering, given)
            if inputs is None or self.walker.step(call, inputs, self.base) is None:
                return False
        if any(call.shares is not None for call in self.mixed):
            return len(self.walker.run(entering)) == len(self.calls)
        given = {ref.node: self.combined(choice, ref) for ref in edge if ref.node >= 0}
        results: dict[int, Result] = dict(given)
        for call in self.mixed:
            inputs = self.walker.arriving(call, entering, results)
            result = None if inputs is None else self.walker.step(call, inputs, results)
            if result is None:
                return False
            results[call.id] = result
        return True


def _boxes(names: Sequence[str], table: Mapping[tuple[tuple[int, ...], ...], bool]) -> list[Box]:
    """The right entries of a table of classes as boxes: classes with the same partners share a box."""
    if not names:
        return [{}] if all(table.values()) else []
    inner: dict[tuple[int, ...], dict[tuple[tuple[int, ...], ...], bool]] = {}
    for combination, right in table.items():
        inner.setdefault(combination[0], {})[combination[1:]] = right
    merged: dict[tuple[object, ...], tuple[list[int], list[Box]]] = {}
    for group, rest in inner.items():
        found = _boxes(names[1:], rest)
        key = tuple(tuple(box.items()) for box in found)
        if found:
            merged.setdefault(key, ([], found))[0].extend(group)
    return [{names[0]: tuple(sorted(sizes)), **box} for sizes, found in merged.values() for box in found]


def valid_sizes(walker: Walker, family: Family, most: int = MOST_PAIRS) -> ValidSizes:
    """All right combinations of a family's sizes.

    Where a layer that treats each axis by itself refuses the start, nothing is found for two axes or more.

    Args:
        walker: for the graph.
        family: its inputs, with the sizes to try.
        most: the calls that are inferred for combinations of sizes; where these are too few, the largest sizes are
            left out of `examined`.

    Raises:
        BudgetSpent: the walker's budget is used up.
    """
    return _Search(walker, family, most).found()
