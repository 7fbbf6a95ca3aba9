"""Runs that exist: loading them, and scoring one on its validation data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from netspec.build.compile import compile_spec
from netspec.build.plugins.permission import permission
from netspec.ground.reading import ReadError
from netspec.runner.checkpoint import CheckpointError, load_checkpoint_weights, load_weights
from netspec.runner.devices import choose_device
from netspec.runner.figures.findings import Counting, Tally, class_names
from netspec.runner.heads import Head
from netspec.runner.info import Info
from netspec.runner.job import Feed, Job, Row
from netspec.runner.layout import laid_out
from netspec.runner.measuring import Measure, Measures
from netspec.runner.prepare import make_job, prepare
from netspec.runner.problems import option, problem
from netspec.runner.rundir import RunFolder
from netspec.runner.scoring import evaluate
from netspec.stages.check import require
from netspec.stages.load import load
from netspec.stages.spec import Report, Spec
from netspec.views.predictions import Fault, Prediction
from netspec.views.scores import Scores


@dataclass(frozen=True)
class LoadedRun:
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

    def predict(
        self, *files: str | Path, top: int = 3, device: str | None = None, weights: str = "best"
    ) -> list[Prediction]:
        """What the run says of pictures, or of the rows of tables.

        Args:
            files: their paths, or folders of them.
            top: how many classes to name.
            device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: `auto`.
            weights: of the `best` or the `last` epoch.

        Raises:
            SpecError: the weights or the device cannot be used.
            ReadError: a file or row is missing, corrupt or does not fit the network.
        """
        from netspec.runner.predict import make_predictor  # which takes a LoadedRun

        answers = []
        for said in make_predictor(self, device, weights).stream(map(str, files), top):
            if isinstance(said, Fault):
                raise ReadError(str(said))
            answers.append(said)
        return answers


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
    """The figures of the whole split that `score_run` gives."""
    return score_run(run, device, weights).row


def score_run(run: LoadedRun, device: str | None = None, weights: str = "best") -> Scores:
    """Score a run: loss and metrics on its validation samples, on the training samples where nothing is held back.

    Returns:
        `row` with `split` (val or train), `samples`, `loss` and the metrics; the counts of the classes.
    """
    plan = prepare(run.spec, device or "auto")
    model = run.model(weights, plan.device)
    job = make_job(plan, model)
    feed, split = (job.train, "train") if job.val is None else (job.val, "val")
    main = plan.contract.main
    return score_feed(model, feed, job, split, main, plan.data.source.target(main.name).classes)


def score_feed(model: nn.Module, feed: Feed, job: Job, split: str, head: Head, classes: tuple[str, ...]) -> Scores:
    """The scores of a feed's samples, in one pass.

    Args:
        model: on the feed's device, in its layout.
        feed: the samples.
        job: how they are measured.
        split: what the samples are called.
        head: the output whose classes are counted, the main one, whose targets come first.
        classes: their names, as far as they are known.
    """
    tally = Tally()

    def measures() -> Measures:
        usual, counting = job.measures(), Counting(tally, head.loss.name, head.last)
        return Measures([*(() if usual is None else usual.parts), Measure(counting, head.place, 0)])

    values = evaluate(model, feed, replace(job, measures=measures))
    row, counts = {"split": split, "samples": len(feed), **values}, tally.counts()
    if counts is None:
        return Scores(row)
    return Scores(row, class_names(classes, len(counts)), tuple(map(tuple, counts.tolist())))


def device_for(wanted: str | None) -> torch.device:
    """The device that `--device` names; `auto` where it is left out."""
    return choose_device(wanted or "auto", option("--device", wanted or "auto"))
