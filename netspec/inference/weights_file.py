"""A safetensors file of a run → its network, with no class at hand: the spec is in the file's header."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from netspec.checker import require
from netspec.checkpoint.checkpoint import CheckpointError, load_weights
from netspec.compiler.module import compile_spec
from netspec.compiler.plugins.permission import permission
from netspec.core.reading import ReadError
from netspec.language.load import load
from netspec.training.layout import laid_out


def load_model(path: str | Path, device: torch.device | str = "cpu", *, allow_plugins: bool = False) -> nn.Module:
    """The network of a weights file that a run has written, in evaluation mode.

    Args:
        path: `best.safetensors` or `last.safetensors` of a run, wherever it lies.
        device: where the model is wanted.
        allow_plugins: let the modules run that its spec names in `plugins`.

    Raises:
        ReadError: the file is missing or damaged, or holds no spec.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get("netspec")
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None
    except (OSError, SafetensorError) as error:
        advice = "; netspec.load_run takes a run's folder" if path.is_dir() else ""
        raise ReadError(f"{path}: cannot be read: {str(error).splitlines()[0]}{advice}") from None
    if text is None:
        raise ReadError(f"{path}: holds weights without a spec, so that it was not written by netspec train")
    spec = load(text, plugins=permission(allow_plugins))
    model = compile_spec(spec, weights=False)
    try:
        load_weights(path, model)
    except CheckpointError as error:
        raise ReadError(str(error)) from None
    return laid_out(model, require(spec), device).eval()
