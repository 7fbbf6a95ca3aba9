"""Values of a spec: how the axes of a traced tensor lie in it, where the batch always comes first.

A traced tensor may have its batch at another place (`permute(2, 0, 3, 1, 4)`), or as a factor of an axis (B·windows).
In the spec its batch is the first axis, the factor an axis of its own at the place where the batch stood, and the
others follow in their order. A constant has no batch at all, or a first axis of size 1 that stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netspec.core.shapes import Shape
from netspec.importer.failure import NotSayable
from netspec.importer.traced import BATCH, Frame

if TYPE_CHECKING:
    from torch import nn


@dataclass(eq=False)
class Op:
    """One call of a layer or function in the spec.

    Args:
        type: the record's name.
        args: the arguments to write.
        inputs: the values that it takes, in order.
        wires: further values by the names of the record.
        frame: the call of the module in which it happens.
        shapes: the sample shape of each output.
        path: the path of its module or tensor in the network; empty for a function.
        module: its module.
        shares: the earlier call of the same module.
        anywhere: its input only tells the batch's size.
        several: its outputs are picked by number.
        applied: whether its module is applied; one of whose weights alone are used is not.
        place: the file and line of the author's code that calls it.
        each: the axis to whose indexes a layer is applied, which the module folds into the batch; 0 for none.
        folded: all that it takes has such an axis, the first one.
    """

    type: str
    args: dict[str, Any]
    inputs: tuple[Ref, ...]
    frame: Frame
    shapes: tuple[Shape, ...]
    wires: dict[str, Ref] = field(default_factory=dict)
    path: str = ""
    module: nn.Module | None = None
    shares: Op | None = None
    anywhere: bool = False
    several: bool = False
    applied: bool = True
    place: str = ""
    each: int = 0
    folded: bool = False

    @property
    def refs(self) -> tuple[Ref, ...]:
        """All values that it takes."""
        return (*self.inputs, *self.wires.values())


@dataclass(frozen=True)
class Ref:
    """A value: an output of a call, an input of the network by its name, or a weight of a call's module by its name."""

    op: Op | str
    output: int | None = None
    weight: str = ""


@dataclass(frozen=True)
class Held:
    """A traced tensor in the spec.

    Args:
        ref: the value.
        shape: the traced shape.
        at: the traced axis that holds the batch; None where there is none.
        fold: the factor of the batch's axis is an axis of its own in the spec.
        outer: the factor counts slower than the batch, as in `view(T * B, -1)` of [T, B, C].
    """

    ref: Ref
    shape: tuple[int, ...]
    at: int | None = 0
    fold: bool = False
    outer: bool = False

    @property
    def rank(self) -> int:
        """The number of traced axes."""
        return len(self.shape)

    @property
    def usual(self) -> bool:
        """Whether its axes are those of the spec."""
        return self.at == 0 and not self.fold

    @property
    def sample(self) -> Shape:
        """The shape of one sample in the spec."""
        return sample_of(self.shape, self.at, self.fold)

    def axis(self, dim: int) -> int:
        """The axis in the spec of a traced axis; a negative one stays one.

        Raises:
            NotSayable: it is the batch's.
        """
        place = dim + self.rank if dim < 0 else dim
        if place == self.at:
            raise NotSayable("it works along the batch")
        if self.usual:
            return dim
        if self.at is None:
            return dim if dim < 0 else dim + 1
        if place < self.at:
            return place + 1
        return dim if dim < 0 else place + self.fold


def sample_of(shape: tuple[int, ...], at: int | None, fold: bool) -> Shape:
    """The sample shape of a traced shape with the batch at `at`."""
    if at is None:
        return shape
    factor = (shape[at] // BATCH,) if fold else ()
    return (*shape[:at], *factor, *shape[at + 1 :])


def batch_axis(shape: tuple[int, ...]) -> int | None:
    """The axis of a traced shape that holds the batch.

    Raises:
        NotSayable: two of them do.
    """
    found = [axis for axis, size in enumerate(shape) if size and size % BATCH == 0]
    if len(found) > 1:
        raise NotSayable("two axes have the size of the batch: samples are compared with each other")
    return found[0] if found else None


def held(ref: Ref, shape: tuple[int, ...], *, like: Held | None = None) -> Held:
    """A traced tensor whose spec value is `ref`; without a batch it lies as `like` does, as a constant otherwise."""
    at = batch_axis(shape)
    if at is not None:
        fold = shape[at] > BATCH
        return Held(ref, shape, at, fold, fold and like is not None and like.outer)
    one = like is not None and like.at is not None and like.at < len(shape) and shape[like.at] == 1
    return Held(ref, shape, like.at if one and like is not None else None)
