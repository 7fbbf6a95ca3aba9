"""Outputs of the training mode, and outputs by name → the lines of a forward that has them."""

from __future__ import annotations

from netspec.expansion.graph import Local, Scope
from netspec.layers.code import quoted

INDENT = "    "
WIDEST = 88  # characters of a line of a forward


def steps_in_training(scope: Scope) -> set[int]:
    """The steps that only outputs of the training mode need."""
    if not scope.training_only:
        return set()

    def needed(results: tuple[Local, ...]) -> set[int]:
        found: set[int] = set()
        queue = [local.step for local in results]
        while queue:
            index = queue.pop()
            if index >= 0 and index not in found:
                found.add(index)
                queue += [local.step for local in scope.steps[index].sources]
        return found

    count = len(scope.results) - scope.training_only
    late = needed(scope.results[count:]) - needed(scope.results[:count])
    for index, step in enumerate(scope.steps):  # what nobody needs, and takes a value that is there in training only
        if any(local.step in late for local in step.sources):
            late.add(index)
    return late


def returns_of_modes(scope: Scope, results: list[list[str]], inside: bool) -> list[str]:
    """The last lines of a forward that returns a dict, or something else in evaluation mode.

    Args:
        scope: the network's own.
        results: the expressions of the tensors of each result.
        inside: the line before is in `if self.training:`.
    """

    def of(count: int) -> list[str]:
        flat = [text for texts in results[:count] for text in texts]
        if not scope.keys:
            return [f"return {', '.join(flat)}"]
        keyed = zip(scope.keys[:count], results[:count], strict=True)
        names = [name if len(texts) == 1 else f"{name}.{i}" for name, texts in keyed for i in range(len(texts))]
        entries = [f"{quoted(name)}: {text}" for name, text in zip(names, flat, strict=True)]
        line = f"return {{{', '.join(entries)}}}"
        return [line] if len(line) <= WIDEST else ["return {", *(f"{INDENT}{entry}," for entry in entries), "}"]

    if not scope.training_only:
        return of(len(results))
    head = [] if inside else ["if self.training:"]
    return [*head, *(INDENT + line for line in of(len(results))), *of(len(results) - scope.training_only)]
