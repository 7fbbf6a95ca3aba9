"""What stands after an item's type → the arguments that it gives, by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from netspec.ground.diagnostics import Edit, Fix
from netspec.ground.findings import Findings
from netspec.ground.names import closest, did_you_mean, meant
from netspec.ground.tree import Mapping, Node, Scalar, describe, is_null, shorten
from netspec.layers.record import Layer

Params = dict[str, Node | None]  # a block's parameters with their defaults; None where a use has to give one
Given = tuple[tuple[Scalar, Node], ...]


def layer_args(record: Layer, value: Node | None, findings: Findings) -> Given:
    """The arguments of a layer, as written."""
    names = [arg.name for arg in record.args]
    if value is None or is_null(value):
        return ()
    if isinstance(value, Mapping):
        return _named(value, names, f"{record.name} has no argument", findings, f"{record.name} takes no arguments")
    if record.scalar is None:
        what = "takes no arguments" if not names else f"has no single argument that {describe(value)} could be"
        findings.add("NS202", f"{record.name} {what}", value)
        return ()
    return ((Scalar(record.scalar.name, value.span, record.scalar.name, frames=value.frames), value),)


def block_args(key: Scalar, value: Node | None, params: Params, findings: Findings) -> Given:
    """The parameters that a block's use gives."""
    if value is None or is_null(value):
        return ()
    if isinstance(value, Mapping):
        what = f"the block {key.text} has no parameter"
        return _named(value, params, what, findings, f"the block {key.text} takes no parameters")
    name = _single(params)
    if name is None:
        message = f"the block {key.text} has no single parameter that {describe(value)} could be"
        findings.add("NS202", message, value)
        return tuple((Scalar(name, value.span, name), value) for name, default in params.items() if default is None)
    return ((Scalar(name, value.span, name, frames=value.frames), value),)


def _single(params: Params) -> str | None:
    """The parameter that a single value gives: the only required one, else the first."""
    required = [name for name, default in params.items() if default is None]
    if len(required) > 1:
        return None
    return next(iter(required or params), None)


def _named(value: Mapping, names: Iterable[str], what: str, findings: Findings, none: str) -> Given:
    """The known ones of the named arguments; a name that is misspelt beyond doubt is noted and taken as meant."""
    free = [name for name in names if value.get(name) is None]
    given: list[tuple[Scalar, Node]] = []
    for name, argument in value:
        if name.text in names:
            given.append((name, argument))
            continue
        matches = closest(name.text, names)
        fixes = [Fix(match, (Edit(name.span, match),)) for match in matches if match in free]
        message = f"{what} {shorten(name.text)!r}{did_you_mean(matches)}" if names else f"{none}, got {name.text!r}"
        findings.add("NS205", message, name, fixes=fixes)
        guess = meant(name.text, free)
        if guess is not None:
            given.append((replace(name, value=guess, text=guess), argument))
    return tuple(given)


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
