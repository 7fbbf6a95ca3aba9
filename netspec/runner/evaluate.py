"""Runs that exist: loading them, and scoring one on its validation data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from netspec.build.compile import compile_spec
from netspec.build.plugins.permission import permission
from netspec.runner.checkpoint import CheckpointError, load_checkpoint_weights, load_weights
from netspec.runner.devices import choose_device
from netspec.runner.job import Row
from netspec.runner.prepare import channels_last, make_job, prepare
from netspec.runner.problems import option, problem
from netspec.runner.rundir import Info, RunFolder
from netspec.runner.scoring import evaluate
from netspec.stages.load import load
from netspec.stages.spec import Spec

if TYPE_CHECKING:
    from netspec.runner.predict import Prediction


@dataclass(frozen=True)
class LoadedRun:
    """A run's folder, read: its spec with paths as they were, and its facts."""

    folder: RunFolder
    spec: Spec
    info: Info

    def model(self, weights: str = "best", device: torch.device | str = "cpu") -> nn.Module:
        """The network with the weights of the `best` or the `last` epoch, in evaluation mode.

        Raises:
            SpecError: NS608, they cannot be loaded.
        """
        model, folder = compile_spec(self.spec), self.folder
        killed = self.info.status == "running"  # its last.safetensors, if there is one, is from before
        try:
            if weights == "last" and folder.checkpoint.is_file() and (killed or not folder.last.is_file()):
                load_checkpoint_weights(folder.checkpoint, model)
            else:
                load_weights({"best": folder.best, "last": folder.last}[weights], model)
        except CheckpointError as error:
            notes = [("fix", f"netspec train --resume {folder.path} goes on with it")]
            if weights == "best":
                notes = [("fix", "--weights last takes those of the last checkpoint"), ("or", notes[0][1])]
            raise problem("NS608", str(error), option("RUN", str(folder.path)), *notes) from error
        return model.to(device).eval()

    def predict(
        self, *files: str | Path, top: int = 3, device: str | None = None, weights: str = "best"
    ) -> list[Prediction]:
        """What the run says of pictures, or of the rows of tables.

        Args:
            files: their paths.
            top: how many classes to name.
            device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: `auto`.
            weights: of the `best` or the `last` epoch.

        Raises:
            SpecError: the weights or the device cannot be used.
            ReadError: a file is missing, corrupt or does not fit the network.
        """
        from netspec.runner.predict import make_predictor  # which takes a LoadedRun

        predictor = make_predictor(self, device, weights)
        return [said for file in files for said in predictor.file(str(file), top)]


def load_run(path: str | Path, settings: tuple[str, ...] = (), *, allow_plugins: bool = False) -> LoadedRun:
    """Read a run's folder.

    Args:
        path: the folder.
        settings: made on its spec.
        allow_plugins: let the modules run that its spec names in `plugins`.

    Raises:
        ReadError: it is no folder of a run.
    """
    folder = RunFolder(Path(path))
    info = folder.read_info()
    allowed = permission(allow_plugins)
    spec = load(folder.spec, (*info.settings, *settings), folder=Path(info.folder), plugins=allowed)
    return LoadedRun(folder, spec, info)


def evaluate_run(run: LoadedRun, device: str | None = None, weights: str = "best") -> Row:
    """Score a run: loss and metrics on its validation samples, on the training samples where nothing is held back.

    Returns:
        `split` (val or train), `samples`, `loss` and the metrics.
    """
    plan = prepare(run.spec, device or "auto")
    model = run.model(weights, plan.device)
    if channels_last(model, plan):
        model = model.to(memory_format=torch.channels_last)
    job = make_job(plan, model)
    feed = job.val if job.val is not None else job.train
    split = "val" if job.val is not None else "train"
    return {"split": split, "samples": len(feed), **evaluate(model, feed, job)}


def device_for(wanted: str | None) -> torch.device:
    """The device that `--device` names; `auto` where it is left out."""
    return choose_device(wanted or "auto", option("--device", wanted or "auto"))
