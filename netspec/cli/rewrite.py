"""Changed texts of specs as a diff; `netspec.core.rewriting` writes them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from netspec.core.escapes import safe
from netspec.core.rewriting import Change
from netspec.render.text import Look, paint

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def diff(texts: Mapping[str, Change], look: Look) -> Iterator[str]:
    """The lines of a unified diff, as `patch -p0` takes them; on a terminal coloured and without control characters.

    Args:
        texts: the old and the new text of each file, by path.
        look: of the terminal or pipe that they go to.
    """
    kinds = {"-": "error", "+": "fix", "@": "place"}
    for path, (old, new) in texts.items():
        header = f"{path}\t" if " " in path else path  # else `patch` takes what follows the space for a date
        for line in difflib.unified_diff(_LINE.findall(old), _LINE.findall(new), header, header):
            text = line.removesuffix("\n")
            yield paint(safe(text), kinds.get(line[0], ""), look) if look.wrap_message else text
            if not line.endswith("\n"):
                yield "\\ No newline at end of file"
