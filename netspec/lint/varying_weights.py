"""NS409: parameters whose shape depends on a variable input size, as of a Linear behind a Flatten; the fix is an
adaptive pool.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from netspec.core.diagnostics import Diagnostic, Fix, Note
from netspec.fixes.edits import insert_before, optional_fix
from netspec.fixes.values import yaml_text
from netspec.language.spec import Spec
from netspec.shapes.apply import Problem
from netspec.shapes.provenance import Provenance


class AtSizes(NamedTuple):
    """The network at some sizes of its input: the sizes in words, and where each value comes from."""

    sizes: str
    provenance: Provenance


def varying_weights(
    spec: Spec, problem: Problem, names: list[str], before: AtSizes, after: AtSizes, explain: bool
) -> Diagnostic:
    """NS409 for an inferred size of weights that differs between two sizes of the input.

    Args:
        spec: the spec that is checked.
        problem: at the sizes of `after`, with the weights of `before`.
        names: the axes of the input with which the size varies.
        before, after: the network at the two sizes.
        explain: with notes and candidate fixes.
    """
    call = problem.call

    def product(known: AtSizes, value: object) -> str:
        factors = known.provenance.factors(known.provenance.producer(call))
        size = f"{value} = {'·'.join(map(str, factors))}" if factors else str(value)
        return f"{size} at {known.sizes}"

    message = (
        f"{problem.argument} of {call.record.name} varies with {' and '.join(names)}: "
        f"{product(before, problem.written)}, {product(after, problem.actual)}"
    )
    found = Diagnostic("NS409", message, call.item.at.span, call.path, frames=call.frames)
    if not explain:
        return found
    paths = (after.provenance.text(ref) for ref in call.inputs[:1])
    notes = [Note("input", path) for path in paths if path]
    fixes = tuple(_pooled(spec, before.provenance, problem))
    if not fixes:
        notes.append(Note("note", "weights have one size: before them the size must be brought to a fixed one"))
    return replace(found, notes=tuple(notes), fixes=fixes)


def _pooled(spec: Spec, provenance: Provenance, problem: Problem) -> Iterator[Fix]:
    """An adaptive pool before the Flatten: to the size that arrives there, and to 1."""
    for call in provenance.back(provenance.producer(problem.call)):
        arriving, leaving = provenance.shapes(call)
        if arriving is None or leaving is None:
            return
        if 2 <= len(arriving) <= 4 and len(leaving) == 1:
            for sizes in dict.fromkeys((arriving[1:], tuple(1 for _ in arriving[1:]))):
                line = f"AdaptiveAvgPool{len(sizes)}d: {yaml_text(sizes if len(set(sizes)) > 1 else sizes[0])}"
                edit = insert_before(call, line, spec.sources)
                yield from optional_fix(f"{line} before {call.record.name}", edit)
            return
