"""Items of a spec → their shapes and counts in words, for hints, symbols, completions and hovers."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.core.dataclass import dataclass
from netspec.core.shapes import Tensor
from netspec.language.spec import Item
from netspec.lsp.analysis import Analysis
from netspec.render.pictures.tree import Values, shown


@dataclass(frozen=True, slots=True)
class Made:
    """What one item of a spec becomes: one layer or box, or several copies.

    Args:
        outputs: of each copy.
        params: of all copies; None where unknown.
        macs: likewise.
        shared: whether its weights are another item's.
    """

    outputs: tuple[Values, ...]
    params: int | None
    macs: int | None
    shared: bool = False

    @property
    def times(self) -> int:
        """How many copies."""
        return len(self.outputs)

    @property
    def is_known(self) -> bool:
        """Whether a shape is known of it."""
        return any(value is not None for values in self.outputs for value in values)

    @property
    def shape(self) -> str:
        """The outputs in words: `64×56×56`, or `64×56×56 … 512×7×7` of copies that differ."""
        found = list(dict.fromkeys(shown(values) for values in self.outputs))
        return found[0] if len(found) == 1 else f"{found[0]} … {found[-1]}"

    @property
    def words(self) -> str:
        """Shape and parameters: `64×56×56 · 9,408`; copies are counted: `64×56×56 · 73,984 in 2`."""
        copies = f" in {self.times}" if self.times > 1 else ""
        if self.params is None:
            return f"{self.shape} · ?{copies}"
        if self.params:
            return f"{self.shape} · {self.params:,}{copies}"
        return f"{self.shape} · {self.times} times" if copies else self.shape


def made_of(analysis: Analysis, item: Item) -> Made | None:
    """What an item becomes; None where no network is known, or nothing of the item is in it.

    Args:
        analysis: of its text.
        item: of the spec.
    """
    if item.kind in ("group", "block", "sequential"):
        nodes = analysis.boxes.get(item.at.span, ())
        if not nodes:
            return None
        return Made(
            tuple(node.outputs for node in nodes),
            _sum(node.params for node in nodes),
            _sum(node.macs for node in nodes),
            all(node.shared for node in nodes),
        )
    calls = analysis.calls_of.get(item.at.span, ())
    if not calls or analysis.report is None:
        return None
    known = [analysis.report.inferred[call.id] for call in calls]
    outputs: list[tuple[Tensor | None, ...]] = [each.outputs or (None,) for each in known]
    return Made(
        tuple(outputs),
        _sum(each.parameters for each in known),
        _sum(each.macs for each in known),
        all(call.shares is not None for call in calls),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total
