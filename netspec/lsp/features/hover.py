"""A position → what the check knows of what stands there: a layer with its shapes and arithmetic, a key, a name."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from netspec.core.escapes import safe
from netspec.core.expressions import ExpressionError, evaluate, names_in
from netspec.core.tree import Scalar, shorten
from netspec.language.spec import Block, Item
from netspec.layers.table import TABLE
from netspec.lsp.analysis import Analysis
from netspec.lsp.arithmetic import arithmetic
from netspec.lsp.names import items_before, parameters_at, text_of
from netspec.lsp.occurrences import PARAMETER, Symbol
from netspec.lsp.places import Place, place_at
from netspec.lsp.schema import Allowed, allowed_in, schemas_at
from netspec.lsp.shapes import made_of
from netspec.lsp.words import argument_line, layer_text, written
from netspec.render.pictures.tree import shown
from netspec.translation.languages import ENGLISH, translate

LONGEST = 60  # characters of a value
REFERENCES = ("from", "outputs", "share", "order")
MOST_COPIES = 4  # copies of an item that are told one by one


def hover(analysis: Analysis, position: types.Position) -> types.Hover | None:
    """What is known of what stands at a position.

    Args:
        analysis: of the text.
        position: the cursor's.
    """
    line, column = analysis.positions.place(position)
    place = place_at(analysis.tree, line, column)
    scalar = place.scalar
    if scalar is None:
        return None
    parts = [part for part in _parts(analysis, place, scalar) if part]
    if not parts:
        return None
    text = "\n\n".join(parts)
    if analysis.lang != ENGLISH:
        text = "\n".join(_translated(each, analysis.lang) for each in text.split("\n"))
    content = types.MarkupContent(types.MarkupKind.Markdown, text)
    return types.Hover(content, analysis.positions.range(scalar.span))


def _translated(line: str, lang: str) -> str:
    """A line in a language; what stands in front of an entry of a list stays."""
    mark = "- " if line.startswith("- ") else ""
    return mark + translate(line.removeprefix(mark), lang)


def _parts(analysis: Analysis, place: Place, scalar: Scalar) -> Iterator[str]:
    item = next((each for each in analysis.items if scalar.span in (each.at.span, each.name and each.name.span)), None)
    if item is not None and place.last.role in ("item", "other", "layers", "branches"):
        yield from _of_item(analysis, item)
        return
    line = scalar.span.line
    defined = next((each for each in analysis.occurrences if each.defines and each.span == scalar.span), None)
    if defined is not None and defined.symbol.kind == PARAMETER:
        yield _parameter(analysis, place, defined.symbol)
        return
    owner = _owner(analysis, place)
    if owner is not None:
        item, arg = owner
        found = item.record.arg(arg) if item.record is not None else None
        if found is not None:
            yield argument_line(found)
        if not place.at_key or found is not None:
            yield from _values(analysis, item, arg)
        if not place.at_key:
            yield _expression(analysis, scalar)
        return
    keys = [step.key.text for step in place.trail if step.key is not None]
    if not place.at_key and any(key in REFERENCES for key in keys):
        yield _reference(analysis, scalar, line)
        return
    block = None if analysis.report is None else analysis.report.spec.blocks.get(scalar.text)
    if block is not None:
        yield _block(block)
        return
    path = place.keys
    if not place.at_key and isinstance(scalar.value, str):
        words = allowed_in(schemas_at((*path, scalar.text)))
        if words.text or words.keys:
            yield _schema_text(scalar.text, (*path, scalar.text))
            return
    yield _schema_text(path[-1] if path and path[-1] != "-" else scalar.text, path)
    if not place.at_key:
        yield _expression(analysis, scalar)


def _of_item(analysis: Analysis, item: Item) -> Iterator[str]:
    """A layer, a use of a block or a group: its shapes, its counts and their arithmetic, then what it is."""
    made = made_of(analysis, item)
    calls = analysis.calls_of.get(item.at.span, ())
    if made is not None:
        arriving = _arriving(analysis, item)
        yield f"**{arriving} → {made.shape}**" if arriving else f"**→ {made.shape}**"
    if calls and analysis.report is not None:
        told = [line for call in calls[:MOST_COPIES] for line in arithmetic(call, analysis.report.inferred[call.id])]
        told = list(dict.fromkeys(told))
        if told:
            yield "\n".join(f"- {line}" for line in told)
        paths = ", ".join(f"`{safe(call.path)}`" for call in calls[:MOST_COPIES])
        more = len(calls) - MOST_COPIES
        if not calls[0].record.is_function:
            yield f"the module {paths} and {more} more" if more > 0 else f"the module {paths}"
    elif made is not None:
        params = "?" if made.params is None else f"{made.params:,}"
        macs = "?" if made.macs is None else f"{made.macs:,}"
        yield f"{params} parameters, {macs} multiply-accumulates a sample"
    if item.record is not None:
        yield layer_text(item.record)
    elif item.kind == "block" and analysis.report is not None:
        block = analysis.report.spec.blocks[item.at.text]
        yield _block(block)
    elif item.at.text in ("layers", "sequential", "branches"):
        yield allowed_in([allowed_in(schemas_at(("layers", "-"))).keys[item.at.text]]).text


def _block(block: Block) -> str:
    params = ", ".join(name if node is None else f"{name}: {text_of(node)}" for name, node in block.params.items())
    return f"block `{block.name}` with parameters `{params}`" if params else f"block `{block.name}`"


def _arriving(analysis: Analysis, item: Item) -> str:
    calls = analysis.calls_of.get(item.at.span, ())
    if not calls or analysis.report is None:
        return ""
    inputs = [shown(analysis.report.inferred[call.id].inputs) for call in calls]
    different = list(dict.fromkeys(inputs))
    return different[0] if len(different) == 1 else f"{different[0]} … {different[-1]}"


def _owner(analysis: Analysis, place: Place) -> tuple[Item, str] | None:
    """The item and the argument that a place below its type is in."""
    for index, step in enumerate(place.trail):
        if step.role == "item":
            inner = place.trail[index + 1 :]
            if not inner or inner[0].key is None:
                continue
            item = next((each for each in analysis.items if each.at.span == inner[0].key.span), None)
            if item is None or item.kind not in ("layer", "block"):
                continue
            if len(inner) > 1 and inner[1].key is not None:
                return item, inner[1].key.text
            if len(inner) == 1 and item.args and not place.at_key:  # the one argument alone
                return item, item.args[0][0].text
    return None


def _values(analysis: Analysis, item: Item, arg: str) -> Iterator[str]:
    """The values that an argument has in the copies of its item."""
    if analysis.report is None:
        return
    calls = analysis.calls_of.get(item.at.span, ())
    known = [analysis.report.inferred[call.id].args | call.args for call in calls]
    values = list(dict.fromkeys(written(args[arg]) for args in known if arg in args))
    if values:
        listed = ", ".join(f"`{shorten(value, LONGEST)}`" for value in values[:8])
        yield f"here {listed}" + (", …" if len(values) > 8 else "")


def _expression(analysis: Analysis, scalar: Scalar) -> str:
    """An expression with the values of its parameters: `width * 2 = 128`."""
    if analysis.report is None or not isinstance(scalar.value, str):
        return ""
    values = analysis.report.params
    try:
        used = names_in(scalar.value)
        if used and not used <= values.keys():
            around = parameters_at(analysis, scalar.span.line)
            told = [f"`{name}`: {text_of(around[name])}" for name in sorted(used) if name in around]
            return f"parameter {', '.join(told)}" if told else ""
        result = evaluate(scalar.value, values)
    except (ExpressionError, ValueError, RecursionError):
        return ""
    return f"`{shorten(scalar.value, LONGEST)} = {shorten(written(result), LONGEST)}`"


def _reference(analysis: Analysis, scalar: Scalar, line: int) -> str:
    names, _ = items_before(analysis, 10**9 if line == 0 else line)
    name = scalar.text.partition(".")[0]
    item = names.get(name)
    if item is None:
        inputs = analysis.report.inputs if analysis.report is not None else {}
        tensor = inputs.get(name)
        if name not in names:
            return ""
        return f"`{name}`: an input" if tensor is None else f"`{name}`: an input, {shown((tensor,))}"
    made = made_of(analysis, item)
    told = item.at.text if made is None else f"{item.at.text} → {made.shape}"
    return f"`{name}`: {told}, line {item.at.span.line}"


def _parameter(analysis: Analysis, place: Place, symbol: Symbol) -> str:
    """A parameter where it is defined: of the spec with its value, of a block or a repeat with what it is given."""
    values = analysis.report.params if analysis.report is not None else {}
    if symbol.scope is None and symbol.name in values:
        return f"parameter `{symbol.name}` = `{shorten(written(values[symbol.name]), LONGEST)}`"
    written_as = text_of(place.last.node) if place.at_key else ""
    if "repeat" in place.keys:
        return f"`{symbol.name}`, in each turn one of {written_as or 'required'}"
    if place.keys[:1] == ("blocks",) and len(place.keys) > 1:
        return f"parameter `{symbol.name}` of the block `{place.keys[1]}`: {written_as or 'required'}"
    return f"parameter `{symbol.name}`: {written_as or 'required'}"


def _schema_text(title: str, path: tuple[str, ...]) -> str:
    """What the schema of the language says of a key or a name."""
    if title in TABLE and path[-1:] == (title,):
        return layer_text(TABLE[title])
    allowed = allowed_in(schemas_at(path))
    if not (allowed.text or allowed.keys or allowed.words):
        return ""
    lines = [f"`{title}`" + (f": {allowed.text}" if allowed.text else "")]
    if allowed.keys and len(allowed.keys) <= 30:
        told = {name: allowed_in([schema]) for name, schema in allowed.keys.items()}
        lines.append("\n".join(f"- `{name}`{_told(name, each)}" for name, each in told.items()))
    if allowed.default and not allowed.keys:
        lines.append(f"Default `{written(allowed.default[0])}`.")
    return "\n\n".join(lines)


def _told(name: str, allowed: Allowed) -> str:
    first = allowed.text.partition("\n")[0]
    default = () if name[:1].isupper() else allowed.default  # of a class it is that of its first argument
    return (f": {first}" if first else "") + (f" (default `{written(default[0])}`)" if default else "")
