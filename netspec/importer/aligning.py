"""Values that meet in one operation: brought to equally many axes, with the batch at one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from netspec.core.shapes import Shape
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held, Op, batch_axis, sample_of
from netspec.importer.traced import BATCH

if TYPE_CHECKING:
    from netspec.importer.lowering import Lowering


def numbers(values: Sequence[Any]) -> tuple[int, ...]:
    """Sizes or axes, given one by one or as one list."""
    flat: list[int] = []
    for value in values:
        flat += [*value] if isinstance(value, tuple | list) else [value]
    if any(isinstance(value, bool) or not isinstance(value, int) for value in flat):
        raise NotSayable("a size or an axis is no number")
    return tuple(flat)


def reshaped(lowering: Lowering, x: Held, sample: Shape, shape: tuple[int, ...], *, at: int | None) -> Held:
    """`x` with the sample shape `sample`, for a traced shape whose batch is at `at`."""
    fold = at is not None and shape[at] > BATCH and shape[at] % BATCH == 0
    if sample == x.sample:
        return Held(x.ref, shape, at, fold)
    type_ = "flatten" if len(sample) == 1 and len(x.sample) > 1 else "reshape"
    args: dict[str, Any] = {} if type_ == "flatten" else {"shape": [*sample]}
    (out,) = lowering.emit(type_, [x], args, [shape])
    assert isinstance(out.ref.op, Op)
    out.ref.op.shapes = (sample,)
    return Held(out.ref, shape, at, fold)


def aligned(lowering: Lowering, x: Held, rank: int, at: int | None, fold: bool) -> Held:
    """`x` as an operation needs it whose result has `rank` axes and its batch at `at`: axes of size 1 are added.

    Raises:
        NotSayable: its batch would meet another axis.
    """
    new = rank - x.rank
    if at is None:
        return x if new == 0 else reshaped(lowering, x, (*(1,) * new, *x.shape), (*(1,) * new, *x.shape), at=None)
    shape = (*(1,) * new, *x.shape)
    if x.at is not None and x.at + new == at and x.fold == fold and not (new and x.usual and at == 0):
        return reshaped(lowering, x, sample_of(shape, at, fold), shape, at=at) if new else x
    if batch_axis(x.shape) is not None:
        raise NotSayable("the batch of one tensor meets another axis of the other")
    if shape[at] != 1:
        raise NotSayable(f"a constant has {shape[at]} numbers along the batch")
    sample = [size for axis, size in enumerate(shape) if axis != at]
    if fold:
        sample.insert(at, 1)
    out = reshaped(lowering, x, tuple(sample), shape, at=at)
    return Held(out.ref, shape, at, fold)


def without_batch(lowering: Lowering, x: Held) -> Held:
    """A weight as it is, without an axis that stands for the batch.

    Raises:
        NotSayable: it differs from sample to sample.
    """
    if batch_axis(x.shape) is not None:
        raise NotSayable("its weights differ from sample to sample")
    return _without_batch(lowering, x)


def together(lowering: Lowering, inputs: Sequence[Held], shape: tuple[int, ...]) -> list[Held]:
    """The inputs of an operation that broadcasts them to `shape`."""
    at = batch_axis(shape)
    if len({x.outer for x in inputs if x.fold}) > 1:
        raise NotSayable("the batch of one tensor meets another axis of the other")
    if at is None:
        one = next((x.at for x in inputs if x.at is not None and x.rank == len(shape)), None)
        at = one if one is not None and shape[one] == 1 else None
        if at is None and any(x.at is not None for x in inputs):
            inputs = [_without_batch(lowering, x) for x in inputs]
    fold = at is not None and shape[at] > BATCH
    return [aligned(lowering, x, len(shape), at, fold) for x in inputs]


def _without_batch(lowering: Lowering, x: Held) -> Held:
    """A constant with its first axis of size 1 as an axis of the sample."""
    return x if x.at is None else reshaped(lowering, x, x.shape, x.shape, at=None)
