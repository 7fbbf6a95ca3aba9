"""Texts that Python itself brings, for examples that need no download.

Output: the pages of help(), or the functions of the standard library with the package that each is in. Another version
of Python has somewhat other ones.
"""

from __future__ import annotations

import ast
import sysconfig
from functools import cache
from pathlib import Path

from netspec.data.text.sources import TextError
from netspec.language.sections.text_keys import PACKAGES

LEAST = 80  # characters of a function


def topics() -> str:
    """The pages of help(), in the order of the alphabet.

    Raises:
        TextError: this Python has none.
    """
    try:
        from pydoc_data.topics import topics as pages
    except ImportError:
        raise TextError("this Python is installed without pydoc_data") from None
    return "\n".join(pages[name].strip("\n") + "\n" for name in sorted(pages))


@cache
def functions() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts of functions and methods, and of each the package that it is in; those of tests are left out.

    Raises:
        TextError: this Python is installed without its library's source.
    """
    library = Path(sysconfig.get_path("stdlib"))
    texts: list[str] = []
    packages: list[str] = []
    for package in PACKAGES:
        for path in sorted((library / package).rglob("*.py")):
            if "test" in path.relative_to(library).parts:
                continue
            found = _functions_of(path)
            texts += found
            packages += [package] * len(found)
    if len(set(packages)) < len(PACKAGES):
        missing = ", ".join(sorted(set(PACKAGES) - set(packages)))
        raise TextError(f"this Python is installed without the source of {missing}")
    return tuple(texts), tuple(packages)


def _functions_of(path: Path) -> list[str]:
    """The functions of a file, and the methods of its classes, as they are written."""
    try:
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (OSError, ValueError, SyntaxError):
        return []
    lines = source.splitlines(keepends=True)
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    found = []
    for body in bodies:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                text = "".join(lines[node.lineno - 1 : node.end_lineno])
                found += [text] if len(text) >= LEAST else []
    return found
