"""The checked network as TensorBoard's GraphDef: a node a layer, named by its module path, with its shapes.

It is built from the flat graph, so that nothing is traced or run, and a group or block is a box that opens.
"""

from __future__ import annotations

from typing import Any

from netspec.core.shapes import Tensor
from netspec.language.spec import Ref, Report


def graph_def(report: Report) -> Any:
    """A report without errors → tensorboard's GraphDef; shapes begin with an open batch axis."""
    from tensorboard.compat.proto.graph_pb2 import GraphDef  # type: ignore[import-untyped]  # has no types
    from tensorboard.compat.proto.versions_pb2 import VersionDef  # type: ignore[import-untyped]  # has no types

    graph = report.graph
    assert graph is not None  # a report without errors has one
    taken: set[str] = set()
    inputs = [_unused(name, taken) for name in graph.inputs]
    calls = [_unused(call.path.replace(".", "/"), taken) for call in graph.calls]

    def name(ref: Ref) -> str:
        base = inputs[-1 - ref.node] if ref.node < 0 else calls[ref.node]
        return f"{base}:{ref.output}" if ref.output else base

    nodes = [_node(at, "Input", [], (tensor,), {}) for at, tensor in zip(inputs, graph.inputs.values(), strict=True)]
    for at, call, known in zip(calls, graph.calls, report.inferred, strict=True):
        counts = {"parameters": known.parameters or 0, "macs": known.macs or 0}
        nodes.append(_node(at, call.record.name, map(name, call.inputs), known.outputs or (), {**known.args, **counts}))
    for label, ref in graph.outputs.items():
        at = _unused("output" if len(graph.outputs) == 1 else f"output_{label.replace('.', '_')}", taken)
        nodes.append(_node(at, "Output", [name(ref)], (report.tensor(ref),), {}))
    return GraphDef(node=nodes, versions=VersionDef(producer=22))


def _unused(name: str, taken: set[str]) -> str:
    """A node's name that no other has: a layer may be applied twice."""
    number, found = 1, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found


def _node(name: str, kind: str, sources: Any, outputs: tuple[Tensor | None, ...], args: dict[str, Any]) -> Any:
    from tensorboard.compat.proto.attr_value_pb2 import AttrValue  # type: ignore[import-untyped]  # has no types
    from tensorboard.compat.proto.node_def_pb2 import NodeDef  # type: ignore[import-untyped]  # has no types
    from tensorboard.compat.proto.tensor_shape_pb2 import (  # type: ignore[import-untyped]  # has no types
        TensorShapeProto,
    )

    shapes = [
        TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in (-1, *tensor.shape)])
        for tensor in outputs
        if tensor is not None
    ]
    attributes = {key: AttrValue(s=str(value).encode()) for key, value in args.items()}
    attributes["_output_shapes"] = AttrValue(list=AttrValue.ListValue(shape=shapes))
    return NodeDef(name=name, op=kind, input=list(sources), attr=attributes)
