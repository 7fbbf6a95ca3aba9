"""The table of what a network can be exported to. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netspec.core.installed import ONNX


@dataclass(frozen=True)
class Target:
    """One kind of file.

    Args:
        name: what `--to` calls it.
        suffix: of its files.
        doc: what it is, in a few words, for the command's help.
        write: the function from a Network and a path that writes the file, as `module:name`.
        load: the function from a path and a Network that loads it by its own runtime and gives a function from
            the inputs of several calls to the outputs of each, as `module:name`.
        packages: modules that it needs, each with its package's name.
        graph: whether the file holds the computation itself, into which transforms and probabilities can go.
    """

    name: str
    suffix: str
    doc: str
    write: str
    load: str
    packages: Mapping[str, str]
    graph: bool = True


TARGETS: dict[str, Target] = {
    each.name: each
    for each in (
        Target(
            "python",
            ".py",
            "its source, which needs torch and no netspec",
            "netspec.exporting.python_file:write",
            "netspec.exporting.python_file:load",
            {},
            graph=False,
        ),
        Target(
            "onnx",
            ".onnx",
            "for onnxruntime and whatever else reads ONNX",
            "netspec.exporting.onnx_file:write",
            "netspec.exporting.onnx_file:load",
            ONNX,
        ),
        Target(
            "pt2",
            ".pt2",
            "a program of torch.export",
            "netspec.exporting.torch_files:write_program",
            "netspec.exporting.torch_files:load_program",
            {},
        ),
        Target(
            "torchscript",
            ".pt",
            "for torch.jit.load, in C++ too",
            "netspec.exporting.torch_files:write_script",
            "netspec.exporting.torch_files:load_script",
            {},
        ),
        Target(
            "safetensors",
            ".safetensors",
            "its weights, with the spec: netspec.load_model makes the network of it",
            "netspec.exporting.weights_file:write",
            "netspec.exporting.weights_file:load",
            {},
            graph=False,
        ),
    )
}


def target_of(name: str | None, path: str) -> Target | None:
    """The target of that name, or of a file's suffix; None where there is none.

    Args:
        name: what `--to` says; None: the file tells.
        path: of the file.
    """
    if name is not None:
        return TARGETS.get(name)
    return next((each for each in TARGETS.values() if path.lower().endswith(each.suffix)), None)
