"""The study that keeps the trials: opened or begun, in a file of the folder or at a URL that several machines share.

Input: a folder, a URL, the ranges. Output: Optuna's Study, with its sampler and pruner.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from netspec.core.files import ReadError
from netspec.core.installed import require_packages
from netspec.runtime.diagnostics import option_span, spec_error

if TYPE_CHECKING:
    import optuna

OPTUNA = {"optuna": "optuna"}
SECONDS = 60.0  # that a process waits for another one that writes into an SQLite file
STARTUP, WARMUP = 5, 1  # trials that are not pruned, and epochs of each
STATES = 2**32  # of NumPy's random generators


def require_optuna() -> Any:
    """Optuna, without its log lines.

    Raises:
        MissingPackageError: it is not installed.
    """
    require_packages("netspec tune", OPTUNA, "tune")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def open_study(
    url: str | None, folder: Path, name: str, search: str, direction: Literal["minimize", "maximize"]
) -> optuna.Study:
    """Open a study, or begin it.

    Args:
        url: a database's, as `postgresql://…`, or the path of a journal file; None: an SQLite file in the folder.
        folder: of the search.
        name: of the study, which a database may have several of.
        search: the ranges and the spec, as text; a study is one of them only.
        direction: of the figure.

    Raises:
        ReadError: the storage cannot be opened, or the study there is another one.
    """
    optuna = require_optuna()
    try:
        if url is not None and "://" not in url:
            from optuna.storages.journal import JournalFileBackend

            storage: Any = optuna.storages.JournalStorage(JournalFileBackend(url))
        else:
            url = url or f"sqlite:///{(folder / 'study.db').resolve()}"
            options = {"connect_args": {"timeout": SECONDS}} if url.startswith("sqlite") else {}
            storage = optuna.storages.RDBStorage(url, engine_kwargs=options)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=WARMUP)
        study = optuna.create_study(
            storage=storage, study_name=name, direction=direction, load_if_exists=True, pruner=pruner
        )
        before = study.user_attrs.get("search")
        if before is None:
            study.set_user_attr("search", search)
    except Exception as error:  # SQLAlchemy and the drivers of databases have many
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ReadError(f"{url}: the study cannot be opened: {line}") from None
    if before not in (None, search):
        at = option_span("--out", str(folder)) if url is None else option_span("--storage", str(url))
        what = f"the study {name} was begun with another spec, or another search"
        raise spec_error("NS609", what, at, ("fix", "a new folder, or --study with a new name"))
    return study  # type: ignore[no-any-return]


def sampler_for(number: int, seed: int) -> Any:
    """The TPE sampler of one trial: what it draws depends on the seed, the trial's number and the trials before.

    Args:
        number: of the trial.
        seed: of the search.
    """
    optuna = require_optuna()
    return optuna.samplers.TPESampler(seed=(seed * 1_000_003 + number) % STATES)
