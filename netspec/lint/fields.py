"""NS917: convolutions that see nothing new, because every position before them sees the whole picture.

After Richter et al. 2021 ("Should You Go Deeper?", arXiv 2106.12307): layers behind the one where the receptive field
outgrows the picture add little. Of several paths the one that sees least counts, so that residual networks, in which
ResNet-18's longest path sees 435 of 224, are left alone; so are decoders, which have to put details back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netspec.core.diagnostics import Diagnostic, Note
from netspec.core.shapes import Shape, show
from netspec.language.spec import Call, Ref
from netspec.lint.pictures import Window, dead_weights, windows
from netspec.lint.review import Review, at


class Seen(NamedTuple):
    """What position p along an axis sees of the input: from start + p·jump, `size` of `picture` values."""

    picture: int
    size: int = 1
    start: int = 0
    jump: int = 1

    def through(self, window: Window) -> Seen:
        """What the positions after a window see."""
        _, kernel, stride, padding, dilation, _ = window
        grown = self.size + dilation * (kernel - 1) * self.jump
        return Seen(self.picture, grown, self.start - padding * self.jump, self.jump * stride)

    def everything(self, positions: int) -> bool:
        """Whether each of the positions sees the whole picture."""
        return (
            self.picture > 1 and self.start + (positions - 1) * self.jump <= 0 <= self.start + self.size - self.picture
        )


Field = tuple[Seen, ...]  # along each axis; none where it is not known


def sees_nothing_new(review: Review) -> Iterator[Diagnostic]:
    """NS917, once for each network: at the first such convolution, with the number of all."""
    fields: list[Field] = []
    found: list[tuple[Call, Shape, Field]] = []
    for call in review.graph.calls:
        before = _least([_field(review, fields, ref) for ref in call.inputs])
        arriving, leaving, reached = review.arriving(call), review.leaving(call), windows(review, call)
        if reached and len(reached) == len(before):
            wide = [(seen, each) for seen, each in zip(before, reached, strict=True) if each[1] > 1]
            if call.record.name.startswith("Conv") and wide and all(seen.everything(each[0]) for seen, each in wide):
                found.append((call, arriving or (), before))
            fields.append(tuple(seen.through(each) for seen, each in zip(before, reached, strict=True)))
        else:
            same = arriving is not None and leaving is not None and arriving[1:] == leaving[1:] and not reached
            fields.append(before if same else ())
    living = [each for each in found if not dead_weights(review, each[0])]
    if living:
        yield _finding(*living[0], len(found))


def _field(review: Review, fields: list[Field], ref: Ref) -> Field:
    if ref.node >= 0:
        return fields[ref.node]
    tensor = review.report.tensor(ref)
    return () if tensor is None else tuple(Seen(size) for size in tensor.shape[1:])


def _least(fields: list[Field]) -> Field:
    """The field of the path that sees least."""
    return min(fields, key=lambda field: sum(seen.size for seen in field), default=())


def _finding(call: Call, arriving: Shape, before: Field, count: int) -> Diagnostic:
    positions, picture = show(arriving[1:]), show(tuple(seen.picture for seen in before))
    message = f"each of the {positions} positions before this {call.record.name} already sees the whole picture of "
    message += f"{picture}"
    message += f"; it and {count - 1} more see nothing new" if count > 1 else "; it sees nothing new"
    note = Note("fix", "fewer layers, a larger picture, less striding before it, or a path around it (a residual)")
    return at("NS917", message, call.places.get("kernel_size", call.item.at), call, notes=(note,))
