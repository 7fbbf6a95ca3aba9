"""Code with holes: classes and functions that differ in numbers alone become one, whose arguments they are.

Input: the code of each module, with its numbers as Holes. Output: the definitions, and the code of the whole.
A Template is the code of equal modules; each use of it has a number for each of its holes, those of the templates
inside it included. Holes that have the same number in every use stay as they are; of the others those that always agree
are one parameter.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from netspec.compiler.code_names import class_name, function_name, unused
from netspec.compiler.holes import Hole, Line, with_holes
from netspec.layers.code import quoted

INDENT = "    "
PARAMETERS_TAKEN = ("range", "OrderedDict")  # which the code uses
COMMENT_COLUMN = 60
WIDEST = 96  # columns of a call with its arguments by name; wider ones have them by position
BY_POSITION = 2  # arguments that need no names
MOST_PARAMETERS = 6  # of a function; a chain that needs more is written out where it stands
FEWEST_EQUAL = 3  # equal items in a row that become one line
FEWEST_ALIKE = 5  # items in a row that differ in one number


@dataclass(frozen=True, slots=True)
class Chain:
    """An nn.Sequential, ModuleList or ModuleDict: its items, and their names where they are not their numbers."""

    items: tuple[Code, ...]
    names: tuple[str, ...] | None
    kind: str = "nn.Sequential"


@dataclass(frozen=True, slots=True)
class Use:
    """A use of a template, with what its holes are."""

    template: Template
    holes: tuple[Hole, ...]


Code = Line | Chain | Use
Comment = tuple[str, str]  # the line of the spec, and the sample shape; empty where the uses differ


@dataclass(frozen=True, slots=True)
class Assignment:
    """A submodule or tensor that a constructor makes: `before` and `after` stand around its code, `lead` above it."""

    before: str
    code: Code
    after: str = ""
    lead: tuple[Line, ...] = ()


@dataclass(eq=False)
class Template:
    """The code of equal modules.

    Args:
        title: what a name is made of.
        doc: its docstring.
        chain: of a function that gives an nn.Sequential: it; None: it is a class.
        init, more: of a class: what its constructor assigns, and what it does with it.
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
    more: tuple[Line, ...] = ()
    signature: str = ""
    forward: tuple[Line, ...] = ()
    attributes: frozenset[str] = frozenset()
    comments: list[Comment | None] = field(default_factory=list)
    holes: tuple[Hole, ...] = ()
    uses: list[tuple[str, ...]] = field(default_factory=list)
    name: str = ""
    params: dict[str, int] = field(default_factory=dict)
    slots: tuple[str, ...] = ()

    def resolve(self, names: set[str]) -> None:
        """Work out its name, which is added to those that are taken, and its parameters; all uses are known by now."""
        if self.chain is not None and len(self.uses) < 2:
            return
        taken, groups, slots = {*names, *PARAMETERS_TAKEN, *self.attributes}, dict[tuple[str, ...], str](), []
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
        self.slots = tuple(slots)
        if self.chain is None:
            self.name = unused(class_name(self.title), names)
        else:
            self.name = unused(function_name(self.title), names, "_")

    def skeleton(self) -> tuple[Hashable, ...]:
        """What the code of a class is without its numbers."""
        parts = ((each.before, skeleton(each.code), each.after, *map(skeleton, each.lead)) for each in self.init)
        return (*parts, *map(skeleton, self.more), self.signature, *map(skeleton, self.forward))

    def own_holes(self) -> Iterator[Hole]:
        """The holes of the code of a class, in its order."""
        codes = (code for each in self.init for code in (*each.lead, each.code))
        return (hole for code in (*codes, *self.more, *self.forward) for hole in holes_of(code))

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
            made += [line.fill(values) for line in each.lead]
            lines = render(each.code, values)
            lines[0] = each.before + lines[0]
            lines[-1] += each.after
            made += lines
        made += [line.fill(values) for line in self.more]
        kept: dict[str, None] = {}
        forward = []
        for line in self.forward:
            filled = [next(values) for _ in line.holes]
            kept |= dict.fromkeys(value for value in filled if value in self.params)
            forward.append(line.fill(f"self.{value}" if value in self.params else value for value in filled))
        made += [f"self.{each} = {each}" for each in kept]
        init = _head("def __init__", ["self", *self.typed()], "None", INDENT)
        init += [2 * INDENT + line for line in ("super().__init__()", *made)]
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
    inside = f"{indent}{INDENT}{', '.join(params)}"
    lines = [inside] if len(inside) <= WIDEST else [f"{indent}{INDENT}{param}," for param in params]
    return [f"{indent}{start}(", *lines, f"{indent}) -> {returns}:"]


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
        return code.texts, tuple(hole.lead for hole in code.holes)
    if isinstance(code, Use):
        return id(code.template)
    return code.kind, code.names, tuple(map(skeleton, code.items))


