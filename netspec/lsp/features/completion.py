"""A position → completions: types, arguments, values, names, parameters and keys, all from the tables of the check."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types
from lsprotocol.types import CompletionItemKind as Kind

from netspec.core.dataclass import dataclass
from netspec.language.item_keys import COMMON_KEYS
from netspec.language.items import GROUP_KEYS
from netspec.language.layout import role_of
from netspec.layers.record import Layer
from netspec.layers.table import TABLE
from netspec.lsp.analysis import Analysis, Document
from netspec.lsp.context import LIST, Context, context_at
from netspec.lsp.features.snippets import argument_snippet, key_snippet, layer_snippet, plain_text
from netspec.lsp.names import block_at, items_before, parameters_at, text_of
from netspec.lsp.schema import Allowed, Schema, allowed_in, schemas_at
from netspec.lsp.shapes import made_of
from netspec.lsp.words import argument_line, layer_text

_WORD = re.compile(r"[\w.:]*\Z")
_START = "netspec: 1\nname: ${1:net}\ninput: [${2:3, 32, 32}]\n\nlayers:\n  - $0\n"
TRIGGERS = (" ", "{", "[", ",", ":", "-", ".")
END = 10**9  # a line behind the last one
REFERENCES = ("from", "outputs", "share", "order", "tie")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One completion.

    Args:
        label: what is shown, and what is typed is compared with.
        text: a snippet of what is written.
        kind: of the protocol.
        rank: the smaller, the earlier.
        detail: a few words beside it.
        doc: Markdown.
    """

    label: str
    text: str
    kind: Kind
    rank: int = 5
    detail: str | None = None
    doc: str | None = None


def completions(
    document: Document, analysis: Analysis | None, position: types.Position, *, snippets: bool = True
) -> list[types.CompletionItem]:
    """What can be written at a position.

    Args:
        document: the text as it is.
        analysis: of the text, or of the last version that could be read; None where there was none.
        position: the cursor's.
        snippets: whether the editor takes snippets.
    """
    offset = document.positions.offset(position)
    context = context_at(document.text, offset)
    if context is None:
        return []
    word = _WORD.search(context.typed)
    start = offset - len(word[0] if word is not None else "")
    place = types.Range(document.positions.position(start), position)
    found = {each.label: each for each in reversed([*_candidates(document, analysis, context, position)])}
    return [_item(each, place, snippets) for each in reversed(found.values())]


def _item(candidate: Candidate, place: types.Range, snippets: bool) -> types.CompletionItem:
    text = candidate.text if snippets else plain_text(candidate.text)
    is_snippet = snippets and "$" in text
    doc = None if candidate.doc is None else types.MarkupContent(types.MarkupKind.Markdown, candidate.doc)
    return types.CompletionItem(
        candidate.label,
        kind=candidate.kind,
        detail=candidate.detail,
        documentation=doc,
        sort_text=f"{candidate.rank}{candidate.label}",
        insert_text_format=types.InsertTextFormat.Snippet if is_snippet else types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(place, text),
    )


def _candidates(
    document: Document, analysis: Analysis | None, context: Context, position: types.Position
) -> Iterator[Candidate]:
    line = document.positions.place(position)[0]
    if not document.text.strip():
        yield Candidate("netspec", _START, Kind.Snippet, 0, "a new spec")
    if context.role == "item":
        yield from _of_item(analysis, context)
        return
    head = _item_key(context)
    if head is None:
        yield from _of_schema(analysis, context, context.path, line)
        return
    key, rest = head
    if key in REFERENCES:
        yield from _names(analysis, line, key)
    elif key in (*COMMON_KEYS, *GROUP_KEYS):
        yield from _of_schema(analysis, context, context.path, line)
    else:
        yield from _of_type(analysis, context, key, rest, line)


