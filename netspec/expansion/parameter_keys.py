"""`init`, `parametrize` and `tie` of items → rules about the parameters of layers."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence as List
from dataclasses import replace
from typing import Any

from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, is_null, shorten
from netspec.expansion.context import Context
from netspec.expansion.graph import EACH, Call, InitRule, Local, Parametrization, Step, Tie
from netspec.expansion.lists import item_and_rest
from netspec.expansion.scope import below
from netspec.language.evaluate import FAILED
from netspec.language.patterns import LONGEST
from netspec.language.spec import Item
from netspec.layers.record import Arg

INIT_EXAMPLE = 'init: {"*.weight": {kaiming_normal_: {mode: fan_out}}, "*.bias": zeros_}'


def init_rules(node: Node | None, context: Context, prefix: str) -> tuple[InitRule, ...]:
    """The rules of an `init`, in their order.

    Args:
        node: its value.
        context: where it stands.
        prefix: the module path that its patterns start at.
    """
    if node is None or is_null(node):
        return ()
    if not isinstance(node, Mapping):
        context.error("NS202", f"init is a mapping, as {INIT_EXAMPLE}; got {describe(node)}", node)
        return ()
    from netspec.layers.inits import INITS

    rules = []
    for pattern, value in node:
        found = _function(value, INITS, "torch.nn.init", context)
        if len(pattern.text) > LONGEST:
            context.error("NS216", f"a pattern has at most {LONGEST} characters, got {len(pattern.text)}", pattern)
        elif found is not None:
            name, args, _ = found
            rules.append(InitRule(pattern.text, prefix, INITS[name], args, pattern))
    return tuple(rules)


def parametrizations(item: Item, context: Context) -> tuple[Parametrization, ...]:
    """What the parameters of a layer are computed by, the first one innermost."""
    node = item.parametrize
    if node is None or is_null(node):
        return ()
    from netspec.layers.parametrizations import PARAMETRIZATIONS

    found = [
        _function(each, PARAMETRIZATIONS, "torch.nn.utils.parametrizations", context)
        for each in (node.items if isinstance(node, Sequence) else (node,))
    ]
    return tuple(Parametrization(PARAMETRIZATIONS[of[0]], of[1], of[2]) for of in found if of is not None)


def _function(
    node: Node, table: Dict[str, Any], module: str, context: Context
) -> tuple[str, dict[str, Any], Node] | None:
    """A function by name, its arguments and its node; None, with a finding, where there is none."""
    example = "zeros_ or {normal_: {std: 0.02}}" if "zeros_" in table else "weight_norm or {weight_norm: {dim: 1}}"
    if isinstance(node, Scalar) and isinstance(node.value, str):
        key, argument = node, None
    elif isinstance(node, Mapping) and len(node.entries) == 1:
        key, argument = node.entries[0]
    else:
        context.error("NS202", f"a function of {module}, as {example}; got {describe(node)}", node)
        return None
    name = key.text if key.text in table else f"{key.text}_" if f"{key.text}_" in table else key.text
    if key.text not in table:
        message = f"{module} has no function {shorten(key.text)!r}"
        context.findings.misspelt("NS204", message, key, table, frames=context.frames)
        if name not in table:
            return None
    args = _arguments(key, argument, table[name].args, name, context)
    return None if args is None else (name, args, key)


def _arguments(
    key: Scalar, node: Node | None, known: tuple[Arg, ...], name: str, context: Context
) -> dict[str, Any] | None:
    """All arguments of a function; None, with a finding, where one is wrong or missing."""
    values = {arg.name: arg.default for arg in known if not arg.required}
    by_name = {arg.name: arg for arg in known}
    entries: tuple[tuple[Scalar, Node], ...] = ()
    if isinstance(node, Mapping):
        entries = node.entries
    elif node is not None and not is_null(node):
        first = next((arg for arg in known if arg.required), known[0] if known else None)
        if first is None:
            context.error("NS202", f"{name} takes no arguments, got {describe(node)}", node)
            return None
        entries = ((Scalar(first.name, node.span, first.name), node),)
    whole = True
    for argument, value in entries:
        arg = by_name.get(argument.text)
        if arg is None:
            message = f"{name} has no argument {shorten(argument.text)!r}"
            context.findings.misspelt("NS205", message, argument, by_name, frames=context.frames)
            whole = False
            continue
        values[arg.name] = context.argument(value, arg.kind, f"{name}.{arg.name}")
        whole = whole and values[arg.name] is not FAILED
    missing = [arg for arg in known if arg.name not in values]
    for arg in missing:
        context.error("NS203", f"{name} needs {arg.name}: {arg.kind.wants}", key)
    return values if whole and not missing else None


def add_ties(item: Item, context: Context, calls: list[Call], local: Local) -> None:
    """Note the parameters of an item that are another item's, in the scope and in their calls.

    Args:
        item: the item, of which `local` is the value.
        context: the scope that both are in.
        calls: all so far.
        local: the value.
    """
    own = context.scope.steps[applied(local.step, context.scope.steps, calls)]
    if own.call is not None and calls[own.call].record.is_function:
        return  # which has a finding
    for key, value in item.tie or ():
        if not isinstance(value, Scalar) or not isinstance(value.value, str):
            what = "the parameter of an item by its path, as embedding.weight"
            context.error("NS202", f"tie names {what}, got {describe(value)}", value)
            continue
        target = below(own, key.text, calls)
        source = _reference(value, context, calls)
        if not key.text and (target is None or not calls[target[0]].record.tensor):
            example = f"as in tie: {{weight: {value.text}}}"
            context.error("NS306", f"{own.name} is no parameter: say which one of it is tied, {example}", key)
        elif target is None:
            context.error("NS306", f"{own.name} has no layer at {key.text}", key)
        elif source is not None:
            path = f"{own.name}.{key.text}" if key.text else own.name
            context.scope.ties.append(Tie(path, value.text, *target, *source, value))
            call, name = calls[target[0]], target[1]
            calls[target[0]] = replace(call, tied=call.tied | {name})


def _reference(node: Scalar, context: Context, calls: list[Call]) -> tuple[int, str] | None:
    """The call and the name of a parameter of an earlier item of the scope; None with a finding."""
    name, rest = item_and_rest(node.text, context.scope.names)
    held = context.scope.held.get(name)
    local = context.scope.names.get(name) if held is None else Local(held)
    if local is None:
        context.lookup(replace(node, value=name, text=name))
        return None
    steps = context.scope.steps
    found = below(steps[applied(local.step, steps, calls)], rest, calls) if local.step >= 0 else None
    if found is None:
        context.error("NS306", f"there is no layer whose parameter {shorten(node.text)} could be", node)
    return found


def applied(index: int, steps: List[Step], calls: List[Call]) -> int:
    """The step of the module whose value a step gives: of an item with `each`, the one inside."""
    while (call := steps[index].call) is not None and calls[call].record.name == EACH and len(calls[call].inputs) > 1:
        index = steps[index].sources[0].step
    return index
