"""What `netspec check` is given: files, folders, patterns and `-`, as the list of files to check."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from netspec.render.answers import Unreadable

SUFFIXES = (".yaml", ".yml")
_SPEC = re.compile(rb"^(\xef\xbb\xbf)?(\{\s*)?[\"']?netspec[\"']?\s*:", re.MULTILINE)
_PART = re.compile(rb"^blocks\s*:", re.MULTILINE)
_NETWORK = re.compile(rb"^(layers|model|inputs?)\s*:", re.MULTILINE)
_PATTERN = re.compile(r"[*?\[]")


def is_spec(path: Path) -> bool:
    """Whether a file found in a folder is to be checked: it has a key `netspec`, and is more than blocks to include.

    A file that cannot be opened is one, so that the check says why.
    """
    try:
        text = path.read_bytes()
    except OSError:
        return True
    return bool(_SPEC.search(text)) and not (_PART.search(text) and not _NETWORK.search(text))


def walk(folder: str, refused: Callable[[OSError], object] | None = None) -> Iterator[tuple[str, list[str]]]:
    """The folders from `folder` down with the names of their YAML files, in order; what is hidden is left out.

    Args:
        folder: where to begin.
        refused: is told of each folder that cannot be read.
    """
    for place, folders, files in os.walk(folder, onerror=refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield place, sorted(name for name in files if name.endswith(SUFFIXES) and not name.startswith("."))


def _in_folder(folder: str) -> list[str | Unreadable]:
    """The specs below a folder, and the folders that cannot be read."""
    refused: list[OSError] = []
    paths = [Path(place, name) for place, names in walk(folder, refused.append) for name in names]
    closed = [
        Unreadable(error.filename, f"{error.filename}: cannot be read: {(error.strerror or str(error)).lower()}")
        for error in refused
    ]
    return [*(str(path) for path in paths if is_spec(path)), *closed]


def _expanded(argument: str) -> Iterator[str | Unreadable]:
    if argument != "-" and os.path.isdir(argument):  # noqa: PTH112 - a name too long is no folder, and no error here
        found: Sequence[str | Unreadable] = _in_folder(argument)
        nothing = f"{argument}: holds no spec (*.yaml or *.yml with a key netspec)"
    elif _PATTERN.search(argument) and not os.path.lexists(argument):  # a file may be called net[1].yaml
        matches = glob.glob(argument, recursive=True)  # noqa: PTH207 - paths as typed
        found = sorted(match for match in matches if Path(match).is_file())
        nothing = f"{argument}: matches no file"
    else:
        found, nothing = [argument], ""
    yield from found
    if not found:
        yield Unreadable(argument, nothing)


def expand(arguments: Iterable[str]) -> list[str | Unreadable]:
    """The files that arguments mean, each once, in the order of the arguments."""
    found: dict[str, str | Unreadable] = {}
    for argument in arguments:
        for each in _expanded(argument):
            path = each if isinstance(each, str) else each.path
            found.setdefault(path if path == "-" else os.path.realpath(path), each)
    return list(found.values())
