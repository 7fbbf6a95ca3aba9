"""The runs in the folder: `runs/` below it, as `netspec train` makes them, read without torch."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count
from pathlib import Path
from typing import Any

from netspec.core.files import ReadError
from netspec.edit.files import Folder, Refused
from netspec.render.comparison import comparison_json
from netspec.render.runs import Record, read_record, refuse_links

RUNS = "runs"
PICTURES = ("confusion_matrix.png", "mistakes.png", "curves.png", "fit.png")
MOST_RUNS = 500
_NAME = re.compile(r"[\w.-]+")


class Runs:
    """The runs of a folder.

    Args:
        folder: of the specs.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.home = folder.root / RUNS

    def place(self, name: str) -> Path:
        """The folder of a run, which may not be there.

        Args:
            name: of the run.

        Raises:
            Refused: it is no such name, or leads out of the folder.
        """
        if not _NAME.fullmatch(name):
            raise Refused(f"{name[:80]!r} is no name of a run")
        return self.folder.root / self.folder.place(f"{RUNS}/{name}", ()).relative_to(self.folder.path)

    def free_name(self, spec: str, taken: Collection[str] = ()) -> str:
        """The name of a new run.

        Args:
            spec: the name of its spec.
            taken: names of runs that have no folder yet.
        """
        start = re.sub(r"[^\w.-]+", "-", spec)[:100].strip("-.") or "run"
        names = (f"{start}-{number}" for number in count(1))
        return next(name for name in names if name not in taken and not (self.home / name).exists())

    def record(self, name: str) -> Record:
        """What is known of a run.

        Args:
            name: of the run.

        Raises:
            Refused: see `place`.
            ReadError: there is none, or it is damaged.
        """
        return read_record(str(self.place(name)))

    def listed(self, active: frozenset[str]) -> list[dict[str, Any]]:
        """The runs, the newest first, with their epochs.

        Args:
            active: the names of those that are trained now.
        """
        if not self.home.is_dir():
            return []
        found = [path for path in self.home.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()]
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        return [entry for path in found[:MOST_RUNS] if (entry := self._entry(path.name, active)) is not None]

    def _entry(self, name: str, active: frozenset[str]) -> dict[str, Any] | None:
        try:
            return entry_of(name, self.record(name), name in active)
        except (ReadError, Refused, OSError):
            return {"name": name, "status": "starting", "rows": []} if name in active else None

    def compared(self, names: list[str]) -> dict[str, Any]:
        """Several runs side by side, as `netspec compare --format json` has them.

        Args:
            names: of the runs.

        Raises:
            Refused: see `place`.
            ReadError: one is not there, or damaged.
        """
        return comparison_json([self.record(name) for name in names])

    def picture(self, name: str, file: str) -> Path:
        """A picture that a run has drawn.

        Args:
            name: of the run.
            file: of the picture.

        Raises:
            Refused: it is none of those.
            ReadError: a link in the run's folder leads out of it.
        """
        folder = self.place(name)
        if file not in PICTURES or not (folder / file).is_file():
            raise Refused(f"{name} has no {file[:80]!r}")
        refuse_links(folder)
        return folder / file


def entry_of(name: str, record: Record, active: bool) -> dict[str, Any]:
    """A run as the page shows it. One that nobody trains and that has no end was cut off.

    Args:
        name: of the run.
        record: of it.
        active: whether it is trained now.
    """
    status = record.info.get("status", "")
    folder = Path(record.folder)
    return {
        "name": name,
        "spec": record.info.get("spec", ""),
        "status": "interrupted" if status == "running" and not active else status,
        "rows": list(record.rows),
        "best": record.best.get("epoch"),
        "classes": list(record.info.get("classes") or ()),
        "picture": bool(record.info.get("picture")),
        "pictures": [each for each in PICTURES if (folder / each).is_file()],
        "resumable": (folder / "last.ckpt").is_file() or (folder / "previous.ckpt").is_file(),
    }
