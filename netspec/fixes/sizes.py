"""For which input sizes a written size would be right: the network before a layer is re-inferred at other sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from netspec.core.shapes import Fact, Shape, Tensor, show
from netspec.language.spec import Call, Graph, Ref
from netspec.shapes.apply import Problem, apply

LARGEST_SIZE = 1024
MOST_WORK = 30_000  # calls that are re-inferred for one question


def ancestors(graph: Graph, call: Call) -> list[Call]:
    """The calls that a call depends on, in the order they run, itself last."""
    needed, queue = {call.id}, [call.id]
    while queue:
        for ref in graph.calls[queue.pop()].inputs:
            if ref.node >= 0 and ref.node not in needed:
                needed.add(ref.node)
                queue.append(ref.node)
    return [graph.calls[index] for index in sorted(needed)]


def _arriving(calls: list[Call], call: Call, entering: list[Tensor]) -> tuple[Tensor, ...] | None:
    """What would reach `call` if `entering` entered the network; None where a layer before it refuses."""
    values: dict[int, tuple[Tensor, ...]] = {}

    def value(ref: Ref) -> tuple[Tensor, ...]:
        if ref.node < 0:
            return (entering[-1 - ref.node],)
        return values[ref.node] if ref.output is None else (values[ref.node][ref.output],)

    for each in calls:
        inputs = tuple(tensor for ref in each.inputs for tensor in value(ref))
        if each.id == call.id:
            return inputs
        outcome = apply(each, inputs)
        if not outcome.worlds:
            return None
        values[each.id] = outcome.worlds[0]
    return None


def _first(test: Callable[[int], bool]) -> int:
    """The smallest size that passes a test which, once true, stays true; one beyond the largest if none does."""
    low, high = 1, LARGEST_SIZE + 1
    while low < high:
        middle = (low + high) // 2
        if test(middle):
            high = middle
        else:
            low = middle + 1
    return low


def right_sizes(graph: Graph, problem: Problem) -> str | None:
    """`inputs of 8×8 or 9×9`: the sizes of a square input for which the written size of a problem would be right.

    None where the network has several inputs, no spatial axes, or no size makes it right.
    """
    entering = [tensor for tensor in graph.inputs.values() if tensor is not None]
    if (
        len(entering) != 1
        or len(graph.inputs) != 1
        or len(entering[0].shape) < 2
        or not isinstance(problem.written, int)
    ):
        return None
    sample = entering[0]
    if len(set(sample.shape[1:])) != 1:
        return None
    calls = ancestors(graph, problem.call)
    arg = problem.call.record.arg(problem.argument or "")
    if len(calls) * 22 > MOST_WORK or arg is None or arg.infer is None:
        return None
    infer = arg.infer

    def at(size: int) -> Shape:
        return (sample.shape[0], *(size for _ in sample.shape[1:]))

    def arrives(size: int) -> int:
        try:
            tensors = _arriving(calls, problem.call, [replace(sample, shape=at(size))])
            return -1 if tensors is None else int(infer(*(tensor.shape for tensor in tensors)))
        except (Fact, IndexError):
            return -1

    low = _first(lambda size: arrives(size) >= problem.written)
    if low > LARGEST_SIZE or arrives(low) != problem.written:
        return None
    high = min(_first(lambda size: arrives(size) > problem.written) - 1, LARGEST_SIZE)
    if high == LARGEST_SIZE:
        return None  # any size would do: the size is not what is wrong
    names = [show(at(size)[1:]) for size in (low, high)]
    if low == high:
        return f"inputs of {names[0]}"
    return f"inputs of {names[0]} or {names[1]}" if high == low + 1 else f"inputs from {names[0]} to {names[1]}"
