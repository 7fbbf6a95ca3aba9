"""Weights with the spec, as a run writes them: `netspec.load_model` makes the network of the file alone."""

from __future__ import annotations

from pathlib import Path

from netspec.exporting.network import Network, flat
from netspec.exporting.torch_files import Runner
from netspec.inference.stored_run import load_model


def write(network: Network, path: Path) -> None:
    """Write the weights of a network."""
    from safetensors.torch import save_model

    save_model(network.model, str(path), metadata={"format": "pt", **network.metadata})


def load(path: Path, network: Network) -> Runner:
    """Load a file as `netspec.load_model` does."""
    model = load_model(path, allow_plugins=network.spec.document.get("plugins") is not None)

    return lambda samples: (flat(model(*inputs)) for inputs in samples)
