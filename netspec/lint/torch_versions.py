"""Graph → the graph with the layers of one version of torch; NS219 for what that version does not have.

The installed version is only looked up where the spec uses something that differs between versions.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.diagnostics import Findings, Fix, Note
from netspec.core.installed import installed, release
from netspec.core.tree import Mapping, Node, Scalar
from netspec.expansion.graph import Call, Graph
from netspec.fixes.edits import optional_fix, remove_entry
from netspec.language.spec import Spec
from netspec.layers.record import Layer


def graph_for_torch(spec: Spec, graph: Graph, torch: str | None, findings: Findings) -> Graph:
    """The graph with the rules of one version of torch.

    Args:
        spec: the spec that was expanded.
        graph: its graph.
        torch: the version; the installed one where left out.
        findings: takes NS219 for each layer and argument that the version does not have.
    """
    if not any(map(_varies, graph.calls)):
        return graph
    version = torch or installed()
    records: dict[int, Layer] = {}  # calls of one type share its record
    calls = []
    for call in graph.calls:
        if id(call.record) not in records:
            records[id(call.record)] = call.record.as_of(release(version))
        calls.append(replace(call, record=records[id(call.record)]))
        if call.shares is None:  # a module that is applied again was checked where it is made
            for node, what, since, fixes in _newer(call, version, spec.sources):
                install = Note("or" if fixes else "fix", f"pip install 'torch>={since}'")
                frames = tuple(frame for frame in call.frames if frame not in node.frames)
                message = f"{what} came with torch {since}, here is {version}"
                findings.add("NS219", message, node, layer=call.path, notes=[install], fixes=fixes, frames=frames)
    return replace(graph, calls=tuple(calls))


def classes_for_torch(spec: Spec, torch: str | None, findings: Findings) -> None:
    """Find what one version of torch lacks of the losses, optimizers, schedulers and transforms of a spec.

    Args:
        spec: whose `data` and `train` are looked at.
        torch: the version; the installed one where left out.
        findings: takes NS219 for each class and argument that the version does not have.
    """
    if spec.data is None and spec.train is None:
        return
    from netspec.language.sections.torch_classes import classes_of
    from netspec.language.sections.written_classes import every_class

    for written in every_class(spec.data, spec.train):
        found = classes_of(written.family).get(str(written.name.value))
        if found is None or (found.since is None and all(one.since is None for one in found.arguments.values())):
            continue
        newer: list[tuple[Node, str, str | None]] = []
        if not written.group:
            newer.append((written.name, found.name, found.since))
        for key, _ in written.arguments if isinstance(written.arguments, Mapping) else ():
            argument = found.arguments.get(str(key.value))
            newer.append((key, f"{key.value} of {found.name}", None if argument is None else argument.since))
        for node, what, since in newer:
            if since is not None and release(torch or installed()) < release(since):
                message = f"{what} came with torch {since}, here is {torch or installed()}"
                findings.add("NS219", message, node, notes=[Note("fix", f"pip install 'torch>={since}'")])


def _varies(call: Call) -> bool:
    """Whether a call is not the same in all versions of torch."""
    record = call.record
    dated = record.since is not None or any(name in call.arg_nodes for name in record.dated)
    return dated or any(change.matters(call.args) for change in record.earlier)


def _newer(call: Call, version: str, sources: Dict[str, str]) -> list[tuple[Node, str, str, tuple[Fix, ...]]]:
    """What a version lacks of a call: its node, its name, the version that brought it, and fixes."""
    record, here = call.record, release(version)
    if record.since is not None and here < release(record.since):
        return [(call.item.at, record.name, record.since, ())]
    arguments = ((key, value, record.dated.get(key.text)) for key, value in call.item.args)
    return [
        (key, f"{key.text} of {record.name}", since, _without(call, key, value, sources))
        for key, value, since in arguments
        if since is not None and here < release(since)
    ]


def _without(call: Call, key: Scalar, value: Node, sources: Dict[str, str]) -> tuple[Fix, ...]:
    """The fix that removes an argument which has its default value."""
    arg, written = call.record.arg(key.text), call.item.argument_node
    if arg is None or not isinstance(value, Scalar) or not isinstance(written, Mapping):
        return ()
    if type(value.value) is not type(arg.default) or value.value != arg.default:
        return ()
    return optional_fix(f"without {key.text}, which is {value.text} anyway", remove_entry(written, key, sources))
