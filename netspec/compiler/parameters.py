"""How the parameters of a module are filled and which of them are one → the last lines of its constructor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace

from netspec.compiler.holes import Line
from netspec.compiler.lists import LIST, MODULE, Lists, makes_module, member
from netspec.expansion.graph import Call, InitRule, Scope
from netspec.expansion.lists import item_and_rest
from netspec.layers.state import weights_of
from netspec.shapes.parameters import init_of
from netspec.shapes.report import Inferred

INDENT = "    "
_LAYER = "\0"  # stands for a layer's code
WIDEST = 88  # characters of a line of a constructor


def parametrized(call: Call, made: Line) -> Line:
    """The line that makes a layer, with what its parameters are computed by."""
    for each in call.parametrized:
        before, after = each.by.code(SimpleNamespace(**each.args), _LAYER).split(_LAYER)
        made = made.within(before, after)
    return made


def parameter_lines(scope: Scope, calls: Sequence[Call], known: Sequence[Inferred], module: str = "self") -> list[str]:
    """The lines that fill parameters and make some of them one, in the constructor of a scope's class.

    Args:
        scope: the scope.
        calls: of the whole graph.
        known: what is known of them.
        module: the expression of the scope's module.
    """
    same: dict[str, list[str]] = {}
    lines: list[str] = []
    for text, call in _made(scope, calls, module):
        split = {each.weight for each in call.parametrized}
        for name in weights_of(call.record, known[call.id].args) if call.inits else ():
            rule = init_of(call, name) if name not in call.tied else None
            if rule is None:
                continue
            tensor = attribute(text, name, calls) if name else text
            if name in split:  # what it is computed from follows from what is assigned
                lines.append(f"{tensor} = {_code(rule, f'torch.empty_like({tensor})')}")
            else:
                same.setdefault(_code(rule, "tensor"), []).append(tensor)
    for code, tensors in same.items():
        lines += _filled(code, tensors)
    for tie in scope.ties:
        target, source = (attribute(module, path, calls, scope) for path in (tie.target, tie.source))
        lines.append(f"{target} = {source}")
    return lines


def _code(rule: InitRule, tensor: str) -> str:
    return rule.init.code(SimpleNamespace(**rule.args), tensor)


def _filled(code: str, tensors: list[str]) -> list[str]:
    """The call for one tensor, or a loop over several."""
    if len(tensors) == 1:
        return [code.replace("(tensor", f"({tensors[0]}", 1)]
    head = f"for tensor in ({', '.join(tensors)}):"
    if len(head) <= WIDEST:
        return [head, INDENT + code]
    return ["for tensor in (", *(f"{INDENT}{each}," for each in tensors), "):", INDENT + code]


def _made(scope: Scope, calls: Sequence[Call], module: str) -> Iterator[tuple[str, Call]]:
    """The layers that a scope's module makes, with their expressions; what is a class of its own fills its own."""
    for step in scope.steps:
        if step.shared:
            continue
        text = attribute(module, step.name, calls, scope)
        if step.scope is not None:
            if step.scope.chain:
                yield from _made(step.scope, calls, text)
        elif step.call is not None:
            call = calls[step.call]
            if not call.record.is_function and call.shares is None:
                yield text, call


def attribute(text: str, path: str, calls: Sequence[Call], scope: Scope | None = None) -> str:
    """The expression of what is below a module.

    Args:
        text: the expression of the module.
        path: below it.
        calls: of the whole graph.
        scope: the module's scope, where it is one; below a layer lists of modules have numbers.
    """
    while path:
        made = () if scope is None else (step for step in reversed(scope.steps) if makes_module(step, calls))
        steps = {step.name: step for step in made}
        name, path = item_and_rest(path, steps)
        numbered = scope is None or (scope.chain and all(s.name == str(i) for i, s in enumerate(scope.steps)))
        if scope is not None and "." in name:
            text = Lists.of(scope, calls).expression(text, name)
        else:
            text = member(text, name, LIST if name.isdecimal() and numbered else MODULE)
        scope = steps[name].scope if name in steps else None
    return text
