"""Receptive fields: NS917 for those larger than the picture, and the size that `expect` asks for (NS505).

`receptive_field` follows Araujo et al. 2019 (doi 10.23915/distill.00021): from r = 1, jump = 1 each window makes
r + (d·(k - 1))·jump and jump·stride. Paths are joined by the largest r; of several axes the smallest counts, of several
outputs the largest. Layers that mix the whole picture (Flatten, adaptive pools, attention) do not count. A transposed
convolution sees ceil(k / s) positions and divides the jump by s; upsampling divides the jump and sees no more. Behind
those r is a mean over the positions of the output.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from netspec.core.diagnostics import Diagnostic, Note
from netspec.core.shapes import Shape, show
from netspec.expansion.graph import Call, Ref
from netspec.layers.table import CONVOLUTIONS, POOLS
from netspec.lint.context import LintContext, finding
from netspec.lint.windows import Window, kernel_stride_dilation, unused_weights, windows
from netspec.shapes.report import Report

SizeAndJump = tuple[int, Fraction]  # of the receptive field along one axis


def receptive_field(report: Report) -> tuple[int, ...] | None:
    """The receptive field of the outputs along each axis, as the module says.

    Args:
        report: with the graph and its shapes.

    Returns:
        None where no convolution or pool is on the path to an output.
    """
    if report.graph is None:
        return None
    fields: list[tuple[SizeAndJump, ...]] = []
    for call in report.graph.calls:
        entering = [fields[ref.node] for ref in call.inputs if ref.node >= 0]
        fields.append(_after(report, call, _largest(entering)))
    ends = _largest([fields[ref.node] for ref in report.graph.outputs.values() if ref.node >= 0])
    return tuple(size for size, _ in ends) or None


def _largest(fields: list[tuple[SizeAndJump, ...]]) -> tuple[SizeAndJump, ...]:
    """The largest field and jump along each axis, of those fields that have the most axes."""
    most_axes = max(map(len, fields), default=0)
    columns = zip(*(field for field in fields if len(field) == most_axes), strict=True)
    return tuple((max(size for size, _ in column), max(jump for _, jump in column)) for column in columns)


def _after(report: Report, call: Call, before: tuple[SizeAndJump, ...]) -> tuple[SizeAndJump, ...]:
    """The field after a call: windows enlarge it, upsampling divides the jump."""
    known, name = report.inferred[call.id], call.record.name
    arriving = known.inputs[0].shape if known.inputs and known.inputs[0] is not None else ()
    leaving = known.outputs[0].shape if known.outputs else ()
    windowed = name in CONVOLUTIONS | POOLS
    if not windowed and not name.startswith("Upsampl") and name != "interpolate":
        return before
    if len(arriving) != len(leaving) or not arriving:
        return before
    axes = len(arriving) - 1
    field = before if len(before) == axes else ((1, Fraction(1)),) * axes
    if not windowed:
        scales = [Fraction(new, old) for new, old in zip(leaving[1:], arriving[1:], strict=True) if old]
        return tuple((size, jump / scale) for (size, jump), scale in zip(field, scales, strict=True))
    kernel, stride, dilation = kernel_stride_dilation(known.args, axes)
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    steps = [Fraction(step) for step in stride]
    if name.startswith("ConvTranspose"):
        reach = [-(-window // step) for window, step in zip(reach, stride, strict=True)]
        steps = [Fraction(1, step) for step in stride]
    grown = zip(field, reach, steps, strict=True)
    return tuple((size + int((window - 1) * jump), jump * step) for (size, jump), window, step in grown)


class ReceptiveField(NamedTuple):
    """What position p along an axis sees of the input: from start + p·jump, `size` of `picture` values."""

    picture: int
    size: int = 1
    start: int = 0
    jump: int = 1

    def through(self, window: Window) -> ReceptiveField:
        """What the positions after a window see."""
        grown = self.size + window.dilation * (window.kernel - 1) * self.jump
        start = self.start - window.padding * self.jump
        return ReceptiveField(self.picture, grown, start, self.jump * window.stride)

    def sees_all(self, positions: int) -> bool:
        """Whether each of the positions sees the whole picture."""
        last = self.start + (positions - 1) * self.jump
        return self.picture > 1 and last <= 0 <= self.start + self.size - self.picture


Field = tuple[ReceptiveField, ...]  # along each axis; empty where it is not known


def sees_nothing_new(context: LintContext) -> Iterator[Diagnostic]:
    """NS917, once for each network: at the first such convolution, with the number of all."""
    fields: list[Field] = []
    found: list[tuple[Call, Shape, Field]] = []
    for call in context.graph.calls:
        entering = [_field(context, fields, ref) for ref in call.inputs]
        before: Field = min(entering, key=lambda field: sum(axis.size for axis in field), default=())
        arriving, leaving, passed = context.arriving(call), context.leaving(call), windows(context, call)
        if passed and len(passed) == len(before):
            pairs = [*zip(before, passed, strict=True)]
            wide = [(field, window) for field, window in pairs if window.kernel > 1]
            sees_all = all(field.sees_all(window.length) for field, window in wide)
            if call.record.name.startswith("Conv") and wide and sees_all:
                found.append((call, arriving or (), before))
            fields.append(tuple(field.through(window) for field, window in pairs))
        else:
            same = arriving is not None and leaving is not None and arriving[1:] == leaving[1:] and not passed
            fields.append(before if same else ())
    first = next((each for each in found if not unused_weights(context, each[0])), None)
    if first is not None:
        yield _finding(*first, len(found))


def _field(context: LintContext, fields: list[Field], ref: Ref) -> Field:
    if ref.node >= 0:
        return fields[ref.node]
    tensor = context.report.tensor(ref)
    return () if tensor is None else tuple(ReceptiveField(size) for size in tensor.shape[1:])


def _finding(call: Call, arriving: Shape, before: Field, count: int) -> Diagnostic:
    picture = show(tuple(axis.picture for axis in before))
    sees = f"it and {count - 1} more see nothing new" if count > 1 else "it sees nothing new"
    message = (
        f"each of the {show(arriving[1:])} positions before this {call.record.name} already sees the whole "
        f"picture of {picture}; {sees}"
    )
    note = Note("fix", "fewer layers, a larger picture, less striding before it, or a path around it (a residual)")
    return finding("NS917", message, call.arg_nodes.get("kernel_size", call.item.at), call, notes=(note,))
