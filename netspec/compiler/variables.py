"""A scope → the variables of its forward."""

from __future__ import annotations

from netspec.compiler.code_names import unused
from netspec.compiler.identifiers import RESERVED
from netspec.core.names import variable
from netspec.expansion.graph import Scope


def variables(scope: Scope, inputs: list[str], silent: frozenset[int], *, kept: bool) -> list[str]:
    """A variable for each step: `x` where only the next step uses it, else a name of its own.

    Those of `silent` have no line, and take nothing.

    An input that is called `x` is not overwritten while it is needed, which with `kept` the first one always is.
    """
    users: dict[int, list[int]] = {}
    for index, step in enumerate(scope.steps):
        for local in () if index in silent else step.sources:
            users.setdefault(local.step, []).append(index)
    for local in scope.results:
        users.setdefault(local.step, []).append(len(scope.steps))
    names: list[str] = []
    taken = {*inputs, *RESERVED}
    needed = max(users.get(-1 - inputs.index("x"), [-1])) if "x" in inputs else -1
    needed = len(scope.steps) if kept and inputs[:1] == ["x"] else needed
    for index, step in enumerate(scope.steps):
        after = next((each for each in range(index + 1, len(scope.steps)) if each not in silent), len(scope.steps))
        following = scope.steps[after : after + 1]
        if users.get(index) == [after] and index >= needed and (not following or len(following[0].sources) == 1):
            names.append("x")
            continue
        names.append(unused(variable(step.name), taken, "_"))
    return names
