"""Going on with a run: which changes of its spec keep it the same run."""

from __future__ import annotations

from pathlib import Path

from netspec.build.plugins.permission import permission
from netspec.ground.tree import plain
from netspec.runner.evaluate import load_run
from netspec.runner.problems import option, problem
from netspec.stages.load import load
from netspec.stages.spec import Spec

FREE = frozenset({"train.epochs", "train.steps", "train.early_stopping", "train.device", "name"})  # these may change
PATHS = ("root", "path")  # so may the place of the data


def spec_to_resume(
    folder: str | Path, spec: str | None, settings: tuple[str, ...], allow_plugins: bool = False
) -> Spec:
    """The spec for going on in `folder`: the run's own, or the file `spec`, with `settings` made on it.

    Raises:
        ReadError: `folder` holds no run, or `spec` cannot be read.
    """
    if spec is not None:
        return load(spec, settings, plugins=permission(allow_plugins))
    return load_run(folder, settings, allow_plugins=allow_plugins).spec


def same_run(folder: str | Path, changed: Spec) -> None:
    """Refuse to go on in `folder` with a spec that differs from the run's in more than what may change.

    Raises:
        ReadError: `folder` holds no run.
        SpecError: NS609, the first thing that differs.
    """
    before = load_run(folder)
    differences = sorted(_different(plain(before.spec.document), plain(changed.document), ""))
    if differences:
        place = differences[0]
        at = option("--resume", str(folder))
        raise problem(
            "NS609",
            f"{place} is not what the run in {folder} was trained with; it would be another run",
            at,
            ("fix", "start a new run for it, without --resume"),
            ("note", "more epochs, another device and another place of the data are fine"),
        )


def _different(before: object, after: object, path: str) -> set[str]:
    """The dotted paths of the values that differ, but for those that may."""
    if path in FREE or (path.startswith("data.") and path.rpartition(".")[2] in PATHS):
        return set()
    if isinstance(before, dict) and isinstance(after, dict):
        keys = {*before, *after}
        return {
            found
            for key in keys
            for found in _different(before.get(key), after.get(key), f"{path}.{key}" if path else key)
        }
    return set() if before == after or (not before and not after) else {path}
