"""The parts of the data against its targets: NS630 where classes are drawn by, and there are none."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Diagnostic, Note
from netspec.core.tree import Mapping, Scalar
from netspec.language.sections.data_keys import reconstructs
from netspec.lint.context import LintContext, finding


def by_class(context: LintContext) -> Iterator[Diagnostic]:
    """NS630: `sampler: balanced` or `stratify: true` where the targets are numbers."""
    section = context.spec.data
    if not isinstance(section, Mapping) or not context.heads:
        return
    facts = context.heads[0].samples
    numbers = reconstructs(section) or (facts is not None and facts.regression is True)
    per_label = facts is not None and bool(facts.target)
    if not numbers and not per_label:
        return
    for key, wanted in (("sampler", "balanced"), ("stratify", True)):
        node = section.get(key)
        if isinstance(node, Scalar) and node.value == wanted and not (key == "stratify" and reconstructs(section)):
            told = "the samples themselves" if reconstructs(section) else "numbers" if numbers else "several a sample"
            note = Note("fix", f"leave {key} out" if key == "sampler" else "stratify: COLUMN, or leave it out")
            yield finding(
                "NS630",
                f"{key}: {node.text} goes by the class of a sample; the targets are {told}",
                node,
                notes=(note,),
            )
