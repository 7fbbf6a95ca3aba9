"""Two networks → what differs between them: layers, shapes, counts, settings, and which weights carry over.

Input: the Reports of two specs without errors. Output: a Difference, or its plain data for JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.shapes import Tensor
from netspec.expansion.graph import Call, Ref
from netspec.render.runs import flatten
from netspec.shapes.report import Inferred, Report
from netspec.shapes.state import TensorMatch, match_tensors, network_state

VERSION = 1
SETTINGS = ("params", "expect", "data", "train")
MOST_ALIGNED = 3000  # layers; of longer networks frequent ones are not looked at first, which takes less time


@dataclass(frozen=True, slots=True)
class LayerState:
    """A layer as one of the networks has it.

    Args:
        call: its place in the graph.
        known: what inference knows of it.
        sources: the paths of what it takes.
    """

    call: Call
    known: Inferred
    sources: tuple[str, ...]

    @property
    def args(self) -> dict[str, Any]:
        """All arguments by name; those that come from the input too."""
        return self.known.args


@dataclass(frozen=True, slots=True)
class LayerChange:
    """A layer that differs.

    Args:
        kind: `added`, `removed`, `changed`, or `renamed` where only its path differs.
        before, after: the layer in each network; None where it is not there.
    """

    kind: str
    before: LayerState | None
    after: LayerState | None

    @property
    def arguments(self) -> dict[str, tuple[Any, Any]]:
        """The arguments that differ, before and after; None where one is not there."""
        if self.before is None or self.after is None:
            return {}
        old, new = self.before.args, self.after.args
        found = {name: (old.get(name), new.get(name)) for name in {**old, **new}}
        found = {name: pair for name, pair in found.items() if repr(pair[0]) != repr(pair[1])}
        if self.before.call.record.name != self.after.call.record.name:
            found = {"type": (self.before.call.record.name, self.after.call.record.name), **found}
        if self.before.sources != self.after.sources and self.kind != "renamed":
            found["from"] = (", ".join(self.before.sources), ", ".join(self.after.sources))
        return found


@dataclass(frozen=True)
class Difference:
    """What differs between two networks.

    Args:
        before, after: their reports.
        layers: that differ, in the order of execution.
        settings: that differ in the sections beside the network, by dotted path: the value before and after.
        weights: which tensors of `before` are good for `after`.
        tensors: how many `after` has.
        unknown: layers of plugins, whose tensors are not known.
        mismatched: the shapes of the tensors that have another one, before and after.
    """

    before: Report
    after: Report
    layers: tuple[LayerChange, ...]
    settings: dict[str, tuple[Any, Any]]
    weights: TensorMatch
    tensors: int
    unknown: tuple[str, ...]
    mismatched: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.layers and not self.settings and _ends(self.before) == _ends(self.after)


def difference(before: Report, after: Report) -> Difference:
    """Compare two networks.

    Args:
        before, after: the reports of specs without errors.
    """
    old, new = network_state(before), network_state(after)
    match = match_tensors(new[0], old[0])
    settings = [_settings(report) for report in (before, after)]
    changed = {name: (settings[0].get(name), settings[1].get(name)) for name in {**settings[0], **settings[1]}}
    return Difference(
        before,
        after,
        tuple(_changes(_layers(before), _layers(after))),
        {name: pair for name, pair in changed.items() if repr(pair[0]) != repr(pair[1])},
        match,
        len(new[0]),
        tuple(dict.fromkeys((*old[1], *new[1]))),
        {name: (old[0][name], new[0][name]) for name in match.mismatched},
    )


def _settings(report: Report) -> dict[str, Any]:
    sections = {name: report.spec.document.get(name) for name in SETTINGS}
    return flatten({name: report.spec.evaluate(node) for name, node in sections.items() if node is not None})


def _layers(report: Report) -> list[LayerState]:
    graph = report.graph
    assert graph is not None
    inputs = list(graph.inputs)

    def path(ref: Ref) -> str:
        name = inputs[-1 - ref.node] if ref.node < 0 else graph.calls[ref.node].path
        return name if ref.output is None else f"{name}.{ref.output}"

    calls = zip(graph.calls, report.inferred, strict=True)
    return [LayerState(call, known, tuple(map(path, call.inputs))) for call, known in calls]


def _likeness(layer: LayerState) -> tuple[str, ...]:
    """What two layers have in common that may be the same one: their type and path, without the numbers in lists."""
    return layer.call.record.name, *(part for part in layer.call.path.split(".") if not part.isdecimal())


def _changes(old: list[LayerState], new: list[LayerState]) -> Iterator[LayerChange]:
    """The layers that differ, where what is alike stands in the same order."""
    before, after = [*map(_likeness, old)], [*map(_likeness, new)]
    matcher = SequenceMatcher(None, before, after, autojunk=len(old) + len(new) > MOST_ALIGNED)
    names: dict[str, str] = {}  # of what was renamed: the new path by the old one
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            for one, other in zip(old[i:j], new[k:m], strict=True):
                names[one.call.path] = other.call.path
                yield from _compared(one, other, names)
            continue
        places = {each.call.path: each for each in new[k:m]}
        for one in old[i:j]:
            same = places.pop(one.call.path, None)
            yield LayerChange("changed", one, same) if same is not None else LayerChange("removed", one, None)
        yield from (LayerChange("added", None, each) for each in places.values())


def _compared(one: LayerState, other: LayerState, names: dict[str, str]) -> Iterator[LayerChange]:
    sources = tuple(names.get(source, source) for source in one.sources)
    renamed = LayerState(one.call, one.known, other.sources if sources == other.sources else one.sources)
    change = LayerChange("changed", renamed, other)
    shapes = [[tensor.shape for tensor in each.known.outputs or ()] for each in (one, other)]
    if change.arguments or shapes[0] != shapes[1]:
        yield change
    elif one.call.path != other.call.path:
        yield LayerChange("renamed", one, other)


def _ends(report: Report) -> list[tuple[str, Tensor | None]]:
    return [*report.inputs.items(), *report.outputs.items()]


def difference_json(found: Difference, paths: tuple[str, str]) -> dict[str, Any]:
    """A Difference as plain data for JSON.

    Args:
        found: the difference.
        paths: what the two networks are called.
    """
    match = found.weights
    return {
        "version": VERSION,
        "equal": found.equal,
        "before": _whole(found.before, paths[0]),
        "after": _whole(found.after, paths[1]),
        "layers": [
            {
                "change": each.kind,
                "before": _layer(each.before),
                "after": _layer(each.after),
                "arguments": {name: [*map(_plain, pair)] for name, pair in each.arguments.items()},
            }
            for each in found.layers
        ],
        "settings": {name: list(pair) for name, pair in found.settings.items()},
        "weights": {
            "tensors": found.tensors,
            "fitting": len(match.fitting),
            "mismatched": [
                {"name": name, "before": list(old), "after": list(new)} for name, (old, new) in found.mismatched.items()
            ],
            "missing": list(match.missing),
            "extra": list(match.extra),
            "unknown": list(found.unknown),
        },
    }


def _plain(value: Any) -> Any:
    return list(map(_plain, value)) if isinstance(value, tuple | list) else value


def _whole(report: Report, path: str) -> dict[str, Any]:
    def shapes(named: dict[str, Tensor | None]) -> dict[str, Any]:
        return {name: None if tensor is None else list(tensor.shape) for name, tensor in named.items()}

    ends = {"inputs": shapes(report.inputs), "outputs": shapes(report.outputs)}
    return {"path": path, "name": report.spec.name, **ends, "params": report.parameters, "macs": report.macs}


def _layer(layer: LayerState | None) -> dict[str, Any] | None:
    if layer is None:
        return None
    shapes = [list(tensor.shape) for tensor in layer.known.outputs or ()]
    return {
        "name": layer.call.path,
        "type": layer.call.record.name,
        "output": shapes[0] if len(shapes) == 1 else shapes,
        "params": layer.known.parameters,
        "macs": layer.known.macs,
    }