def _item_key(context: Context) -> tuple[str, tuple[str, ...]] | None:
    """The key of the innermost item in whose value the place is, and the keys after it."""
    at = (
        len(context.roles)
        - 1
        - next((n for n, role in enumerate(reversed(context.roles)) if role == "item"), len(context.roles))
    )
    if at < 0 or at >= len(context.path):
        return None
    return context.path[at], context.path[at + 1 :]


def _of_item(analysis: Analysis | None, context: Context) -> Iterator[Candidate]:
    """The types of an item, and its keys."""
    bare = context.at_value
    braces = not context.at_key
    merges = context.path[-1:] == ("merge",) and not context.at_key
    spec = analysis.report.spec if analysis is not None and analysis.report is not None else None
    blocks = {} if spec is None else spec.blocks
    if not any(key in TABLE or key in blocks or key in GROUP_KEYS for key in context.siblings):
        for name, block in blocks.items():
            needed = [param for param, default in block.params.items() if default is None]
            told = [param if value is None else f"{param}: {text_of(value)}" for param, value in block.params.items()]
            text = key_snippet(name, needed, bare=bare, braces=braces)
            yield Candidate(name, text, Kind.Module, 1, f"block {', '.join(told)}".rstrip())
        for layer in TABLE.values():
            if merges and layer.inputs[1] == 1:
                continue
            kind = Kind.Function if layer.is_function else Kind.Class
            rank = 3 if layer.is_function and not merges else 2 if merges == layer.is_function else 4
            several = layer.inputs[0] > 1 and bare and not merges
            text = layer_snippet(layer, bare=bare, braces=braces, several=several)
            yield Candidate(layer.name, text, kind, rank, layer.doc, layer_text(layer))
    if context.at_key:
        known = allowed_in(schemas_at(("layers", LIST)))
        for key in (*COMMON_KEYS, *GROUP_KEYS):
            if key not in context.siblings:
                inner = allowed_in([known.keys[key]])
                text = _key_text(key, known.keys[key], context, "item")
                yield Candidate(
                    key, text, Kind.Keyword, 1 if context.siblings else 5, "key of an item", inner.text or None
                )


def _of_type(
    analysis: Analysis | None, context: Context, name: str, rest: tuple[str, ...], line: int
) -> Iterator[Candidate]:
    """The arguments of a layer or block, or the values of one of them."""
    layer = TABLE.get(name)
    if layer is None:
        spec = analysis.report.spec if analysis is not None and analysis.report is not None else None
        block = None if spec is None else spec.blocks.get(name)
        if block is not None and not rest:
            for param, default in block.params.items():
                if param not in context.siblings and (context.at_key or context.at_value):
                    rank = 0 if default is None else 1
                    yield Candidate(param, f"{param}: $0", Kind.Field, rank, f"parameter of {name}: {text_of(default)}")
        if not context.at_key:
            yield from _parameters(analysis, line)
        return
    if not rest:
        yield from _arguments(layer, context)
        if not context.at_key and layer.scalar is not None and not context.siblings:
            yield from _values(allowed_in([layer.scalar.kind.schema()]), analysis, line)
        return
    arg = layer.arg(rest[0])
    if arg is not None:
        yield from _values(
            allowed_in(
                [arg.kind.schema(), *([{"default": arg.default}] if not arg.required and arg.infer is None else [])]
            ),
            analysis,
            line,
        )


def _arguments(layer: Layer, context: Context) -> Iterator[Candidate]:
    missing = [arg for arg in layer.args if arg.name not in context.siblings]
    for arg in missing:
        rank = 0 if arg.required else 1 if arg.infer is None else 2
        yield Candidate(arg.name, argument_snippet(arg, layer), Kind.Field, rank, arg.kind.wants, argument_line(arg))


def _names(analysis: Analysis | None, line: int, key: str) -> Iterator[Candidate]:
    """The items that `from` and other references may name."""
    if analysis is None:
        return
    names, _ = items_before(analysis, line)
    for rank, (name, item) in enumerate(reversed(names.items())):
        made = None if item is None else made_of(analysis, item)
        kind = "an input" if item is None else item.at.text
        detail = kind if made is None else f"{kind} → {made.shape}"
        if key != "share" or item is not None:
            yield Candidate(name, name, Kind.Variable, min(rank, 9), detail)


