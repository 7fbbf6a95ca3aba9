"""Which steps of a scope give the same for every sample: they are made once, with an axis of size 1 for the batch.

A position embedding, a relative position bias, a causal mask: what is computed from parameters, buffers, `arange` and
the like alone. Functions that broadcast take such a value as it is, for others it is expanded to the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

from netspec.expansion.graph import Call, Scope, Step
from netspec.layers.samplewise import samplewise


def steps_made_once(scope: Scope, calls: Sequence[Call]) -> frozenset[int]:
    """The steps of a scope whose values are the same for every sample.

    Args:
        scope: the scope.
        calls: of the whole graph.
    """
    once: set[int] = set()
    for index, step in enumerate(scope.steps):
        constant = step.call is not None and calls[step.call].record.constant
        given = bool(step.sources) and all(local.step in once for local in step.sources)
        if constant or (given and not step.shared and _samplewise(step, calls)):
            once.add(index)
    return frozenset(once)


def steps_in_place(scope: Scope, calls: Sequence[Call]) -> frozenset[int]:
    """The steps of a scope that need no line: their expression stands where they are used.

    Parameters of layers as values, and tensors of the scope's module that are only weights of functions.

    Args:
        scope: the scope.
        calls: of the whole graph.
    """
    users: dict[int, list[bool]] = {}  # of each step: whether a use of it is as a weight
    for step in scope.steps:
        record = None if step.call is None else calls[step.call].record
        single = record is not None and len(step.sources) <= len(record.names) and bool(record.unbatched)
        for index, local in enumerate(step.sources):
            if not (step.call is not None and record is not None and (record.constant or record.held)):
                weight = single and record is not None and record.is_unbatched(index)
                users.setdefault(local.step, []).append(weight)
    for local in scope.results:
        users.setdefault(local.step, []).append(False)
    return frozenset(
        index
        for index, step in enumerate(scope.steps)
        if step.call is not None
        and (calls[step.call].weight or (calls[step.call].record.tensor and all(users.get(index, [False]))))
    )


def _samplewise(step: Step, calls: Sequence[Call]) -> bool:
    """Whether a step treats one sample as it treats a batch of equal ones."""
    if step.scope is not None:
        steps = step.scope.steps  # where there are none, no call tells the shape of what it gives
        return step.scope.chain and bool(steps) and all(_samplewise(inner, calls) for inner in steps)
    return samplewise(calls[step.call or 0].record)
