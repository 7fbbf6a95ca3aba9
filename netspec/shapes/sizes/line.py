"""A graph along a line of sizes: one number varies, and with it one axis of the input or several.

Where every axis of a value is a number or an AxisMap, a layer is inferred at three sizes of the line and is arithmetic
for the others. What is no such value (Flatten, chunk, attention) is inferred at each size.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from netspec.core.shapes import Tensor
from netspec.expansion.graph import Call
from netspec.shapes.sizes.axis_maps import AxisMap, Rise, rise
from netspec.shapes.sizes.budget import LOOKED_UP
from netspec.shapes.sizes.columns import NOWHERE, AxisSize, AxisSizes, Column, joined_axis, meeting, shapes_of
from netspec.shapes.sizes.walk import Outputs, Result, Walker


class _Results(Mapping[int, Result]):
    """The results of a line at one size, by the call's number."""

    def __init__(self, line: Line, size: int) -> None:
        self.line, self.size = line, size

    def __getitem__(self, id: int) -> Result:
        if not self.line.is_right(id, self.size):
            raise KeyError(id)
        return self.line.columns[id].result(self.size)

    def __contains__(self, id: object) -> bool:
        return isinstance(id, int) and self.line.is_right(id, self.size)

    def __iter__(self) -> Iterator[int]:
        return (id for id in self.line.columns if id in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Line:
    """The results of all calls of a graph along a line.

    Args:
        walker: for the graph.
        sizes: the sizes of the line, ascending.
        entering: one tensor for each input of the network, from a size.
    """

    def __init__(self, walker: Walker, sizes: Sequence[int], entering: Callable[[int], Outputs]) -> None:
        self.walker, self.sizes = walker, sizes
        if walker.budget is not None:
            walker.budget.spend(LOOKED_UP * len(sizes))
        self.entering = {size: entering(size) for size in sizes}
        self.columns: dict[int, Column] = {}
        self._members: dict[int, frozenset[int]] = {}  # of the lists of sizes, by identity
        self.inputs = [self._input([tensors[i] for tensors in self.entering.values()]) for i in self._numbers()]
        for call in walker.graph.calls:
            column = self._column(call)
            if column is not None:
                self.columns[call.id] = column

    def __getitem__(self, size: int) -> Mapping[int, Result]:
        """The results at one size."""
        return _Results(self, size)

    def is_right(self, id: int, size: int) -> bool:
        """Whether a call is right at a size."""
        return id in self.columns and size in self._set(self.columns[id].right)

    def reaching(self, ids: Iterable[int]) -> list[int]:
        """The sizes at which all of some calls are right."""
        wanted = list(ids)
        if any(id not in self.columns for id in wanted):
            return []
        return list(self._common([self.columns[id].right for id in wanted]))

    def counts(self) -> dict[int, int]:
        """How many calls are right at each size."""
        counts, often = dict.fromkeys(self.sizes, 0), dict[int, tuple[Sequence[int], int]]()
        for column in self.columns.values():
            often[id(column.right)] = (column.right, often.get(id(column.right), (column.right, 0))[1] + 1)
        for right, times in often.values():
            for size in right:
                counts[size] += times
        return counts

    def _numbers(self) -> range:
        return range(len(next(iter(self.entering.values()), ())))

    def _set(self, sizes: Sequence[int]) -> Collection[int]:
        if isinstance(sizes, range):
            return sizes
        return self._members.setdefault(id(sizes), frozenset(sizes))

    def _common(self, several: list[Sequence[int]]) -> Sequence[int]:
        """The sizes that are in all of some lists; where these are one list, that one."""
        distinct = list({id(each): each for each in several}.values()) or [self.sizes]
        first, *others = sorted(distinct, key=len)
        for other in others:
            if len(other) < len(self.sizes):
                members = self._set(other)
                kept = [size for size in first if size in members]
                first = first if len(kept) == len(first) else kept
        return first

    def _input(self, tensors: list[Tensor]) -> AxisSizes | None:
        """The axes of an input along the line; None where one of them is neither constant nor rises evenly."""
        if len({len(tensor.shape) for tensor in tensors}) != 1:
            return None
        shape: list[AxisSize] = []
        for column in zip(*(tensor.shape for tensor in tensors), strict=True):
            if len(set(column)) == 1:
                shape.append(column[0])
                continue
            times, rest = divmod(column[1] - column[0], self.sizes[1] - self.sizes[0])
            step = Rise(times=times).through(self.sizes[0], column[0]) if times > 0 and not rest else None
            if step is None or any(step(size) != value for size, value in zip(self.sizes, column, strict=True)):
                return None
            shape.append(AxisMap().then(step))
        return tuple(shape)

    def _column(self, call: Call) -> Column | None:
        """A call along the line; None where it is right nowhere."""
        sources = [ref.node for ref in call.inputs if ref.node >= 0]
        sources += [] if call.shares is None else [call.shares]
        if any(node not in self.columns for node in sources):
            return None
        sizes = self._common([self.columns[node].right for node in sources])
        if not sizes:
            return None
        arriving = None if call.shares is not None or call.claim is not None or call.further else self._arriving(call)
        if arriving is None:
            return self._at_each(call, sizes)
        odd = {size for node in sources for size in self.columns[node].table}
        plain = [size for size in sizes if size not in odd] if odd else sizes
        column = self._by_arithmetic(call, arriving, plain) if plain else None
        if column is None:
            return self._at_each(call, sizes)
        more = self._table(call, [size for size in sizes if size in odd])
        if not more:
            return column if column.right else None
        table = {**column.table, **more}
        shapes = column.shapes if column.sample is not None else None
        return Column(sorted({*column.right, *table}), shapes, column.sample, table)

    def _arriving(self, call: Call) -> list[AxisSizes] | None:
        """The shapes that reach a call, where all of them are arithmetic."""
        arriving: list[AxisSizes] = []
        for ref in call.inputs:
            entering = None if ref.node >= 0 else self.inputs[-1 - ref.node]
            every = self.columns[ref.node].shapes if ref.node >= 0 else None if entering is None else (entering,)
            if every is None or (ref.output is not None and ref.output >= len(every)):
                return None
            arriving += every if ref.output is None else [every[ref.output]]
        return arriving

    def _step(self, call: Call, size: int) -> Result | None:
        results = self[size]
        inputs = self.walker.arriving(call, self.entering[size], results)
        return None if inputs is None else self.walker.step(call, inputs, results)

    def _table(self, call: Call, sizes: Iterable[int]) -> dict[int, Result]:
        """The results of a call at those of some sizes at which it is right."""
        results = ((size, self._step(call, size)) for size in sizes)
        return {size: result for size, result in results if result is not None}

    def _at_each(self, call: Call, sizes: Sequence[int]) -> Column | None:
        """A call that is inferred at each size; what comes out the same everywhere is arithmetic again."""
        table = self._table(call, sizes)
        if not table:
            return None
        right = sizes if len(table) == len(sizes) else list(table)
        first = next(iter(table.values()))
        if all(result.outputs == first.outputs and result.args == first.args for result in table.values()):
            return Column(right, shapes_of(first), first)
        return Column(right, table=table)

    def _by_arithmetic(self, call: Call, arriving: list[AxisSizes], sizes: Sequence[int]) -> Column | None:
        """A call as arithmetic, right nowhere or somewhere; None where it has to be inferred at each size."""
        if not any(isinstance(each, AxisMap) for shape in arriving for each in shape):
            sample = self._step(call, sizes[0])
            return NOWHERE if sample is None else Column(sizes, shapes_of(sample), sample)
        if len(arriving) > 1:
            return self._joined(call, arriving, sizes)
        (shape,) = arriving
        varying = {axis: each for axis, each in enumerate(shape) if isinstance(each, AxisMap)}
        rises = {axis: rise(call, axis, len(shape)) for axis in varying}
        if None in rises.values():
            return None
        right = self._accepted(call, sizes)
        sample = self._step(call, right[0]) if right else None
        if sample is None:
            return NOWHERE

        def grown(tensor: Tensor) -> AxisSizes:
            found: list[AxisSize] = list(tensor.shape)
            for axis, how in rises.items():
                if how is not None:
                    found[axis] = varying[axis].then(how.through(varying[axis](right[0]), tensor.shape[axis]))
            return tuple(found)

        if any(len(tensor.shape) != len(shape) for tensor in sample.outputs):
            return None
        return self._confirmed(call, Column(right, tuple(map(grown, sample.outputs)), sample))

    def _accepted(self, call: Call, sizes: Sequence[int]) -> Sequence[int]:
        """The sizes from the first one on that a layer accepts, which accepts every size above one that it does."""
        if self._step(call, sizes[0]) is not None:
            return sizes
        low, high = 1, len(sizes)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._step(call, sizes[middle]) is None else (low, middle)
        return sizes[low:]

    def _confirmed(self, call: Call, column: Column) -> Column | None:
        """The column, unless inference says otherwise at its first size, the middle or the last."""
        right = column.right
        for size in {right[0], right[len(right) // 2], right[-1]}:
            result = self._step(call, size)
            if result is None or result.outputs != column.result(size).outputs:
                return None
        return column

    def _joined(self, call: Call, arriving: list[AxisSizes], sizes: Sequence[int]) -> Column | None:
        """A sum or a concat: right where its inputs meet, which is where they have equal sizes on every other axis."""
        axis = joined_axis(call, len(arriving[0]))
        if axis is None or len({len(shape) for shape in arriving}) != 1:
            return None
        repeats, met, odd = call.record.broadcasts, sizes, set[int]()
        kept: list[AxisSize] = list(arriving[0])
        for index, entries in enumerate(zip(*arriving, strict=True)):
            if index == axis:
                if any(isinstance(each, AxisMap) for each in entries):
                    return None
                continue
            different = list(dict.fromkeys(each for each in entries if not (repeats and each == 1))) or [1]
            kept[index] = different[0]
            if repeats:  # a size of one is repeated
                ones = [each.sizes_of(1) for each in different if isinstance(each, AxisMap)]
                odd |= {size for size in sizes for found in ones if size in found}
            for other in different[1:]:
                met = meeting(different[0], other, met)
        table = self._table(call, [size for size in sizes if size in odd])
        right = [size for size in met if size not in odd] if odd else met
        sample = self._step(call, right[0]) if right else None
        if sample is None or len(sample.outputs) != 1:
            return Column(sorted(table), table=table) if table else NOWHERE
        shape = tuple(
            each if isinstance(each, AxisMap) else size
            for each, size in zip(kept, sample.outputs[0].shape, strict=True)
        )
        column = self._confirmed(call, Column(right, (shape,), sample))
        if column is None or not table:
            return column
        return Column(sorted({*right, *table}), (shape,), sample, table)
