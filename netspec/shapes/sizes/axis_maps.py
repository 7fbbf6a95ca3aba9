"""What layers do to the size of one axis, as arithmetic: n → t·floor((n + a) / s) + b, and chains of such steps.

Convolutions, pools, paddings and upsamplings are such steps. Two neighbouring steps are one step wherever s of the
later one is a multiple of t of the earlier one, or the other way round: floor((floor(x) + c) / k) = floor((x + c) / k).
So a chain of any length is a few steps, and the sizes that it brings to a given one are found without trying any.
"""

from __future__ import annotations

from netspec.core.dataclass import dataclass
from netspec.expansion.graph import Call
from netspec.layers.record import same_shape
from netspec.layers.spatial import per_axis
from netspec.layers.table import ACTIVATIONS, BATCH_NORMS, CONVOLUTIONS, DROPOUTS, POOLS, TABLE
from netspec.shapes.apply import LARGEST, with_defaults


@dataclass(frozen=True, slots=True)
class Step:
    """n → times·floor((n + add) / divide) + plus, with times and divide at least 1."""

    add: int
    divide: int
    times: int
    plus: int

    def __call__(self, size: int) -> int:
        return self.times * ((size + self.add) // self.divide) + self.plus

    def least(self, value: int) -> int:
        """The smallest n with a result of at least `value`."""
        return self.divide * -((self.plus - value) // self.times) - self.add

    def before(self, later: Step) -> Step | None:
        """This step and then a later one, as one step; None where they are not one."""
        between = self.plus + later.add
        if later.divide % self.times == 0:
            add, divide = self.add + self.divide * (between // self.times), later.divide // self.times
            return Step(add, self.divide * divide, later.times, later.plus)
        if self.times % later.divide == 0:
            times = later.times * (self.times // later.divide)
            return Step(self.add, self.divide, times, later.times * (between // later.divide) + later.plus)
        return None

    def reduced(self) -> Step:
        """The same step with `add` below `divide`, so that equal steps are equal values."""
        whole, add = divmod(self.add, self.divide)
        return Step(add, self.divide, self.times, self.plus + self.times * whole)


@dataclass(frozen=True, slots=True)
class AxisMap:
    """Steps one after the other; it never falls.

    Args:
        steps: as few as possible; none is the identity.
    """

    steps: tuple[Step, ...] = ()

    def then(self, step: Step) -> AxisMap:
        """The map with one step more at its end."""
        steps = self.steps
        while steps:
            merged = steps[-1].before(step)
            if merged is None:
                break
            steps, step = steps[:-1], merged
        step = step.reduced()
        return AxisMap(steps if step == Step(0, 1, 1, 0) else (*steps, step))

    def __call__(self, size: int) -> int:
        for step in self.steps:
            size = step(size)
        return size

    def least(self, value: int) -> int:
        """The smallest n that becomes `value` or more."""
        for step in reversed(self.steps):
            value = step.least(value)
        return value

    def sizes_of(self, value: int) -> range:
        """All n that become exactly `value`."""
        low = self.least(value)
        return range(low, self.least(value + 1)) if self(low) == value else range(0)


@dataclass(frozen=True, slots=True)
class Rise:
    """How the size of an axis rises: by `times` for each `divide` of the input; with `add` where `divide` is not 1."""

    divide: int = 1
    times: int = 1
    add: int = 0

    def through(self, size: int, result: int) -> Step:
        """The step with this rise that turns `size` into `result`."""
        step = Step(self.add, self.divide, self.times, 0)
        return Step(self.add, self.divide, self.times, result - step(size))


KEEPING = ACTIVATIONS | BATCH_NORMS | DROPOUTS | {"Identity", "GroupNorm", "LocalResponseNorm", "StochasticDepth"}
_KINDS = ("Zero", "Constant", "Reflection", "Replication", "Circular")
PADS = frozenset(f"{kind}Pad{axes}d" for kind in _KINDS for axes in (1, 2, 3))
UPSAMPLINGS = frozenset({"Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d", "interpolate"})


def rise(call: Call, axis: int, rank: int) -> Rise | None:
    """How a layer of one input changes one axis of it; None for other layers, and where it is no such step.

    The layer may refuse small sizes; where it accepts a size it accepts every larger one.

    Args:
        call: the layer's.
        axis: of the sample.
        rank: the number of the sample's axes.
    """
    name, args = call.record.name, with_defaults(call.record, call.args)
    if TABLE.get(name) is not call.record or call.broken:
        return None
    if call.record.shape is same_shape and not any(arg.infer for arg in call.record.args):
        return Rise()
    if name == "Linear":
        return Rise() if axis < rank - 1 else None
    if axis == 0:
        return None
    if name in KEEPING or name in PADS:
        return Rise()
    if name in UPSAMPLINGS:
        factor = args.get("scale_factor")
        each = factor[axis - 1] if isinstance(factor, tuple) and len(factor) == rank - 1 else factor
        if not isinstance(each, int | float) or not 1 <= each <= LARGEST or each != int(each):
            return None
        return Rise(times=int(each)) if args.get("size") is None else None
    if name not in CONVOLUTIONS | POOLS:
        return None

    def number(key: str, usual: int = 0) -> int:
        value = args.get(key, usual)
        every = per_axis(value, rank - 1) if isinstance(value, int | tuple) else ()
        return every[axis - 1] if len(every) == rank - 1 else usual

    kernel = number("kernel_size")
    stride = kernel if args.get("stride") is None else number("stride", 1)
    if stride < 1:
        return None
    if name.startswith("ConvTranspose"):
        return Rise(times=stride)
    reach, padding = number("dilation", 1) * (kernel - 1) + 1, number("padding")
    if not args.get("ceil_mode"):
        return Rise(divide=stride, add=2 * padding - reach)
    # A last window that starts behind the picture is left out: with a padding this wide, or a stride this long.
    return None if padding > reach - stride else Rise(divide=stride, add=2 * padding - reach + stride - 1)
