"""What is known of a call along a line of sizes, and where the inputs of a sum or a concat meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from netspec.core.dataclass import dataclass
from netspec.core.shapes import Tensor
from netspec.expansion.graph import Call
from netspec.layers.table import TABLE
from netspec.shapes.sizes.axis_maps import AxisMap
from netspec.shapes.sizes.walk import Outputs, Result

SUMS = frozenset({"add", "sub", "mul", "div", "maximum", "minimum"})
AxisSize = int | AxisMap
AxisSizes = tuple[AxisSize, ...]


@dataclass(frozen=True)
class Column:
    """What is known of a call along a line.

    Args:
        right: the sizes at which it is right, and everything before it, ascending.
        shapes: of its outputs, where they are arithmetic; None where they are not.
        sample: a result of the call, for what does not depend on the size.
        table: the results at sizes where they are no arithmetic.
    """

    right: Sequence[int]
    shapes: tuple[AxisSizes, ...] | None = None
    sample: Result | None = None
    table: dict[int, Result] = field(default_factory=dict)

    def result(self, size: int) -> Result:
        """The result at one of the right sizes."""
        if size in self.table or self.shapes is None or self.sample is None:
            return self.table[size]
        outputs = tuple(
            Tensor(_at(shape, size), tensor.dtype)
            for shape, tensor in zip(self.shapes, self.sample.outputs, strict=True)
        )
        return Result(outputs, self.sample.args)

    def outputs(self) -> list[Outputs]:
        """The outputs at enough sizes to see which of their axes vary: what never falls varies between its ends."""
        if not self.right:
            return []
        sizes = self.right if self.shapes is None else [self.right[0], self.right[-1], *self.table]
        return [self.result(size).outputs for size in sizes]


def _at(shape: AxisSizes, size: int) -> tuple[int, ...]:
    return tuple(each if isinstance(each, int) else each(size) for each in shape)


NOWHERE = Column((), ())


def shapes_of(sample: Result) -> tuple[AxisSizes, ...]:
    return tuple(tensor.shape for tensor in sample.outputs)


def meeting(first: AxisSize, second: AxisSize, sizes: Sequence[int]) -> Sequence[int]:
    """Those of some sizes at which two axes are equal."""
    if isinstance(first, int) and isinstance(second, int):
        return sizes if first == second else ()
    if isinstance(first, AxisMap) and isinstance(second, AxisMap):
        return [size for size in sizes if first(size) == second(size)]
    number, varying = (first, second) if isinstance(first, int) else (second, first)
    if isinstance(number, int) and isinstance(varying, AxisMap):
        equal = varying.sizes_of(number)
        return [size for size in sizes if size in equal]
    raise AssertionError


def joined_axis(call: Call, rank: int) -> int | None:
    """The axis of the sample that a concat joins, -1 for a sum, which joins none; None for other calls."""
    name = call.record.name
    if TABLE.get(name) is not call.record:
        return None
    if name == "concat":
        dim = call.args.get("dim", 1)
        axis = (dim + rank + 1 if dim < 0 else dim) - 1 if isinstance(dim, int) else -1
        return axis if 0 <= axis < rank else None
    return -1 if name in SUMS else None
