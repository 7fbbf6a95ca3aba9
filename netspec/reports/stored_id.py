"""The id that a tracking service gave a run, kept in the run's folder: a run that goes on does so there too."""

from __future__ import annotations

import json
from pathlib import Path

from netspec.core.files import parse_json, read_text, write_atomically


def store_id(path: Path, run: str) -> None:
    """Write the id of a run to its file.

    Args:
        path: of the file.
        run: the id.
    """
    content = json.dumps({"run": run}) + "\n"
    write_atomically(path, lambda file: file.write_text(content, encoding="utf-8"))


def stored_id(path: Path) -> str:
    """The id that a file keeps; empty where there is no file, or none in it that a service would give.

    Args:
        path: of the file.

    Raises:
        ReadError: it cannot be read.
    """
    content = parse_json(read_text(path, path.name), path) if path.exists() else None
    found = content.get("run") if isinstance(content, dict) else None
    return found if isinstance(found, str) and found.isalnum() else ""
