"""Nodes → values: evaluates expressions over parameters, and checks values against the kinds of arguments."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import replace
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Edit, Findings, Fix, renamings
from netspec.core.expressions import ExpressionError, LayerValue, Value, evaluate, names_in, reads
from netspec.core.names import certain_match
from netspec.core.tree import Frame, Mapping, Node, Scalar, Sequence, describe, shorten
from netspec.layers.arguments import Anything, Bool, Either, Float, Int, Ints, Kind, Several, Word

Reader = Callable[[str, Dict[str, Any]], Any]
SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false"}  # booleans of YAML 1.1


class Evaluator:
    """Evaluates nodes with given parameters; a failure becomes one finding and gives `FAILED`."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def scalar(
        self, node: Scalar, names: Dict[str, Value], frames: tuple[Frame, ...] = (), read: Reader = evaluate
    ) -> object:
        """A scalar's value, where text is an expression, or what `read` reads; FAILED where it has none."""
        if not isinstance(node.value, str):
            return node.value
        try:
            return read(node.value, names)
        except ExpressionError as error:
            if error.name is None:
                what = "has no value" if names_in(node.value) else "is no expression"
                fixes = [Fix(error.instead, (Edit(node.span, error.instead),))] if error.instead and node.plain else []
                message = f"{shorten(node.value)!r} {what}: {error}"
                self.findings.add("NS206", message, node, frames=frames, fixes=fixes)
            else:
                at = _part(node, error.offset, error.name)
                if compared_text(node.value, error.name, names):
                    self.text_without_quotes(at, error.name, frames)
                    return FAILED
                self.findings.misspelt("NS210", f"no parameter {shorten(error.name)!r} here", at, names, frames=frames)
                guess = certain_match(error.name, names)
                if guess is not None:
                    return self.scalar(node, {**names, error.name: names[guess]}, frames, read)
            return FAILED

    def text_without_quotes(self, at: Scalar, word: str, frames: tuple[Frame, ...]) -> None:
        """NS210 for a word that is no parameter where text may be meant."""
        quote = "'" if '"' in at.text else '"'
        fixes = [Fix(f"{quote}{word}{quote}", (Edit(at.span, f"{quote}{word}{quote}"),))] if at.value == word else []
        message = f"no parameter {shorten(word)!r} here; text has quotes"
        self.findings.add("NS210", message, at, fixes=fixes, frames=frames)

    def argument(
        self, node: Node, kind: Kind, names: Dict[str, Value], what: str, layer: str | None, frames: tuple[Frame, ...]
    ) -> object:
        """The value of an argument, as its kind accepts it; FAILED, with a finding, where the kind refuses it."""
        value = self.raw(node, kind, names, frames)
        return FAILED if value is FAILED else self.accepted(node, value, kind, what, layer, frames)

    def accepted(
        self,
        node: Node,
        value: object,
        kind: Kind,
        what: str,
        layer: str | None = None,
        frames: tuple[Frame, ...] = (),
        code: str | None = None,
    ) -> object:
        """`value` as its kind accepts it; FAILED, with a finding of `code`, where the kind refuses it."""
        try:
            return kind.accept(value)
        except ValueError as error:
            reason = f" ({error})" if str(error) else ""
            got = describe(node)
            if isinstance(node, Scalar) and isinstance(node.value, str) and value != node.value:
                got = f"{shorten(node.value)} = {shorten(str(list(value) if isinstance(value, tuple) else value))}"
            code = code or ("NS216" if _right_type(value, kind) else "NS202")
            message = f"{what} has to be {kind.wants}{reason}, got {got}"
            fixes = renamings(node, value, words(kind)) if isinstance(value, str) else []
            fixes = fixes or [Fix(text, (Edit(node.span, text),)) for text in _shorter(node, kind)]
            if isinstance(value, float) and isinstance(node, Scalar) and isinstance(node.value, str) and node.plain:
                texts = [f"{function}({node.text})" for function in ("int", "round")]
                fixes = fixes or [Fix(text, (Edit(node.span, text),)) for text in texts]
            self.findings.add(code, message, node, layer=layer, frames=frames, fixes=fixes)
            guess = certain_match(value, words(kind)) if isinstance(value, str) else None
            return FAILED if guess is None else kind.accept(guess)

    def raw(self, node: Node, kind: Kind, names: Dict[str, Value], frames: tuple[Frame, ...]) -> object:
        """The node's value before the kind checks it: words of the kind stay, other text is an expression."""
        if isinstance(node, Sequence):
            values = [self.raw(item, kind, names, frames) for item in node.items]
            return FAILED if FAILED in values else values
        if isinstance(node, Mapping):
            return {}
        if not isinstance(node.value, str) or kind.literal(node.value):
            return node.value
        reader = kind.reader(node.value)
        if reader is not None:
            return self.scalar(node, names, frames, reader)
        if words(kind) and names_in(node.value) - set(names):
            return node.value  # a misspelt word rather than an unknown parameter
        if isinstance(kind, Anything) and (not node.plain or names_in(node.value) - set(names)):
            return node.value
        switch = SWITCHES.get(node.value.lower()) if isinstance(kind, Bool) and node.value not in names else None
        if switch is not None:
            fix = Fix(switch, (Edit(node.span, switch),), safe=True)
            message = f"{node.value} is text in YAML 1.2; write {switch}"
            self.findings.add("NS202", message, node, fixes=[fix], frames=frames)
            return switch == "true"
        value = self.scalar(node, names, frames)
        if isinstance(value, float) and value.is_integer() and not _takes(kind, value):
            return int(value)  # width*1.5 with a width of 64
        return value


