"""Spec → flat Graph: blocks, groups, repeats, branches and references become calls with values for inputs.

Every scope is a `Scope` with its own names; the calls of all scopes are in one list in the order of execution. Shapes
are not known yet.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.diagnostics import Findings
from netspec.core.expressions import Value
from netspec.core.shapes import Tensor
from netspec.expansion.context import Context
from netspec.expansion.expander import Expander
from netspec.expansion.graph import Graph, Local, Ref
from netspec.expansion.limits import MOST_CALLS, TooLarge
from netspec.expansion.outputs import declared_outputs
from netspec.expansion.parameter_keys import init_rules
from netspec.expansion.scope import Flat, ScopeBuilder, names_in
from netspec.language.evaluate import FAILED, Evaluator
from netspec.language.ranges import ranges, read_by, unbounded
from netspec.language.spec import InputDecl, Spec
from netspec.layers.arguments import Int


def _input(declared: InputDecl, names: Dict[str, Value], findings: Findings) -> Tensor | None:
    evaluator = Evaluator(findings)
    sizes = [evaluator.argument(node, Int(1), names, "a size of the input", None, ()) for node in declared.sizes]
    if not declared.dtype or FAILED in sizes:
        return None
    return Tensor(tuple(size for size in sizes if isinstance(size, int)), declared.dtype)


def _inputs(spec: Spec, names: Dict[str, Value], findings: Findings) -> dict[str, Tensor | None]:
    """The inputs by name; where `sizes` gives ranges, with the sizes at which counts are shown."""
    found = ranges(spec, names, findings) if spec.sizes else {}
    at = {**names, **{name: each.at for name, each in found.items() if each is not None}}
    inputs: dict[str, Tensor | None] = {}
    for declared in spec.inputs:
        wrong = any(found[name] is None for node in declared.sizes for name in read_by(node, found))
        known = not wrong and not unbounded([declared], {*at, *found}, spec, findings)
        inputs[declared.name] = _input(declared, at, findings) if known else None
    return inputs


def _output_name(last: Local, scope: ScopeBuilder) -> str:
    """The name of the network's last value where `outputs` is left out: the item's name, else its index."""
    if last.step < 0:
        return list(scope.inputs)[-1 - last.step]
    own = [name for name, local in scope.names.items() if local == last]
    return own[-1] if own else str(scope.position - 1)


def expand(spec: Spec, findings: Findings, most_calls: int = MOST_CALLS) -> Graph | None:
    """The flat graph of a spec.

    Args:
        spec: the spec.
        findings: takes what is wrong.
        most_calls: the limit of its calls.

    Returns:
        The graph; None where the spec has no layers or exceeds a limit.
    """
    expander = Expander(spec, most_calls)
    names = expander.params
    inputs = _inputs(spec, names, findings) or {"input": None}
    refs: dict[str, Flat] = {name: Ref(-1 - index) for index, name in enumerate(inputs)}
    scope = ScopeBuilder("", "network", refs, names_in(spec.layers))
    context = Context(scope, names, findings, expander.types, calls=expander.calls)
    context = replace(context, inits=init_rules(spec.init, context, ""))
    try:
        last = expander.items(spec.layers, context, scope.entry)
    except TooLarge:
        return None
    if not expander.calls:
        if spec.layers and not any(found.severity == "error" for found in findings.list()):
            context.error("NS203", "no layer is left: all are left out by `when` or a repeat of 0", spec.layers[0].at)
        return None
    declared = declared_outputs(spec, context)
    results = {each.name: each.local for each in declared}
    if not spec.outputs and last is not None:
        results[_output_name(last, scope)] = last
    late = {each.name for each in declared if each.training_only}
    outputs: dict[str, Ref] = {}
    training_only: set[str] = set()
    for name, local in results.items():
        value = scope.flat(local)
        found = {name: value} if isinstance(value, Ref) else {f"{name}.{i}": ref for i, ref in enumerate(value)}
        outputs |= found
        training_only |= found.keys() if name in late else set()
    context.check_order()
    built = scope.finish(tuple(results.values()), expander.calls)
    keys = tuple(results) if spec.gives_dict else ()
    built = replace(built, keys=keys, training_only=len(late), chain=built.chain and not keys and not late)
    return Graph(inputs, tuple(expander.calls), outputs, built, frozenset(training_only))
