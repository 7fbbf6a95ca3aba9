"""Records → snippets: what a completion writes, with the places that are still to be filled."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netspec.core.tree import Node
from netspec.layers.record import Arg, Layer
from netspec.lsp.words import written

_PLACE = re.compile(r"\$\{\d+:((?:[^}\\]|\\.)*)\}|\$\d+")


def escaped(text: str) -> str:
    """A text that stands for itself in a snippet.

    Args:
        text: any.
    """
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")


def plain_text(snippet: str) -> str:
    """A snippet for an editor that takes none: its places hold their examples.

    Args:
        snippet: in the protocol's syntax.
    """
    text = _PLACE.sub(lambda match: match[1] or "", snippet)
    return text.replace("\\$", "$").replace("\\}", "}").replace("\\\\", "\\")


def example_of(arg: Arg, layer: Layer) -> str:
    """A value of an argument that the layer takes: of the first of its cases that gives one.

    Args:
        arg: the argument.
        layer: its record.
    """
    value = next((case.args[arg.name] for case in layer.right if arg.name in case.args), None)
    return "" if value is None else written(value)


def argument_snippet(arg: Arg, layer: Layer) -> str:
    """An argument with a place for its value.

    Args:
        arg: the argument.
        layer: its record.
    """
    example = example_of(arg, layer) if arg.required else ""
    return f"{arg.name}: ${{1:{escaped(example)}}}" if example else f"{arg.name}: $0"


def layer_snippet(layer: Layer, *, bare: bool, braces: bool, several: bool = False) -> str:
    """An item of a layer, with places for the arguments that it needs.

    Args:
        layer: its record.
        bare: whether the name alone may stand there.
        braces: whether the item has to be in braces: in a list in brackets.
        several: whether it takes several inputs, which the item names.
    """
    needed = [arg for arg in layer.args if arg.required]
    if several:
        places = ", ".join(f"{arg.name}: ${{{n}:{escaped(example_of(arg, layer))}}}" for n, arg in enumerate(needed, 1))
        first = len(needed) + 1
        inputs = ", ".join(f"${{{first + index}:{name}}}" for index, name in enumerate(_input_names(layer)))
        return f"{{{layer.name}: {{{places}\\}}, from: [{inputs}]\\}}"
    if not needed:
        return layer.name if bare else f"{layer.name}: {{$0\\}}"
    places = ", ".join(f"{arg.name}: ${{{n}:{escaped(example_of(arg, layer))}}}" for n, arg in enumerate(needed, 1))
    one = f"{layer.name}: {{{places}\\}}"
    if len(needed) == 1 and layer.scalar is needed[0]:
        one = f"{layer.name}: ${{1:{escaped(example_of(needed[0], layer))}}}"
    return f"{{{one}\\}}" if braces else one


def _input_names(layer: Layer) -> list[str]:
    """Names for the inputs that a layer needs."""
    return [layer.names[index] if index < len(layer.names) else f"input{index}" for index in range(layer.inputs[0])]


def block_snippet(name: str, params: Mapping[str, Node | None], *, bare: bool, braces: bool) -> str:
    """The use of a block, with places for the parameters that it needs.

    Args:
        name: the block's.
        params: its parameters with their defaults.
        bare: whether the name alone may stand there.
        braces: whether the item has to be in braces.
    """
    needed = [param for param, default in params.items() if default is None]
    if not needed and bare:
        return name
    places = ", ".join(f"{each}: ${{{n}:{each}}}" for n, each in enumerate(needed, 1)) or "$0"
    one = f"{name}: {{{places}\\}}"
    return f"{{{one}\\}}" if braces else one
