"""The specs that netspec ships, which people start from: in `specs/` of a checkout, in the package of a wheel."""

from __future__ import annotations

import re
from pathlib import Path

from netspec.core.files import read_text
from netspec.core.tree import Mapping, Node, Scalar
from netspec.language.load import load

_PACKAGE = Path(__file__).parents[1]
_FOLDERS = (_PACKAGE / "specs", _PACKAGE.parent / "specs")


def shipped() -> dict[str, Path]:
    """The files by name, in the order of the alphabet."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    return {} if folder is None else {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def headline(path: Path) -> str:
    """What a shipped spec is: the first words of the comments at its head."""
    lines = []
    for line in read_text(path).splitlines():
        if not line.startswith("# "):
            break
        lines.append(line.removeprefix("# "))
    return re.split(r"[.:](?: |$)", " ".join(lines))[0]


def files_of(path: Path) -> tuple[Path, ...]:
    """A shipped spec with the files that its `model` and `include` name and with its table, itself first."""
    spec = load(path)
    table = path.parent / _table(spec.data)
    return path, *map(Path, spec.origins), *([table] if table.is_file() else [])


def _table(section: Node | None) -> str:
    """The path of the table that `data` names; empty where it names none."""
    node = section.get("CSV") or section.get("Table") if isinstance(section, Mapping) else None
    node = node.get("path") if isinstance(node, Mapping) else node
    return str(node.value) if isinstance(node, Scalar) else ""
