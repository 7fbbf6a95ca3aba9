"""Texts of any script in pictures: the fonts of this machine that have their characters are looked for.

Input: the texts of a picture. Output: a Lettering, by which they are drawn; a character that no font has is written as
its number, \\u732b, and the picture says so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from netspec.core.escapes import safe
from netspec.core.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

USUAL = "DejaVu Sans"  # comes with matplotlib
_BOXES = "last resort"  # fonts of this name have a box for each character
ADVICE = "a font for them, such as Noto Sans, shows them"


@dataclass(frozen=True)
class Lettering:
    """How the texts of one picture are drawn.

    Args:
        families: of fonts, which are tried one after the other for each character.
        missing: characters that none of them has.
    """

    families: tuple[str, ...] = (USUAL,)
    missing: frozenset[str] = frozenset()

    def plain(self, text: str) -> str:
        """A text without control characters; what no font has is escaped."""
        return safe("".join(_escaped(each) if each in self.missing else each for each in text))

    def __call__(self, text: str) -> str:
        """A text as matplotlib draws it where a dollar would begin a formula."""
        return self.plain(text).replace("$", r"\$")

    @property
    def note(self) -> str:
        """What the picture says of characters that it lacks; empty where it lacks none."""
        scripts = sorted({unicodedata.name(each, "unknown").split()[0].lower() for each in self.missing})
        named = ", ".join(scripts[:3])
        return f"no font of this machine has the characters written as \\u… ({named}); {ADVICE}" if scripts else ""


@contextmanager
def lettering(texts: Iterable[str]) -> Iterator[Lettering]:
    """Fonts for texts: what is drawn inside is drawn with them.

    Args:
        texts: all that may hold other scripts than Latin.
    """
    import matplotlib as mpl

    found = fonts_for(frozenset("".join(texts)))
    with mpl.rc_context({"font.family": [*found.families]}):
        yield found


@lru_cache(maxsize=64)
def fonts_for(characters: frozenset[str]) -> Lettering:
    """The fonts that have some characters, as few as a greedy choice takes.

    Args:
        characters: of all texts.
    """
    from matplotlib import font_manager

    wanted = {each for each in characters if each.isprintable() and not each.isspace()}
    wanted -= _in_font(font_manager.findfont(USUAL), wanted)
    families = [USUAL]
    if not wanted:
        return Lettering()
    names = sorted({font.name for font in font_manager.fontManager.ttflist if _BOXES not in font.name.lower()})
    has = {name: _in_font(font_manager.findfont(name), wanted) for name in names}  # of its regular face
    while wanted and has:
        best = max(has, key=lambda name: (len(has[name] & wanted), "sans" in name.lower()))
        if not has[best] & wanted:
            break
        families.append(best)
        wanted -= has.pop(best)
    return Lettering(tuple(families), frozenset(wanted))


def _in_font(path: str, characters: set[str]) -> set[str]:
    """Those of some characters that a font file has."""
    from matplotlib.font_manager import get_font

    try:
        font = get_font(path)
        return {each for each in characters if font.get_char_index(ord(each))}
    except (RuntimeError, OSError):  # a font that FreeType does not read
        return set()


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def save(figure: Figure, path: Path, letters: Lettering, dpi: int) -> None:
    """Write a picture as PNG, with a note where it lacks characters.

    Args:
        figure: the picture.
        path: the PNG file.
        letters: that its texts are drawn with.
        dpi: pixels an inch.
    """
    if letters.note:
        figure.text(0.005, 0.005, letters.note, fontsize=6, color="grey")
    write_atomically(path, lambda file: figure.savefig(file, dpi=dpi, format="png"))
