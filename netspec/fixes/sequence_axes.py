"""Problem → fixes of samples with other axes than L×features before a recurrent layer or attention."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Fix
from netspec.core.shapes import Shape, show
from netspec.fixes.context import FixContext
from netspec.fixes.one_hot import one_hot_table
from netspec.fixes.recurrent import RECURRENT
from netspec.fixes.wiring import before_it, insert_for_all
from netspec.shapes.apply import Problem

ATTENTION = frozenset({"MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder"})
WIDTHS = ("input_size", "embed_dim", "d_model")
_PLACES = ("Flatten: {start_dim: 2}", "transpose: {dim0: 1, dim1: 2}")
_COLUMNS = ("permute: {dims: [0, 3, 1, 2]}", "Flatten: {start_dim: 2}")
_ROWS = ("permute: {dims: [0, 2, 1, 3]}", "Flatten: {start_dim: 2}")


def sequence(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A vector or a picture where a sequence is wanted: the axes that its written width asks for, or the usual ones."""
    call = problem.call
    if problem.code != "NS403" or call.record.name not in RECURRENT | ATTENTION or call.own != 1:
        return
    if one_hot_table(call, context) is not None:
        return
    shape = problem.inputs[0].shape
    written = next((call.args[name] for name in WIDTHS if isinstance(call.args.get(name), int)), None)
    series = call.record.name in RECURRENT and context.provenance.maker(call.inputs[0]) is None
    ways = _of_vector(shape, written, series) if len(shape) == 1 else _of_picture(shape, written, call.record.name)
    for layers, title in ways:
        edits = insert_for_all(problem, "steps", layers, context)
        if edits:
            yield Fix(f"{title}, {before_it(problem, context)}", edits)


def _of_vector(shape: Shape, width: int | None, series: bool) -> Iterator[tuple[tuple[str, ...], str]]:
    """A vector as one step, as steps of one feature, or as steps of the written width."""
    (size,) = shape
    one, many = ("unsqueeze: {dim: 1}",), ("unsqueeze: {dim: 2}",)
    if width in (None, 1) and (width == 1 or series):
        yield many, f"{size} steps of 1 feature"
    if width in (None, size):
        yield one, f"1 step of {size} features"
    elif width > 1 and size % width == 0:
        cut = f"Unflatten: {{dim: 1, unflattened_size: [{size // width}, {width}]}}"
        yield (cut,), f"{size // width} steps of {width} features"


def _of_picture(shape: Shape, width: int | None, name: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """C×H×W as its columns, rows or places, or as pictures one after the other."""
    if len(shape) != 3:
        return
    channels, height, columns = shape
    if width == channels or (width is None and name in ATTENTION):
        yield _PLACES, f"the places as steps: {show((height * columns, channels))}"
    if width in (None, channels * height) and name in RECURRENT:
        yield _COLUMNS, f"the columns as steps: {show((columns, channels * height))}"
    if width == height * columns:
        yield (_PLACES[0],), f"one picture a step: {show((channels, height * columns))}"
    if width == channels * columns:
        yield _ROWS, f"the rows as steps: {show((height, channels * columns))}"
    if width == columns:
        yield ("Flatten: {start_dim: 1, end_dim: 2}",), f"the first axes as steps: {show((channels * height, columns))}"


RULES = (sequence,)
