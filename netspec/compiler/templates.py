"""Code with holes: classes and functions that differ in numbers alone become one, whose arguments they are.

Input: the code of each module, with its numbers as Holes. Output: the definitions, and the code of the whole.
A Template is the code of equal modules; each use of it has a number for each of its holes, those of the templates
inside it included. Holes that have the same number in every use stay as they are; of the others those that always agree
are one parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from netspec.compiler.code_names import unused
from netspec.layers.code import quoted

INDENT = "    "
COMMENT_COLUMN = 60
WIDEST = 96  # columns of a call with its arguments by name; wider ones have them by position
BY_POSITION = 2  # arguments that need no names
MOST_PARAMETERS = 6  # of a function; a chain that needs more is written out where it stands
FEWEST_EQUAL = 3  # items in a row that become one line
_LITERAL = re.compile(
    r"(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?<![\w.])(?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?![\w.])"
)
_KEYWORD = re.compile(r"(\w+)=[-(]*\Z")


@dataclass(frozen=True, slots=True)
class Hole:
    """A number in code, and a name for it where it becomes a parameter."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of code: texts and holes in turn, the first and the last being texts."""

    texts: tuple[str, ...]
    holes: tuple[Hole, ...]

    def fill(self, values: Iterator[str]) -> str:
        """The line with values in its holes."""
        return "".join(part for text in self.texts[:-1] for part in (text, next(values))) + self.texts[-1]


@dataclass(frozen=True, slots=True)
class Chain:
    """An nn.Sequential: its items, and their names where they are not their numbers."""

    items: tuple[Code, ...]
    names: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Use:
    """A use of a template, with what its holes are."""

    template: Template
    holes: tuple[Hole, ...]


Code = Line | Chain | Use
Comment = tuple[str, str]  # the line of the spec, and the sample shape; empty where the uses differ


@dataclass(frozen=True, slots=True)
class Assignment:
    """A submodule or parameter that a constructor makes: `before` and `after` stand around its code."""

    before: str
    code: Code
    after: str = ""


@dataclass(eq=False)
class Template:
    """The code of equal modules.

    Args:
        title: what a name is made of.
        doc: its docstring.
        chain: of a function that gives an nn.Sequential: it; None: it is a class.
        init: of a class: what its constructor assigns.
        signature, forward: of a class: its forward.
        attributes: names that its attributes cannot have.
        comments: of the lines of forward; None where there is none.
        holes: of the first use.
        uses: the numbers of each use, in the order of the holes.
        name: in the generated code; empty for a chain that is used once.
        params: the index of a hole for each parameter, by the parameter's name.
        slots: what stands in each hole inside the definition.
    """

    title: str
    doc: str
    chain: Chain | None
    init: tuple[Assignment, ...] = ()
    signature: str = ""
    forward: tuple[Line, ...] = ()
    attributes: frozenset[str] = frozenset()
    comments: list[Comment | None] = field(default_factory=list)
    holes: tuple[Hole, ...] = ()
    uses: list[tuple[str, ...]] = field(default_factory=list)
    name: str = ""
    params: dict[str, int] = field(default_factory=dict)
    slots: tuple[str, ...] = ()

    def resolve(self, name: Callable[[str], str], reserved: set[str]) -> None:
        """Work out its name and its parameters; all uses are known by now."""
        if self.chain is not None and len(self.uses) < 2:
            return
        taken, groups, slots = {*reserved, *self.attributes}, dict[tuple[str, ...], str](), []
        for index, values in enumerate(zip(*self.uses, strict=True)):
            if len(set(values)) == 1:
                slots.append(values[0])
                continue
            if values not in groups:
                groups[values] = unused(self.holes[index].name, taken, "_")
                self.params[groups[values]] = index
            slots.append(groups[values])
        if self.chain is not None and len(self.params) > MOST_PARAMETERS:
            return
        self.name, self.slots = name(self.title), tuple(slots)

    def typed(self) -> list[str]:
        """The parameters with their types."""
        kinds = {
            param: "int" if all(use[index].isdecimal() for use in self.uses) else "float"
            for param, index in self.params.items()
        }
        return [f"{param}: {kind}" for param, kind in kinds.items()]

    def call(self, values: Sequence[str]) -> list[str]:
        """The code of a use, from what is in its holes."""
        if not self.name:
            assert self.chain is not None
            return render(self.chain, iter(values))
        given = [values[index] for index in self.params.values()]
        named = [f"{param}={value}" for param, value in zip(self.params, given, strict=True)]
        text = f"{self.name}({', '.join(named)})"
        short = len(given) <= BY_POSITION or len(text) > WIDEST
        return [f"{self.name}({', '.join(given)})" if short else text]

    def definition(self) -> list[str]:
        """The lines of the class or function."""
        values = iter(self.slots)
        if self.chain is not None:
            body = render(self.chain, values)
            head = [*_head(f"def {self.name}", self.typed(), "nn.Sequential", ""), f'{INDENT}"""{self.doc}"""']
            return [*head, f"{INDENT}return {body[0]}", *(INDENT + line for line in body[1:])]
        made: list[str] = []
        for each in self.init:
            lines = render(each.code, values)
            lines[0] = each.before + lines[0]
            lines[-1] += each.after
            made += lines
        kept: dict[str, None] = {}
        forward = []
        for line in self.forward:
            filled = [next(values) for _ in line.holes]
            kept |= dict.fromkeys(value for value in filled if value in self.params)
            forward.append(line.fill(f"self.{value}" if value in self.params else value for value in filled))
        init = [f"{INDENT}def __init__({', '.join(['self', *self.typed()])}) -> None:"]
        init += [
            2 * INDENT + line for line in ("super().__init__()", *made, *(f"self.{each} = {each}" for each in kept))
        ]
        lines = [f"class {self.name}(nn.Module):", f'{INDENT}"""{self.doc}"""', "", *init, "", INDENT + self.signature]
        for text, comment in zip(forward, self.comments, strict=True):
            said = "  ".join(filter(None, comment or ()))
            lines.append(f"{2 * INDENT + text:<{COMMENT_COLUMN}}  # {said}" if said else 2 * INDENT + text)
        return lines


