"""Which steps of a scope give the same for every sample: they are made once, with an axis of size 1 for the batch.

A position embedding, a relative position bias, a causal mask: what is computed from parameters, buffers, `arange` and
the like alone. Functions that broadcast take such a value as it is, for others it is expanded to the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

from netspec.expansion.graph import Call, Scope, Step
from netspec.layers.functions import activations
from netspec.layers.table import ACTIVATIONS

# Layers that give one sample the same whatever else is in the batch, and nothing at random.
_LAYERS = (ACTIVATIONS - {"RReLU"}) | {
    "Embedding",
    "Flatten",
    "Identity",
    "LayerNorm",
    "Linear",
    "RMSNorm",
    "Unflatten",
}


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


def _samplewise(step: Step, calls: Sequence[Call]) -> bool:
    """Whether a step treats one sample as it treats a batch of equal ones."""
    if step.scope is not None:
        return step.scope.chain and all(_samplewise(inner, calls) for inner in step.scope.steps)
    record = calls[step.call or 0].record
    if record.is_function:
        return record.name not in activations.RANDOM and record.name != "scaled_dot_product_attention"
    return record.name in _LAYERS and record.origin is None
