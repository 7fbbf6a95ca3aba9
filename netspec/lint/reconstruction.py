"""The samples as their own targets, `target: input`: NS603 for networks and losses that cannot have such, NS616."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Diagnostic, Note
from netspec.core.tree import Mapping
from netspec.fixes.values import set_value
from netspec.language.patterns import texts
from netspec.language.sections.data_keys import reconstructs
from netspec.language.sections.losses import OF_EMBEDDINGS, WITHOUT_TARGETS, Kind
from netspec.language.sections.metrics import fits
from netspec.lint.context import LintContext, finding


def reconstruction(context: LintContext) -> Iterator[Diagnostic]:
    """NS603: several inputs, of which none is the target; losses and metrics that want labels."""
    section = context.spec.data
    node = section.get("target") if isinstance(section, Mapping) and reconstructs(section) else None
    if node is None:
        return
    inputs, labelled = [*context.graph.inputs], set[Kind]()
    if len(inputs) > 1 and any(head.kind not in WITHOUT_TARGETS for head in context.heads):
        what = f"`target: input` is for a network with one input; this one has {len(inputs)}, {', '.join(inputs)}"
        yield finding("NS603", what, node)
    for head in context.heads:
        loss = str(head.loss.value)
        if head.kind in ("signs", "labels", "pairs", *OF_EMBEDDINGS):
            what = f"{loss} wants labels, and with `target: input` the targets are the samples"
            yield finding("NS603", what, head.loss, fixes=(set_value(head.loss, "loss", "MSELoss"),))
        elif head.kind in ("probabilities", "logits"):
            labelled.add(head.kind)
    for asked in texts(None if context.train is None else context.train.get("metrics")):
        if len(context.heads) == 1 and any(fits(str(asked.value), kind) for kind in labelled):
            what = f"{asked.value} is about labels, and with `target: input` the targets are the samples"
            yield finding("NS616", what, asked, notes=(Note("note", "the loss itself is measured: val_loss"),))
