"""The node after an item's type → the arguments that it gives, by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from netspec.core.diagnostics import Edit, Findings, Fix, renamings
from netspec.core.names import certain_match, closest, did_you_mean
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, is_null, shorten
from netspec.language.composer import scalar_value
from netspec.language.known_names import known_arguments
from netspec.layers.arguments import Either, Ints, Kind, Several
from netspec.layers.record import Layer

Params = dict[str, Node | None]  # a block's parameters with their defaults; None where a use has to give one
NO_NAMES = "`from` with names is for a layer; what enters a group or a block is input.0, input.1, …: from: [a, b]"
Given = tuple[tuple[Scalar, Node], ...]


def layer_args(record: Layer, value: Node | None, findings: Findings) -> tuple[Given, bool]:
    """The arguments of a layer, as written, and whether all that is written could be read."""
    names = [arg.name for arg in record.args]
    if value is None or is_null(value):
        return (), True
    if isinstance(value, Mapping):
        return _named(value, names, f"{record.name} has no argument", findings, f"{record.name} takes no arguments")
    if isinstance(value, Sequence) and record.inputs[1] != 1 and all(_is_word(item) for item in value.items):
        listed = ", ".join(getattr(item, "text", "") for item in value.items)
        fix = Fix(f"from: [{listed}]", (Edit(value.span, f"{{}}, from: [{listed}]"),))
        findings.add(
            "NS202", f"{record.name} takes its inputs by `from: [{listed}]`, a key beside it", value, fixes=[fix]
        )
        return (), False
    if record.scalar is None or (isinstance(value, Sequence) and not takes_list(record.scalar.kind)):
        what = "takes no arguments" if not names else f"takes its arguments by name, got {describe(value)}"
        findings.add("NS202", f"{record.name} {what}", value, fixes=_by_name(record, value))
        return (), False
    return ((Scalar(record.scalar.name, value.span, record.scalar.name, frames=value.frames), value),), True


def _is_word(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, str)


def takes_list(kind: Kind) -> bool:
    """Whether a kind of argument accepts a list."""
    return isinstance(kind, Ints | Several) or (isinstance(kind, Either) and any(map(takes_list, kind.kinds)))


def _by_name(record: Layer, value: Node) -> list[Fix]:
    """A fix that names values written in the order of torch's signature, with or without inferred arguments."""
    texts = [getattr(node, "text", "") for node in (value.items if isinstance(value, Sequence) else (value,))]
    for args in ([a for a in record.args if a.required], [a for a in record.args if a.required or a.infer]):
        if len(args) == len(texts) and all(texts):
            written = ", ".join(f"{arg.name}: {text}" for arg, text in zip(args, texts, strict=True))
            return [Fix(f"{{{written}}}", (Edit(value.span, f"{{{written}}}"),))]
    return []


def block_args(key: Scalar, value: Node | None, params: Params, findings: Findings) -> tuple[Given, bool]:
    """The parameters that a block's use gives, and whether all that is written could be read."""
    if value is None or is_null(value):
        return (), True
    if isinstance(value, Mapping):
        what = f"the block {key.text} has no parameter"
        return _named(value, params, what, findings, f"the block {key.text} takes no parameters")
    name = _single(params)
    if name is None:
        message = f"the block {key.text} has no single parameter that {describe(value)} could be"
        findings.add("NS202", message, value)
        return (), False
    return ((Scalar(name, value.span, name, frames=value.frames), value),), True


def _single(params: Params) -> str | None:
    """The parameter that a single value gives: the only required one, else the first."""
    required = [name for name, default in params.items() if default is None]
    if len(required) > 1:
        return None
    return next(iter(required or params), None)


def _named(value: Mapping, names: Iterable[str], what: str, findings: Findings, none: str) -> tuple[Given, bool]:
    """The arguments with known names; a certain misspelling becomes a finding and is corrected."""
    free = [name for name in names if value.get(name) is None]
    given: list[tuple[Scalar, Node]] = []
    whole = True
    for name, argument in value:
        if name.text in names:
            given.append((name, argument))
            continue
        parts = split_at_colon(name, names, "NS205", findings) if is_null(argument) else None
        if parts is not None:
            given.append(parts)
            continue
        if given and is_null(argument) and _goes_on(given[-1][1], name):
            continue  # a comma cut an expression in two: its first part has the finding
        known = known_arguments(name.text, free)
        matches = (known or closest(name.text, names)) if findings.suggests else []
        fixes = renamings(name, name.text, names, free) if findings.suggests else []
        fixes = [Fix(each, (Edit(name.span, each),), safe=len(known) == 1) for each in known] or fixes
        message = f"{what} {shorten(name.text)!r}{did_you_mean(matches)}" if names else f"{none}, got {name.text!r}"
        findings.add("NS205", message, name, fixes=fixes)
        guess = certain_match(name.text, free) if findings.suggests else None
        guess = known[0] if known else guess
        if guess is not None:
            given.append((replace(name, value=guess, text=guess), argument))
        whole = whole and guess is not None
    return tuple(given), whole


def _goes_on(before: Node, key: Scalar) -> bool:
    """Whether a key without a value is the rest of an expression before it: `n: max(8, k)` in braces."""
    text = before.text if isinstance(before, Scalar) and before.plain else ""
    return text.count("(") > text.count(")") and key.text.count(")") >= key.text.count("(") and before.span < key.span


def split_at_colon(key: Scalar, names: Iterable[str], code: str, findings: Findings) -> tuple[Scalar, Scalar] | None:
    """`out_channels 8` or `out_channels:8` as a known name and its value, with a finding; None for other text."""
    word, _, rest = key.text.replace(":", " ", 1).partition(" ")
    rest = rest.strip()
    if not rest or word not in names:
        return None
    fix = Fix(f"{word}: {rest}", (Edit(key.span, f"{word}: {rest}"),), safe=True)
    message = f"{shorten(key.text)!r} lacks the colon and the space between a key and its value"
    findings.add(code, message, key, fixes=[fix])
    return replace(key, value=word, text=word), replace(key, value=scalar_value(rest), text=rest)


def fits_layer(record: Layer, value: Node | None) -> bool:
    """Whether a layer could be written with `value` after its type."""
    if isinstance(value, Mapping):
        return all(record.arg(name.text) is not None for name, _ in value)
    return value is None or is_null(value) or record.scalar is not None


def fits_block(params: Params, value: Node | None) -> bool:
    """Whether a block could be used with `value` after its name."""
    if isinstance(value, Mapping):
        return all(name.text in params for name, _ in value)
    return value is None or is_null(value) or _single(params) is not None
