"""Which files of a folder are specs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

SUFFIXES = (".yaml", ".yml")
_SPEC = re.compile(rb"^(\xef\xbb\xbf)?(\{\s*)?[\"']?netspec[\"']?\s*:", re.MULTILINE)
_PART = re.compile(rb"^blocks\s*:", re.MULTILINE)
_NETWORK = re.compile(rb"^(layers|model|inputs?)\s*:", re.MULTILINE)


def is_spec(path: Path, *, parts: bool = False) -> bool:
    """Whether a file of a folder is to be checked: it has a key `netspec`, and not only blocks for other specs.

    `parts` takes those too. A file that cannot be opened is to be checked, so that the reason is shown.
    """
    try:
        text = path.read_bytes()
    except OSError:
        return True
    return bool(_SPEC.search(text)) and (parts or not (_PART.search(text) and not _NETWORK.search(text)))


def walk(folder: str, refused: Callable[[OSError], object] | None = None) -> Iterator[tuple[str, list[str]]]:
    """A folder and those below it with the names of their YAML files, in order; hidden files are left out.

    Args:
        folder: where to begin.
        refused: is called for each folder that cannot be read.
    """
    for path, folders, files in os.walk(folder, onerror=refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield path, sorted(name for name in files if name.endswith(SUFFIXES) and not name.startswith("."))
