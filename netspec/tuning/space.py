"""Ranges of a spec → what Optuna is asked for a trial, and the assignments that it answers with.

Input: a spec with `search`, an Optuna trial. Output: the spec without it, and `path=value` for each range.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from netspec.core.diagnostics import Findings, SpecError
from netspec.core.tree import Mapping as MappingNode
from netspec.core.tree import Scalar, plain
from netspec.language.sections.search_keys import Range, read_search
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import spec_error, spec_start

Value = str | int | float | bool | None


class Suggesting(Protocol):
    """What is used of Optuna's Trial."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """One of some values."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """An integer of a range."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A number of a range."""


def ranges_of(spec: Spec) -> tuple[Range, ...]:
    """The ranges of a spec's `search`.

    Args:
        spec: as loaded.

    Raises:
        SpecError: NS203, there is no `search`; NS202, a range is none.
    """
    node = spec.document.get("search")
    if node is None:
        what = "there is no `search`, which says what to try"
        example = ("fix", "search: {train.optimizer.SGD.lr: {log: [1e-4, 1]}}")
        raise spec_error("NS203", what, spec_start(spec.path), example)
    findings = Findings()
    ranges = read_search(node, spec.evaluate, findings)
    if found := findings.list():
        raise SpecError(found)
    return ranges


def without_search(spec: Spec) -> Spec:
    """The spec without `search`, as a trial runs it."""
    root = spec.document
    entries = tuple(pair for pair in root.entries if pair[0].text != "search")
    return replace(spec, document=MappingNode(entries, root.span, root.flow, root.frames))


def described(ranges: Iterable[Range]) -> str:
    """The ranges as text, by which a study is known to be one of them."""
    return json.dumps({one.path: plain(one.node) for one in ranges}, sort_keys=True, default=str)


def suggest(trial: Suggesting, ranges: Iterable[Range]) -> dict[str, Value]:
    """The values of a trial, by their paths.

    Args:
        trial: of Optuna; of one that was begun before it gives the same values.
        ranges: of the spec.
    """
    found: dict[str, Value] = {}
    for one in ranges:
        if one.choices:
            found[one.path] = trial.suggest_categorical(one.path, _values(one))
        elif one.integer:
            step = 1 if one.step is None else int(one.step)
            found[one.path] = trial.suggest_int(one.path, int(one.low), int(one.high), step=step, log=one.log)
        else:
            found[one.path] = trial.suggest_float(one.path, one.low, one.high, step=one.step, log=one.log)
    return found


def _values(one: Range) -> list[Value]:
    """The values of a list as Optuna stores them: numbers and words as they are, others as text."""
    found: list[Value] = []
    for text, node in one.choices:
        found.append(node.value if isinstance(node, Scalar) else text)
    return found


def assignments(ranges: Iterable[Range], values: Mapping[str, Value]) -> tuple[str, ...]:
    """`path=value` for each range, as `--set` takes them.

    Args:
        ranges: of the spec.
        values: of a trial.
    """
    settings = []
    for one in ranges:
        if one.choices:
            texts = {_key(value): text for value, (text, _) in zip(_values(one), one.choices, strict=True)}
            settings.append(f"{one.path}={texts[_key(values[one.path])]}")
        else:
            settings.append(f"{one.path}={one.text(values[one.path])}")
    return tuple(settings)


def _key(value: Value) -> tuple[str, str]:
    return type(value).__name__, str(value)
