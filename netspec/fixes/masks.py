"""Problem → fixes of masks of attention that have another length, another number of axes, or another dtype."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netspec.core.diagnostics import Edit, Fix
from netspec.core.shapes import Shape, Tensor
from netspec.core.tree import Scalar
from netspec.fixes.context import FixContext
from netspec.fixes.one_hot import declared_input, redeclared
from netspec.fixes.values import node_text
from netspec.shapes.apply import Problem, apply, with_defaults


def _fits(problem: Problem, name: str, mask: Tensor) -> bool:
    """Whether the call takes the mask under that name, in the place of the one that is refused."""
    call = problem.call
    own = problem.inputs[: call.own]
    outcome = apply(replace(call, further=(name,), inputs=(*call.inputs[: call.own], call.inputs[-1])), (*own, mask))
    return not outcome.problems


def _shapes(problem: Problem) -> Iterator[Shape]:
    """Shapes that masks of these inputs may have: of keys, of queries and keys, of those for each head."""
    args = with_defaults(problem.call.record, problem.call.args)
    heads = args.get("num_heads", args.get("nhead", 1))
    lengths = list(dict.fromkeys(tensor.shape[0] for tensor in problem.inputs[: problem.call.own] if tensor.shape))
    for length in lengths:
        yield (length,)
    for pair in ((queries, keys) for queries in lengths for keys in lengths):
        yield pair
        yield (heads, *pair)


def masks(problem: Problem, context: FixContext) -> Iterator[Fix]:
    """A mask for what it fits: under its other name; or the input that it is, with the shape and dtype that fit."""
    call, name = problem.call, problem.argument or ""
    if name not in call.further or "mask" not in name or len(problem.inputs) != len(call.inputs):
        return
    index = call.own + call.further.index(name)
    mask = problem.inputs[index]
    key = next((key for key, _ in call.item.wires if key.text == name), None)
    if key is not None:
        yield from _renamed(problem, name, key, mask)
    node = call.inputs[index].node
    if node >= 0:
        return
    dtype = mask.dtype if mask.dtype in ("bool", "float32") else "bool"
    declared = declared_input(context, node)
    same_axes = sorted(_shapes(problem), key=lambda shape: len(shape) != len(mask.shape))
    shape = next((shape for shape in (mask.shape, *same_axes) if _fits(problem, name, Tensor(shape, dtype))), None)
    if shape is not None:
        sizes = ", ".join(map(str, shape)) if shape != mask.shape else ", ".join(map(node_text, declared.sizes))
        edits = redeclared(context, declared, sizes, dtype)
        parts = ([f"[{sizes}]"] if shape != mask.shape else []) + ([dtype] if dtype != mask.dtype else [])
        if edits:
            yield Fix(f"{declared.name}: {' of '.join(parts)}", edits)


def _renamed(problem: Problem, name: str, key: Scalar, mask: Tensor) -> Iterator[Fix]:
    for other in problem.call.record.further:
        if other not in problem.call.further and other != name and _fits(problem, other, mask):
            yield Fix(f"{other}: what it fits", (Edit(key.span, other),))


RULES = (masks,)
