"""Runs → tables: the metrics of one, or several side by side with the settings in which they differ."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from netspec.render.runs import Plain, Record
from netspec.render.tables import Table, format_value

HIDDEN = ("samples_per_second",)


def outcome_table(name: str, history: Sequence[Mapping[str, Any]], best: Mapping[str, Any] | None) -> Table:
    """A row for each metric, with columns for the last epoch and the best one.

    Args:
        name: the title.
        history: the epochs, at least one.
        best: the best of them.
    """
    last = history[-1]
    columns = {"last": last} if best is None else {"best": best, "last": last}
    if best is not None and best["epoch"] == last["epoch"]:
        columns = {"last, best": last}
    names = [key for key in last if key not in HIDDEN and isinstance(last[key], int | float)]
    rows = [(key, *(format_value(key, row.get(key)) for row in columns.values())) for key in names]
    return Table(("", *columns), tuple(rows), title=name)


def closing_line(history: Sequence[Mapping[str, Any]], parameters: int) -> str:
    """The time of all epochs, and the number of parameters."""
    seconds = sum(float(row.get("seconds") or 0) for row in history)
    epochs = f"{len(history)} epoch{'s' if len(history) != 1 else ''}"
    return f"{epochs} in {duration(seconds)}, {parameters:,} parameters"


def duration(seconds: float) -> str:
    """`3.2 s`, `4 min 10 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


VERSION = 1
LONGEST = 40  # characters of a setting in a table
MISSING = "–"
MOST_ROWS = 12  # settings of a section in a table


def differing(records: Sequence[Record]) -> dict[str, list[Plain]]:
    """The settings that differ between runs, with the value of each run; None where a run has none."""
    names = list(dict.fromkeys(name for record in records for name in record.settings))
    values = {name: [record.settings.get(name) for record in records] for name in names}
    return {name: each for name, each in values.items() if any(value != each[0] for value in each)}


def measures(records: Sequence[Record], epoch: str) -> dict[str, list[Any]]:
    """The metrics of each run's `best` or `last` epoch, by name."""
    rows = [record.best if epoch == "best" else record.last for record in records]
    names = dict.fromkeys(
        name
        for row in rows
        for name, value in row.items()
        if name not in (*HIDDEN, "seconds", "lr") and (isinstance(value, int | float) or value is None)
    )
    return {name: [row.get(name) for row in rows] for name in names}


def facts(records: Sequence[Record]) -> dict[str, list[Any]]:
    """The status, the device and the seconds of each run."""
    return {
        "status": [record.info.get("status") for record in records],
        "device": [record.info.get("device") for record in records],
        "seconds": [record.seconds for record in records],
    }


def comparison_table(records: Sequence[Record]) -> Table:
    """A column for each run; settings first, then metrics, then status, device and time.

    Args:
        records: the runs.
    """
    rows: list[tuple[str, ...]] = []
    sections: dict[str, dict[str, list[Plain]]] = {}
    for name, values in differing(records).items():
        sections.setdefault(re.split(r"[.\[]", name)[0], {})[name] = values
    for section, changed in sections.items():
        for name, values in changed.items() if len(changed) <= MOST_ROWS else ():
            rows.append((name, *(_short(name, value) for value in values)))
        if len(changed) > MOST_ROWS:  # such as those of another network; JSON and CSV list all
            rows.append((f"{section}: {len(changed)} differ", *[""] * len(records)))
    for epoch in ("best", "last"):
        for name, values in measures(records, epoch).items():
            rows.append((f"{epoch} {name}", *(format_value(name, value) for value in values)))
    for name in ("status", "device"):
        rows.append((name, *(str(record.info.get(name) or MISSING) for record in records)))
    rows.append(("seconds", *(duration(record.seconds) for record in records)))
    return Table(("", *(record.folder for record in records)), tuple(rows))


def _short(name: str, value: Plain) -> str:
    text = MISSING if value is None else value if isinstance(value, str) else format_value(name, value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def comparison_json(records: Sequence[Record]) -> dict[str, Any]:
    """An object for each run, with the settings that differ, as plain data for JSON."""
    changed = differing(records)
    runs = [
        {
            "run": record.folder,
            "name": record.info.get("name"),
            "status": record.info.get("status"),
            "device": record.info.get("device"),
            "epochs": len(record.rows),
            "seconds": record.seconds,
            "settings": {name: values[index] for name, values in changed.items()},
            "best": record.best or None,
            "last": record.last or None,
        }
        for index, record in enumerate(records)
    ]
    return {"version": VERSION, "runs": runs}


def comparison_csv(records: Sequence[Record]) -> str:
    """A row for each run: its folder, the settings that differ, `best_…` and `last_…` metrics, status, device, time."""
    columns: dict[str, Sequence[Any]] = {"run": [record.folder for record in records], **differing(records)}
    for epoch in ("best", "last"):
        columns |= {f"{epoch}_{name}": values for name, values in measures(records, epoch).items()}
    columns |= facts(records)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()
