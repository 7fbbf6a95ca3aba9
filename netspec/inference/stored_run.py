"""The spec, the Info and the network of a stored run. No data are needed.

Input: a run's folder, or a safetensors file of one. Output: a StoredRun, or an nn.Module.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from netspec.checker import require
from netspec.checkpoint.checkpoint import CheckpointError, load_checkpoint_weights, load_weights
from netspec.checkpoint.run_folder import RunFolder
from netspec.checkpoint.run_info import Info
from netspec.compiler.module import compile_spec
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.files import ReadError, read_text
from netspec.data.text.format import LARGEST_TOKENIZER, TextFormat, stored_format
from netspec.data.text.tokenizer import TokenizerError
from netspec.language.load import loads
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import option_span, spec_error
from netspec.shapes.report import Report
from netspec.training.devices import to_device


@dataclass(frozen=True)
class StoredRun:
    """A run's folder, read.

    Args:
        folder: of the run.
        spec: with paths as they were.
        info: of run.json.
    """

    folder: RunFolder
    spec: Spec
    info: Info

    @cached_property
    def report(self) -> Report:
        """The report of the spec's check.

        Raises:
            SpecError: it has errors.
        """
        return require(self.spec)

    @cached_property
    def text(self) -> TextFormat | None:
        """How texts become tokens, where the run was trained on texts.

        Raises:
            ReadError: its tokenizer cannot be read.
        """
        if self.info.text is None:
            return None
        path = self.folder.tokenizer
        content = read_text(path, "tokenizer.json", LARGEST_TOKENIZER)
        try:
            return stored_format(self.info.text, content)
        except TokenizerError as error:
            raise ReadError(f"{path}: cannot be used: {error}") from None

    def model(self, weights: str = "best", device: torch.device | str = "cpu") -> nn.Module:
        """The network in evaluation mode.

        Args:
            weights: of the `best` or the `last` epoch.
            device: where it is wanted.

        Raises:
            SpecError: NS608, they cannot be loaded.
        """
        model, folder = compile_spec(self.spec, weights=False), self.folder
        killed = self.info.status == "running"  # its last.safetensors, if there is one, is from before
        try:
            if weights == "last" and folder.has_checkpoint() and (killed or not folder.last.is_file()):
                load_checkpoint_weights(folder.checkpoint, model, folder.previous)
            else:
                load_weights({"best": folder.best, "last": folder.last}[weights], model)
        except CheckpointError as error:
            notes = [("fix", f"netspec train --resume {folder.path} goes on with it")]
            if weights == "best":
                notes = [("fix", "--weights last takes those of the last checkpoint"), ("or", notes[0][1])]
            raise spec_error("NS608", str(error), option_span("RUN", str(folder.path)), *notes) from error
        return to_device(model, self.report, device).eval()


def load_model(path: str | Path, device: torch.device | str = "cpu", *, allow_plugins: bool = False) -> nn.Module:
    """The network of a weights file that a run has written, in evaluation mode.

    Args:
        path: `best.safetensors` or `last.safetensors` of a run, wherever it lies.
        device: where the model is wanted.
        allow_plugins: let the modules run that its spec names in `plugins`.

    Raises:
        ReadError: the file is missing or damaged, or holds no spec.
    """
    spec, model = read_weights_file(path, allow_plugins=allow_plugins)
    return to_device(model, require(spec), device).eval()


def read_weights_file(path: str | Path, *, allow_plugins: bool = False) -> tuple[Spec, nn.Module]:
    """The spec that a weights file holds, and its network with the weights.

    Args:
        path: as of `load_model`.
        allow_plugins: as of `load_model`.

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
    spec = loads(text, plugins=plugin_permission(allow_plugins), self_contained=True)
    model = compile_spec(spec, weights=False)
    try:
        load_weights(path, model)
    except CheckpointError as error:
        raise ReadError(str(error)) from None
    return spec, model
