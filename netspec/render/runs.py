"""Run folder → its record: run.json, the epochs and the settings, read without torch and without the data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspec.core.files import ReadError, read_text
from netspec.core.tree import Mapping, plain
from netspec.language.source import compose
from netspec.language.spec import Spec

Plain = str | int | float | bool | None


def flatten(value: object, path: str = "") -> dict[str, Plain]:
    """`{a: {b: 1}, c: [2, 3]}` → `{"a.b": 1, "c[0]": 2, "c[1]": 3}`; an empty list or mapping becomes its brackets."""
    if isinstance(value, dict) and value:
        parts = [(f"{path}.{key}" if path else str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list | tuple) and value:
        parts = [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
    else:
        return {path: value if isinstance(value, Plain) else str(value)}
    return {name: found for key, inner in parts for name, found in flatten(inner, key).items()}


SECTIONS = ("params", "data", "train")


@dataclass(frozen=True)
class Record:
    """A run.

    Args:
        folder: as the user named it.
        info: run.json.
        rows: the lines of metrics.jsonl, one for each epoch.
        settings: every setting of its spec, by dotted path.
    """

    folder: str
    info: dict[str, Any]
    rows: tuple[dict[str, Any], ...]
    settings: dict[str, Plain]

    @property
    def best(self) -> dict[str, Any]:
        """The best epoch's row; empty where no epoch was finished."""
        return self.info.get("best") or {}

    @property
    def last(self) -> dict[str, Any]:
        """The last epoch's row; empty where no epoch was finished."""
        return self.rows[-1] if self.rows else {}

    @property
    def seconds(self) -> float:
        """The seconds of all epochs together."""
        return round(sum(float(row.get("seconds") or 0) for row in self.rows), 3)


def read_record(folder: str) -> Record:
    """The record of a run.

    Args:
        folder: the run's folder.

    Raises:
        ReadError: it is not a run's folder, or a file in it is damaged.
    """
    path = Path(folder)
    if not (path / "run.json").is_file() or not (path / "spec.yaml").is_file():
        raise ReadError(
            f"{folder}: {'holds no run (no run.json and spec.yaml)' if path.is_dir() else 'no such run folder'}"
        )
    info = _parsed(path / "run.json", read_text(path / "run.json"))
    if not isinstance(info, dict):
        raise ReadError(f"{path / 'run.json'}: holds no object")
    tree, _ = compose(read_text(path / "spec.yaml"), str(path / "spec.yaml"))
    if tree is None:
        raise ReadError(f"{path / 'spec.yaml'}: cannot be read as YAML")
    settings = flatten(plain(tree))
    settings["seed"] = info.get("seed")
    return Record(folder, info, tuple(_rows(path / "metrics.jsonl")), settings)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The epochs; an incomplete last line, as a full disk leaves it, is dropped."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ReadError(f"{path}: cannot be read: {error}") from None
    *whole, _ = lines
    rows = [_parsed(path, line) for line in whole if line]
    if any(not isinstance(row, dict) for row in rows):
        raise ReadError(f"{path}: a line holds no object")
    return rows


def _parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ReadError(f"{path}: cannot be read: {error}") from None


def settings_of(spec: Spec) -> dict[str, Plain]:
    """The parameters, data and training of a spec by dotted paths, with values as written."""
    found = {name: spec.document.get(name) for name in SECTIONS}
    return flatten({name: plain(node) for name, node in found.items() if isinstance(node, Mapping)})
