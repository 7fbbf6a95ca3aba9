"""Programs of torch.export (`.pt2`) and TorchScript (`.pt`), with their metadata."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from netspec.exporting.network import Network, flat
from netspec.objective.losses import Tensors

Runner = Callable[[Sequence[Tensors]], Iterable[Tensors]]  # the inputs of several calls → the outputs of each


@contextlib.contextmanager
def tracing() -> Iterator[None]:
    """Tracing without attention's fused kernel, which no file has, and without warnings about the tracer."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


def program_of(network: Network) -> Any:
    """The torch.export program of a network, its named axes of any size."""
    shapes = tuple(
        {
            axis: torch.export.Dim("batch") if axis == 0 else torch.export.Dim.AUTO
            for axis in entry.axes
        }
        for entry in network.inputs
    )  # fmt: skip
    variadic = type(network.model).__name__ == "Wrapped"
    with tracing():
        return torch.export.export(
            network.model,
            network.example(),
            dynamic_shapes=(shapes,) if variadic else shapes,
            strict=False,
        )


def write_program(network: Network, path: Path) -> None:
    """Write a network as a program of torch.export."""
    with path.open("wb") as file:
        torch.export.save(program_of(network), file, extra_files=dict(network.metadata))


def load_program(path: Path, network: Network) -> Runner:
    """Load a program by torch.export.load."""
    with path.open("rb") as file:
        module = torch.export.load(file).module()
    return lambda samples: (flat(module(*inputs)) for inputs in samples)


def write_script(network: Network, path: Path) -> None:
    """Write a network as TorchScript, traced."""
    with tracing():
        trace: Any = torch.jit.trace
        traced = trace(network.model, network.example(), check_trace=False, strict=False)
        torch.jit.save(traced, str(path), _extra_files=dict(network.metadata))


def load_script(path: Path, network: Network) -> Runner:
    """Load TorchScript by torch.jit.load."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.load(str(path))  # type: ignore[no-untyped-call]  # torch has no types for it

    return lambda samples: (flat(module(*inputs)) for inputs in samples)
