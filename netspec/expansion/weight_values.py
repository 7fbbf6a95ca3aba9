"""A reference to a parameter of an earlier item, as `words.weight` → a call that gives it, the same for all samples."""

from __future__ import annotations

from netspec.core.tree import Frame, Scalar
from netspec.expansion.graph import Call, Local, Ref, Step
from netspec.expansion.scope import ScopeBuilder, below
from netspec.language.spec import Item
from netspec.layers.unapplied import WEIGHT


def weight_value(
    scope: ScopeBuilder, calls: list[Call], step: int, path: str, reference: Scalar, frames: tuple[Frame, ...]
) -> Local | None:
    """The value of a parameter, in the scope and in the calls; None where no layer is there.

    Args:
        scope: the scope of the reference.
        calls: all so far.
        step: the step of the scope that is the layer, or holds it.
        path: of the parameter below the step.
        reference: where the spec has it.
        frames: the block uses that led to the scope.
    """
    key = f"{scope.steps[step].name}.{path}"
    if key in scope.weights:
        return scope.weights[key]
    found = below(scope.steps[step], path, calls)
    if found is None:
        return None
    value = scope.values[step]
    refs = (value,) if isinstance(value, Ref) else value[:1]
    made = calls[found[0]]
    args = {"path": key, "batch_axis": bool(made.record.tensor and made.args.get("batch_axis"))}
    item = Item("layer", reference, reference, record=WEIGHT)
    calls.append(Call(len(calls), scope.at(key), WEIGHT, args, {}, refs, item, frames=frames, weight=found))
    scope.weights[key] = scope.add(Step(key, (Local(step),), call=calls[-1].id), Ref(calls[-1].id))
    return scope.weights[key]
