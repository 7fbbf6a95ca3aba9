"""The section `search` → Ranges: dotted paths, as `--set` takes them, with the values that `netspec tune` tries.

Input: the node of the section. Output: a Range for each path, and findings of ranges that are none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Findings
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, plain
from netspec.language.sections.keys import Schema

LOG, INT, FLOAT = KINDS = ("log", "int", "float")
MOST_PATHS, MOST_VALUES = 64, 1000
WANTS = (
    "a list of values, {log: [low, high]}, {float: [low, high]} or {int: [low, high]}; the latter two with step or log"
)
_ENDS: Schema = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}


def _one_of(kind: str, *, more: bool) -> Schema:
    options = {"step": {"type": "number", "exclusiveMinimum": 0}, "log": {"type": "boolean"}} if more else {}
    return {"type": "object", "properties": {kind: _ENDS, **options}, "required": [kind], "additionalProperties": False}


SEARCH_SCHEMA: Schema = {
    "type": "object",
    "description": "What `netspec tune` tries: dotted paths, as --set takes them, with their values or ranges.",
    "minProperties": 1,
    "maxProperties": MOST_PATHS,
    "additionalProperties": {
        "anyOf": [
            {"type": "array", "minItems": 1, "maxItems": MOST_VALUES},
            _one_of(LOG, more=False),
            _one_of(FLOAT, more=True),
            _one_of(INT, more=True),
        ]
    },
}


@dataclass(frozen=True)
class Range:
    """The values of one path.

    Args:
        key: the node of the path.
        node: what is written of it.
        choices: the values of a list, as text for `--set`, with the node of each; empty for a range of numbers.
        integer: whether a range is one of integers.
        low, high: its ends.
        log: whether it is gone through by factors.
        step: between its numbers; None: any.
    """

    key: Scalar
    node: Node
    choices: tuple[tuple[str, Node], ...] = ()
    integer: bool = False
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float | None = None

    @property
    def path(self) -> str:
        """The dotted path that is set."""
        return self.key.text

    @property
    def ends(self) -> tuple[tuple[str, Node], ...]:
        """The values that a check looks at: those of a list, or the ends of a range."""
        if self.choices:
            return self.choices
        return tuple((self.text(end), self.node) for end in dict.fromkeys((self.low, self.high)))

    def text(self, value: object) -> str:
        """A value as `--set` takes it."""
        if not isinstance(value, int | float):
            return str(value)
        return str(int(value)) if self.integer else f"{value:.12g}"  # 0.3 of a step is 0.30000000000000004 else


def read_search(node: Node, evaluate: Callable[[Node], object], findings: Findings) -> tuple[Range, ...]:
    """The ranges of a section.

    Args:
        node: its value.
        evaluate: gives the value of a node, with the parameters.
        findings: takes what is wrong, as NS202.
    """
    if not isinstance(node, Mapping) or not node.entries:
        findings.add("NS202", f"search is a mapping from dotted paths to {WANTS}, not {describe(node)}", node)
        return ()
    if len(node.entries) > MOST_PATHS:
        findings.add("NS202", f"search takes at most {MOST_PATHS} paths, not {len(node.entries)}", node)
        return ()
    found = []
    for key, value in node:
        if _may_name_files(key.text, value):
            findings.add("NS202", f"search tries numbers, layers and settings; {key.text} may name files", key)
            continue
        if isinstance(value, Sequence):
            one = _choices(key, value, findings)
        else:
            one = _numbers(key, value, evaluate, findings)
        found += [] if one is None else [one]
    return tuple(found)


def _may_name_files(path: str, node: Node) -> bool:
    """Whether values of a path may be files. They are set as if a person had typed them, who may name any file."""
    first, *rest = path.split(".")
    if first == "data":
        texts = isinstance(node, Sequence) and not all(
            isinstance(item, Scalar) and not isinstance(item.value, str) for item in node.items
        )
        return not rest or (texts and rest[0] not in ("transforms", "augment", "sampler", "stratify"))
    return first in ("weights", "name", "expect") or path == "train" or path.startswith("train.weights")


def _choices(key: Scalar, node: Sequence, findings: Findings) -> Range | None:
    if not 1 <= len(node.items) <= MOST_VALUES:
        findings.add("NS202", f"search → {key.text} lists 1 to {MOST_VALUES} values, not {len(node.items)}", node)
        return None
    return Range(key, node, tuple((as_setting(item), item) for item in node.items))


def as_setting(node: Node) -> str:
    """A node as the value of a `--set`, which is YAML on one line."""
    if isinstance(node, Scalar) and node.plain and node.text:
        return node.text
    return json.dumps(plain(node), ensure_ascii=False)


def _numbers(key: Scalar, node: Node, evaluate: Callable[[Node], object], findings: Findings) -> Range | None:
    what = f"search → {key.text} is {WANTS}"
    written = {entry.text: value for entry, value in node} if isinstance(node, Mapping) else {}
    kinds = [name for name in (INT, FLOAT) if name in written] or [name for name in (LOG,) if name in written]
    others = set(written) - {*kinds, *(() if kinds == [LOG] else ("step", LOG))}
    if len(kinds) != 1 or others:
        findings.add("NS202", f"{what}; not {describe(node)}", node)
        return None
    (kind,) = kinds
    ends = evaluate(written[kind])
    log = kind == LOG or (LOG in written and evaluate(written[LOG]))
    step = evaluate(written["step"]) if "step" in written else None
    if not isinstance(ends, list) or len(ends) != 2 or not all(_is_number(end) for end in ends):
        findings.add("NS202", f"search → {key.text} → {kind} is two numbers, [low, high]", written[kind])
    elif kind == INT and not all(end == int(end) for end in ends):
        findings.add("NS202", f"search → {key.text} → int is two integers, not {ends}", written[kind])
    elif ends[0] > ends[1]:
        findings.add(
            "NS202", f"search → {key.text}: the low end is {ends[0]:g}, above the high one, {ends[1]:g}", written[kind]
        )
    elif log not in (True, False):
        findings.add("NS202", f"search → {key.text} → log is true or false", written[LOG])
    elif log and ends[0] <= 0:
        findings.add("NS202", f"search → {key.text} goes by factors from above 0, not from {ends[0]:g}", written[kind])
    elif step is not None and (log or not _is_step(step, whole=kind == INT)):
        wants = "an integer > 0" if kind == INT else "a number > 0"
        findings.add("NS202", f"search → {key.text} → step is {wants}, and goes without log", written["step"])
    else:
        low, high = map(float, ends)
        return Range(key, node, (), kind == INT, low, high, bool(log), None if step is None else float(str(step)))
    return None


def _is_step(value: object, *, whole: bool) -> bool:
    return _is_number(value) and float(str(value)) > 0 and not (whole and not isinstance(value, int))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
