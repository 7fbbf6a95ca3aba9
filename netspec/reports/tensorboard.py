"""TensorBoard events: scalars of each epoch, the network's graph, hyper-parameters, pictures.

Input: rows, a report, settings, PNG files. Output: an events file in the run's folder.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec.core.shapes import Tensor
from netspec.expansion.graph import Ref
from netspec.render.runs import Plain
from netspec.shapes.report import Report
from netspec.training.job import Row


def graph_def(report: Report) -> Any:
    """The network as tensorboard's GraphDef; shapes begin with an open batch axis.

    Args:
        report: without errors.
    """
    from tensorboard.compat.proto.graph_pb2 import GraphDef
    from tensorboard.compat.proto.versions_pb2 import VersionDef

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
    """A name that no other node has: a layer may be applied twice."""
    number, found = 1, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found


def _node(name: str, kind: str, sources: Any, outputs: tuple[Tensor | None, ...], args: dict[str, Any]) -> Any:
    from tensorboard.compat.proto.attr_value_pb2 import AttrValue
    from tensorboard.compat.proto.node_def_pb2 import NodeDef
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

    shapes = [
        TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in (-1, *tensor.shape)])
        for tensor in outputs
        if tensor is not None
    ]
    attributes = {key: AttrValue(s=str(value).encode()) for key, value in args.items()}
    attributes["_output_shapes"] = AttrValue(list=AttrValue.ListValue(shape=shapes))
    return NodeDef(name=name, op=kind, input=list(sources), attr=attributes)


def settings_begin(settings: Mapping[str, Plain]) -> Any:
    """The summary that a run's events begin with: its settings by their dotted paths.

    tensorboard's own `hparams_pb` would put runs of the same settings into one group.
    """
    from google.protobuf.struct_pb2 import Value
    from tensorboard.plugins.hparams import metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionStartInfo

    values = {}
    for key, value in settings.items():
        if isinstance(value, bool):
            values[key] = Value(bool_value=value)
        elif isinstance(value, int | float):
            values[key] = Value(number_value=value)
        else:
            values[key] = Value(string_value=str(value))
    start = SessionStartInfo(hparams=values, start_time_secs=time.time())
    return _summary(metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=start))


def settings_end(status: str) -> Any:
    """The summary that a run's events end with: how it ended."""
    from tensorboard.plugins.hparams import api_pb2, metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo

    code = api_pb2.STATUS_FAILURE if status == "failed" else api_pb2.STATUS_SUCCESS
    end = SessionEndInfo(status=code, end_time_secs=time.time())
    return _summary(metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=end))


def _summary(tag: str, content: Any) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import metadata

    described = metadata.create_summary_metadata(content)
    return Summary(value=[Summary.Value(tag=tag, metadata=described, tensor=metadata.NULL_TENSOR)])


class Events:
    """Writes an events file; the epoch is the step.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"  # sorted by time
        file = (folder / name).open("wb")  # in this thread: a full disk is an error of the run's
        self._writer: Any = RecordWriter(file)
        self._write(file_version="brain.Event:2")

    def begin(self, report: Report, settings: Mapping[str, Plain]) -> None:
        """Write the graph of a checked network, and the run's settings by their dotted paths."""
        self._write(graph_def=graph_def(report).SerializeToString())
        self._write(summary=settings_begin(settings))

    def add(self, row: Row) -> None:
        """Add an epoch."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        numbers = {name: value for name, value in row.items() if name != "epoch" and isinstance(value, int | float)}
        values = [Summary.Value(tag=_tag(name), simple_value=value) for name, value in numbers.items()]
        self._write(step=row["epoch"], summary=Summary(value=values))

    def picture(self, path: Path, step: int) -> None:
        """Add a PNG file under its name."""
        from PIL import Image
        from tensorboard.compat.proto.summary_pb2 import Summary

        with Image.open(path) as picture:
            width, height = picture.size
            channels = len(picture.getbands())
        image = Summary.Image(
            height=height, width=width, colorspace=channels, encoded_image_string=path.read_bytes()
        )  # its colorspace is the number of channels
        self._write(step=step, summary=Summary(value=[Summary.Value(tag=path.stem, image=image)]))

    def end(self, status: str) -> None:
        """Write how the run ended: `finished`, `stopped early`, `interrupted` or `failed`."""
        self._write(summary=settings_end(status))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    def _write(self, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._writer.write(Event(wall_time=time.time(), **content).SerializeToString())
        self._writer.flush()


def _tag(name: str) -> str:
    """`val_loss` → `loss/val`, so that training and validation share a chart."""
    part, _, rest = name.partition("_")
    return f"{rest}/{part}" if part in ("train", "val") else name
