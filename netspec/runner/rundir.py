"""A run's folder: made without overwriting anything, and what lies in it.

spec.yaml          the fully resolved spec           run.json         versions, seed, data, settings, status
metrics.jsonl      one object an epoch               curves.png       the same as a picture
last.ckpt          all that is needed to go on       events.*         for TensorBoard
last.safetensors, best.safetensors                   the weights alone
confusion_matrix.png, mistakes.png, fit.png          what `report` draws at the end, where there is such a thing
"""

from __future__ import annotations

import json
import platform
import re
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from netspec.ground.reading import ReadError
from netspec.runner.files import write_atomically
from netspec.runner.job import Row
from netspec.runner.problems import option, problem

VERSION = 1
MOST_RUNS = 100_000


@dataclass(frozen=True)
class Info:
    """run.json: what is needed to use the run without its data, and to repeat it.

    Args:
        name: the spec's.
        spec, folder: the spec's file, and what relative paths are relative to.
        settings: assignments that a reloaded spec still needs: paths that were typed on the command line.
        seed, device, versions: how it was run.
        dataset: its name; `classes`: the names of its classes; `picture`: whether samples are pictures.
        sample: the stored sample's shape, before transforms; None where pictures differ in size.
        columns, target: of a table.
        status: running, finished, stopped early, interrupted or failed.
        best: the best epoch's row.
    """

    name: str
    spec: str
    folder: str
    settings: tuple[str, ...]
    seed: int
    device: str
    versions: dict[str, str]
    dataset: str
    classes: tuple[str, ...]
    picture: bool
    sample: tuple[int, ...] | None
    columns: tuple[str, ...]
    target: str | None
    status: str = "running"
    best: Row | None = None
    version: int = VERSION


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    from importlib.metadata import version

    found = {name: version(name) for name in ("torch", "torchvision", "numpy")}
    try:
        found["netspec"] = version("netspec")
    except ModuleNotFoundError:  # run from a checkout
        found["netspec"] = "unknown"
    return {**found, "python": platform.python_version(), "platform": platform.platform()}


class RunFolder:
    """The files of one run; `made` are the folders that were made for it, the innermost first."""

    def __init__(self, path: Path, made: tuple[Path, ...] = ()) -> None:
        self.path, self.made = path, made
        self.checkpoint = path / "last.ckpt"
        self.last = path / "last.safetensors"
        self.best = path / "best.safetensors"
        self.curves = path / "curves.png"
        self.spec = path / "spec.yaml"
        self._metrics = path / "metrics.jsonl"
        self._info = path / "run.json"

    def write_spec(self, text: str) -> None:
        """Store the resolved spec."""
        _write(self.spec, text)

    def write_info(self, info: Info) -> None:
        """Store run.json."""
        content = {**asdict(info), "best": None if info.best is None else _finite(info.best)}
        _write(self._info, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def write_rows(self, rows: list[Row]) -> None:
        """Store metrics.jsonl as a whole: what it held beyond these epochs is of a run that was cut off."""
        _write(self._metrics, "".join(_line(row) for row in rows))

    def add_row(self, row: Row) -> None:
        """Append an epoch to metrics.jsonl."""
        with self._metrics.open("a", encoding="utf-8") as file:
            file.write(_line(row))

    def read_rows(self) -> list[Row]:
        """The epochs in metrics.jsonl."""
        try:
            return [json.loads(line) for line in self._metrics.read_text(encoding="utf-8").splitlines() if line]
        except (OSError, ValueError) as error:
            raise ReadError(f"{self._metrics}: cannot be read: {error}") from None

    def read_info(self) -> Info:
        """run.json.

        Raises:
            ReadError: this is no folder of a run.
        """
        if not self._info.is_file() or not self.spec.is_file():
            what = "holds no run (no run.json and spec.yaml)" if self.path.is_dir() else "no such run folder"
            raise ReadError(f"{self.path}: {what}")
        try:
            content = json.loads(self._info.read_text(encoding="utf-8"))
            fields: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in content.items()
            }
            info = Info(**fields)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ReadError(f"{self._info}: cannot be read: {error}") from None
        if info.version != VERSION:
            raise ReadError(f"{self._info}: is of version {info.version}; this netspec reads {VERSION}")
        return info


def _finite(row: Row) -> Row:
    """A row without infinities, which JSON does not have."""
    return {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in row.items()}


def _line(row: Row) -> str:
    return json.dumps(_finite(row)) + "\n"


def _write(path: Path, text: str) -> None:
    write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))


def make_folder(out: Path | None, name: str) -> RunFolder:
    """A new folder for a run: `out`, or the first free `runs/<name>-<n>`. An empty one is taken too.

    Raises:
        SpecError: NS607, it holds something already, or cannot be made or written.
    """
    path = out or Path("runs")
    at = option("--out", str(path))
    try:
        made = tuple(folder for folder in (path, *path.parents) if not folder.exists())
        if out is None:
            path = _first_free(path, re.sub(r"[^\w.-]+", "-", name).strip("-.") or "run")
            made = (path, *made)
        else:
            path.mkdir(parents=True, exist_ok=True)
            held = sorted(entry.name for entry in path.iterdir())
            if held:
                what = "another run" if "run.json" in held else f"other files ({', '.join(held[:3])})"
                advice = ("fix", "choose a new folder"), ("or", f"netspec train --resume {path}")
                raise problem("NS607", f"{path} holds {what} already", at, *advice[: 2 if "run.json" in held else 1])
        write_atomically(path / "spec.yaml", lambda file: file.write_text("", encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise problem(
            "NS607", f"{path} cannot be written: {reason}", at, ("fix", "choose another with --out")
        ) from None
    return RunFolder(path, made)


def _first_free(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, MOST_RUNS):
        path = folder / f"{name}-{number}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise OSError(f"{MOST_RUNS} runs of {name} are there already")


def discard(folder: RunFolder) -> None:
    """Remove what `make_folder` made, where no run has begun; a folder that was there before stays."""
    folder.spec.unlink(missing_ok=True)
    for made in folder.made:
        try:
            made.rmdir()
        except OSError:  # another run is in it
            return
