"""Windows against sizes: NS907, NS910, NS913, and NS917 for receptive fields larger than the picture."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from netspec.core.diagnostics import Diagnostic, Fix, Note
from netspec.core.shapes import Shape, show
from netspec.expansion.graph import Call, Ref
from netspec.fixes.edits import insert_before, set_argument
from netspec.layers.spatial import per_axis
from netspec.layers.table import ACTIVATIONS, ADAPTIVE_POOLS, BATCH_NORMS, CONVOLUTIONS, DROPOUTS, POOLS
from netspec.lint.context import LintContext, finding, kind

_WINDOWED = POOLS | {f"Conv{axes}d" for axes in (1, 2, 3)}
_AXES = {1: ("value",), 2: ("row", "column"), 3: ("slice", "row", "column")}
LARGEST_KERNEL = 1000
Window = tuple[int, int, int, int, int, int]  # length, kernel, stride, padding before, dilation, output length


def windows(context: LintContext, call: Call) -> list[Window]:
    """The windows of a convolution or pool, axis by axis; none where they are not known."""
    arriving, leaving, args = context.arriving(call), context.leaving(call), context.known(call).args
    if call.record.name not in _WINDOWED or arriving is None or leaving is None or len(arriving) != len(leaving):
        return []
    axes = len(arriving) - 1
    kernel, dilation = (per_axis(value, axes) for value in (args["kernel_size"], args.get("dilation", 1)))
    stride = per_axis(args["kernel_size"] if args["stride"] is None else args["stride"], axes)
    padding = args.get("padding", 0)
    if padding == "same":
        before = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    else:
        before = per_axis(0 if padding == "valid" else padding, axes)
    return list(zip(arriving[1:], kernel, stride, before, dilation, leaving[1:], strict=True))


def _covered(window: Window) -> int:
    """Up to where the last window reaches: (out - 1)·stride + d·(k - 1) + 1 - padding; a gap between windows counts."""
    length, kernel, stride, padding, dilation, out = window
    reach = dilation * (kernel - 1) + 1
    return min(length, (out - 1) * stride + max(reach, stride) - padding)


def dropped(context: LintContext) -> Iterator[Diagnostic]:
    """NS907: the last rows or columns that no window of a pool or strided convolution reaches."""
    for call in context.graph.calls:
        reached = windows(context, call)
        lost = [window[0] - _covered(window) for window in reached]
        if not any(lost):
            continue
        names = _AXES[len(reached)]
        parts = [f"{count} {name}s" if count > 1 else name for name, count in zip(names, lost, strict=True) if count]
        sizes = [f"{_covered(window)} of {window[0]}" for window in reached if window[0] != _covered(window)]
        arriving = context.arriving(call) or ()
        message = (
            f"{call.record.name} leaves out the last {' and '.join(parts)} of {show(arriving)}: its windows cover "
        )
        message += " and ".join(dict.fromkeys(sizes))
        place = call.places.get("stride", call.places.get("kernel_size", call.item.at))
        edit = set_argument(call, "ceil_mode", "true") if call.record.name in POOLS else None
        fixes = () if edit is None else (Fix("ceil_mode: true, a last window of what is left", (edit,)),)
        notes = (Note("or", "padding, or another size before it, makes it even"),)
        yield finding("NS907", message, place, call, notes=notes, fixes=fixes)


def _living(window: Window) -> int:
    """How many of the kernel's weights along an axis meet the picture in some window, and not padding alone."""
    length, kernel, stride, padding, dilation, out = window
    first = [padding - tap * dilation for tap in range(kernel)]  # tap j meets i·stride - first[j] in window i
    return sum(max(0, -(-start // stride)) <= min(out - 1, (start + length - 1) // stride) for start in first)


def dead_weights(context: LintContext, call: Call) -> int:
    """How many weights of a convolution's window only ever meet padding."""
    if call.record.name in POOLS or context.known(call).args.get("padding_mode") != "zeros":
        return 0
    reached = windows(context, call)
    if not reached or max(window[1] for window in reached) > LARGEST_KERNEL:
        return 0
    return prod(window[1] for window in reached) - prod(map(_living, reached))


def wider_than_picture(context: LintContext) -> Iterator[Diagnostic]:
    """NS910: a convolution that is so much larger than its picture that weights only ever meet padding."""
    for call in context.graph.calls:
        dead = dead_weights(context, call)
        if dead:
            reached = windows(context, call)
            kernel, picture = (tuple(window[part] for window in reached) for part in (1, 0))
            message = f"a window of {show(kernel)} on a picture of {show(picture)}: {dead} of {prod(kernel)} weights "
            message += "only ever meet padding"
            note = Note("fix", "shrink the picture less before it, or start with a larger one")
            yield finding("NS910", message, call.places.get("kernel_size", call.item.at), call, notes=(note,))


def linear_on_picture(context: LintContext) -> Iterator[Diagnostic]:
    """NS913: a Linear on what a convolution or pool gives, axes and all."""
    passing = ACTIVATIONS | BATCH_NORMS | DROPOUTS | {"Identity"}
    for call in context.graph.calls:
        arriving = context.arriving(call)
        if call.record.name != "Linear" or arriving is None or len(arriving) < 2:
            continue
        maker = context.before(call, passing)
        if maker is None or kind(maker) not in CONVOLUTIONS | POOLS | ADAPTIVE_POOLS:
            continue
        message = (
            f"Linear works on the last axis of {show(arriving)} alone, for each of {'·'.join(map(str, arriving[:-1]))}"
        )
        message += f" rows by itself; is a Flatten to {prod(arriving)} missing?"
        edit = insert_before(call, "Flatten", context.report.spec.sources)
        fixes = () if edit is None else (Fix("Flatten before it", (edit,)),)
        yield finding("NS913", message, call.item.at, call, fixes=fixes)


class ReceptiveField(NamedTuple):
    """What position p along an axis sees of the input: from start + p·jump, `size` of `picture` values."""

    picture: int
    size: int = 1
    start: int = 0
    jump: int = 1

    def through(self, window: Window) -> ReceptiveField:
        """What the positions after a window see."""
        _, kernel, stride, padding, dilation, _ = window
        grown = self.size + dilation * (kernel - 1) * self.jump
        return ReceptiveField(self.picture, grown, self.start - padding * self.jump, self.jump * stride)

    def everything(self, positions: int) -> bool:
        """Whether each of the positions sees the whole picture."""
        return (
            self.picture > 1 and self.start + (positions - 1) * self.jump <= 0 <= self.start + self.size - self.picture
        )


Field = tuple[ReceptiveField, ...]  # along each axis; none where it is not known


def sees_nothing_new(context: LintContext) -> Iterator[Diagnostic]:
    """NS917, once for each network: at the first such convolution, with the number of all."""
    fields: list[Field] = []
    found: list[tuple[Call, Shape, Field]] = []
    for call in context.graph.calls:
        before = _least([_field(context, fields, ref) for ref in call.inputs])
        arriving, leaving, reached = context.arriving(call), context.leaving(call), windows(context, call)
        if reached and len(reached) == len(before):
            wide = [(seen, each) for seen, each in zip(before, reached, strict=True) if each[1] > 1]
            if call.record.name.startswith("Conv") and wide and all(seen.everything(each[0]) for seen, each in wide):
                found.append((call, arriving or (), before))
            fields.append(tuple(seen.through(each) for seen, each in zip(before, reached, strict=True)))
        else:
            same = arriving is not None and leaving is not None and arriving[1:] == leaving[1:] and not reached
            fields.append(before if same else ())
    living = [each for each in found if not dead_weights(context, each[0])]
    if living:
        yield _finding(*living[0], len(found))


def _field(context: LintContext, fields: list[Field], ref: Ref) -> Field:
    if ref.node >= 0:
        return fields[ref.node]
    tensor = context.report.tensor(ref)
    return () if tensor is None else tuple(ReceptiveField(size) for size in tensor.shape[1:])


def _least(fields: list[Field]) -> Field:
    """The field of the path that sees least."""
    return min(fields, key=lambda field: sum(seen.size for seen in field), default=())


def _finding(call: Call, arriving: Shape, before: Field, count: int) -> Diagnostic:
    positions, picture = show(arriving[1:]), show(tuple(seen.picture for seen in before))
    message = f"each of the {positions} positions before this {call.record.name} already sees the whole picture of "
    message += f"{picture}"
    message += f"; it and {count - 1} more see nothing new" if count > 1 else "; it sees nothing new"
    note = Note("fix", "fewer layers, a larger picture, less striding before it, or a path around it (a residual)")
    return finding("NS917", message, call.places.get("kernel_size", call.item.at), call, notes=(note,))
