"""The arguments of a layer → the words of its node: as its code has them, and all of them by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.core.tree import shorten
from netspec.layers.code import arguments, literal
from netspec.layers.record import Layer

LONGEST = 200  # characters of an argument
MOST_KNOWN = 2_000  # layers whose words are remembered
_UNTOLD = ("inplace",)  # arguments that change nothing of what is computed

Words = tuple[str, tuple[tuple[str, str], ...]]
_known: dict[tuple[str, object, str], Words] = {}  # while a text is edited, most layers stay as they were


def words_of(record: Layer, args: Mapping[str, Any]) -> Words:
    """The arguments that are no defaults, as code, and all arguments by name, in torch's order.

    Args:
        record: of the layer.
        args: all that are known.
    """
    key = (record.name, record.origin, repr(args))
    found = _known.get(key)
    if found is None:
        written = [arg for arg in record.args if arg.name not in _UNTOLD]
        names = dict.fromkeys([*(arg.name for arg in record.args if arg.name in args), *args])
        by_name = tuple((name, shorten(literal(args[name]), LONGEST)) for name in names)
        found = (shorten(arguments(written, args), LONGEST), by_name)
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[key] = found
    return found
