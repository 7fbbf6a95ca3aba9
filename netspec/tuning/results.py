"""What a search has found: a table of its trials, the best spec with its comments, and Optuna's plots.

Input: a Tuning. Output: tables, trials.csv, best.yaml and PNG files in its folder.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from netspec.core.files import write_atomically
from netspec.language.spec import Spec
from netspec.render.tables import Table, format_value
from netspec.tuning.space import assignments, without_search
from netspec.tuning.tune import Tuning

SHOWN = 10  # trials of the table
FINISHED = "COMPLETE"
EPOCHS = "epochs.png"
PLOTS = {  # file → Optuna's function
    "history.png": "plot_optimization_history",
    "importances.png": "plot_param_importances",
    "slice.png": "plot_slice",
    "parallel.png": "plot_parallel_coordinate",
    EPOCHS: "plot_intermediate_values",
}
WORDS = {FINISHED: "", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running", "WAITING": "waiting"}


def ordered(tuning: Tuning) -> list[Any]:
    """Optuna's trials, the best first; those without a value come last, in their order."""
    sign = -1 if tuning.study.direction.name == "MAXIMIZE" else 1
    trials = tuning.study.get_trials(deepcopy=False)
    return sorted(trials, key=lambda one: (one.state.name != FINISHED, sign * (one.value or 0.0), one.number))


def trials_table(tuning: Tuning) -> Table:
    """The best trials, then how the others ended.

    Args:
        tuning: with its study.
    """
    paths = [one.path for one in tuning.ranges]
    trials = ordered(tuning)
    rows = [
        (
            str(one.number),
            format_value(tuning.column, one.value) if one.state.name == FINISHED else WORDS[one.state.name],
            str(one.user_attrs.get("epoch", "")),
            *(_short(one.params.get(path, "")) for path in paths),
        )
        for one in trials[:SHOWN]
    ]
    counts = [sum(one.state.name == state for one in trials) for state in WORDS]
    told = ", ".join(
        f"{count} {word or 'finished'}" for count, word in zip(counts, WORDS.values(), strict=True) if count
    )
    title = f"{tuning.study.study_name}: {len(trials)} trials, {told}"
    return Table(("trial", tuning.column, "epoch", *(_leaf(path) for path in paths)), tuple(rows), title=title)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _leaf(path: str) -> str:
    return path.rpartition(".")[2]


def trials_csv(tuning: Tuning) -> str:
    """A row for each trial: its number, state, value, best epoch, settings and folder."""
    paths = [one.path for one in tuning.ranges]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["trial", "state", tuning.column, "epoch", *paths, "run"])
    for one in tuning.study.get_trials(deepcopy=False):
        value = "" if one.value is None else one.value
        settings = [one.params.get(path, "") for path in paths]
        state = one.state.name.lower()
        writer.writerow(
            [one.number, state, value, one.user_attrs.get("epoch", ""), *settings, f"trials/{one.number:04}"]
        )
    return out.getvalue()


def best_settings(tuning: Tuning) -> tuple[str, ...] | None:
    """The assignments of the best trial; None where none is finished."""
    trials = ordered(tuning)
    if not trials or trials[0].state.name != FINISHED:
        return None
    return assignments(tuning.ranges, trials[0].params)


def write_results(
    tuning: Tuning, spec_of: Callable[[tuple[str, ...]], Spec], best: Path | None, told: Callable[[str], None]
) -> Path | None:
    """Write the table, the best spec and the plots.

    Args:
        tuning: with its study.
        spec_of: gives the spec with further settings.
        best: the file of the best spec; None: best.yaml in the folder.
        told: is called with a line about what could not be drawn.

    Returns:
        The file of the best spec, where there is one.
    """
    text = trials_csv(tuning)
    write_atomically(tuning.folder / "trials.csv", lambda file: file.write_text(text, encoding="utf-8"))
    draw(tuning, told)
    settings = best_settings(tuning)
    if settings is None:
        return None
    path = best or tuning.folder / "best.yaml"
    yaml = without_search(spec_of(settings)).to_yaml()
    write_atomically(path, lambda file: file.write_text(yaml, encoding="utf-8"))
    return path


def draw(tuning: Tuning, told: Callable[[str], None]) -> None:
    """Draw Optuna's plots; a search is over even where they cannot be drawn."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from optuna.visualization import matplotlib as plots

    finished = [one for one in tuning.study.get_trials(deepcopy=False) if one.state.name == FINISHED]
    if len(finished) < 2:
        return
    for name, function in PLOTS.items():
        try:
            with matplotlib.rc_context(), warnings.catch_warnings():  # Optuna sets its style for the whole process
                warnings.simplefilter("ignore")  # of values that are all equal, and that the plots are new
                named = {} if name == EPOCHS else {"target_name": tuning.column}
                made = getattr(plots, function)(tuning.study, **named)
                axes = made if hasattr(made, "figure") else made.flat[0]
                axes.figure.set_size_inches(9, 5)
                write_atomically(tuning.folder / name, partial(_save, axes.figure))
        except (RuntimeError, ValueError, ImportError) as error:
            told(f"{name} could not be drawn: {str(error).splitlines()[0]}")
        finally:
            pyplot.close("all")


def _save(figure: Any, file: Path) -> None:
    figure.savefig(file, dpi=110, format="png", bbox_inches="tight")
