"""A run of Weights & Biases: settings, numbers of each epoch, pictures.

Input: settings, rows, PNG files. Output: a run there, or in `wandb` in the run's folder, which `wandb sync` sends
later. It is offline unless WANDB_MODE or WANDB_API_KEY says otherwise: a spec, which may be anybody's, sends nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec.core.files import ReadError
from netspec.render.runs import Plain
from netspec.reports.stored_id import store_id, stored_id
from netspec.shapes.report import Report
from netspec.training.job import Row

FILE = "wandb.json"


class WandbLog:
    """Tells Weights & Biases of a run.

    Args:
        folder: of the run.
        project: the project; the spec's name where left out.
    """

    def __init__(self, folder: Path, project: str | None = None) -> None:
        self._folder, self._project = folder, project
        self._run: Any = None
        self._status = "failed"

    def begin(self, report: Report, settings: Mapping[str, Plain]) -> None:
        """Begin a run, or go on with the one of this folder.

        Raises:
            OSError: it cannot be reached, or refuses.
        """
        import wandb

        try:
            self._run = wandb.init(
                project=self._project or report.spec.name,
                name=self._folder.resolve().name,
                dir=str(self._folder),
                id=stored_id(self._folder / FILE) or None,
                resume="allow",
                mode=_mode(),
                config=dict(settings),
                settings=wandb.Settings(silent=True, console="off"),
            )
        except ReadError as error:
            raise OSError(str(error)) from None
        except Exception as error:  # of wandb, of its service
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise OSError(f"wandb cannot be told: {said}") from None
        store_id(self._folder / FILE, self._run.id)

    def add(self, row: Row) -> None:
        """An epoch has ended."""
        numbers = {name: value for name, value in row.items() if isinstance(value, int | float)}
        self._open().log(numbers, step=int(row["epoch"]))

    def picture(self, path: Path, step: int) -> None:
        """A picture was drawn."""
        import wandb

        self._open().log({path.stem: wandb.Image(str(path))}, step=step)

    def end(self, status: str) -> None:
        """How the run ended."""
        self._open().summary["status"] = status
        self._status = status

    def close(self) -> None:
        """Send what is left."""
        if self._run is not None:
            self._run.finish(exit_code=int(self._status == "failed"))

    def _open(self) -> Any:
        assert self._run is not None  # `begin` was called
        return self._run


def _mode() -> Any:
    """`offline`, unless the environment says otherwise or has a key to log in with."""
    chosen = os.environ.get("WANDB_MODE")
    if chosen in ("online", "offline", "disabled", "shared"):
        return chosen
    return "online" if os.environ.get("WANDB_API_KEY") else "offline"
