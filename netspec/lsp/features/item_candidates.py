"""A place in an item → its types, keys, arguments with their values, and the names that it may refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from lsprotocol.types import CompletionItemKind as Kind

from netspec.language.item_keys import COMMON_KEYS
from netspec.language.items import GROUP_KEYS
from netspec.language.spec import Block
from netspec.layers.record import Layer
from netspec.layers.table import TABLE
from netspec.lsp.analysis import Analysis
from netspec.lsp.context import LIST, Context
from netspec.lsp.features.candidate import Candidate
from netspec.lsp.features.schema_candidates import key_text, parameters, values
from netspec.lsp.features.snippets import argument_snippet, block_snippet, layer_snippet
from netspec.lsp.names import items_before, text_of
from netspec.lsp.schema import allowed_in, schemas_at
from netspec.lsp.shapes import made_of
from netspec.lsp.words import argument_line, layer_text


def of_item(analysis: Analysis | None, context: Context) -> Iterator[Candidate]:
    """The types of an item, and its keys.

    Args:
        analysis: of the text; none where it is not known.
        context: where something is typed.
    """
    bare, braces = context.at_value, not context.at_key
    merges = context.path[-1:] == ("merge",) and not context.at_key
    blocks, layers = _blocks(analysis), _layers(analysis)
    if not any(key in layers or key in blocks or key in GROUP_KEYS for key in context.siblings):
        for name, block in blocks.items():
            text = block_snippet(name, block.params, bare=bare, braces=braces)
            yield Candidate(name, text, Kind.Module, 1, f"block {_told(block)}".rstrip())
        yield from _of_table(bare, braces, merges)
        for name in layers.keys() - TABLE.keys():
            yield _type(layers[name], bare, braces, merges)
    if context.at_key:
        known = allowed_in(schemas_at(("layers", LIST)))
        for key in (*COMMON_KEYS, *GROUP_KEYS):
            if key not in context.siblings:
                doc, text = allowed_in([known.keys[key]]).text, key_text(key, known.keys[key], context, "item")
                rank = 1 if context.siblings else 5
                yield Candidate(key, text, Kind.Keyword, rank, "key of an item", doc or None)


@cache
def _of_table(bare: bool, braces: bool, merges: bool) -> tuple[Candidate, ...]:
    """Every layer of the table as a type; of what joins several tensors alone for a merge."""
    found = (layer for layer in TABLE.values() if not merges or layer.inputs[1] != 1)
    return tuple(_type(layer, bare, braces, merges) for layer in found)


def _type(layer: Layer, bare: bool, braces: bool, merges: bool) -> Candidate:
    kind = Kind.Function if layer.is_function else Kind.Class
    rank = 3 if layer.is_function and not merges else 2 if merges == layer.is_function else 4
    several = layer.inputs[0] > 1 and bare and not merges
    text = layer_snippet(layer, bare=bare, braces=braces, several=several)
    return Candidate(layer.name, text, kind, rank, layer.doc, layer_text(layer))


def of_type(
    analysis: Analysis | None, context: Context, name: str, rest: tuple[str, ...], line: int
) -> Iterator[Candidate]:
    """The arguments of a layer or block, or the values of one of them.

    Args:
        analysis: of the text; none where it is not known.
        context: where something is typed.
        name: of the type.
        rest: the keys below it: none, or the argument.
        line: from 1.
    """
    layer, block = _layers(analysis).get(name), _blocks(analysis).get(name)
    if layer is not None and not rest:
        for arg in layer.args:
            if arg.name not in context.siblings:
                rank = 0 if arg.required else 1 if arg.infer is None else 2
                text = argument_snippet(arg, layer)
                yield Candidate(arg.name, text, Kind.Field, rank, arg.kind.wants, argument_line(arg))
        if context.at_value and layer.scalar is not None:
            yield from values(allowed_in([layer.scalar.kind.schema()]), analysis, line)
    elif layer is not None:
        found = layer.arg(rest[0])
        if found is not None:
            left_out = [] if found.required or found.infer is not None else [{"default": found.default}]
            yield from values(allowed_in([found.kind.schema(), *left_out]), analysis, line)
    else:
        for param, default in block.params.items() if block is not None and not rest else ():
            if param not in context.siblings:
                rank, detail = 0 if default is None else 1, f"parameter of {name}: {text_of(default)}"
                yield Candidate(param, f"{param}: $0", Kind.Field, rank, detail)
        if context.at_value:
            yield from parameters(analysis, line)


def names(analysis: Analysis | None, line: int, *, inputs: bool = True) -> Iterator[Candidate]:
    """The items, and inputs, that can be referred to, the nearest first.

    Args:
        analysis: of the text; none where it is not known.
        line: from 1.
        inputs: whether inputs can.
    """
    if analysis is None:
        return
    known, _ = items_before(analysis, line)
    for rank, (name, item) in enumerate(reversed(known.items())):
        made = None if item is None else made_of(analysis, item)
        kind = "an input" if item is None else item.at.text
        if inputs or item is not None:
            yield Candidate(name, name, Kind.Variable, min(rank, 9), kind if made is None else f"{kind} → {made.shape}")


def _blocks(analysis: Analysis | None) -> Mapping[str, Block]:
    return analysis.report.spec.blocks if analysis is not None and analysis.report is not None else {}


def _layers(analysis: Analysis | None) -> Mapping[str, Layer]:
    """The layers and functions that a spec may use: those of the table, and of plugins that may run."""
    return analysis.report.spec.types.layers if analysis is not None and analysis.report is not None else TABLE


def _told(block: Block) -> str:
    return ", ".join(name if value is None else f"{name}: {text_of(value)}" for name, value in block.params.items())