def _takes(kind: Kind, value: object) -> bool:
    try:
        kind.accept(value)
    except ValueError:
        return False
    return True


def _shorter(node: Node, kind: Kind) -> list[str]:
    """A list that is longer than the kind's axes, cut to them, as the text of a fix."""
    lengths = [inner.length for inner in getattr(kind, "kinds", (kind,)) if isinstance(inner, Ints) and inner.length]
    if not isinstance(node, Sequence) or not lengths or len(node.items) <= lengths[0]:
        return []
    texts = [item.text for item in node.items[: lengths[0]] if isinstance(item, Scalar)]
    return [texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"] if texts else []


def compared_text(text: str, word: str, names: Dict[str, Value]) -> bool:
    """Whether an unknown name in an expression is compared, and like no parameter: `mode == basic`."""
    compared = re.search(rf"[!=]=\s*{re.escape(word)}\b|\b{re.escape(word)}\s*[!=]=", text)
    return compared is not None and certain_match(word, names) is None


def _part(node: Scalar, offset: int, name: str) -> Scalar:
    """The name within a plain scalar of one line, so that the caret is under it; else the whole scalar."""
    span = node.span
    if not node.plain or span.line != span.end_line or node.text[offset : offset + len(name)] != name:
        return node
    column = span.column + offset
    return replace(node, value=name, span=replace(span, column=column, end_column=column + len(name)))


def words(kind: Kind) -> tuple[str, ...]:
    """The words that a kind accepts."""
    if isinstance(kind, Word):
        return kind.words
    if isinstance(kind, Either):
        return tuple(word for inner in kind.kinds for word in words(inner))
    return words(kind.kind) if isinstance(kind, Several) else ()


def _right_type(value: object, kind: Kind) -> bool:
    """Whether a refused value is of a type that the kind takes, so that only its size or wording is wrong."""
    if isinstance(kind, Either):
        return any(_right_type(value, inner) for inner in kind.kinds)
    if isinstance(value, list):
        return isinstance(kind, Ints | Several) and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
    if isinstance(value, str):
        return isinstance(kind, Word)
    return isinstance(value, int) and not isinstance(value, bool) and isinstance(kind, Int | Float)


class _Failed:
    def __repr__(self) -> str:
        return "FAILED"


FAILED = _Failed()


def param_values(params: Dict[str, Node]) -> dict[str, Value]:
    """The parameters of a spec with their values.

    Args:
        params: the nodes; one may be an expression over earlier ones.
    """
    values: dict[str, Value] = {}
    for name, node in params.items():
        values[name] = param_value(node, values)
    return values


def param_value(node: Node, names: Dict[str, Value]) -> Value:
    """A parameter's value: a number, true, false, text, a list of values, or a layer with arguments.

    Text that is an expression is its value; in quotes it is one where it reads parameters and is more than a name.
    """
    if isinstance(node, Sequence):
        return tuple(param_value(item, names) for item in node.items)
    if isinstance(node, Mapping):
        return layer_value(node, names)
    if isinstance(node.value, str) and (node.plain or reads(node.value, names)):
        try:
            return evaluate(node.value, names)
        except ExpressionError:
            return node.value
    return node.value


def layer_value(node: Mapping, names: Dict[str, Value]) -> Value:
    """A mapping of one type to its arguments as a parameter's value; None where it is no such mapping."""
    if len(node.entries) != 1:
        return None
    (key, argument), *_ = node.entries
    return LayerValue(key, with_values(argument, names))


def with_values(node: Node, names: Dict[str, Value]) -> Node:
    """A node whose expressions over `names` are replaced by their values; other text stays."""
    if isinstance(node, Sequence):
        return replace(node, items=tuple(with_values(item, names) for item in node.items))
    if isinstance(node, Mapping):
        return replace(node, entries=tuple((key, with_values(value, names)) for key, value in node))
    if not isinstance(node.value, str) or not names_in(node.value) or not names_in(node.value) <= names.keys():
        return node
    return _as_node(param_value(replace(node, plain=True), names), node)


def _as_node(value: Value, node: Scalar) -> Node:
    """A value as a node at the place of the expression that it comes from."""
    if isinstance(value, tuple):
        return Sequence(tuple(_as_node(each, node) for each in value), node.span, frames=node.frames)
    return node if isinstance(value, LayerValue) else replace(node, value=value, plain=not isinstance(value, str))


def _no_code(node: Scalar) -> object:
    raise TypeError(f"{node.value} is code, and no spec is known that may run it")


@dataclass(frozen=True)
class Values:
    """Gives the value of a node as plain Python.

    Args:
        names: the parameters with their values.
        own: gives the code that the text of a node names, `my_module:name`, where the person allows it to run.
    """

    names: Dict[str, Value]
    own: Callable[[Scalar], object] = _no_code

    def __call__(self, node: Node) -> object:
        """The node's value; text that is an expression over the parameters is evaluated, other text stays."""
        return plain_value(node, self.names)


def plain_value(node: Node, names: Dict[str, Value]) -> object:
    """A node as plain Python.

    Args:
        node: the node; text that is an expression over `names` is evaluated, other text stays.
        names: the parameters with their values.
    """
    if isinstance(node, Sequence):
        return [plain_value(item, names) for item in node.items]
    if isinstance(node, Mapping):
        return {key.text: plain_value(value, names) for key, value in node}
    return param_value(node, names)
