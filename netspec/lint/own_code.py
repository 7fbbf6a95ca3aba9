"""NS923: what a check cannot prove, as code of one's own decides it when it runs."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Diagnostic, Note
from netspec.core.tree import Mapping, Scalar
from netspec.language.sections.losses import is_own
from netspec.lint.context import LintContext, finding
from netspec.lint.datasets import dataset_nodes

_RUNS = Note("note", "netspec train --allow-plugins runs it, and compares before the first batch")


def own_code(context: LintContext) -> Iterator[Diagnostic]:
    """NS923: samples that code gives, and losses that code computes."""
    found = dataset_nodes(context.spec.data)
    if found is not None and found[0].value == "dataset":
        make = found[1].get("make") if isinstance(found[1], Mapping) else found[1]
        at = make if isinstance(make, Scalar) else found[0]
        message = f"{at.text} is code: whether its samples fit the network is not known before it runs"
        yield finding("NS923", message, at, notes=(_RUNS,))
    for loss in context.losses:
        if loss.name is not None and is_own(loss.name.value):
            message = f"{loss.name.text} is code: what it compares the output with is not known before it runs"
            yield finding("NS923", message, loss.name, notes=(_RUNS,))
