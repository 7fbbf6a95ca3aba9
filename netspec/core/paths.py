"""Paths that stand in a spec: relative to its file, never outside its folder unless the user typed them."""

from __future__ import annotations

from pathlib import Path

from netspec.core.tree import Scalar

COMMAND_LINE = "--set"
_NO_FILES = (COMMAND_LINE, "<stdin>", "<text>")


def is_file(path: str) -> bool:
    """Whether a span's path is a file's, so that it can be opened and edited: not the command line's, no stream's."""
    return path not in _NO_FILES


class PathRefused(ValueError):
    """A path in a spec that leads out of the spec's folder, or is none."""


def below(folder: Path, text: str) -> Path:
    """`text` as a path below `folder`; symbolic links are followed before the comparison.

    Raises:
        PathRefused: it is absolute, or leads out of the folder.
    """
    if not text or "\0" in text:
        raise PathRefused(f"{text!r} is not a path")
    try:
        root = folder.resolve()
        path = (root / text).resolve()
    except (OSError, RuntimeError):  # a circle of symbolic links is an OSError from Python 3.13 on
        raise PathRefused(f"{text} leads in a circle of links") from None
    if not path.is_relative_to(root):
        raise PathRefused(f"{text} lies outside the spec's folder")
    return path


def resolve(node: Scalar, folder: Path) -> Path:
    """The path that a scalar of a spec in `folder` means.

    What the user typed (`--set data.CSV.path=../rows.csv`) is relative to the working directory and may lie anywhere.

    Raises:
        PathRefused: the spec itself names a path outside its folder.
    """
    text = str(node.value)
    if node.span.path == COMMAND_LINE:
        return Path(text).expanduser().resolve()
    try:
        return below(folder, text)
    except PathRefused as refused:
        raise PathRefused(f"{refused}; type it on the command line to allow it (--set …={text})") from None
