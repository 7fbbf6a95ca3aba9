"""The samples against the input, and batches of one sample: NS602, NS613. No data are read; unknown sizes pass."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from netspec.core.diagnostics import Diagnostic, Edit, Fix
from netspec.core.shapes import Shape, Tensor
from netspec.core.tree import Mapping, Node, Scalar, Sequence
from netspec.fixes.edits import insert_before, optional_fix, start_of
from netspec.fixes.values import replace_value, span_of
from netspec.language.ranges import accepts_shape
from netspec.language.spec import InputDecl
from netspec.layers.table import BATCH_NORMS
from netspec.lint.context import LintContext, finding
from netspec.lint.datasets import DatasetFacts, Sizes
from netspec.lint.transforms import Transformed, transformed

_SIZING = frozenset({"Resize", "CenterCrop", "RandomCrop", "RandomResizedCrop"})


class Entering(NamedTuple):
    """The samples that enter one of the network's inputs, and that input."""

    known: DatasetFacts
    declared: InputDecl
    tensor: Tensor
    only: bool  # whether the network has no other input

    @property
    def title(self) -> str:
        """The input's name in messages."""
        return "the network's input" if self.only else f"the network's input {self.declared.name}"


def samples(context: LintContext) -> Iterator[Diagnostic]:
    """NS602: the shape and the dtype of a sample, after its transforms."""
    for declared in context.spec.inputs:
        tensor, known = context.graph.inputs.get(declared.name), context.samples_for(None, declared.name)
        if tensor is not None and known is not None and known.shape is not None:
            if known.at_least and len(tensor.shape) == 1 and tensor.shape[0] >= (known.shape[0] or 0):
                continue
            entering = Entering(known, declared, tensor, len(context.graph.inputs) == 1)
            yield from _compared(context, entering, known.shape)


def _compared(context: LintContext, entering: Entering, shape: Sizes) -> Iterator[Diagnostic]:
    """NS602 at one of the inputs, for samples of a shape."""
    known, input = entering.known, entering.tensor
    for augment in (False, True):
        state = transformed(context.spec, shape, augment=augment) if known.picture else Transformed(shape)
        if state is not None and not _fits(state.shape, input.shape) and not _promised(context, entering, state.shape):
            what = "an augmented sample" if augment else "a sample"
            after = "" if state.last is None else f" after {state.last.value}"
            least = "at least " if known.at_least else ""
            size = f"{least}{_show(state.shape)}{after}"
            if known.picture and len(state.shape) == 3 and not any(state.shape):
                size = f"a picture{after}, [channels, height, width]"
            message = f"{what} of {known.title} is {size}, {entering.title} is {_show(input.shape)}"
            node = state.argument or state.last or _declared(context, entering) or known.name
            yield finding("NS602", message, node, fixes=tuple(_fixes(context, state, entering)))
            break
    if not input.dtype.startswith("float") and known.fractions:
        message = f"{entering.title} is {input.dtype}, {known.title} has fractions"
        yield finding("NS602", message, _declared(context, entering) or known.name)


def _fits(got: Sizes, wanted: Shape) -> bool:
    return len(got) == len(wanted) and all(a is None or a == b for a, b in zip(got, wanted, strict=True))


def _promised(context: LintContext, entering: Entering, got: Sizes) -> bool:
    """Whether an input whose size varies takes samples of that shape; unknown sizes pass."""
    report = context.report
    if not report.spec.sizes or report.graph is None or len(got) != len(entering.declared.sizes):
        return False
    shape = tuple(size if size is not None else own for size, own in zip(got, entering.tensor.shape, strict=True))
    return accepts_shape(report.spec, report.params, shape, report.spec.inputs.index(entering.declared))


def _show(sizes: Sizes) -> str:
    return "×".join("?" if size is None else str(size) for size in sizes) or "scalar"


def _declared(context: LintContext, entering: Entering) -> Node | None:
    """The node of the input's shape; None where it is in another file than the spec's own."""
    node = entering.declared.at
    return None if node.span.path in context.spec.origins else node


