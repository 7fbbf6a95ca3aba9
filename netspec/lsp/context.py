"""A text and a position in it → where a completion stands: the keys around it, and what is typed already.

It reads the text up to the position by indentation and brackets alone, because what is being typed is seldom YAML.
"""

from __future__ import annotations

import re

from netspec.core.dataclass import dataclass
from netspec.language.layout import role_of

_TOKEN = re.compile(
    r"""'(?:[^']|'')*'?|"(?:[^"\\]|\\.)*"?|(?:(?<=\s)|^)\#.*|[\[\]{},]|:(?=[\s,\[\]{}]|$)|[^'"\[\]{},:#\s][^\[\]{},:\s]*|:|\#|\s+"""
)
_ITEM = re.compile(r"-(?:\s+|$)")
_QUOTED_KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*:(?=\s|$)""")
_COLON = re.compile(r":(?=\s|$)")
_COMMENT = re.compile(r"(?:^|\s)#")
_NO_KEY = frozenset("[]{},#&*!|>%@`")  # what no plain key begins with
LIST = "-"


@dataclass
class Level:
    """A collection that is open at the position.

    Args:
        indent: its column; of one in brackets that of the line it begins on.
        kind: `list` or `mapping`.
        flow: whether it is in brackets.
        key: of a mapping, the key whose value is being written; None while a key is.
        keys: of a mapping, its keys so far, with the first word of each value.
        line: of its last key, from 0.
    """

    indent: int
    kind: str
    flow: bool
    key: str | None
    keys: dict[str, str]
    line: int = -1


@dataclass(frozen=True, slots=True)
class Context:
    """Where something is being typed.

    Args:
        path: the keys from the root to the place; `-` for an item of a list.
        roles: the role of the value at each of them, as `role_of` has it, that of the root first.
        typed: what stands between the last separator and the position.
        at_key: whether a key of a mapping can stand here.
        at_value: whether a value can stand here.
        siblings: the keys of the innermost mapping, with the first word of each value.
        owner: the keys of the mapping around it, likewise: of an argument those of its item.
        in_flow: whether it is in brackets.
        behind_key: whether the key that it is the value of stands on the same line.
    """

    path: tuple[str, ...]
    roles: tuple[str, ...]
    typed: str
    at_key: bool
    at_value: bool
    siblings: dict[str, str]
    owner: dict[str, str]
    in_flow: bool
    behind_key: bool

    @property
    def role(self) -> str:
        """The role of what is being written, or of the mapping whose key is."""
        return self.roles[-1]


def context_at(text: str, offset: int) -> Context | None:
    """Where a position is; None in a comment.

    Args:
        text: of a spec.
        offset: how many characters stand before the position.
    """
    levels = [Level(0, "mapping", False, None, {})]
    lines = text[:offset].split("\n")
    typed = ""
    for number, line in enumerate(lines):
        last = number == len(lines) - 1
        body = line.lstrip(" ")
        indent = len(line) - len(body)
        if not last and (not body.strip() or body.startswith("#")):
            continue
        if last and body.startswith("#"):
            return None
        flow = [level for level in levels if level.flow] if levels[-1].flow else []
        if flow and (indent > flow[0].indent or not body.strip() or body[0] in "]}"):
            found = _flow(levels, line, flow[0].indent, number)
        else:
            while levels[-1].flow:
                levels.pop()
            found = _block(levels, body, indent, number)
        if last:
            if found is None:
                return None
            typed = found
    behind_key = levels[-1].kind == "mapping" and levels[-1].key is not None and levels[-1].line == len(lines) - 1
    return _context(levels, typed, behind_key)


def _block(levels: list[Level], body: str, indent: int, number: int) -> str | None:
    """Take a line in block style; what is typed at its end, None in a comment."""
    column, dash = indent, _ITEM.match(body)
    while len(levels) > 1 and (levels[-1].indent > column or not _fits(levels[-1], column, dash is not None)):
        levels.pop()
    while dash is not None:
        if not (levels[-1].kind == "list" and levels[-1].indent == column):
            levels.append(Level(column, "list", False, None, {}))
        column += dash.end()
        body = body[dash.end() :]
        dash = _ITEM.match(body)
    top = levels[-1]
    key = _key(body)
    if key is None:
        if top.kind == "mapping" and top.indent == column:
            top.key = None
            return _flow(levels, body, indent, number) if body[:1] in ("[", "{") else _plain(body)
        return _flow(levels, body, indent, number)
    if not (top.kind == "mapping" and top.indent == column):
        levels.append(Level(column, "mapping", False, None, {}))
    name, rest = key
    levels[-1].key, levels[-1].line = name, number
    levels[-1].keys[name] = _word(rest)
    return _flow(levels, rest, indent, number)


def _key(body: str) -> tuple[str, str] | None:
    """The key that a line begins with, and what follows it."""
    quoted = _QUOTED_KEY.match(body)
    if quoted is not None:
        return _bare(quoted[1]), body[quoted.end() :]
    colon = _COLON.search(body)
    if colon is None or body[0] in _NO_KEY or _COMMENT.search(body, 0, colon.start()):
        return None
    return body[: colon.start()].rstrip(), body[colon.end() :]


def _fits(level: Level, column: int, dash: bool) -> bool:
    """Whether a line goes on with a collection, or stands in it."""
    if level.indent < column:
        return True
    if level.kind == "list":
        return dash
    return not dash or (level.key is not None and not level.keys.get(level.key))  # a list at the column of its key


def _plain(body: str) -> str | None:
    return None if _COMMENT.search(body) else body


def _flow(levels: list[Level], text: str, base: int, number: int) -> str | None:
    """Take a text that may open and close brackets; what is typed at its end, None in a comment."""
    typed = ""
    for token in _TOKEN.finditer(text):
        sign = token[0]
        top = levels[-1]
        if sign[0] == "#" and (token.start() == 0 or text[token.start() - 1].isspace()):
            return None
        if sign in "[{":
            levels.append(Level(base, "list" if sign == "[" else "mapping", True, None, {}))
            typed = ""
        elif sign in "]}":
            if top.flow:
                levels.pop()
            typed = ""
        elif sign == "," and top.flow:
            if top.kind == "mapping":
                if top.key is None and typed.strip():
                    top.keys.setdefault(_bare(typed), "")
                top.key = None
            typed = ""
        elif sign == ":" and top.flow and top.kind == "mapping" and top.key is None and typed.strip():
            top.key, top.line = _bare(typed), number
            top.keys[top.key] = _word(text[token.end() :])
            typed = ""
        else:
            typed += sign
    return typed.lstrip()


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0] else text


def _word(text: str) -> str:
    """The first word of a value."""
    match = re.match(r"[^\s,\[\]{}#]+", text.strip())
    return "" if match is None else _bare(match[0])


def _context(levels: list[Level], typed: str, behind_key: bool) -> Context:
    path: list[str] = []
    roles = ["spec"]
    for level in levels:
        if level.kind == "list":
            path.append(LIST)
            roles.append(role_of(roles[-1], ""))
        else:
            if roles[-1] == "layers":  # one item in place of a list
                roles[-1] = "item"
            if level.key is not None:
                path.append(level.key)
                roles.append(role_of(roles[-1], level.key))
    top = levels[-1]
    at_key = top.kind == "mapping" and top.key is None
    around = [level for level in levels if level.kind == "mapping" and not (at_key and level is top)]
    return Context(
        path=tuple(path),
        roles=tuple(roles),
        typed=typed,
        at_key=at_key or (top.kind == "list" and not top.flow),
        at_value=not at_key,
        siblings=dict(top.keys) if at_key else {},
        owner=dict(around[-1].keys) if around else {},
        in_flow=any(level.flow for level in levels),
        behind_key=behind_key,
    )