def _parameters(analysis: Analysis | None, line: int) -> Iterator[Candidate]:
    if analysis is None:
        return
    values = analysis.report.params if analysis.report is not None else {}
    for name, default in parameters_at(analysis, line).items():
        shown = values.get(name) if name in values and block_at(analysis, line) is None else None
        detail = f"parameter = {shown if shown is not None else text_of(default)}"
        yield Candidate(name, name, Kind.Constant, 6, detail)


def _values(allowed: Allowed, analysis: Analysis | None, line: int) -> Iterator[Candidate]:
    """The values that a schema allows."""
    for default in allowed.default:
        if isinstance(default, bool | int | float | str) and default != "":
            text = str(default).lower() if isinstance(default, bool) else str(default)
            yield Candidate(text, text, Kind.Value, 0, "default")
    for word in allowed.words:
        yield Candidate(word, word, Kind.EnumMember, 1)
    for value in allowed.values:
        yield Candidate(value, value, Kind.Value, 2)
    if allowed.expression:
        yield from _parameters(analysis, line)


def _of_schema(analysis: Analysis | None, context: Context, path: tuple[str, ...], line: int) -> Iterator[Candidate]:
    """The keys and values that the schema of the language has at a path."""
    allowed = allowed_in(schemas_at(path))
    if path[:1] == ("outputs",):
        yield from _names(analysis, END, "outputs")
    for key, schema in allowed.keys.items():
        if key in context.siblings:
            continue
        inner = allowed_in([schema])
        alone = context.at_value and key in allowed.words and not inner.required
        text = key if alone else _key_text(key, schema, context, context.role)
        if not context.at_key and not alone and (context.in_flow or context.behind_key):
            text = f"{{{text}\\}}"
        kind = Kind.Class if key[:1].isupper() else Kind.Property
        yield Candidate(key, text, kind, 1, inner.text.partition("\n")[0] or None, _doc(inner))
    if context.at_value:
        for word in allowed.words:
            if word not in allowed.keys:
                yield Candidate(word, word, Kind.EnumMember, 1)
        rest = Allowed({}, (), allowed.values, allowed.expression, allowed.default, "")
        yield from _values(rest, analysis, line)


def _key_text(key: str, schema: Schema, context: Context, role: str) -> str:
    """A key with the place of its value: below it, in brackets, or behind it."""
    allowed = allowed_in([schema])
    inner = role_of(role, key)
    is_class = key[:1].isupper()
    if allowed.required and (is_class or allowed.types == {"object"}):
        places = [f"{name}: ${{{number}}}" for number, name in enumerate(allowed.required, 1)]
        if inner == "section" and not context.in_flow:
            return f"{key}:\n  " + "\n  ".join(places)
        return f"{key}: {{{', '.join(places)}\\}}"
    if not context.in_flow and inner == "layers":
        return f"{key}:\n  - $0"
    if not context.in_flow and inner in ("blocks", "branches", "section") and allowed.types == {"object"}:
        return f"{key}:\n  $0"
    brackets = {"array": "[$0]", "object": "{$0\\}"}
    only = next(iter(allowed.types)) if len(allowed.types) == 1 else ""
    return f"{key}: {brackets.get(only, '$0')}"


def _doc(allowed: Allowed) -> str | None:
    """What a schema says, with the keys that may stand below."""
    lines = [allowed.text] if allowed.text else []
    if allowed.keys and len(allowed.keys) <= 40:
        inner = {name: allowed_in([schema]) for name, schema in allowed.keys.items()}
        lines.append(
            "\n".join(
                f"- `{name}`{': ' + each.text.partition(chr(10))[0] if each.text else ''}"
                for name, each in inner.items()
            )
        )
    if allowed.words:
        lines.append("One of " + ", ".join(f"`{word}`" for word in allowed.words[:60]) + ".")
    return "\n\n".join(lines) or None
