"""A run in Python.

Input: a run's folder. Output: the LoadedRun, with its spec, its network and its predictions.
"""

from __future__ import annotations

from pathlib import Path

from netspec.checkpoint.run_folder import RunFolder
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.files import ReadError
from netspec.inference.predict import make_predictor
from netspec.inference.results import Fault, Prediction
from netspec.inference.stored_run import StoredRun
from netspec.language.load import load


class LoadedRun(StoredRun):
    """A run's folder, read, with its predictions."""

    def predict(
        self, *files: str | Path, top: int = 3, device: str | None = None, weights: str = "best"
    ) -> list[Prediction]:
        """Predict pictures, or the rows of tables.

        Args:
            files: their paths, or folders of them.
            top: how many classes to name.
            device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: `auto`.
            weights: of the `best` or the `last` epoch.

        Raises:
            SpecError: the weights or the device cannot be used.
            ReadError: a file or row is missing, corrupt or does not fit the network.
        """
        predictions = []
        for found in make_predictor(self, device, weights).stream(map(str, files), top):
            if isinstance(found, Fault):
                raise ReadError(str(found))
            predictions.append(found)
        return predictions


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
    allowed = plugin_permission(allow_plugins)
    spec = load(
        folder.spec, (*info.settings, *settings), folder=Path(info.folder), plugins=allowed, self_contained=True
    )
    return LoadedRun(folder, spec, info)
