"""ONNX, written by torch and run by onnxruntime: named inputs, outputs and axes, and metadata."""

from __future__ import annotations

import contextlib
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from netspec.exporting.network import Network
from netspec.exporting.torch_files import Runner, program_of, tracing
from netspec.objective.losses import Tensors

LARGEST = 2**31 - 2**20  # bytes: what a file of protobuf can hold, without external ones


class TooLargeError(Exception):
    """A network that one ONNX file cannot hold."""


def write(network: Network, path: Path) -> None:
    """Write a network as one ONNX file.

    Raises:
        TooLargeError: its weights take more than 2 GB.
    """
    import onnx

    if sum(tensor.nbytes for tensor in network.model.state_dict().values()) > LARGEST:
        raise TooLargeError("an ONNX file holds at most 2 GB; pt2 holds more")
    with _quiet(), tracing():
        made = torch.onnx.export(
            program_of(network),
            dynamo=True,
            verbose=False,
            input_names=[each.name for each in network.inputs],
            output_names=[*network.outputs],
        )
        assert made is not None
        model = made.model_proto
    _name_axes(model, network)
    for key, value in network.metadata.items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, str(path))


def _name_axes(model: Any, network: Network) -> None:
    """Give the axes of any size their names, in place of torch's."""
    names: dict[str, str] = {}
    for value, entry in zip(model.graph.input, network.inputs, strict=True):
        for axis, name in entry.axes.items():
            found = value.type.tensor_type.shape.dim[axis].dim_param
            if found:
                names.setdefault(found, name)
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param in names:
                dim.dim_param = names[dim.dim_param]
            elif dim.dim_param:
                dim.dim_param = re.sub(r"\w+", lambda word: names.get(word[0], word[0]), dim.dim_param)


def load(path: Path, network: Network) -> Runner:
    """Load a file by onnxruntime, on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run(inputs: Tensors) -> Tensors:
        given = {name: x.numpy() for name, x in zip(names, inputs, strict=True)}
        return tuple(torch.from_numpy(each) for each in session.run(None, given))

    return lambda samples: map(run, samples)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter prints while it works; its errors are raised."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)
