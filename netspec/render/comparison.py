"""Runs side by side: the settings in which they differ, the best and last epochs, what they took."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from netspec.core.flat import Plain
from netspec.render.outcome import HIDDEN, duration
from netspec.render.runs import Record
from netspec.render.tables import Table, shown

VERSION = 1
LONGEST = 40  # characters of a setting in a table
MISSING = "–"
MOST_ROWS = 12  # settings of a section that a table shows


def differing(records: Sequence[Record]) -> dict[str, list[Plain]]:
    """The settings that are not the same in all runs, with the value of each run; None where a run has none."""
    names = list(dict.fromkeys(name for record in records for name in record.settings))
    values = {name: [record.settings.get(name) for record in records] for name in names}
    return {name: each for name, each in values.items() if any(value != each[0] for value in each)}


def measures(records: Sequence[Record], epoch: str) -> dict[str, list[Any]]:
    """The numbers of each run's `best` or `last` epoch, by name."""
    rows = [record.best if epoch == "best" else record.last for record in records]
    names = dict.fromkeys(
        name
        for row in rows
        for name, value in row.items()
        if name not in (*HIDDEN, "seconds", "lr") and (isinstance(value, int | float) or value is None)
    )
    return {name: [row.get(name) for row in rows] for name in names}


def facts(records: Sequence[Record]) -> dict[str, list[Any]]:
    """How each run ended, where it ran, and what its epochs took."""
    return {
        "status": [record.info.get("status") for record in records],
        "device": [record.info.get("device") for record in records],
        "seconds": [record.seconds for record in records],
    }


def comparison_table(records: Sequence[Record]) -> Table:
    """A run a column; settings first, then measures, then facts."""
    rows: list[tuple[str, ...]] = []

    def add(name: str, cells: Sequence[str]) -> None:
        rows.append((name, *cells))

    sections: dict[str, dict[str, list[Plain]]] = {}
    for name, values in differing(records).items():
        sections.setdefault(re.split(r"[.\[]", name)[0], {})[name] = values
    for section, changed in sections.items():
        for name, values in changed.items() if len(changed) <= MOST_ROWS else ():
            add(name, [_short(name, value) for value in values])
        if len(changed) > MOST_ROWS:  # other networks, say: JSON and CSV have them all
            add(f"{section}: {len(changed)} differ", [""] * len(records))
    for epoch in ("best", "last"):
        for name, values in measures(records, epoch).items():
            add(f"{epoch} {name}", [shown(name, value) for value in values])
    for name in ("status", "device"):
        add(name, [str(record.info.get(name) or MISSING) for record in records])
    add("seconds", [duration(record.seconds) for record in records])
    return Table(("", *(record.folder for record in records)), tuple(rows))


def _short(name: str, value: Plain) -> str:
    text = MISSING if value is None else value if isinstance(value, str) else shown(name, value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def comparison_json(records: Sequence[Record]) -> dict[str, Any]:
    """One object a run, and the settings that differ."""
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
    """A run a row: its folder, the settings that differ, `best_…` and `last_…` measures, and facts."""
    columns: dict[str, Sequence[Any]] = {"run": [record.folder for record in records], **differing(records)}
    for epoch in ("best", "last"):
        columns |= {f"{epoch}_{name}": values for name, values in measures(records, epoch).items()}
    columns |= facts(records)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()
