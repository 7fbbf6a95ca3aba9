"""Candidate fixes for tensors that do not fit together: a layer between one of them and the place where they meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape, show
from netspec.expansion.graph import Call
from netspec.fixes.context import Context
from netspec.fixes.edits import insert_before
from netspec.shapes.apply import Problem


def _shapes(problem: Problem, context: Context) -> list[Shape]:
    """The shapes that meet at a call, one for each name of its `from`; none where that is not so."""
    sources, known = problem.call.item.sources, context.inference.known[problem.call.id].inputs
    shapes = [tensor.shape for tensor in known if tensor is not None]
    return shapes if problem.code == "NS405" and sources and len(sources) == len(shapes) == len(known) else []


def _through(call: Call, changes: dict[int, tuple[str, str]], title: str, context: Context) -> Iterator[Fix]:
    """The fix that puts a new item between some of a call's sources and the call.

    Args:
        changes: for a source's number what its new item is called after it, and the item's type and arguments.
    """
    sources = call.item.sources or ()
    taken = {item.name.text for item in context.spec.every_item() if item.name is not None}
    text, edits = "", []
    place: Edit | None = None
    for number, (suffix, layer) in changes.items():
        name = f"{sources[number].text.replace('.', '_')}_{suffix}"
        line = f"{{name: {name}, {layer}, from: {sources[number].text}}}"
        place = insert_before(call, line, context.spec.sources, wired=True)
        if place is None or name in taken:
            return
        text += place.text
        edits.append(Edit(sources[number].span, name))
    if place is not None:
        yield Fix(title, (replace(place, text=text), *edits))


def transposed(problem: Problem, context: Context) -> Iterator[Fix]:
    """A matrix product whose second factor lies the other way: a transpose of it."""
    shapes = _shapes(problem, context)
    if problem.call.record.name != "matmul" or len(shapes) != 2 or len(shapes[0]) != len(shapes[1]):
        return
    (*_, columns), (*_, rows, width) = shapes
    if columns == width != rows:
        last = len(shapes[1])
        change = {1: ("transposed", f"transpose: {{dim0: {last - 1}, dim1: {last}}}")}
        yield from _through(problem.call, change, f"transpose of the second: {width}×{rows}", context)


def pooled(problem: Problem, context: Context) -> Iterator[Fix]:
    """Vectors that meet pictures or sequences: the mean over the further axes makes vectors of those too."""
    shapes = _shapes(problem, context)
    if problem.call.record.name not in ("concat", "add", "mul") or min(map(len, shapes), default=0) != 1:
        return
    changes = {}
    for number, shape in enumerate(shapes):
        if len(shape) > 2:  # C×H×W
            changes[number] = ("mean", f"mean: {{dim: [{', '.join(map(str, range(2, len(shape) + 1)))}]}}")
        elif len(shape) == 2:  # L×C
            changes[number] = ("mean", "mean: {dim: 1}")
    yield from _through(problem.call, changes, "the mean over the places first", context)


def resized(problem: Problem, context: Context) -> Iterator[Fix]:
    """Pictures of several scales: the smaller ones are enlarged to the largest."""
    shapes = _shapes(problem, context)
    if len(shapes) < 2 or {len(shape) for shape in shapes} != {3}:
        return
    largest = max(shape[1:] for shape in shapes)
    changes = {}
    for number, (_, *picture) in enumerate(shapes):
        pairs = zip(largest, picture, strict=True)
        factors = {whole // part if part and not whole % part else 0 for whole, part in pairs}
        factor = factors.pop()
        if factors or factor < 1:
            return
        if factor > 1:
            changes[number] = ("up", f"Upsample: {{scale_factor: {factor}}}")
    yield from _through(problem.call, changes, f"the smaller ones enlarged to {show(largest)}", context)


RULES = (transposed, pooled, resized)
