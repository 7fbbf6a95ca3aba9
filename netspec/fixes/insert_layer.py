"""Problem → fixes of shapes that do not match: insert a layer before the call that joins several tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape, show
from netspec.expansion.graph import Call
from netspec.fixes import wiring
from netspec.fixes.context import FixContext
from netspec.fixes.edits import insert_before
from netspec.layers.table import ADAPTIVE_POOLS, CONVOLUTIONS, POOLS
from netspec.shapes.apply import Problem

FEATURES_LAST = frozenset({
    "parameter", "Embedding", "Linear", "LSTM", "GRU", "RNN", "TransformerEncoder", "TransformerEncoderLayer",
    "MultiheadAttention",
})  # fmt: skip


def _shapes(problem: Problem, context: FixContext) -> list[Shape]:
    """The shapes that a call joins, one for each name of its `from`; empty where there are more or fewer."""
    sources, known = problem.call.item.sources, context.inference.known[problem.call.id].inputs
    shapes = [tensor.shape for tensor in known if tensor is not None]
    return shapes if problem.code == "NS405" and sources and len(sources) == len(shapes) == len(known) else []


def insert_between(call: Call, changes: dict[int, tuple[str, str]], title: str, context: FixContext) -> Iterator[Fix]:
    """The fix that puts a new item between some sources of a call and the call.

    Args:
        call: the call.
        changes: by the index of the source: the suffix of the new item's name, and its type and arguments.
        title: the fix in a few words.
        context: the spec, its graph and its shapes.
    """
    sources = call.item.sources or ()
    taken = {item.name.text for item in context.spec.every_item() if item.name is not None}
    text, edits = "", []
    inserted: Edit | None = None
    for index, (suffix, layer) in changes.items():
        name = f"{sources[index].text.replace('.', '_')}_{suffix}"
        line = f"{{name: {name}, {layer}, from: {sources[index].text}}}"
        inserted = insert_before(call, line, context.spec.sources, wired=True)
        if inserted is None or name in taken:
            return
        text += inserted.text
        edits.append(Edit(sources[index].span, name))
    if inserted is not None:
        yield Fix(title, (replace(inserted, text=text), *edits))


def transposed(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A matrix product in which one factor has its axes swapped: transpose it."""
    shapes = _shapes(problem, context)
    if problem.call.record.name != "matmul" or len(shapes) != 2 or len(shapes[0]) != len(shapes[1]):
        return
    if len(shapes[0]) < 2:
        return
    (*_, height, columns), (*_, rows, width) = shapes
    last = len(shapes[1])
    swap = ("transposed", f"transpose: {{dim0: {last - 1}, dim1: {last}}}")
    if columns == width != rows:
        title = f"transpose of the second: {width}×{rows}"
        yield from insert_between(problem.call, {1: swap}, title, context)
    elif height == rows != columns:
        title = f"transpose of the first: {columns}×{height}"
        yield from insert_between(problem.call, {0: swap}, title, context)