def _head(start: str, params: list[str], returns: str, indent: str) -> list[str]:
    """The first line of a function, or its first lines where it has many parameters."""
    line = f"{indent}{start}({', '.join(params)}) -> {returns}:"
    if len(line) <= WIDEST:
        return [line]
    return [f"{indent}{start}(", *(f"{indent}{INDENT}{param}," for param in params), f"{indent}) -> {returns}:"]


def with_holes(text: str, name: Callable[[str], str] | None = None) -> Line:
    """Code of one line with its numbers as holes.

    Args:
        text: the code.
        name: gives a name for a number from what stands before it; the argument's keyword where left out.
    """
    texts, holes, end = [], [], 0
    for match in _LITERAL.finditer(text):
        if match["number"] is None:
            continue
        texts.append(text[end : match.start()])
        keyword = _KEYWORD.search(text, 0, match.start())
        chosen = name(text[: match.start()]) if name is not None else keyword[1] if keyword else "size"
        holes.append(Hole(match["number"], chosen))
        end = match.end()
    return Line((*texts, text[end:]), tuple(holes))


def holes_of(code: Code) -> Iterator[Hole]:
    """The holes of code, in its order."""
    if isinstance(code, Chain):
        for item in code.items:
            yield from holes_of(item)
    else:
        yield from code.holes


def skeleton(code: Code) -> Hashable:
    """What code is without its numbers."""
    if isinstance(code, Line):
        return code.texts
    if isinstance(code, Use):
        return id(code.template)
    return code.names, tuple(map(skeleton, code.items))


def render(code: Code, values: Iterator[str]) -> list[str]:
    """The lines of code with values in its holes."""
    if isinstance(code, Line):
        return [code.fill(values)]
    if isinstance(code, Use):
        return code.template.call([next(values) for _ in code.holes])
    if not code.items:
        return ["nn.Sequential()"]
    items = [render(item, values) for item in code.items]
    if code.names is not None:
        for name, lines in zip(code.names, items, strict=True):
            lines[0] = f"({quoted(name)}, {lines[0]}"
            lines[-1] += ")"
    body = [INDENT + line for lines in _counted(items) for line in (*lines[:-1], lines[-1] + ",")]
    return ["nn.Sequential(OrderedDict([", *body, "]))"] if code.names is not None else ["nn.Sequential(", *body, ")"]


def _counted(items: list[list[str]]) -> Iterator[list[str]]:
    """The items; equal ones in a row, of one line each, as one."""
    start = 0
    while start < len(items):
        end = start + 1
        while end < len(items) and items[end] == items[start] and len(items[start]) == 1:
            end += 1
        if end - start >= FEWEST_EQUAL:
            yield [f"*({items[start][0]} for _ in range({end - start}))"]
        else:
            yield from items[start:end]
        start = end


def argument_at(before: str, args: Sequence[str]) -> str | None:
    """The name of the argument that begins where a constructor's code ends, `nn.Conv2d(3, (1,`."""
    inside = before.partition("(")[2]
    depth = position = 0
    keyword_of = ""
    start = 0
    for index, sign in enumerate(inside):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            position, start, keyword_of = position + 1, index + 1, ""
        elif sign == "=" and depth == 0:
            keyword_of = inside[start:index].strip()
    return keyword_of or (args[position] if position < len(args) else None)


def common(one: Comment | None, other: Comment | None) -> Comment | None:
    """The parts that two comments have in common."""
    if one is None or other is None:
        return None
    return one[0] if one[0] == other[0] else "", one[1] if one[1] == other[1] else ""
