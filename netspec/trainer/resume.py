"""Going on with a run: which changes are none, which are named, and which make it another run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspec.checkpoint.info import JOB, Info
from netspec.checkpoint.run_folder import RunFolder
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

FREE = (
    "train.epochs",
    "train.steps",
    "train.early_stopping",
    "train.device",
    "train.checkpoint_every",
    "name",
    "expect",
)
PATHS = ("root", "path")  # so may the place of the data
NAMED = ("train", "data.transforms", "data.augment")  # the run goes on, as another one than it was
# its state would not fit, its losses not compare
REFUSED = ("train.optimizer", "train.scheduler", "train.loss", "train.strategy")
SIZES = ("train.batch_size", "training samples")  # what a step of an epoch is depends on these
RESULTS = ("torch", "torchvision", "numpy", "netspec")  # versions that a result depends on


@dataclass(frozen=True)
class ResumedRun:
    """The run that is resumed: what was written of it, and what of its spec is changed now."""

    info: Info
    changes: dict[str, str]


def spec_to_resume(
    folder: str | Path, spec: str | None, settings: tuple[str, ...], allow_plugins: bool = False
) -> Spec:
    """The spec for going on in `folder`: the run's own, or the file `spec`, with `settings` made on it.

    Raises:
        ReadError: `folder` holds no run, or `spec` cannot be read.
    """
    if spec is not None:
        return load(spec, settings, plugins=plugin_permission(allow_plugins))
    return load_run(folder, settings, allow_plugins=allow_plugins).spec


def begun_before(out: str | Path | None) -> Path | None:
    """The run that this job of torchrun's began before its processes were started again; None at the first start."""
    job = os.environ.get(JOB, "")
    if os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0" or not job:
        return None
    for path in [Path(out)] if out is not None else sorted(Path("runs").glob("*")):
        with contextlib.suppress(ReadError):
            if RunFolder(path).read_info().job == job:
                return path
    return None


def open_run(folder: str | Path, changed: Spec) -> ResumedRun:
    """What was run in `folder`; refuses to go on there with a spec that would be another run.

    Raises:
        ReadError: `folder` holds no run.
        SpecError: NS609, the first thing that differs and may not.
    """
    run = load_run(folder)
    differences = dict(sorted(_different(plain(run.spec.document), plain(changed.document), "")))
    for place in differences:
        if not _below(place, NAMED) or _below(place, REFUSED):
            raise spec_error(
                "NS609",
                f"{place} is not what the run in {folder} was trained with; it would be another run",
                option_span("--resume", str(folder)),
                ("fix", "start a new run for it, without --resume"),
                ("note", "more epochs, another device and another place of the data are fine"),
            )
    return ResumedRun(run.info, differences)


def _different(before: object, after: object, path: str) -> Iterator[tuple[str, str]]:
    """The dotted paths of the values that differ, but for those that may, each with `now, was then`."""
    if _below(path, FREE) or (path.startswith("data.") and path.rpartition(".")[2] in PATHS):
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
    """What is not as it was: of the spec, the data, the versions and the machine."""
    found = dict(before.changes)
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (before.info.data, now.data),
        ({name: before.info.versions.get(name) for name in RESULTS}, now.versions),
        (before.info.machine, now.machine),
    ]
    for old, new in pairs:
        if old and new:
            known = {name: value for name, value in old.items() if value is not None}
            found |= {name: _change(name, known[name], new.get(name)) for name in known if new.get(name) != known[name]}
    return found


def change_warning(folder: Path, changes: dict[str, str]) -> Diagnostic:
    """The warning that says what is not as it was."""
    what = f"the run goes on, but not as it would have ended: {'; '.join(changes.values())}"
    (found,) = spec_error("NS930", what, option_span("--resume", str(folder))).diagnostics
    return found


def require_resumable(plan: Plan, job: Job, content: dict[str, Any], folder: Path, changes: dict[str, str]) -> None:
    """Refuse what cannot work from where the checkpoint with `content` stands.

    Raises:
        SpecError: NS609.
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