def render(code: Code, values: Iterator[str]) -> list[str]:
    """The lines of code with values in its holes."""
    if isinstance(code, Line):
        return [code.fill(values)]
    if isinstance(code, Use):
        return code.template.call([next(values) for _ in code.holes])
    if not code.items:
        return ["nn.Sequential()"]
    items = [render(item, values) for item in code.items]
    start, end = ("(", ")") if code.kind == "nn.Sequential" else ("([", "])")
    if code.names is not None and code.kind == "nn.ModuleDict":
        for name, lines in zip(code.names, items, strict=True):
            lines[0] = f"{quoted(name)}: {lines[0]}"
        start, end = "({", "})"
    elif code.names is not None:
        start, end = "(OrderedDict([", "]))"
        for name, lines in zip(code.names, items, strict=True):
            lines[0] = f"({quoted(name)}, {lines[0]}"
            lines[-1] += ")"
    body = [INDENT + line for lines in _counted(items) for line in (*lines[:-1], lines[-1] + ",")]
    return [f"{code.kind}{start}", *body, end]


def _counted(items: list[list[str]]) -> Iterator[list[str]]:
    """The items; those in a row that are equal, or differ in one number, as one. Only items of one line are."""
    start = 0
    while start < len(items):
        end, first = start + 1, with_holes(items[start][0])
        differ: int | None = None  # which of the numbers
        while end < len(items) and len(items[end]) == len(items[start]) == 1:
            line = with_holes(items[end][0])
            if line.texts != first.texts:
                break
            gaps = [at for at, pair in enumerate(zip(first.holes, line.holes, strict=True)) if pair[0] != pair[1]]
            if len(gaps) > 1 or (gaps and differ not in (None, gaps[0])) or (not gaps and differ is not None):
                break
            if gaps and differ is None and end - start >= FEWEST_EQUAL:
                break  # the equal ones before it are a row of their own
            if gaps and differ is None and end - start > 1:
                break
            differ = gaps[0] if gaps else None
            end += 1
        if end - start >= (FEWEST_EQUAL if differ is None else FEWEST_ALIKE):
            yield _row(items[start:end], first, differ)
        else:
            yield from items[start:end]
        start = end


def _row(items: list[list[str]], first: Line, differ: int | None) -> list[str]:
    """The code of items in a row that are equal, or differ in one number."""
    if differ is None:
        return [f"*({items[0][0]} for _ in range({len(items)}))"]
    words = set(re.findall(r"[A-Za-z_]\w*(?!\w|=)", items[0][0]))
    name = unused(first.holes[differ].name, words, "_")
    call = first.fill(iter([name if at == differ else hole.text for at, hole in enumerate(first.holes)]))
    values = [with_holes(lines[0]).holes[differ].text for lines in items]
    head = ["*(", f"{INDENT}{call}", f"{INDENT}for {name} in ("]
    line = f"{head[-1]}{', '.join(values)})"
    if len(line) <= WIDEST:
        return [*head[:-1], line, ")"]
    per = max(1, (WIDEST - 2 * len(INDENT)) // (max(map(len, values)) + 2))
    chunks = [values[at : at + per] for at in range(0, len(values), per)]
    return [*head, *(f"{2 * INDENT}{', '.join(chunk)}," for chunk in chunks), f"{INDENT})", ")"]


def common(one: Comment | None, other: Comment | None) -> Comment | None:
    """The parts that two comments have in common."""
    if one is None or other is None:
        return None
    return one[0] if one[0] == other[0] else "", one[1] if one[1] == other[1] else ""
