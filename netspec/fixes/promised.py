"""An output that misses its promised shape → fixes behind it: another size of the input, or a layer that resizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.diagnostics import Fix
from netspec.core.shapes import Shape, show
from netspec.core.tree import Node, Sequence
from netspec.expansion.graph import Ref
from netspec.fixes.context import FixContext, size_edits
from netspec.fixes.edits import insert_after, insert_before, optional_fix
from netspec.fixes.sizes import USUAL
from netspec.layers.table import ACTIVATIONS
from netspec.shapes.infer import infer
from netspec.shapes.sizes.budget import APPLIED, BudgetSpent
from netspec.shapes.sizes.walk import cost

STEPS = (2, 4, 8, 16, 32, 64, 128, 256)  # multiples that the sizes are rounded up to


def promised(name: str, wanted: Shape, written: Node, context: FixContext) -> Iterator[Fix]:
    """The fixes of an output whose channels are right and whose other sizes are not, the likeliest first.

    Args:
        name: the output.
        wanted: its promised sample shape.
        written: the promise.
        context: the spec, its graph and its shapes.
    """
    ref = context.graph.outputs[name]
    known = context.inference.known[ref.node].outputs if ref.node >= 0 else None
    actual = known[ref.output or 0].shape if known is not None else ()
    if len(actual) != len(wanted) or not 2 <= len(wanted) <= 4 or actual[:1] != wanted[:1]:
        return
    yield from _given_back(name, wanted, written, context)
    yield from _resized(ref, actual, wanted, context)
    yield from _other_input(name, wanted, context)


def _given_back(name: str, wanted: Shape, written: Node, context: FixContext) -> Iterator[Fix]:
    """An output that shall have the size of the input: the next larger size that is given back, for both."""
    sample = _only_input(context)
    nodes = written.items if isinstance(written, Sequence) else ()
    if sample is None or sample[1:] != wanted[1:] or len(nodes) != len(wanted):
        return
    sizes = context.spec.inputs[0].sizes
    for shape in dict.fromkeys(tuple(-(-size // step) * step for size in sample[1:]) for step in STEPS):
        if shape != sample[1:] and (_output(name, (*sample[:1], *shape), context) or ())[1:] == shape:
            edits = size_edits(sizes, sample, (*sample[:1], *shape), context)
            promise = size_edits(nodes, wanted, (*wanted[:1], *shape), context)
            both = (*edits, *(edit for edit in promise if edit not in edits))
            yield Fix(f"an input and an output of {'×'.join(map(str, shape))}", both)
            return


def _resized(ref: Ref, actual: Shape, wanted: Shape, context: FixContext) -> Iterator[Fix]:
    """A layer behind the output: an adaptive pool where all its sizes are too large, else an Upsample."""
    smaller = all(new <= old for old, new in zip(actual[1:], wanted[1:], strict=True))
    name, key = (f"AdaptiveAvgPool{len(wanted) - 1}d", "output_size") if smaller else ("Upsample", "size")
    text = str(wanted[1]) if smaller and len({*wanted[1:]}) == 1 else f"[{', '.join(map(str, wanted[1:]))}]"
    line, sources = f"{name}: {{{key}: {text}}}", context.spec.sources
    call = context.graph.calls[ref.node]
    if call.record.name in ACTIVATIONS and len(call.inputs) == 1 and call.item.sources is None:
        edit = insert_before(call, line, sources)  # a mean of what the activation takes
    else:
        edit = insert_after(call, line, sources)
    yield from optional_fix(f"{name} to {show(wanted[1:])} at the end", edit)


def _other_input(name: str, wanted: Shape, context: FixContext) -> Iterator[Fix]:
    """The size of a square input, near the declared one, from which the promised output comes."""
    sample = _only_input(context)
    if sample is None or len(sample) < 2 or len(set(sample[1:])) != 1:
        return
    for size in sorted(USUAL, key=lambda size: max(size / sample[1], sample[1] / size) if sample[1] else size):
        shape = (sample[0], *(size for _ in sample[1:]))
        if size != sample[1] and _output(name, shape, context) == wanted:
            edits = size_edits(context.spec.inputs[0].sizes, sample, shape, context)
            yield Fix(f"an input of {show(shape)}", edits)
            return


def _only_input(context: FixContext) -> Shape | None:
    """The shape of the network's only input, if each of its sizes is written."""
    samples, inputs = [*context.graph.inputs.values()], context.spec.inputs
    sample = samples[0] if len(samples) == len(inputs) == 1 else None
    return sample.shape if sample is not None and len(inputs[0].sizes) == len(sample.shape) else None


def _output(name: str, shape: Shape, context: FixContext) -> Shape | None:
    """The shape of an output for another shape of the input; None where that is wrong, and once the budget is spent."""
    graph = context.graph
    ((key, sample),) = graph.inputs.items()
    try:
        context.budget.spend(APPLIED * cost(graph.calls))
    except BudgetSpent:
        return None
    if sample is None:
        return None
    found = infer(replace(graph, inputs={key: replace(sample, shape=shape)}))
    ref = graph.outputs[name]
    outputs = found.known[ref.node].outputs
    wrong = any(problem.kind != "broadcast" for problem in found.problems)
    return None if wrong or outputs is None else outputs[ref.output or 0].shape
