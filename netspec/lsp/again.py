"""A spec with some of its texts replaced → its Report: what a renaming or a row of fixes makes of it."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.checker import check
from netspec.core.files import COMMAND_LINE
from netspec.language.load import TEXT, load, loads
from netspec.language.spec import Spec
from netspec.shapes.report import Report


def checked_again(spec: Spec, texts: Mapping[str, str], *, fixes: bool = False) -> Report:
    """Check a spec with other texts.

    Args:
        spec: as it was read.
        texts: that replace its own, by path.
        fixes: seek fixes too.

    Raises:
        ReadError: a text is none of a spec.
    """
    overlay = {path: text for path, text in {**spec.sources, **texts}.items() if path != COMMAND_LINE}
    read, source = (loads, overlay[TEXT]) if spec.path == TEXT else (load, spec.path)
    again = read(
        source,
        spec.settings,
        folder=spec.folder,
        overlay=overlay,
        plugins=spec.plugins,
        self_contained=spec.self_contained,
    )
    return check(again, fixes=fixes)
