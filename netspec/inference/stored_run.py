"""A run's folder → its spec, its facts and its network. The run's data are not needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from netspec.checker import require
from netspec.checkpoint.checkpoint import CheckpointError, load_checkpoint_weights, load_weights
from netspec.checkpoint.info import Info
from netspec.checkpoint.run_folder import RunFolder
from netspec.compiler.module import compile_spec
from netspec.language.spec import Report, Spec
from netspec.runtime.diagnostics import option, problem
from netspec.training.layout import laid_out


@dataclass(frozen=True)
class StoredRun:
    """A run's folder, read: its spec with paths as they were, and its facts."""

    folder: RunFolder
    spec: Spec
    info: Info

    @cached_property
    def report(self) -> Report:
        """Of the spec's check.

        Raises:
            SpecError: it has errors.
        """
        return require(self.spec)

    def model(self, weights: str = "best", device: torch.device | str = "cpu") -> nn.Module:
        """The network with the weights of the `best` or the `last` epoch, in evaluation mode.

        Raises:
            SpecError: NS608, they cannot be loaded.
        """
        model, folder = compile_spec(self.spec, weights=False), self.folder
        killed = self.info.status == "running"  # its last.safetensors, if there is one, is from before
        try:
            kept = folder.checkpoint.is_file() or folder.previous.is_file()
            if weights == "last" and kept and (killed or not folder.last.is_file()):
                load_checkpoint_weights(folder.checkpoint, model, folder.previous)
            else:
                load_weights({"best": folder.best, "last": folder.last}[weights], model)
        except CheckpointError as error:
            notes = [("fix", f"netspec train --resume {folder.path} goes on with it")]
            if weights == "best":
                notes = [("fix", "--weights last takes those of the last checkpoint"), ("or", notes[0][1])]
            raise problem("NS608", str(error), option("RUN", str(folder.path)), *notes) from error
        return laid_out(model, self.report, device).eval()
