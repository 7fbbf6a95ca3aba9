"""A path of keys → the keys and values that the schema of the language, made from the tables, allows there."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol.types import CompletionItemKind as Kind

from netspec.language.layout import role_of
from netspec.lsp.analysis import Analysis
from netspec.lsp.context import Context
from netspec.lsp.features.candidate import Candidate
from netspec.lsp.names import block_at, parameters_at, text_of
from netspec.lsp.schema import Allowed, Schema, allowed_in, schemas_at

MOST_KEYS, MOST_WORDS = 40, 60  # that a doc lists


def of_schema(analysis: Analysis | None, context: Context, line: int) -> Iterator[Candidate]:
    """The keys and values that may stand at the path of a context.

    Args:
        analysis: of the text, for its parameters.
        context: where something is typed.
        line: from 1.
    """
    allowed = allowed_in(schemas_at(context.path))
    for key, schema in allowed.keys.items():
        if key in context.siblings:
            continue
        inner = allowed_in([schema])
        alone = context.at_value and key in allowed.words and not inner.required
        text = key if alone else key_text(key, schema, context, context.role)
        if not context.at_key and not alone and (context.in_flow or context.behind_key):
            text = f"{{{text}\\}}"
        kind = Kind.Class if key[:1].isupper() else Kind.Property
        yield Candidate(key, text, kind, 1, inner.text.partition("\n")[0] or None, _doc(inner))
    if context.at_value:
        for word in allowed.words:
            if word not in allowed.keys:
                yield Candidate(word, word, Kind.EnumMember, 1)
        rest = Allowed({}, (), allowed.values, allowed.expression, allowed.default, "")
        yield from values(rest, analysis, line)


def key_text(key: str, schema: Schema, context: Context, role: str) -> str:
    """A snippet of a key with the place of its value: below it, in brackets, or behind it.

    Args:
        key: the key.
        schema: of its value.
        context: where it is typed.
        role: of the mapping that it is in.
    """
    allowed = allowed_in([schema])
    inner = role_of(role, key)
    if allowed.required and (key[:1].isupper() or allowed.types == {"object"}):
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


def values(allowed: Allowed, analysis: Analysis | None, line: int) -> Iterator[Candidate]:
    """The values that a schema allows, the default first.

    Args:
        allowed: what the schema says.
        analysis: of the text, for its parameters.
        line: from 1.
    """
    for default in allowed.default:
        if isinstance(default, bool | int | float | str) and default != "":
            text = str(default).lower() if isinstance(default, bool) else str(default)
            yield Candidate(text, text, Kind.Value, 0, "default")
    for word in allowed.words:
        yield Candidate(word, word, Kind.EnumMember, 1)
    for value in allowed.values:
        yield Candidate(value, value, Kind.Value, 2)
    if allowed.expression:
        yield from parameters(analysis, line)


def parameters(analysis: Analysis | None, line: int) -> Iterator[Candidate]:
    """The parameters that an expression may read.

    Args:
        analysis: of the text; none where it is not known.
        line: from 1.
    """
    if analysis is None:
        return
    known = analysis.report.params if analysis.report is not None and block_at(analysis, line) is None else {}
    for name, default in parameters_at(analysis, line).items():
        yield Candidate(name, name, Kind.Constant, 6, f"parameter = {known.get(name, text_of(default))}")


def _doc(allowed: Allowed) -> str | None:
    """What a schema says, with the keys that may stand below."""
    lines = [allowed.text] if allowed.text else []
    if allowed.keys and len(allowed.keys) <= MOST_KEYS:
        told = {name: allowed_in([schema]).text.partition("\n")[0] for name, schema in allowed.keys.items()}
        lines.append("\n".join(f"- `{name}`{text and f': {text}'}" for name, text in told.items()))
    if allowed.words:
        lines.append("One of " + ", ".join(f"`{word}`" for word in allowed.words[:MOST_WORDS]) + ".")
    return "\n\n".join(lines) or None
