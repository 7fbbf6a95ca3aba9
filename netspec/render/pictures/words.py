"""What a picture says of a node: its rows of words, and everything about it for a tooltip."""

from __future__ import annotations

from math import sqrt
from pathlib import PurePath

from netspec.core.dataclass import dataclass
from netspec.core.escapes import safe
from netspec.core.tree import shorten
from netspec.render.pictures.text_width import text_width
from netspec.render.pictures.tree import Node, Problem, shown
from netspec.render.pictures.view import View

LONGEST, LONGEST_PROBLEM = 44, 60  # characters of a name or arguments, of a message
MOST_PROBLEMS = 3  # written in one node
SIDE = 10.0  # beside the words of a node
SIZES = {"title": 16.0, "bold": 12.0, "plain": 12.0, "times": 12.0, "small": 10.0, "problem": 10.0}
_UNITS = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))
_SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Words:
    """A row of words.

    Args:
        x, y: where it stands; y is the line that the letters stand on.
        runs: its texts, each with its style: `title`, `bold`, `plain`, `times`, `small` or `problem`.
        anchor: which part of it is at x: `start` or `middle`.
        severity: of a problem.
    """

    x: float
    y: float
    runs: tuple[tuple[str, str], ...]
    anchor: str = "middle"
    severity: str = ""

    @property
    def width(self) -> float:
        """The width of the row."""
        return sum(run_width(text, style) for text, style in self.runs)


def run_width(text: str, style: str) -> float:
    """The width of a text.

    Args:
        text: one line.
        style: as in Words.
    """
    return text_width(text, SIZES[style], bold=style in ("title", "bold", "times"))


def count(number: int | None) -> str:
    """A number in three digits.

    Args:
        number: `9,408`, `61.1k`, `11.7M`, `1.81G`; None, which is unknown, is `?`.
    """
    if number is None:
        return "?"
    if number < 10_000:
        return f"{number:,}"
    unit, scale = next((unit, scale) for unit, scale in _UNITS if number >= 0.9995 * scale)
    value = number / scale
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}{unit}"


def costs(node: Node) -> str:
    """`9,408 params · 118M MACs`, without what is 0; nothing where neither is known."""
    if node.params is None and node.macs is None:
        return ""
    parts = [f"{count(node.params)} params"] if node.params != 0 else []
    parts += [f"{count(node.macs)} MACs"] if node.macs != 0 else []
    return " · ".join(parts)


def word(text: str, longest: int = LONGEST) -> str:
    """A text of the spec as a picture shows it: on one line, not too long."""
    return shorten(safe(text), longest)


def numbered(name: str) -> bool:
    """Whether a name is only the number of an item in its list, or missing."""
    return not name or name.isdecimal()


def called(view: View) -> tuple[str, str]:
    """What a node is called, in bold, and what is written behind it."""
    node = view.node
    if node.kind in ("layer", "function"):
        return word(node.type), f"({word(node.call)})" if node.call else ""
    if node.kind == "output":
        return "output" if numbered(node.name) else word(node.name), f" {node.type}" if node.type else ""
    if node.kind == "repeat" or (node.type and (numbered(node.name) or view.times > 1)):
        return word(node.type), ""
    return word(node.name), word(node.type)


def names(view: View) -> str:
    """A layer's own name, or of copies those of the first and the last."""
    node, whole = view.node, view.whole
    if whole.kind == "repeat" and whole.period == 1 and not numbered(node.name):
        return f"{word(node.name)} … {word(whole.children[-1].name)}"
    return word(node.name) if node.kind in ("layer", "function") and not numbered(node.name) else ""


def problem_rows(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    """The gravest problems in a few words, each with its severity."""
    ordered = sorted(problems, key=lambda each: _SEVERITIES.index(each.severity))
    rows = [(f"{each.code} {word(each.message, LONGEST_PROBLEM)}", each.severity) for each in ordered]
    more = len(rows) - MOST_PROBLEMS
    return rows if more <= 0 else [*rows[:MOST_PROBLEMS], (f"and {more} more", rows[MOST_PROBLEMS][1])]


def node_words(view: View) -> tuple[tuple[Words, ...], float, float]:
    """The words of a node, and the width and height that they need: of an open box those of its header."""
    bold, plain = called(view)
    runs = [(bold, "bold")] if bold else []
    behind = f" {plain}" if view.node.is_box and plain else plain
    runs += [(behind, "plain")] if behind else []
    runs += [(f" ×{view.times}" if runs else f"×{view.times}", "times")] if view.times > 1 else []
    small = " · ".join(part for part in (names(view), costs(view.whole)) if part)
    if view.is_open:
        rows = [Words(SIDE, 15, (*runs, (f"   {small}", "small")), "start")]
        y = 22.0
    else:
        rows = [Words(0, 16, tuple(runs))]
        y = 24.0
        if small and view.node.kind not in ("input", "output"):
            rows.append(Words(0, 31, ((small, "small"),)))
            y = 40.0
    for text, severity in problem_rows(view.problems):
        rows.append(Words(SIDE if view.is_open else 0, y + 8, ((text, "problem"),), rows[0].anchor, severity))
        y += 14
    if rows[-1].severity:
        y += 3
    return tuple(rows), max(row.width for row in rows) + 2 * SIDE, y


def title_words(view: View) -> tuple[Words, ...]:
    """The rows above the picture: the network's name, its totals, and what is wrong with it as a whole."""
    node = view.node
    rows = [Words(0, 14, ((word(node.name, LONGEST_PROBLEM), "title"),), "start")]
    rows += [Words(0, 31, ((total, "small"),), "start")] if (total := costs(node)) else []
    y = rows[-1].y
    for text, severity in problem_rows(node.problems):
        y += 15
        rows.append(Words(0, y, ((text, "problem"),), "start", severity))
    return tuple(rows)


def legend(view: View, y: float) -> tuple[Words, ...]:
    """The row below the picture that says what shades, bars and `×3` mean, where there are some."""
    closed = [each for each in view.walk() if not each.is_open]
    parts = ["darker: more parameters"] if any(each.node.params for each in closed) else []
    parts += ["bar: share of the most MACs"] if any(each.node.macs for each in closed) else []
    parts += ["×2: equal copies"] if any(each.times > 1 for each in view.walk()) else []
    return (Words(0, y, ((" · ".join(parts), "small"),), "start"),) if parts else ()


def details(node: Node) -> str:
    """Everything about a node in a few lines, for a tooltip."""
    heading = f"{node.path}: {node.type}" if node.path and node.type else node.path or node.name or node.type
    lines = [heading, *(f"  {name}={value}" for name, value in node.arguments)]
    lines += [f"gives {shown(node.outputs)}"] if node.outputs else []
    if node.kind not in ("input", "output"):
        lines += [costs(node)] if costs(node) else []
    lines += ["with the weights of an earlier layer"] if node.shared else []
    lines += [f"{PurePath(node.span.path).name}:{node.span.line}"] if node.span is not None else []
    lines += [f"{each.severity}[{each.code}]: {each.message}" for each in node.problems]
    return "\n".join(map(safe, lines))


def shade_of(node: Node, most: int, shades: int) -> int:
    """Which of some shades a node has by its share of parameters; -1 for none.

    Args:
        node: that is not open.
        most: the parameters of the node that has most.
        shades: how many there are.
    """
    return min(int(sqrt(node.params / most) * shades), shades - 1) if node.params and most else -1
