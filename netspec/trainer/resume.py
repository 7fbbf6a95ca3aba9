"""Going on with a run: which changes are ignored, which are reported, and which are refused.

Input: the folder of a run and a spec. Output: the ResumedRun with its changes, or a SpecError.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspec.checkpoint.run_folder import RunFolder
from netspec.checkpoint.run_info import JOB, Info
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.diagnostics import Diagnostic
from netspec.core.files import ReadError
from netspec.core.tree import plain
from netspec.inference.loaded_run import load_run
from netspec.language.load import load
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import counted, option_span, spec_error, spec_start
from netspec.training.job import Job
from netspec.training.plan import Plan

IGNORED = (
    "train.epochs",
    "train.steps",
    "train.early_stopping",
    "train.device",
    "train.checkpoint_every",
    "train.loggers",
    "name",
    "expect",
)
DATA_PATHS = ("root", "path")  # keys below `data` whose changes are ignored too
REPORTED = ("train", "data.transforms", "data.augment")  # the run goes on, with another result
REFUSED = ("train.optimizer", "train.scheduler", "train.loss", "train.strategy")  # of these nothing could go on
SIZES = ("train.batch_size", "training samples")  # which decide what a step of an epoch is
VERSIONS = ("torch", "torchvision", "numpy", "netspec")  # of which a result depends


@dataclass(frozen=True)
class ResumedRun:
    """The run that is resumed: its `info` as it was, and the `changes` of its spec by dotted path."""

    info: Info
    changes: dict[str, str]


def spec_to_resume(
    folder: str | Path, spec: str | None, settings: tuple[str, ...], allow_plugins: bool = False
) -> Spec:
    """The spec to go on with.

    Args:
        folder: of the run.
        spec: a file to take instead of the run's own spec.
        settings: assignments that are made on it.
        allow_plugins: let the modules run that it names in `plugins`.

    Raises:
        ReadError: `folder` holds no run, or `spec` cannot be read.
    """
    if spec is not None:
        return load(spec, settings, plugins=plugin_permission(allow_plugins))
    return load_run(folder, settings, allow_plugins=allow_plugins).spec


def begun_before(out: str | Path | None) -> Path | None:
    """The run that this job of torchrun's began before its processes were restarted; None at the first start."""
    job = os.environ.get(JOB, "")
    if os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0" or not job:
        return None
    for path in [Path(out)] if out is not None else sorted(Path("runs").glob("*")):
        with contextlib.suppress(ReadError):
            if RunFolder(path).read_info().job == job:
                return path
    return None


def open_run(folder: str | Path, changed: Spec) -> ResumedRun:
    """Read the run that is resumed, and compare its spec.

    Args:
        folder: of the run.
        changed: the spec to go on with.

    Raises:
        ReadError: `folder` holds no run.
        SpecError: NS609, the first difference with which it would be another run.
    """
    run = load_run(folder)
    differences = dict(sorted(_different(plain(run.spec.document), plain(changed.document), "")))
    for path in differences:
        if not _below(path, REPORTED) or _below(path, REFUSED):
            raise spec_error(
                "NS609",
                f"{path} is not what the run in {folder} was trained with; it would be another run",
                option_span("--resume", str(folder)),
                ("fix", "start a new run for it, without --resume"),
                ("note", "more epochs, another device and another place of the data are fine"),
            )
    return ResumedRun(run.info, differences)


def _different(before: object, after: object, path: str) -> Iterator[tuple[str, str]]:
    """The dotted paths of the values that differ, without those that are ignored, each with the change."""
    if _below(path, IGNORED) or (path.startswith("data.") and path.rpartition(".")[2] in DATA_PATHS):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {*before, *after}:
            yield from _different(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
    elif before != after and (before or after):
        yield path, _change(path, before, after)


def _below(path: str, names: Iterable[str]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in names)


def _change(name: str, before: object, after: object) -> str:
    """`train.batch_size 32 (was 16)`."""
    return f"{name} {_short(after)} (was {_short(before)})"


def _short(value: object) -> str:
    text = "not given" if value is None else str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def changes_since(before: ResumedRun, now: Info) -> dict[str, str]:
    """The changes of the spec, the data, the versions and the machine, by name."""
    found = dict(before.changes)
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (before.info.data, now.data),
        ({name: before.info.versions.get(name) for name in VERSIONS}, now.versions),
        (before.info.machine, now.machine),
    ]
    for old, new in pairs:
        if old and new:
            known = {name: value for name, value in old.items() if value is not None}
            found |= {name: _change(name, known[name], new.get(name)) for name in known if new.get(name) != known[name]}
    return found


def change_warning(folder: Path, changes: dict[str, str]) -> Diagnostic:
    """The warning that lists the changes."""
    what = f"the run goes on, but not as it would have ended: {'; '.join(changes.values())}"
    (found,) = spec_error("NS930", what, option_span("--resume", str(folder))).diagnostics
    return found


def require_resumable(plan: Plan, job: Job, content: dict[str, Any], folder: Path, changes: dict[str, str]) -> None:
    """Refuse changes that do not go with the checkpoint.

    Args:
        plan, job: of the run as it is now.
        content: of the checkpoint.
        folder: of the run.
        changes: by name.

    Raises:
        SpecError: NS609, the size of a step changes within an epoch, or the scheduler is made for fewer steps.
    """
    sizes = [changes[name] for name in SIZES if name in changes]
    if content["step"] and sizes:
        what = f"the run stands in the middle of epoch {content['epoch'] + 1}, whose steps are others with {sizes[0]}"
        note = ("fix", "let it go on to the end of the epoch as it was, then change it")
        raise spec_error("NS609", what, option_span("--resume", str(folder)), note)
    length = (content["scheduler"] or {}).get("total_steps")
    if length is not None and job.total > length and plan.settings.scheduler is not None:
        name, epochs = plan.settings.scheduler.name, counted(job.epochs, "epoch")
        at = plan.settings.nodes.get("scheduler", spec_start(plan.spec.path))
        what = f"{name} was made for {counted(length, 'step')}, {epochs} are {job.total}"
        raise spec_error("NS609", what, at, ("fix", f"start a new run of {epochs}, without --resume"))
