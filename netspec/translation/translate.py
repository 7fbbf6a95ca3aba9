"""A text in English → the same in another language, by the templates of its catalogue.

A text is looked up as it is; else the template that explains most of its letters makes it, and what fills the holes is
translated in turn, as are the parts of a text that `; ` or `and` joins. What is quoted, and what no template makes,
such as names, code and shapes, stays as it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple
from unicodedata import east_asian_width

from netspec.translation.catalogue import catalogue
from netspec.translation.templates import Hole, Template, letters, pieces_of, words_of

LONGEST = 2_000  # characters of a text that is translated; longer ones are lists of what a file holds
DEEPEST = 6  # holes within holes
MOST_TRIED = 6  # templates for a text, those with the most letters first
OF_WORDS = ("described", "unit")  # holes whose value may be a single word of the catalogue
CONTEXT = "\x04"  # between the context of a key and the key, as gettext has it
JOINTS = ("; ", ": ", ", ", " and ", " or ")
_PROSE = re.compile(r"\b[a-z]{2,},? [a-z]{2,}\b")
_OPERATOR = re.compile(r"[<>=]")
_QUOTED = re.compile(r"""(?<!\w)(?:'[^']*'|"[^"]*"|`[^`]*`)(?!\w)""")


class Answer(NamedTuple):
    """A translated text, how many letters of the English one templates explain, and whether it leaves no English."""

    text: str
    explained: int
    whole: bool


class Translator:
    """Translates into one language; it remembers what it has translated.

    Args:
        entries: the translations by their English keys, as templates with holes.
    """

    def __init__(self, entries: dict[str, str]) -> None:
        self._entries = {key: value for key, value in entries.items() if value and CONTEXT not in key}
        self._words = {key: _text(value) for key, value in entries.items() if CONTEXT in key}
        self._constant = {_text(key): _text(value) for key, value in self._entries.items() if _is_constant(key)}
        self._known: dict[str, Answer] = {}
        self._by_word: dict[str, list[Template]] = defaultdict(list)
        self._others: list[Template] = []
        templates = [Template(key) for key in self._entries if not _is_constant(key)]
        counts: dict[str, int] = defaultdict(int)
        for template in templates:
            for word in template.words:
                counts[word] += 1
        for template in templates:  # each below its rarest word, which a text must have
            rarest = min(template.words, key=lambda word: (counts[word], word), default=None)
            (self._others if rarest is None else self._by_word[rarest]).append(template)

    def translate(self, text: str) -> str:
        """A text in the language; English where no template makes it."""
        return self._answer(text, 0).text if len(text) <= LONGEST else text

    def word(self, context: str, word: str) -> str:
        """A single word in the language, as gettext's pgettext; it is known in its context alone, and may be a name."""
        return self._words.get(f"{context}{CONTEXT}{word}", word)

    def _answer(self, text: str, depth: int) -> Answer:
        known = self._known.get(text)
        if known is None:
            known = self._found(text, depth)
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[text] = known
        return known

    def _found(self, text: str, depth: int) -> Answer:
        if (constant := self._constant.get(text)) is not None and " " in text:  # a single word may be a name
            return Answer(constant, letters(text), True)
        best = Answer(text, 0, not _PROSE.search(_QUOTED.sub("''", text)))
        if depth >= DEEPEST or not letters(text) or _QUOTED.fullmatch(text):
            return best
        tried = 0
        for template in self._candidates(text):
            filled = template.match(text)
            if filled is None:
                continue
            answer = self._filled(template, filled, depth)
            if answer.explained > best.explained:
                best = answer
            tried += 1
            if tried >= MOST_TRIED:
                break
        if not best.whole or not best.explained:
            for joint in JOINTS:
                joined = self._joined(text, joint, depth)
                if joined is not None and joined.explained > best.explained:
                    best = joined
        return best

    def _candidates(self, text: str) -> list[Template]:
        """The templates that may make a text, those with the most letters first."""
        found = [template for word in words_of(text) for template in self._by_word.get(word, ())]
        return sorted([*found, *self._others], key=lambda template: -template.letters)

    def _filled(self, template: Template, filled: dict[str, str], depth: int) -> Answer:
        """The translation of a template with its holes filled."""
        explained, whole, values = template.letters, True, {}
        for piece in template.pieces:
            if not isinstance(piece, Hole):
                continue
            value = filled[piece.name]
            if piece.values:  # each is a text of its own, or one that the translation leaves out
                values[piece.name] = self._constant.get(value, value)
                explained += letters(value)
                continue
            if piece.name in OF_WORDS and (word := self.word("word", value)) != value:
                values[piece.name] = word
                explained += letters(value)
                continue
            inner = self._answer(value, depth + 1)
            values[piece.name] = inner.text
            explained, whole = explained + inner.explained, whole and inner.whole
        parts = pieces_of(self._entries[template.key])
        text = _together(values.get(part.name, "") if isinstance(part, Hole) else part for part in parts)
        return Answer(text, explained, whole)

    def _joined(self, text: str, joint: str, depth: int) -> Answer | None:
        """The translation of the parts that a joint separates, where none of them stays English."""
        spread = _QUOTED.sub(lambda quoted: "\0" * len(quoted[0]), text)
        if joint not in spread:
            return None
        parts, at = [], 0
        for part in spread.split(joint):
            parts.append(text[at : at + len(part)])
            at += len(part) + len(joint)
        answers = [self._answer(part, depth + 1) for part in parts]
        if not all(answer.whole for answer in answers):
            return None
        explained = sum(answer.explained for answer in answers)
        if not explained and (_OPERATOR.search(text) or not letters(joint)):  # a condition, or a list of names
            return None
        between = self._constant.get(joint, joint)
        texts = [each for answer in answers for each in (between, answer.text)]
        return Answer(_together(texts[1:]), explained + letters(joint) * (len(parts) - 1), True)


def _together(parts: Iterable[str]) -> str:
    """The parts of a text, without a space between two characters as wide as Chinese, which are written without."""
    text = ""
    for part in parts:
        if _ends_wide(text[:-1]) and text.endswith(" ") and _is_wide(part[:1]):
            text = text[:-1]
        elif _ends_wide(text) and part.startswith(" ") and _is_wide(part[1:2]):
            part = part[1:]
        text += part
    return text


def _ends_wide(text: str) -> bool:
    return _is_wide(text[-1:])


def _is_wide(character: str) -> bool:
    return bool(character) and east_asian_width(character) in "WF"


def _is_constant(key: str) -> bool:
    return not any(isinstance(piece, Hole) for piece in pieces_of(key))


def _text(constant: str) -> str:
    """A key or translation without holes as the text that it stands for."""
    return "".join(str(piece) for piece in pieces_of(constant))


@cache
def translator(lang: str) -> Translator:
    """The translator into a language other than English.

    Raises:
        FileNotFoundError: there is no catalogue of it.
    """
    return Translator(catalogue(lang))