def for_all_places(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A number for each channel of a picture, or each feature of a sequence: an axis of one for each of the others."""
    shapes = _shapes(problem, context)
    if problem.call.record.name not in ("add", "sub", "mul", "div") or sorted(map(len, shapes))[:1] != [1]:
        return
    vector = next(index for index, shape in enumerate(shapes) if len(shape) == 1)
    (count,) = shapes[vector]
    others = {shape for shape in shapes if len(shape) > 1}
    if len(shapes) != 2 or len(others) != 1:
        return
    (shape,) = others
    fitting: Shape
    if len(shape) == 2 and shape[1] == count:
        fitting, layer = (1, count), "unsqueeze: {dim: 1}"
    elif shape[0] == count:
        fitting = (count, *(1 for _ in shape[1:]))
        layer = f"reshape: [{', '.join(map(str, fitting))}]"
    else:
        return
    title = f"{show(fitting)}, the same for all places"
    yield from insert_between(problem.call, {vector: ("wide", layer)}, title, context)


def pooled(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Vectors joined with images or sequences: the mean over the other axes makes vectors of those too."""
    shapes = _shapes(problem, context)
    if problem.call.record.name not in ("concat", "add", "mul") or min(map(len, shapes), default=0) != 1:
        return
    changes = {}
    for index, shape in enumerate(shapes):
        if len(shape) > 2:  # C×H×W
            changes[index] = ("mean", f"mean: {{dim: [{', '.join(map(str, range(2, len(shape) + 1)))}]}}")
        elif len(shape) == 2:  # L×C
            changes[index] = ("mean", "mean: {dim: 1}")
    if all(set(shape[1:]) == {1} for shape in shapes if len(shape) > 1):
        return  # one place: that is a Flatten
    yield from insert_between(problem.call, changes, "the mean over the places first", context)


def flattened(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Vectors concatenated with maps or sequences: those flattened first, as the layer behind them may count."""
    shapes = _shapes(problem, context)
    if problem.call.record.name == "concat" and min(map(len, shapes), default=0) == 1:
        changes = {index: ("flat", "Flatten: {}") for index, shape in enumerate(shapes) if len(shape) > 1}
        yield from insert_between(problem.call, changes, "a Flatten first", context)


def as_tokens(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A map joined with a value for each of its places, which lie in one row: the places of the map in a row too."""
    call, shapes = problem.call, [tensor.shape for tensor in problem.inputs]
    if problem.code != "NS405" or len(shapes) != 2 or call.record.name == "matmul":
        return
    for index, other in ((0, shapes[1]), (1, shapes[0])):
        channels, *places = shapes[index] or (0,)
        if len(places) < 2 or len(other) != 2:
            continue
        rows = prod(places)
        layers = {(channels, rows): ["Flatten: {start_dim: 2}"]}
        layers[rows, channels] = ["Flatten: {start_dim: 2}", "transpose: {dim0: 1, dim1: 2}"]
        edits = wiring.insert_between(call, {index: ("tokens", layers[other])}, context) if other in layers else ()
        if edits:
            yield Fix(f"the places of {show(shapes[index])} in a row: {show(other)}", edits)


def resized(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Images of several scales: upsample the smaller ones to the largest."""
    shapes = _shapes(problem, context)
    if len(shapes) < 2 or {len(shape) for shape in shapes} != {3}:
        return
    largest = max(shape[1:] for shape in shapes)
    changes = {}
    for index, (_, *spatial) in enumerate(shapes):
        pairs = zip(largest, spatial, strict=True)
        factors = {whole // part if part and not whole % part else 0 for whole, part in pairs}
        factor = factors.pop()
        if factors or factor < 1:
            return
        if factor > 1:
            changes[index] = ("up", f"Upsample: {{scale_factor: {factor}}}")
    yield from insert_between(problem.call, changes, f"the smaller ones enlarged to {show(largest)}", context)


def projected(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """Features of two widths in a sum: a Linear brings one side to the width of the other, the narrower one first."""
    shapes = _shapes(problem, context)
    ranks = {len(shape) for shape in shapes}
    if problem.call.record.name not in ("add", "sub", "mul") or len(shapes) != 2 or not ranks <= {1, 2}:
        return
    if len(ranks) != 1 or shapes[0][:-1] != shapes[1][:-1] or not _of_features(problem.call, context):
        return
    for index in sorted((0, 1), key=lambda index: shapes[index][-1]):
        width, node = shapes[1 - index][-1], (problem.call.item.sources or ())[index]
        change = {index: ("projected", f"Linear: {width}")}
        yield from insert_between(problem.call, change, f"a Linear on {node.text}: {width}", context)


def _of_features(call: Call, context: FixContext) -> bool:
    """Whether what is summed has its features along the last axis, by the layers that make it."""
    makers = [context.provenance.maker(ref) for ref in call.inputs]
    chains = [[*context.provenance.back(maker)] for maker in makers]
    if any(each.record.name in CONVOLUTIONS | POOLS | ADAPTIVE_POOLS for chain in chains for each in chain):
        return False
    return any(each.record.name in FEATURES_LAST for chain in chains for each in chain[:1])


RULES = (transposed, for_all_places, as_tokens, pooled, flattened, resized)
LAST_RULES = (projected,)
