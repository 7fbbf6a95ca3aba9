"""The text of a spec → the words of `netspec sizes`: for which input sizes it is right."""

from __future__ import annotations

from pathlib import Path

from netspec.checker import check
from netspec.core.diagnostics import errors
from netspec.core.files import ReadError
from netspec.language.load import load
from netspec.language.plugins import Plugins
from netspec.render.sizes import sizes_text_of
from netspec.shapes.sizes.question import answer


def sizes_of(path: Path, text: str, plugins: Plugins) -> str:
    """The sizes in words; empty where the spec has errors that no other size resolves.

    Args:
        path: the file, as messages show it.
        text: that of the editor, which goes before the file's.
        plugins: what the user allows.

    Raises:
        ReadError: it is empty, binary or too large.
    """
    shown = str(path)
    if not text.strip():
        raise ReadError(f"{shown}: is empty")
    report = check(load(shown, overlay={shown: text}, plugins=plugins), fixes=False)
    if report.graph is None or any(error.code[2] not in "456" for error in errors(report.diagnostics)):
        return ""
    told = sizes_text_of(report, answer(report.graph, report.inferred, report.sound))
    return told.removeprefix(f"{shown}: ")
