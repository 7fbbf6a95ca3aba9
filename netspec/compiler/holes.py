"""Code of one line with holes: its numbers, which another use of the same code may have otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from netspec.layers.code import WrittenArgument

MOST_HOLES = 32  # of a line; one with more numbers, as a table of them, stays as it is
_LITERAL = re.compile(
    r"(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?<![\w.])(?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?![\w.])"
)
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_KEYWORD = re.compile(r"(\w+)=[-(]*\Z")


@dataclass(frozen=True, slots=True)
class Hole:
    """A number in code, and a name for it where it becomes a parameter.

    With `lead`, as `, stride=`, it is an argument that is left out where it is the `default`.
    """

    text: str
    name: str
    lead: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of code: texts and holes in turn, the first and the last being texts."""

    texts: tuple[str, ...]
    holes: tuple[Hole, ...]

    def within(self, before: str, after: str) -> Line:
        """The line with code before it and after it."""
        texts = [*self.texts]
        texts[0] = before + texts[0]
        texts[-1] += after
        return Line(tuple(texts), self.holes)

    def fill(self, values: Iterator[str]) -> str:
        """The line with values in its holes."""
        done = ""
        for text, hole in zip(self.texts, self.holes, strict=False):
            value = next(values)
            parts = (text, value) if not hole.lead else (text, hole.lead + value) if value != hole.default else (text,)
            for part in parts:
                done += part.removeprefix(", ") if done.endswith("(") else part
        last = self.texts[-1]
        return done + (last.removeprefix(", ") if done.endswith("(") else last)


def with_holes(text: str) -> Line:
    """Code of one line with its numbers as holes, which are called as the keyword before them."""
    found = [match for match in _LITERAL.finditer(text) if match["number"] is not None]
    if len(found) > MOST_HOLES:
        return Line((text,), ())
    texts, holes, end = [], [], 0
    for match in found:
        keyword = _KEYWORD.search(text, 0, match.start())
        texts.append(text[end : match.start()])
        holes.append(Hole(match["number"], keyword[1] if keyword else "size"))
        end = match.end()
    return Line((*texts, text[end:]), tuple(holes))


def call_with_holes(function: str, given: Iterable[WrittenArgument], name: Callable[[str], str]) -> Line:
    """The code of a call with its numbers as holes; those that are a default too, which another use may not have.

    Args:
        function: that is called.
        given: its arguments.
        name: gives a name for an argument.
    """
    texts, holes, text = list[str](), list[Hole](), f"{function}("
    for each in given:
        lead = "" if text.endswith("(") and not texts else ", "
        lead += f"{each.name}=" if each.by_name else ""
        if each.default and _NUMBER.fullmatch(each.value) and _NUMBER.fullmatch(each.default):
            texts.append(text)
            holes.append(Hole(each.value, name(each.name), lead if lead.startswith(",") else f", {lead}", each.default))
            text = ""
        elif each.value != each.default:
            line = with_holes(each.value)
            parts = [text + lead + line.texts[0], *line.texts[1:]]
            texts += parts[:-1]
            holes += [replace(hole, name=name(each.name)) for hole in line.holes]
            text = parts[-1]
    return Line((*texts, f"{text})"), tuple(holes))
