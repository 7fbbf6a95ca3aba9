"""The keys `kinds`, `encode`, `missing` and `normalize` of a table → Wishes, by the names of its columns."""

from __future__ import annotations

from netspec.core.tree import Mapping, Node, Scalar, describe
from netspec.data.split import LoadRequest
from netspec.data.tables.kinds import Wishes
from netspec.language.sections.table_keys import ENCODINGS, KINDS, RULES, SCALINGS
from netspec.runtime.diagnostics import spec_error, unknown_name


def read_wishes(request: LoadRequest, names: list[str]) -> Wishes:
    """What the spec wishes of a table's columns.

    Args:
        request: with the arguments of the dataset.
        names: of the table's columns.

    Raises:
        SpecError: NS601, the table has no such column; NS202, a value is none that the key takes.
    """
    kinds: dict[str, str | tuple[str, ...]] = {}
    for name, node in _by_column(request.argument("kinds"), names):
        value = request.evaluate(node)
        if isinstance(value, list) and name is not None:
            kinds[name] = tuple(map(str, value))
        elif name is not None and value in KINDS:
            kinds[name] = str(value)
        else:
            raise spec_error("NS202", f"a kind is {', '.join(KINDS)} or a list of values, not {describe(node)}", node)
    encode = {name: _word(request, node, ENCODINGS) for name, node in _by_column(request.argument("encode"), names)}
    missing = {name: _filling(request, node) for name, node in _by_column(request.argument("missing"), names)}
    normalize = request.argument("normalize")
    scaling = None if normalize is None else _word(request, normalize, SCALINGS)
    return Wishes(kinds, encode, missing, scaling)


def _by_column(node: Node | None, names: list[str]) -> list[tuple[str | None, Node]]:
    """The nodes for each column by its name; a value without names is for all, under None."""
    if not isinstance(node, Mapping):
        return [] if node is None else [(None, node)]
    for key, _ in node:
        if key.text not in names:
            raise unknown_name("NS601", f"the table has no column {key.text!r}", key, key.text, names)
    return [(key.text, value) for key, value in node]


def _word(request: LoadRequest, node: Node, words: tuple[str, ...]) -> str:
    value = request.evaluate(node)
    if value not in words:
        raise spec_error("NS202", f"{' or '.join(words)} is wanted, not {describe(node)}", node)
    return str(value)


def _filling(request: LoadRequest, node: Node) -> str:
    """A rule, or the cell that stands for an empty one."""
    value = request.evaluate(node)
    if not isinstance(node, Scalar) or not isinstance(value, str | int | float):
        raise spec_error("NS202", f"{', '.join(RULES)} or a value is wanted, not {describe(node)}", node)
    return str(value)
