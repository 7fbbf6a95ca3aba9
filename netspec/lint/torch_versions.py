"""Graph → the graph as a version of torch has it; what that version does not have yet is noted at its place.

The version is only looked up where the spec uses something that is not the same in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.diagnostics import Findings, Fix, Note
from netspec.core.installed import installed, release
from netspec.core.tree import Mapping, Node, Scalar
from netspec.expansion.graph import Call, Graph
from netspec.fixes.edits import remove_entry
from netspec.language.spec import Spec
from netspec.layers.record import Layer


def graph_for_torch(spec: Spec, graph: Graph, torch: str | None, findings: Findings) -> Graph:
    """The graph with the rules of one version of torch.

    Args:
        spec: whose graph it is.
        graph: as it was expanded.
        torch: the version; the installed one where left out.
        findings: takes NS219 for each layer and argument that the version does not have.
    """
    if not any(map(_varies, graph.calls)):
        return graph
    version = torch or installed()
    here = release(version)
    records: dict[str, Layer] = {}  # calls of one layer share its record
    calls = []
    for call in graph.calls:
        name = call.record.name
        if name not in records:
            records[name] = call.record.as_of(here)
        calls.append(replace(call, record=records[name]))
        if call.shares is None:  # a module that is applied again was looked at where it was made
            for at, what, since, fixes in _newer(call, version, spec.sources):
                install = Note("or" if fixes else "fix", f"pip install 'torch>={since}'")
                frames = tuple(frame for frame in call.frames if frame not in at.frames)
                message = f"{what} came with torch {since}, here is {version}"
                findings.add("NS219", message, at, layer=call.path, notes=[install], fixes=fixes, frames=frames)
    return replace(graph, calls=tuple(calls))


def _varies(call: Call) -> bool:
    """Whether a call is not the same in all versions of torch."""
    record = call.record
    dated = record.since is not None or any(name in call.places for name in record.dated)
    return dated or any(change.matters(call.args) for change in record.earlier)


def _newer(call: Call, version: str, sources: Dict[str, str]) -> list[tuple[Node, str, str, tuple[Fix, ...]]]:
    """What a call has that a version lacks: where it stands, what it is, which version brought it, how to mend it."""
    record, here = call.record, release(version)
    if record.since is not None and here < release(record.since):
        return [(call.item.at, record.name, record.since, ())]
    written = ((key, value, record.dated.get(key.text)) for key, value in call.item.args)
    return [
        (key, f"{key.text} of {record.name}", since, _left_out(call, key, value, sources))
        for key, value, since in written
        if since is not None and here < release(since)
    ]


def _left_out(call: Call, key: Scalar, value: Node, sources: Dict[str, str]) -> tuple[Fix, ...]:
    """What is written as it is by default may as well be left out."""
    arg, written = call.record.arg(key.text), call.item.argument_node
    if arg is None or not isinstance(value, Scalar) or not isinstance(written, Mapping):
        return ()
    if type(value.value) is not type(arg.default) or value.value != arg.default:
        return ()
    edit = remove_entry(written, key, sources)
    return () if edit is None else (Fix(f"without {key.text}, which is {value.text} anyway", (edit,)),)
