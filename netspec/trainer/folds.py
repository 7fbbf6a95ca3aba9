"""`netspec train --folds`: a run for each fold, one after the other, in folders of one folder; a kill loses no fold.

Input: specs that differ in `data.fold` alone. Output: the FoldsRun, its runs in `fold-0`, `fold-1`, …, and folds.json
with mean and deviation of each figure.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspec.checkpoint.run_folder import RunFolder, make_folder
from netspec.core.escapes import escaped_json
from netspec.core.files import ReadError, parse_json, read_text, write_atomically
from netspec.data.parts import read_parts
from netspec.data.section import dataset_nodes
from netspec.language.spec import Spec
from netspec.render.folds import spread
from netspec.reports.progress import Progress
from netspec.runtime.diagnostics import option_span, spec_error
from netspec.trainer.manager import write_errors
from netspec.trainer.train import train
from netspec.training.job import Row

FILE = "folds.json"
OVER = ("finished", "stopped early")


@dataclass(frozen=True)
class FoldsRun:
    """What the folds gave.

    Args:
        folder: with the folder of each.
        rows: the best epoch of each fold that is over.
        count: the number of folds.
        signal: the number of the signal that interrupted them.
    """

    folder: Path
    rows: tuple[Row, ...]
    count: int
    signal: int | None = None


def holds_folds(folder: str | Path) -> bool:
    """Whether a folder is one of folds, which is gone on with as a whole."""
    return (Path(folder) / FILE).is_file()


def first_fold(folder: str | Path) -> Path:
    """The folder of the first fold, whose spec is that of all.

    Raises:
        ReadError: no run has begun there.
    """
    path = Path(folder) / "fold-0"
    if not (path / "run.json").is_file():
        raise ReadError(f"{folder}: was ended before its first fold began; train SPEC --folds --out {folder} begins it")
    return path


def train_folds(
    spec_of: Callable[[int], Spec],
    out: str | Path | None = None,
    device: str | None = None,
    begin: Callable[[int, int], None] = lambda fold, count: None,
    progress: Callable[[], Progress] | None = None,
) -> FoldsRun:
    """Train with each fold in turn; where the folder holds some of them, the others are trained.

    Args:
        spec_of: gives the spec for a fold, which differs in `data.fold` alone.
        out: the folder, new, empty or of the same folds; None: `runs/<name>-folds-<n>`.
        device: as of `train`.
        begin: is called with each fold, and the number of folds, before it is trained.
        progress: makes what shows the training of a fold; None: a display on stderr.

    Raises:
        SpecError: as `train`; NS630, the spec has no folds.
    """
    first = spec_of(0)
    count = read_parts(first).count
    if not count:
        node, _ = dataset_nodes(first)
        raise spec_error("NS630", "--folds trains with each fold, and data names none", node, ("fix", "folds: 5"))
    if out is not None and holds_folds(out):
        folder = RunFolder(Path(out))
        _same(folder.path, count)
        with write_errors(folder):
            folder.hold(option_span("--out", str(out)))
    else:
        folder = make_folder(None if out is None else Path(out), f"{first.name}-folds")
    rows: list[Row] = []
    signal = None
    try:
        for fold in range(count):
            with write_errors(folder):
                _write(folder.path, count, rows)
            path = folder.path / f"fold-{fold}"
            info = RunFolder(path).read_info() if (path / "run.json").is_file() else None
            if info is not None and info.status in OVER and info.best is not None:
                rows.append(info.best)
                continue
            begin(fold, count)
            where: dict[str, Any] = {"out": path} if info is None else {"resume": path}
            run = train(spec_of(fold), device=device, progress=None if progress is None else progress(), **where)
            if run.status == "interrupted":
                signal = run.signal
                break
            if run.best is not None:
                rows.append(run.best)
        with write_errors(folder):
            _write(folder.path, count, rows)
    except BaseException:
        if not (folder.path / "fold-0").exists():
            (folder.path / FILE).unlink(missing_ok=True)
            folder.discard()
        raise
    finally:
        folder.release()
    return FoldsRun(folder.path, tuple(rows), count, signal)


def _same(folder: Path, count: int) -> None:
    """Refuse a folder of another number of folds; the runs of the folds compare the rest.

    Raises:
        ReadError: folds.json is damaged.
        SpecError: NS609.
    """
    content = parse_json(read_text(folder / FILE, FILE), folder / FILE)
    before = content.get("folds") if isinstance(content, dict) else None
    if not isinstance(before, int):
        raise ReadError(f"{folder / FILE}: cannot be read: it holds no folds")
    if before != count:
        at = option_span("--out", str(folder))
        raise spec_error("NS609", f"{folder} was begun with {before} folds, not {count}", at, ("fix", "a new folder"))


def _write(folder: Path, count: int, rows: list[Row]) -> None:
    content = {"version": 1, "folds": count, "best": rows, **({"figures": spread(rows)} if rows else {})}
    text = escaped_json(json.dumps(content, indent=1)) + "\n"
    write_atomically(folder / FILE, lambda file: file.write_text(text, encoding="utf-8"))
