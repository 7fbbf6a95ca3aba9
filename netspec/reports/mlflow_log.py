"""A run of MLflow: settings as parameters, numbers of each epoch as metrics, pictures as artifacts.

Input: settings, rows, PNG files. Output: a run at MLflow's tracking server, whose id mlflow.json in the folder keeps,
so that a run that goes on does so there too. Where the server is comes from MLflow's own settings, as
MLFLOW_TRACKING_URI: a spec, which may be anybody's, names no address.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec.core.files import ReadError
from netspec.render.runs import Plain
from netspec.reports.stored_id import store_id, stored_id
from netspec.shapes.report import Report
from netspec.training.job import Row

FILE = "mlflow.json"
MOST = 100  # parameters of one call, and metrics
LONGEST = 500  # characters of a parameter, as older servers take them
STATES = {"failed": "FAILED", "interrupted": "KILLED"}


class MlflowLog:
    """Tells MLflow of a run; what cannot be told is kept, and told with the next epoch.

    Args:
        folder: of the run.
        experiment: MLflow's; the spec's name where left out.
    """

    def __init__(self, folder: Path, experiment: str | None = None) -> None:
        import mlflow

        self._folder, self._experiment = folder, experiment
        self._client: Any = mlflow.MlflowClient()
        self._id = ""
        self._waiting: list[tuple[str, float, int]] = []

    def begin(self, report: Report, settings: Mapping[str, Plain]) -> None:
        """Begin a run, or go on with the one of this folder.

        Raises:
            OSError: MLflow cannot be reached, or refuses.
        """
        try:
            self._id = stored_id(self._folder / FILE)
            if self._id:
                self._client.update_run(self._id, status="RUNNING")
                return
            name = self._experiment or report.spec.name
            known = self._client.get_experiment_by_name(name)
            experiment = self._client.create_experiment(name) if known is None else known.experiment_id
            run = self._client.create_run(experiment, run_name=self._folder.name)
            self._id = run.info.run_id
            self._write_settings({**settings, "folder": str(self._folder.resolve())})
        except ReadError as error:
            raise OSError(str(error)) from None
        except Exception as error:  # of MLflow, of requests, of SQLAlchemy
            raise OSError(f"MLflow cannot be told: {_line(error)}") from None
        store_id(self._folder / FILE, self._id)

    def _write_settings(self, settings: Mapping[str, Plain]) -> None:
        from mlflow.entities import Param

        params = [Param(_key(key), str(value)[:LONGEST]) for key, value in settings.items()]
        for start in range(0, len(params), MOST):
            self._client.log_batch(self._id, params=params[start : start + MOST])

    def add(self, row: Row) -> None:
        """An epoch has ended."""
        numbers = {name: value for name, value in row.items() if name != "epoch" and isinstance(value, int | float)}
        self._waiting += [(name, float(value), int(row["epoch"])) for name, value in numbers.items()]
        try:
            self._send()
        except Exception:  # a server that is away for a while ends no training
            return

    def _send(self) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        while self._waiting:
            part = self._waiting[:MOST]
            self._client.log_batch(self._id, [Metric(_key(name), value, now, step) for name, value, step in part])
            del self._waiting[: len(part)]

    def picture(self, path: Path, step: int) -> None:
        """A picture was drawn.

        Raises:
            OSError: MLflow cannot be reached.
        """
        try:
            self._client.log_artifact(self._id, str(path), "pictures")
        except Exception as error:
            raise OSError(f"MLflow cannot be told: {_line(error)}") from None

    def end(self, status: str) -> None:
        """How the run ended.

        Raises:
            OSError: MLflow cannot be reached.
        """
        try:
            self._send()
            self._client.set_terminated(self._id, STATES.get(status, "FINISHED"))
        except Exception as error:
            raise OSError(f"MLflow cannot be told: {_line(error)}") from None

    def close(self) -> None:
        """All is told."""


def _key(name: str) -> str:
    """A name as MLflow takes it: letters, digits, _ - . space and /."""
    return "".join(sign if sign.isalnum() or sign in "_-. /" else "_" for sign in name)[:250]


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
