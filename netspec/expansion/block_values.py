"""A block's use or a repeat → the values of its parameters: numbers, texts, lists, layers."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace
from typing import Any

from netspec.core.expressions import LayerValue, Value, is_name
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Mapping, Node, Scalar, Sequence, shorten
from netspec.expansion.context import Context
from netspec.language.evaluate import FAILED, Evaluator, layer_value, param_value
from netspec.language.spec import Block, Item


def block_params(
    block: Block, item: Item, context: Context, path: str, params: Dict[str, Value], declared: Dict[str, Node]
) -> dict[str, Value] | None:
    """The parameters inside a block's use: the spec's, and its own; None where one is missing or wrong.

    Args:
        block: the block.
        item: its use.
        context: where it is used.
        path: the module path of the use.
        params: the spec's parameters with their values.
        declared: the nodes of these parameters.
    """
    given = {key.text: value for key, value in item.args}
    values = dict(params)
    whole = True
    for param, default in block.params.items():
        node = given.get(param, default)
        if node is None:
            if item.whole:
                context.error("NS203", f"the block {block.name} needs {param}", item.at, layer=path)
            whole = False
            continue
        if param not in given:
            value: Any = param_value(node, values)
        else:
            value = given_value(node, default, context, as_type=param in block.types)
        if value is not FAILED and param in block.types and param not in context.types:
            name = node.value if isinstance(node, Scalar) else None
            passed_on = isinstance(name, str) and name in declared and params.get(name) == value
            value = type_value(param, value, declared[str(name)] if passed_on else node, context)
        whole = whole and value is not FAILED
        values[param] = value
    return values if whole else None


def given_value(node: Node, default: Node | None, context: Context, *, as_type: bool = False) -> Any:
    """The value of an argument of a block, FAILED where it has none.

    A plain word is text where the default is text, or where it is the name of a type.

    Args:
        node: the argument.
        default: of the parameter.
        context: where the block is used.
        as_type: the parameter is the type of an item in the block.
    """
    if isinstance(node, Mapping):
        return layer_value(node, context.names)
    if isinstance(node, Sequence):
        inner = next((each for each in default.items), None) if isinstance(default, Sequence) else default
        values = tuple(given_value(each, inner, context, as_type=as_type) for each in node.items)
        return FAILED if FAILED in values else values
    if not isinstance(node.value, str) or node.value in context.names:
        return context.scalar(node)
    is_text = isinstance(default, Scalar) and isinstance(default.value, str)
    takes_words = as_type or default is None or not isinstance(default, Scalar) or is_text
    if takes_words and (node.value in context.types or (as_type and node.value.isidentifier())):
        return node.value
    if is_text or not node.plain:  # in quotes it is an expression, unless the default is text
        return param_value(replace(node, plain=node.plain or not is_text), context.names)
    unknown = node.value.isidentifier() and default is None and not closest(node.value, context.names)
    if unknown and is_name(node.value):
        Evaluator(context.findings).text_without_quotes(node, node.value, context.frames)
        return FAILED
    return context.scalar(node)


def type_value(name: str, value: Value, node: Node, context: Context) -> Any:
    """The value of a parameter that is the type of an item, FAILED with a finding where it is no type.

    Args:
        name: the parameter.
        value: its value.
        node: of the value.
        context: where the value is given.
    """
    word = value.type.text if isinstance(value, LayerValue) else value
    if isinstance(word, str) and word in context.types:
        return value
    if isinstance(value, str):
        message = f"netspec knows no block, layer or function called {shorten(value)}, which {name} has to be"
        if isinstance(node, Scalar) and node.value == value:
            context.findings.misspelt("NS204", message, node, context.types, frames=context.frames)
        else:
            context.error("NS204", f"{message}{did_you_mean(closest(value, context.types))}", node)
    elif not isinstance(value, LayerValue):  # whose type has its finding where it is written
        message = f"{name} is the type of a layer, as ReLU or {{LeakyReLU: 0.2}}; got {getattr(node, 'text', value)}"
        context.error("NS204", message, node)
    return FAILED
