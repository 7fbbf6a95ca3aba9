"""Keys of the catalogue → templates that texts are matched against.

A key is what an f-string makes, with named holes: `{layer} expects {wanted} {name}, gets {got}`. A hole that lists its
values, `{is|are}` or `in further place{|s}`, takes these alone; a translation may leave such a hole out. Braces of the
text itself are doubled, as for `str.format`.
"""

from __future__ import annotations

import re

from netspec.core.dataclass import dataclass

_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_QUOTE = re.compile(r"""["`]|\B'|'\B""")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Hole:
    """A place that a text fills; `values` are all that it can be, where the key lists them."""

    name: str
    values: tuple[str, ...] = ()


Piece = str | Hole


def pieces_of(key: str) -> list[Piece]:
    """The fixed texts and holes of a key or of a translation, in order."""
    found: list[Piece] = []
    fixed, end = "", 0
    for match in _HOLE.finditer(key):
        fixed += key[end : match.start()]
        end = match.end()
        name = match[1]
        if name is None:
            fixed += match[0][0]
            continue
        if fixed:
            found.append(fixed)
        fixed = ""
        found.append(Hole(name, tuple(name.split("|")) if "|" in name else ()))
    fixed += key[end:]
    return [*found, fixed] if fixed else found


class Template:
    """One key of the catalogue, made for matching.

    Args:
        key: as in the catalogue.
        pieces: its parts.
        weight: how many characters of a text a match explains.
        words: the whole words that every text has that it matches.
        filled: the holes that hardly are empty: those that do not stand beside another one.
        quotes: whether its fixed texts quote something.
    """

    __slots__ = ("_empty", "_runs", "_tail", "filled", "key", "pieces", "quotes", "weight", "words")

    def __init__(self, key: str) -> None:
        self.key = key
        self.pieces = pieces_of(key)
        self.weight = sum(weight(piece) for piece in self.pieces if isinstance(piece, str))
        self.words = frozenset(_whole_words(self.pieces))
        self.filled = _apart(self.pieces)
        self.quotes = any(isinstance(piece, str) and _QUOTE.search(piece) for piece in self.pieces)
        self._runs: list[tuple[str, re.Pattern[str]]] | None = None  # (hole before it, what has to follow), in order
        self._empty: list[str] = []
        self._tail = ""  # the hole at the end

    def _compile(self) -> list[tuple[str, re.Pattern[str]]]:
        runs: list[tuple[str, re.Pattern[str]]] = []
        before, run = "", ""
        for number, piece in enumerate(self.pieces):
            if isinstance(piece, str):
                run += re.escape(piece)
            elif piece.values:
                options = "|".join(re.escape(value) for value in sorted(piece.values, key=len, reverse=True))
                run += f"(?P<h{number}>{options})"
            elif before and not run:  # right behind another hole, which takes all
                self._empty.append(piece.name)
            else:
                if run:
                    runs.append((before, re.compile(run)))
                before, run = piece.name, ""
        if run:
            runs.append((before, re.compile(run + r"\Z")))
        else:
            self._tail = before
        self._runs = runs
        return runs

    def match(self, sought: str, text: str) -> dict[str, str] | None:
        """What fills the holes where the template makes `text`; None where it does not.

        The fixed texts are sought from left to right, each once, so that the time grows with the length alone.

        Args:
            sought: the text in which fixed texts are found, as long as `text`; some of it may be hidden.
            text: the text itself.
        """
        runs = self._runs if self._runs is not None else self._compile()
        filled = dict.fromkeys(self._empty, "")
        at = 0
        for hole, pattern in runs:
            found = pattern.search(sought, at) if hole else pattern.match(sought, at)
            if found is None:
                return None
            if hole:
                filled[hole] = text[at : found.start()]
            for name, value in found.groupdict().items():
                piece = self.pieces[int(name[1:])]
                filled[piece.name if isinstance(piece, Hole) else ""] = value
            at = found.end()
        if self._tail:
            filled[self._tail] = text[at:]
        return filled


def _apart(pieces: list[Piece]) -> list[str]:
    """The free holes that have fixed text, or an end, on both sides."""
    free = [isinstance(piece, Hole) and not piece.values for piece in (*pieces, "")]
    return [
        piece.name
        for index, piece in enumerate(pieces)
        if isinstance(piece, Hole) and free[index] and not free[index - 1] and not free[index + 1]
    ]


def weight(text: str) -> int:
    """How many characters a text has, without its spaces."""
    return len(text) - text.count(" ")


def _whole_words(pieces: list[Piece]) -> set[str]:
    """The words of fixed texts that no hole can lengthen."""
    found: set[str] = set()
    for index, piece in enumerate(pieces):
        if isinstance(piece, Hole):
            continue
        for word in _WORD.finditer(piece):
            open_left = word.start() == 0 and index > 0
            open_right = word.end() == len(piece) and index + 1 < len(pieces)
            if not (open_left or open_right):
                found.add(word[0])
    return found


def words_of(text: str) -> set[str]:
    """The words of a text, as templates name theirs."""
    return set(_WORD.findall(text))


def is_constant(key: str) -> bool:
    """Whether a key has no holes."""
    return not any(isinstance(piece, Hole) for piece in pieces_of(key))


def says_something(key: str) -> bool:
    """Whether a key has letters besides its holes, so that not every text is made by it."""
    return any(_LETTER.search(piece if isinstance(piece, str) else "".join(piece.values)) for piece in pieces_of(key))


def plain_text(constant: str) -> str:
    """A key or translation without holes as the text that it stands for."""
    return "".join(str(piece) for piece in pieces_of(constant))
