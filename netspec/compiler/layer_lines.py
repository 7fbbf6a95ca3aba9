"""A layer with its arguments → the lines that make its module, or a tensor, with their numbers as holes."""

from __future__ import annotations

import keyword
from typing import Any

from netspec.compiler.holes import Line, call_with_holes, with_holes
from netspec.compiler.parameters import parametrized
from netspec.core.tree import Scalar
from netspec.expansion.graph import Call
from netspec.layers.code import argument_list, constructed, constructor


def layer_lines(call: Call, args: dict[str, Any]) -> tuple[Line, ...]:
    """The lines that make a layer; the last one is its expression.

    Args:
        call: of the layer.
        args: all its arguments by name.
    """

    def name(arg: str) -> str:
        """A name for an argument: the block's parameter that gives it, else torch's."""
        node = call.arg_nodes.get(arg)
        written = node.value if isinstance(node, Scalar) else None
        plain = isinstance(written, str) and written.isidentifier() and not keyword.iskeyword(written)
        return str(written) if plain else arg

    if call.record.make is None:
        made = call_with_holes(constructed(call.record), argument_list(call.record.args, args), name)
        return (parametrized(call, made),)
    *before, last = map(with_holes, constructor(call.record, args).splitlines())
    return (*before, parametrized(call, last))
