"""The classes of sequences and pictures: NS603, NS610 for the wrong axis, NS921 where torch would not notice.

torch.nn.CrossEntropyLoss and NLLLoss take [N, C, …]: the classes are axis 1 of the batch, the first of a sample.
"""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Diagnostic, Edit, Fix, Note
from netspec.core.shapes import Shape, show
from netspec.fixes.edits import optional_fix
from netspec.language.sections.losses import kind_of
from netspec.layers.table import ACTIVATIONS, DROPOUTS
from netspec.lint.context import Head, LintContext, finding, kind
from netspec.lint.datasets import DatasetFacts
from netspec.lint.endings import at_the_end

PLACES = frozenset({"CrossEntropyLoss", "NLLLoss"})  # take a class for each place
_FEATURES_LAST = frozenset({"Linear", "LSTM", "GRU", "RNN", "TransformerEncoderLayer", "TransformerEncoder"})
KEEPS = ACTIVATIONS | DROPOUTS | {"Identity", "LayerNorm"}


def classes_last(context: LintContext, head: Head) -> bool:
    """Whether the last axis of an output is the one that a Linear or the like made, and no convolution the first.

    Args:
        context: the network.
        head: the output.
    """
    last = context.producer(head.ref, KEEPS)
    if last is None or kind(last) not in _FEATURES_LAST:
        return False
    upstream = context.producer(head.ref, KEEPS | {"Linear"})
    return upstream is None or not upstream.record.name.startswith("Conv")


def _turned(context: LintContext, head: Head, more: tuple[Edit, ...] = ()) -> tuple[Fix, ...]:
    """The classes to dim 1, at the end of the network."""
    rank = len(head.tensor.shape)
    order = ", ".join(map(str, (0, rank, *range(1, rank))))
    layer = "transpose: {dim0: 1, dim1: 2}" if rank == 2 else f"permute: {{dims: [{order}]}}"
    return optional_fix(f"{layer} at the end", *at_the_end(context, head, layer), *more)


def class_axis(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS603, NS610: a class for each step or pixel, and an output whose classes are not along dim 1."""
    known, output, name = head.samples, head.tensor.shape, str(head.loss.value)
    target = None if known is None else known.target
    if known is None or not target or known.regression or kind_of(name) != "classes" or not output:
        return
    if target == output and name == "CrossEntropyLoss":
        return  # a probability for each class
    if len(output) == 1:
        if target != (1,):
            message = f"{name} wants one class number a sample, a target of {known.title} is {show(target)}"
            yield finding("NS603", message, head.loss)
    elif name in PLACES and target == output[1:]:
        yield from _numbers(known, output[0])
    elif name in PLACES and target == output[:-1] and output[-1] == 1:
        yield _one_number_a_place(context, head, known, target)
    elif name in PLACES and target == output[:-1]:
        what = f"{name} takes the classes along dim 1, the output {show(output)} has its {output[-1]} along the last"
        yield finding("NS603", what, head.loss, fixes=_turned(context, head))
    elif target != (1,):
        wanted = f"a class for each of {show(output[1:])} places" if name in PLACES else "one number for each class"
        message = f"{name} wants {wanted} of the output {show(output)}, a target of {known.title} is {show(target)}"
        yield finding("NS603", message, head.loss)


def _one_number_a_place(context: LintContext, head: Head, known: DatasetFacts, target: Shape) -> Diagnostic:
    """NS610: one output for each step, which is for yes or no."""
    message = f"{head.loss.value} chooses among classes, and the network gives one output for each of {show(target)}"
    squeezed = at_the_end(context, head, "squeeze: {dim: -1}")
    fixes = optional_fix(
        "BCEWithLogitsLoss, and squeeze: {dim: -1} at the end", *squeezed, Edit(head.loss.span, "BCEWithLogitsLoss")
    )
    fixes = fixes if set(known.numbers) <= {0, 1} else ()
    notes = () if fixes else (Note("fix", "one output for each class"),)
    return finding("NS610", message, head.loss, notes=notes, fixes=fixes)


def _numbers(known: DatasetFacts, count: int) -> Iterator[Diagnostic]:
    """NS603: the first target of a sequence that is no class number from 0 on."""
    for value in known.numbers:
        if value != int(value) or not 0 <= value < count:
            message = f"{count} outputs are for classes 0 to {count - 1}, and there is a target {value:g}"
            yield finding("NS603", message, known.rows[1] if known.rows is not None else known.name)
            return


def unnoticed(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS921: as many steps as classes, so that torch takes the steps for classes without a word."""
    known, output, name = head.samples, head.tensor.shape, str(head.loss.value)
    if known is None or not known.target or name not in PLACES or known.regression or len(output) < 2:
        return
    if not classes_last(context, head):
        return
    steps = f"{name} takes dim 1 of the output {show(output)}, the steps, for the classes"
    if known.target == output[1:] == output[:-1]:
        yield finding("NS921", f"{steps}: there are {output[0]} of both", head.loss, fixes=_turned(context, head))
    elif known.target == output and name == "CrossEntropyLoss" and _rows_add_up(known.numbers, output):
        note = Note(
            "fix", f"a class number for each of {output[0]} steps, and transpose: {{dim0: 1, dim1: 2}} at the end"
        )
        yield finding("NS921", f"{steps}: the targets are a row of {output[-1]} a step", head.loss, notes=(note,))


def _rows_add_up(numbers: tuple[float, ...], shape: Shape) -> bool:
    """Whether the numbers along the last axis are probabilities, and those along the first are not."""
    columns, size = shape[-1], len(numbers)
    sample = shape[0] * columns
    if len(shape) != 2 or not size or size % sample:
        return False
    samples = [numbers[start : start + sample] for start in range(0, size, sample)]
    rows = [sum(each[at : at + columns]) for each in samples for at in range(0, sample, columns)]
    first = [sum(each[at::columns]) for each in samples for at in range(columns)]
    return [all(abs(total - 1) < 1e-4 for total in totals) for totals in (rows, first)] == [True, False]