def _fixes(context: LintContext, state: Transformed, entering: Entering) -> Iterator[Fix]:
    """Other transforms, and another input; the likelier one first."""
    transforms = [*_transforms_fix(context, state, entering.tensor.shape)] if entering.known.picture else []
    inputs = [*_input_fix(context, state.shape, entering)]
    yield from (*transforms, *inputs) if state.last is not None else (*inputs, *transforms)


def _transforms_fix(context: LintContext, state: Transformed, wanted: Shape) -> Iterator[Fix]:
    """Another size of the last transform, else a Resize; and a Grayscale for other channels."""
    if len(wanted) != 3 or len(state.shape) != 3:
        return
    size, titles, steps = f"[{wanted[1]}, {wanted[2]}]", [], []
    edits: list[Edit] = []
    if state.shape[0] not in (None, wanted[0]) and wanted[0] in (1, 3):
        steps.append("Grayscale" if wanted[0] == 1 else "{Grayscale: 3}")
    if not _fits(state.shape[1:], wanted[1:]):
        if state.last is not None and state.argument is not None and state.last.value in _SIZING:
            edits.append(Edit(state.argument.span, size))
            titles.append(f"{state.last.value}: {size}")
        elif state.last is None:
            steps.append(f"{{Resize: {size}}}")
    if steps:
        edit = _more_transforms(context.spec.data, steps)
        if edit is None:
            return
        edits.append(edit)
        titles.append(f"transforms: [{', '.join(steps)}]")
    if edits:
        yield Fix(" and ".join(titles), tuple(edits))


def _input_fix(context: LintContext, got: Sizes, entering: Entering) -> Iterator[Fix]:
    """The input with the shape of the samples; with a Flatten as the first layer where the network takes one axis."""
    sizes, wanted = entering.declared.sizes, entering.tensor.shape
    shape = [size for size in got if size is not None]
    if _declared(context, entering) is None or len(shape) != len(got) or len(sizes) != len(wanted):
        return
    title = f"{entering.declared.name}: [{', '.join(map(str, shape))}]"
    if len(got) == len(wanted):
        nodes = [context.source(node, size) for node, size in zip(sizes, wanted, strict=True)]
        changes = [(node, size) for node, size, old in zip(nodes, shape, wanted, strict=True) if size != old]
        edits = {node.span: Edit(node.span, str(size)) for node, size in changes if node is not None}
        if all(node is not None for node, _ in changes):
            yield Fix(title, tuple(edits.values()))
        return
    written = ", ".join(map(str, shape))
    edit = Edit(span_of(sizes), written) if sizes else Edit(entering.declared.at.span, f"[{written}]")
    if len(wanted) == 1 and prod(shape) == wanted[0] and entering.only:
        flatten = insert_before(context.graph.calls[0], "Flatten", context.spec.sources)
        yield from optional_fix(f"{title} and Flatten as the first layer", edit, flatten)
    else:
        yield Fix(title, (edit,))


def _more_transforms(section: Node | None, steps: list[str]) -> Edit | None:
    """The edit that adds transforms before the present ones; None where those are in block style."""
    if isinstance(section, Scalar):
        return Edit(section.span, f"{{{section.text}: {{}}, transforms: [{', '.join(steps)}]}}")
    if not isinstance(section, Mapping) or not section.entries:
        return None
    node = section.get("transforms")
    if isinstance(node, Sequence) and node.flow and node.items:
        return Edit(start_of(node.items[0].span), "".join(f"{step}, " for step in steps))
    if node is not None:
        return None
    key = section.entries[0][0].span
    text = f"transforms: [{', '.join(steps)}]"
    return Edit(start_of(key), f"{text}, " if section.flow else f"{text}\n{' ' * (key.column - 1)}")


def lone_sample(context: LintContext) -> Iterator[Diagnostic]:
    """NS613: batches of one sample, and a BatchNorm that gets one value of each channel."""
    node = None if context.train is None else context.train.get("batch_size")
    if node is None or context.spec.evaluate(node) != 1:
        return
    for call in context.graph.calls:
        arriving = context.arriving(call)
        if call.record.name in BATCH_NORMS and arriving is not None and prod(arriving[1:]) == 1:
            message = f"with a batch_size of 1 {call.record.name} gets one value of each channel, which has no variance"
            fix = replace_value(node, "2", "batch_size: 2, the least that has one")
            yield finding("NS613", message, node, call, fixes=(fix,))
            return
