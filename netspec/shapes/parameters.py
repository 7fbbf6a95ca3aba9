"""Rules about parameters (`tie`, `init`, `parametrize`) against those that the layers have: NS306, NS407, NS410."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from types import SimpleNamespace
from typing import Any

from netspec.core.diagnostics import Diagnostic, Edit, Fix
from netspec.core.names import closest, did_you_mean
from netspec.core.shapes import Shape, ShapeError, show
from netspec.core.tree import Node
from netspec.expansion.graph import Call, Graph, InitRule, Scope, Tie
from netspec.language.patterns import names_parameter
from netspec.layers.record import no_parameters
from netspec.shapes.report import Inferred


def has_rules(graph: Graph) -> bool:
    """Whether a graph has rules about parameters."""
    return any(call.inits or call.parametrized or call.tied for call in graph.calls)


def path_of(call: Call, weight: str) -> str:
    """The name of a parameter in the state_dict, before it is parametrized."""
    return f"{call.path}.{weight}" if weight else call.path


def _fits(rule: InitRule, call: Call, weight: str) -> bool:
    path = path_of(call, weight)
    below = path.removeprefix(f"{rule.prefix}.") if rule.prefix else path
    return names_parameter(rule.pattern, below, call.record.name, weight)


def init_of(call: Call, weight: str) -> InitRule | None:
    """The rule by which a parameter of a layer is filled; None where it stays as torch fills it."""
    return next((rule for rule in call.inits if _fits(rule, call, weight)), None)


def count_of(call: Call, arguments: dict[str, Any], own: int) -> int:
    """The parameters of a layer with `own` ones: fewer where some are another layer's, more where some are split."""
    if not call.tied and not call.parametrized:
        return own
    from netspec.layers.state import weights_of

    weights = weights_of(call.record, arguments)
    learned = learned_by(call, weights)
    own += sum(map(prod, learned.values())) - sum(map(prod, weights.values()))
    return own - sum(prod(learned[name]) for name in call.tied if name in learned)


def learned_by(call: Call, weights: dict[str, Shape]) -> dict[str, Shape]:
    """The parameters of a layer as its state_dict has them: of a parametrized one those that it is computed from.

    Args:
        call: the layer.
        weights: its parameters before they are parametrized.
    """
    learned = dict(weights)
    for each in call.parametrized:
        shape = learned.pop(each.weight, None)
        if shape is None:  # which was the first parametrization's
            continue
        try:
            args = SimpleNamespace(**each.args)
            each.by.suits(args, shape)
            originals = each.by.originals(args, shape)
        except ShapeError:  # which findings_of reports
            learned[each.weight] = shape
            continue
        learned |= {f"parametrizations.{each.weight}.{name}": size for name, size in originals.items()}
    return learned


def findings_of(graph: Graph, known: Sequence[Inferred]) -> Iterator[Diagnostic]:
    """What is wrong with the rules about parameters.

    Args:
        graph: the network.
        known: what is known of its calls.
    """
    from netspec.layers.state import weights_of

    weights = {
        call.id: weights_of(call.record, known[call.id].args)
        for call in graph.calls
        if call.shares is None and not call.broken and known[call.id].outputs is not None
        if all(arg.name in known[call.id].args for arg in call.record.args)  # what is inferred, behind another error
    }
    yield from _inits(graph, weights)
    for call in graph.calls:
        if call.id in weights:
            yield from _parametrizations(call, weights[call.id])
    for tie in _ties(graph.scope):
        yield from _tie(tie, graph, weights)


