"""A text in English → the same in another language, by the templates of its catalogue.

A text is looked up as it is; else the template that explains most of it makes it, and what fills the holes is
translated in turn, as are the parts of a text that `; ` or `and` joins. What is quoted, and what no template makes,
such as names, code and shapes, stays as it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import NamedTuple

from netspec.translation.catalogue import CONTEXT, catalogue
from netspec.translation.templates import (
    Hole,
    Template,
    is_constant,
    pieces_of,
    plain_text,
    says_something,
    weight,
    words_of,
)
from netspec.translation.wording import LETTER, fits, is_prose, spread, together, without_brackets

LONGEST = 2_000  # characters of a text that is translated; longer ones are lists of what a file holds
MOST_PARTS, DEEPEST = 1_000, 60  # parts of a text that are looked at, and how deep they lie in each other
MOST_KNOWN = 10_000
MOST_TRIED = 20  # templates for a text, those with the longest fixed texts first
# Holes whose value may be a single word of the catalogue.
OF_WORDS = ("described", "unit", "what", "near", "counts", "parts")
CLAUSES = ("; ", ": ")
JOINTS = (", ", " and ", " or ", " ")
MOST_JOINTS = 8
_NAMES = re.compile(r"[A-Za-z_][\w.-]*(, [A-Za-z_][\w.-]*)+")
_ONE_WORD, _PROSE_BEGINS = re.compile(r"\S+"), re.compile(r"[a-z`]\w* ")
_CLAUSE = re.compile(r"; |^\S+: [a-z`]")
_REMARK = re.compile(r"(.+) \((.+)\)")
_OPERATOR = re.compile(r"[<>=]")


class Answer(NamedTuple):
    """A translated text.

    Args:
        text: in the language.
        explained: how many characters of the English text templates explain.
        whole: whether it leaves no English prose.
        rank: of two that explain as much, the higher one is taken: a template before clauses that a joint separates,
            these before a template that has a clause in its hole.
    """

    text: str
    explained: int
    whole: bool
    rank: int = 0


class _TooLaboriousError(Exception):
    """A text has too many parts: it stays English."""


class Translator:
    """Translates into one language; it remembers what it has translated.

    Args:
        entries: the translations by their English keys, as templates with holes.
    """

    def __init__(self, entries: dict[str, str]) -> None:
        self._entries = {key: value for key, value in entries.items() if value and CONTEXT not in key}
        self._words = {key: value for key, value in entries.items() if CONTEXT in key}
        self._constant = {
            plain_text(key): plain_text(value) for key, value in self._entries.items() if is_constant(key)
        }
        self._known: dict[str, Answer] = {}
        self.parts = self._depth = 0  # of the present text: how many parts were looked at, how deep in it we are
        self._by_word: dict[str, list[Template]] = defaultdict(list)
        self._others: list[Template] = []
        for key in [key for key in self._entries if key.startswith((" ", ", "))]:  # what goes on behind any text
            self._entries[f"{{head}}{key}"] = f"{{head}}{self._entries[key]}"
        templates = [Template(key) for key in self._entries if not is_constant(key) and says_something(key)]
        counts: dict[str, int] = defaultdict(int)
        for template in templates:
            for word in template.words:
                counts[word] += 1
        for template in templates:  # each below its rarest word, which a text must have
            rarest = min(template.words, key=lambda word: (counts[word], word), default=None)
            (self._others if rarest is None else self._by_word[rarest]).append(template)

    def translate(self, text: str) -> str:
        """A text in the language; English where no template makes it."""
        if len(text) > LONGEST:
            return text
        self.parts = self._depth = 0
        try:
            return self._answer(text).text
        except _TooLaboriousError:
            return text

    def word(self, context: str, word: str) -> str:
        """A single word in the language, as gettext's pgettext; it is known in its context alone, and may be a name."""
        return self._words.get(f"{context}{CONTEXT}{word}", word)

    def _words_of(self, text: str) -> str | None:
        """Single words of the catalogue, and what has a template, joined by `and`; None where no word is among them."""
        told, known = [], False
        for part in text.split(" and "):
            word = self.word("word", part)
            answer = self._answer(part) if word == part and part != text else None
            if word == part and (answer is None or not answer.explained):
                return None
            known = known or word != part
            told.append(word if answer is None else answer.text)
        between = self._constant.get(" and ", " and ")
        return together([told[0], *(each for word in told[1:] for each in (between, word))]) if known else None

    def _answer(self, text: str) -> Answer:
        known = self._known.get(text)
        if known is None:
            self.parts += 1
            self._depth += 1
            if self.parts > MOST_PARTS or self._depth > DEEPEST:
                raise _TooLaboriousError
            known = self._found(text)
            self._depth -= 1
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            self._known[text] = known
        return known

    def _found(self, text: str) -> Answer:
        if (constant := self._constant.get(text)) is not None and " " in text:  # a single word may be a name
            return Answer(constant, weight(text), True, 3)
        best = Answer(text, 0, not is_prose(text))
        if not LETTER.search(text) or not spread(text).strip("\0"):
            return best
        hidden = spread(text)
        tried = 0
        for template in self._candidates(text):
            filled = template.match(text if template.quotes else hidden, text)
            if filled is None or text in filled.values() or not fits(filled):
                continue
            best = max(best, self._filled(template, filled), key=_explained)
            tried += 1
            if tried >= MOST_TRIED:
                break
        for joint in (*CLAUSES, *JOINTS):
            best = max(best, self._joined(text, joint), key=_explained)
        return max(best, self._bracketed(text), key=_explained)

    def _bracketed(self, text: str) -> Answer:
        """The translation of a text that ends with a remark in brackets; code in brackets stays."""
        found = _REMARK.fullmatch(text)
        if found is None:
            return Answer(text, 0, False)
        first, inner = self._answer(found[1]), self._answer(found[2])
        if not inner.explained or not (first.whole and inner.whole):
            return Answer(text, 0, False)
        remark = self.word("list", " ({remark})").replace("{remark}", inner.text)
        return Answer(together((first.text, remark)), first.explained + inner.explained, True)

    def _candidates(self, text: str) -> list[Template]:
        """The templates that may make a text, those with the longest fixed texts first."""
        found = [template for word in words_of(text) for template in self._by_word.get(word, ())]
        return sorted([*found, *self._others], key=lambda template: -template.weight)

    def _filled(self, template: Template, filled: dict[str, str]) -> Answer:
        """The translation of a template with its holes filled."""
        explained, whole, values = template.weight, True, {}
        for piece in template.pieces:
            if not isinstance(piece, Hole):
                continue
            value = filled[piece.name]
            if piece.values:  # each is a text of its own, or one that the translation leaves out
                values[piece.name] = self._constant.get(value, value)
                explained += weight(value)
                continue
            if piece.name in OF_WORDS and (words := self._words_of(value)) is not None:
                values[piece.name] = words
                explained += weight(value)
                continue
            inner = self._answer(value)
            values[piece.name] = inner.text
            explained, whole = explained + inner.explained, whole and inner.whole
        parts = pieces_of(self._entries[template.key])
        text = together(values.get(part.name, "") if isinstance(part, Hole) else part for part in parts)
        loose = any(_CLAUSE.search(spread(value)) for value in filled.values())
        loose = loose or any(not filled[name] for name in template.filled)
        return Answer(text, explained, whole, 0 if loose else 2)

    def _joined(self, text: str, joint: str) -> Answer:
        """The translation of two parts that a joint separates, where neither of them stays English."""
        best = Answer(text, 0, False)
        hidden = spread(text)
        if joint == ", ":
            hidden = without_brackets(hidden)
        places = [match.start() for match in re.finditer(re.escape(joint), hidden)]
        if joint == ", " and places and _NAMES.fullmatch(text):
            return Answer(text.replace(joint, self.word("list", joint)), 0, True, 1)
        between = self._constant.get(joint, joint)
        if joint == " ":  # behind a name, or before something quoted
            places = [*places[:1], *(at for at in places[-1:] if not hidden[at + 1 :].strip("\0"))]
        for at in places if len(places) <= MOST_JOINTS else ():
            left, right = text[:at], text[at + len(joint) :]
            if not left or not right:
                continue
            if joint == ": " and not (_ONE_WORD.fullmatch(left) and _PROSE_BEGINS.match(right)):
                continue
            first, second = self._answer(left), self._answer(right)
            explained = first.explained + second.explained
            if not (first.whole and second.whole):
                continue
            if not explained and (not LETTER.search(joint) or _OPERATOR.search(text)):  # code, such as a condition
                continue
            rank = 1 if joint in CLAUSES else 0
            answer = Answer(
                together((first.text, between, second.text)),
                explained + (0 if joint == ", " else weight(joint)),
                True,
                rank,
            )
            best = max(best, answer, key=_explained)
        return best


def _explained(answer: Answer) -> tuple[int, bool, int]:
    return answer.explained, answer.whole, answer.rank


@cache
def translator(lang: str) -> Translator:
    """The translator into a language other than English.

    Raises:
        FileNotFoundError: there is no catalogue of it.
    """
    return Translator(catalogue(lang))
