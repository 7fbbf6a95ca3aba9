"""Run folder → its record: run.json, the epochs and the settings, read without torch and without the data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from netspec.core.conforms import Schema, conforms
from netspec.core.dataclass import dataclass
from netspec.core.files import LARGEST_TABLE, ReadError, parse_json, read_text
from netspec.core.tree import Mapping, plain, shorten
from netspec.language.sections.keys import PATH_KEYS
from netspec.language.sections.table_keys import ENCODINGS, KINDS, SCALINGS
from netspec.language.sections.text_keys import MOST_LENGTH, TOKENIZERS
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

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_NAMED_TEXTS: Schema = {"type": "object", "additionalProperties": _TEXT}
_TYPED_PATH = rf'^data(\.\w+)+\.({"|".join(PATH_KEYS)})="([^"\\]|\\.)*"$'
_NUMBER: Schema = {"type": ["number", "null"]}
ROW: Schema = {  # of metrics.jsonl
    "type": "object",
    "properties": {"epoch": {"type": "integer"}, "seconds": _NUMBER, "samples_per_second": _NUMBER},
    "additionalProperties": {"type": ["number", "string", "boolean", "null"]},
}
_NUMBERS: Schema = {"type": "array", "items": {"type": "number"}}
COLUMN: dict[str, Schema] = {  # how a column of a table becomes numbers
    "name": _TEXT,
    "kind": {"enum": list(KINDS)},
    "values": _TEXTS,
    "encode": {"enum": list(ENCODINGS)},
    "hours": {"type": "boolean"},
    "missing": {"type": ["string", "null"]},
    "normalize": {"enum": [None, *SCALINGS]},
    "fill": {"type": ["number", "null"]},
    **dict.fromkeys(("shift", "scale"), _NUMBERS),
    "unseen": _TEXTS,
}
_COLUMN: Schema = {"type": "object", "properties": COLUMN, "required": [*COLUMN], "additionalProperties": False}
TEXT: dict[str, Schema] = {  # how texts become tokens
    "kind": {"enum": ["documents", "windows", "tagged"]},
    "tokenizer": {"enum": [*TOKENIZERS, "file"]},
    **{name: {"type": "boolean"} for name in ("at_start", "mask_first", "whole")},
    **{name: {"type": ["string", "null"]} for name in ("mask", "column")},
    **{name: {"type": "integer", "minimum": 1, "maximum": MOST_LENGTH} for name in ("least", "most", "multiple")},
    "value": {"type": "integer", "minimum": 0, "maximum": 2**31},
}
_TEXT_FORMAT: Schema = {"type": "object", "properties": TEXT, "required": [*TEXT], "additionalProperties": False}
INFO: dict[str, Schema] = {  # of run.json, by key
    **dict.fromkeys(("name", "spec", "device", "dataset", "status", "job"), _TEXT),
    "folder": {"type": "string", "pattern": r"^[^\0]+$"},
    "settings": {"type": "array", "items": {"type": "string", "pattern": _TYPED_PATH}},  # no other can be typed there
    "seed": {"type": "integer"},
    **dict.fromkeys(("versions", "machine", "data"), _NAMED_TEXTS),
    **dict.fromkeys(("classes", "columns", "changes"), _TEXTS),
    "picture": {"type": "boolean"},
    "encodings": {"type": "array", "items": {"type": "array", "items": _COLUMN}},
    "unit": {
        "anyOf": [
            {"type": "null"},
            {
                "type": "object",
                "properties": dict.fromkeys(("shift", "scale"), _NUMBERS),
                "required": ["shift", "scale"],
                "additionalProperties": False,
            },
        ]
    },
    "text": {"anyOf": [{"type": "null"}, _TEXT_FORMAT]},
    "sample": {
        "anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 2**20}}]
    },
    "target": {"type": ["string", "null"]},
    "best": {"anyOf": [{"type": "null"}, ROW]},
    "version": {"type": "integer"},
}


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
    info = read_run_json(path)
    tree, _ = compose(read_text(path / "spec.yaml"), str(path / "spec.yaml"))
    if tree is None:
        raise ReadError(f"{path / 'spec.yaml'}: cannot be read as YAML")
    settings = flatten(plain(tree))
    settings["seed"] = info.get("seed")
    return Record(folder, info, tuple(read_rows(path / "metrics.jsonl")), settings)


def read_run_json(folder: Path) -> dict[str, Any]:
    """The content of run.json, of which every value has the type that it should have.

    Args:
        folder: the run's, which anybody may have made.

    Raises:
        ReadError: it is no folder of a run, a link in it leads out of it, or run.json is damaged.
    """
    path = folder / "run.json"
    if not path.is_file() or not (folder / "spec.yaml").is_file():
        what = "holds no run (no run.json and spec.yaml)" if folder.is_dir() else "no such run folder"
        raise ReadError(f"{folder}: {what}")
    refuse_links(folder)
    content = parse_json(read_text(path, "run.json"), path)
    if not isinstance(content, dict):
        raise ReadError(f"{path}: holds no object")
    for name, schema in INFO.items():
        if name in content and not conforms(content[name], schema):
            raise ReadError(f"{path}: cannot be read: {name} is {shorten(repr(content[name]))}")
    return content


def refuse_links(folder: Path) -> None:
    """Refuse a run with a link to a place outside its folder, which would be read, or written, in its stead.

    Args:
        folder: the run's; it may be a link itself.

    Raises:
        ReadError: there is such a link, or the folder cannot be read.
    """
    try:
        home = folder.resolve()
        entries = [*os.scandir(home)]
        shards = [each for each in entries if each.name.startswith("shards-") and each.is_dir(follow_symlinks=False)]
        for entry in (*entries, *(inner for each in shards for inner in os.scandir(each))):
            if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(home):
                raise ReadError(
                    f"{folder / Path(entry.path).relative_to(home)}: is a link that leads out of the run's folder"
                )
    except (OSError, RuntimeError) as error:  # RuntimeError: a circle of links
        raise ReadError(f"{folder}: cannot be read: {str(error).lower()}") from None


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The epochs in metrics.jsonl, where there is one; an incomplete last line, as a kill leaves it, is dropped.

    Args:
        path: the file.

    Raises:
        ReadError: it cannot be read, or a line of it is no row.
    """
    if not path.exists() or not path.stat().st_size:
        return []
    *whole, _ = read_text(path, "metrics.jsonl", LARGEST_TABLE).split("\n")
    rows = [parse_json(line, path) for line in whole if line]
    if not all(conforms(row, ROW) for row in rows):
        raise ReadError(f"{path}: cannot be read: a line is no row of an epoch")
    return rows


def settings_of(spec: Spec) -> dict[str, Plain]:
    """The parameters, data and training of a spec by dotted paths, with values as written."""
    found = {name: spec.document.get(name) for name in SECTIONS}
    return flatten({name: plain(node) for name, node in found.items() if isinstance(node, Mapping)})