def _inits(graph: Graph, weights: dict[int, dict[str, Shape]]) -> Iterator[Diagnostic]:
    used: set[object] = set()
    wrong: set[object] = set()
    for call in graph.calls:
        for name, shape in weights.get(call.id, {}).items():
            fitting = [rule for rule in call.inits if _fits(rule, call, name)]
            used.update(rule.at.span for rule in fitting)
            if not fitting or fitting[0].at.span in wrong:
                continue
            rule = fitting[0]
            try:
                rule.init.suits(SimpleNamespace(**rule.args), shape)
            except ShapeError as fact:
                wrong.add(rule.at.span)
                message = f"{rule.init.name} {fact.message}, {path_of(call, name)}"
                yield Diagnostic("NS407", message, rule.at.span, call.path, frames=call.frames)
    if len(weights) < sum(1 for call in graph.calls if call.shares is None):
        return  # of some layers the parameters are not known
    if any(call.record.origin is not None for call in graph.calls):
        return  # nor are those of a plugin's layers
    names = [path_of(graph.calls[id], name) for id, found in weights.items() for name in found]
    kinds = [f"{graph.calls[id].record.name}.{name}" for id, found in weights.items() for name in found]
    unused = {rule.at.span: rule for call in graph.calls for rule in call.inits if rule.at.span not in used}
    for span, rule in unused.items():
        known = list(dict.fromkeys((*names, *kinds)))
        matches = closest(rule.pattern, known) if not rule.prefix else []
        fixes = tuple(Fix(match, (Edit(span, match),)) for match in matches)
        message = f"no parameter{f' of {rule.prefix}' if rule.prefix else ''} is called {rule.pattern}"
        yield Diagnostic("NS306", f"{message}{did_you_mean(matches)}", span, fixes=fixes, frames=rule.at.frames)


def _parametrizations(call: Call, weights: dict[str, Shape]) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for each in call.parametrized:
        shape = weights.get(each.weight)
        if shape is None:
            yield _unknown(call, each.weight, weights, each.at)
        elif each.weight in call.tied:
            message = f"{each.weight} of {call.path} is another layer's: parametrize it there"
            yield Diagnostic("NS306", message, each.at.span, call.path, frames=call.frames)
        elif each.weight in seen and each.by.name == "weight_norm":
            message = f"weight_norm comes before other parametrizations of {each.weight}"
            yield Diagnostic("NS407", message, each.at.span, call.path, frames=call.frames)
        else:
            seen.add(each.weight)
            try:
                each.by.suits(SimpleNamespace(**each.args), shape)
            except ShapeError as fact:
                message = f"{each.by.name} {fact.message}, {path_of(call, each.weight)}"
                yield Diagnostic("NS407", message, each.at.span, call.path, frames=call.frames)


def _unknown(call: Call, name: str, weights: dict[str, Shape], at: Node) -> Diagnostic:
    matches = closest(name, weights)
    has = f"it has {', '.join(weights)}" if weights else "none of it is known by name"
    message = f"{call.record.name} has no parameter {name or 'of that name'}{did_you_mean(matches)}; {has}"
    if call.record.parameters is no_parameters:
        message = f"{call.record.name} has no parameters"
    return Diagnostic("NS306", message, at.span, call.path, frames=call.frames)


def _ties(scope: Scope) -> Iterator[Tie]:
    yield from scope.ties
    for step in scope.steps:
        if step.scope is not None and not step.shared:
            yield from _ties(step.scope)


def _tie(tie: Tie, graph: Graph, weights: dict[int, dict[str, Shape]]) -> Iterator[Diagnostic]:
    call, other = graph.calls[tie.call], graph.calls[tie.other]
    if call.id not in weights or other.id not in weights:
        return
    shapes = []
    for one, name in ((call, tie.weight), (other, tie.other_weight)):
        learned = learned_by(one, weights[one.id])
        if name not in learned:
            yield _unknown(one, name, learned, tie.at)
            return
        shapes.append(learned[name])
    first, second = shapes
    if first != second:
        here = f"{path_of(call, tie.weight)} is {show(first)}, {path_of(other, tie.other_weight)} is {show(second)}"
        message = f"tied parameters have one shape: {here}"
        yield Diagnostic("NS410", message, tie.at.span, call.path, frames=call.frames)
