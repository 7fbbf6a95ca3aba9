"""The targets against the output, as far as the spec tells: NS603, NS610, NS612 are errors, NS914, NS915 warnings."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from netspec.core.diagnostics import Diagnostic, Edit, Fix, Note
from netspec.core.shapes import show
from netspec.core.tree import Node, Sequence
from netspec.expansion.graph import Call
from netspec.fixes.edits import optional_fix, remove_item
from netspec.fixes.values import set_value
from netspec.language.sections.losses import BY_ITSELF, OF_EMBEDDINGS
from netspec.layers.table import RESHAPES
from netspec.lint.context import Head, LintContext, finding
from netspec.lint.datasets import DatasetFacts
from netspec.lint.endings import TURNING, at_the_end, last_convolution, last_linear


def _outputs(linear: tuple[Node, Call] | None, count: int) -> tuple[Fix, ...]:
    return () if linear is None else (set_value(linear[0], "out_features", count),)


def one_class(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS610: a classification loss with one output."""
    loss, name = head.loss, str(head.loss.value)
    if head.kind != "classes" or head.tensor.shape != (1,):
        return
    linear, known = last_linear(context, head), head.samples
    message = f"{name} chooses among classes, and the network gives one output"
    binary = known is not None and (known.classes == 2 or (known.rows is not None and set(known.rows[0]) <= {0, 1}))
    if known is not None and known.regression:
        yield finding("NS610", message, loss, fixes=(set_value(loss, "loss", "MSELoss"),))
        return
    fixes: tuple[Fix, ...] = ()
    notes: tuple[Note, ...] = ()
    if binary:
        fixes = (*_outputs(linear, 2), set_value(loss, "loss", "BCEWithLogitsLoss"))
    elif known is not None and known.classes:
        fixes = _outputs(linear, known.classes)
    else:
        notes = (Note("fix", "one output for each class; for yes or no BCEWithLogitsLoss"),)
    yield finding("NS610", message, *(linear or (loss,)), notes=notes, fixes=fixes)


def classes(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS603, NS914: the number of classes against the number of outputs; regression targets for its loss."""
    loss, name, output, known = head.loss, str(head.loss.value), head.tensor.shape, head.samples
    if known is None or head.kind != "classes" or output == (1,):
        return
    linear = last_linear(context, head)
    if known.regression:
        message = f"the targets of {known.title} are amounts, {name} wants class numbers"
        yield finding("NS603", message, loss, fixes=(set_value(loss, "loss", "MSELoss"),))
    elif known.target in ((), (1,)) and len(output) != 1:
        message = f"{name} wants one number for each class, the output is {show(output)}"
        from netspec.lint.steps import one_class_a_sample

        fixes = one_class_a_sample(context, head) if len(output) > 1 else ()
        label = "or" if fixes else "fix"
        notes: tuple[Note, ...] = (Note(label, "add Flatten, and a Linear that gives one for each class"),)
        if known.picture and len(output) == 3:
            masks = "Segmentation: {pictures: FOLDER, masks: FOLDER} where each pixel has a class"
            as_large = any(
                tensor is not None and tensor.shape[1:] == output[1:] for tensor in context.graph.inputs.values()
            )
            said = (masks, notes[0].text) if as_large else (notes[0].text, masks)
            notes = (Note(label, said[0]), Note("or", said[1]))
        yield finding("NS603", message, loss, notes=notes, fixes=fixes)
    elif known.rows is not None and len(output) == 1:
        yield from _class_numbers(*known.rows, output[0])
    elif known.classes and (len(output) == 1 or output[1:] == known.target) and output[0] != known.classes:
        code = "NS603" if output[0] < known.classes else "NS914"
        if code == "NS914" and known.vocabulary is not None:
            return  # the number of tokens is often rounded up
        named = "classes" if known.vocabulary is None else "tokens"
        each = " a pixel" if known.picture and len(output) > 1 else ""
        message = f"{known.title} has {known.classes} {named}, the network gives {output[0]} outputs{each}"
        at = linear if len(output) == 1 else last_linear(context, head, TURNING)
        fixes = _outputs(at, known.classes)
        if each:
            at = last_convolution(context, head)
            fixes = () if at is None else (set_value(at[0], "out_channels", known.classes),)
        yield finding(code, message, *(at or (known.name,)), fixes=fixes)


def _class_numbers(values: tuple[float, ...], node: Node, count: int) -> Iterator[Diagnostic]:
    """NS603: the first target that is no class number from 0 on."""
    for index, value in enumerate(values):
        if value != int(value) or not 0 <= value < count:
            message = (
                f"{count} outputs are for classes 0 to {count - 1}, and there is a target {value:g} in row {index + 1}"
            )
            note = Note("fix", "number the classes from 0, or give the network as many outputs as there are classes")
            yield finding("NS603", message, _row(node, index), notes=(note,))
            return


def _row(node: Node, index: int) -> Node:
    """The node of a target, or of the whole list where each row has no node of its own."""
    rows = node.items if isinstance(node, Sequence) else ()
    return rows[index] if index < len(rows) else node


def of_itself(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS603: amounts where pairs are drawn by classes; an output that has no halves for means and log-variances."""
    loss, output, known = head.loss, head.tensor.shape, head.samples
    if head.kind == "divergence" and (not output or output[0] % 2):
        message = f"{loss.value} takes means and log-variances, one half of axis 1 each; the output is {show(output)}"
        linear = last_linear(context, head)
        fixes = _outputs(linear, output[0] + 1) if output else ()
        yield finding("NS603", message, *(linear or (loss,)), fixes=fixes)
    elif head.kind in OF_EMBEDDINGS and known is not None and known.regression:
        message = f"{loss.value} draws pairs by their classes, and the targets of {known.title} are amounts"
        yield finding("NS603", message, loss)


def shapes(context: LintContext, head: Head) -> Iterator[Diagnostic]:
    """NS612, NS603, NS915: a loss that compares number by number, with targets of another shape or kind."""
    loss, name, output, known = head.loss, str(head.loss.value), head.tensor.shape, head.samples
    if known is None or known.target is None or head.kind in ("classes", *BY_ITSELF):
        return
    alike = known.target == output or (known.target == () and output == (1,))
    if not alike:
        yield _other_shape(context, head, known)
        return
    yes_or_no = head.kind in ("probabilities", "logits")
    if known.rows is not None and yes_or_no:
        for index, value in enumerate(known.rows[0]):
            if not 0 <= value <= 1:
                message = f"{name} wants targets from 0 to 1, and there is a target {value:g} in row {index + 1}"
                yield finding("NS603", message, _row(known.rows[1], index))
                return
    if known.classes is not None and known.classes > 2:
        linear = last_linear(context, head)
        title = f"out_features: {known.classes} and loss: CrossEntropyLoss"
        edits = (
            [] if linear is None else [Edit(linear[0].span, str(known.classes)), Edit(loss.span, "CrossEntropyLoss")]
        )
        fixes = optional_fix(title, *edits)
        if yes_or_no:
            message = f"{name} is for yes or no, {known.title} has {known.classes} classes"
            yield finding("NS603", message, loss, fixes=fixes)
        elif head.kind == "numbers":
            message = f"{name} takes the class numbers 0 to {known.classes - 1} of {known.title} for amounts"
            yield finding("NS915", message, loss, fixes=fixes)


def _other_shape(context: LintContext, head: Head, known: DatasetFacts) -> Diagnostic:
    loss, output = head.loss, head.tensor.shape
    target = known.target or ()
    got = "one number" if target == () else "a list of one" if target == (1,) else f"{show(target)} numbers"
    message = f"the output is {show(output)}, a target of {known.title} is {got}; {loss.value} compares them one by one"
    sizes = [", ".join(["N", *map(str, shape)]) for shape in (target, output)]
    notes = (Note("note", f"torch would broadcast [{sizes[0]}] with [{sizes[1]}]"),) if () in (target, output) else ()
    squeezing = None if output else context.producer(head.ref, frozenset({"Identity"}))
    if squeezing is not None and squeezing.record.name in RESHAPES and target == (1,):
        edit = remove_item(squeezing, context.spec.sources)
        fixes = optional_fix(f"without the {squeezing.record.name}", edit)
        return finding("NS612", message, squeezing.item.at, squeezing, notes=notes, fixes=fixes)
    if len(target) > 0 and (output == (*target, 1) or target == (*output, 1)):
        layer = "squeeze: {dim: -1}" if len(output) > len(target) else "unsqueeze: {dim: -1}"
        fixes = optional_fix(f"{layer} at the end", *at_the_end(context, head, layer))
        return finding("NS612", message, loss, notes=notes, fixes=fixes)
    if output == (1, *target) and target:  # a picture of one channel, as its mask
        fixes = optional_fix("squeeze: {dim: 1} at the end", *at_the_end(context, head, "squeeze: {dim: 1}"))
        return finding("NS612", message, loss, notes=notes, fixes=fixes)
    if len(target) != len(output) and prod(target) == prod(output) > 1:
        layer = "Flatten" if len(target) == 1 else f"reshape: [{', '.join(map(str, target))}]"
        fixes = optional_fix(f"{layer} at the end", *at_the_end(context, head, layer))
        return finding("NS612", message, loss, notes=notes, fixes=fixes)
    linear = last_linear(context, head)
    if len(target) <= 1:
        from netspec.lint.steps import one_answer

        fixes = one_answer(context, head, target[0] if target else 1)
        if fixes:
            return finding("NS612", message, *(linear or (loss,)), notes=notes, fixes=fixes)
    if known.classes and len(output) == 1:
        return finding("NS612", message, loss, notes=notes, fixes=(set_value(loss, "loss", "CrossEntropyLoss"),))
    if linear is not None and len(target) <= 1:
        count = target[0] if target else 1
        return finding("NS612", message, *linear, notes=notes, fixes=_outputs(linear, count))
    return finding("NS612", message, loss, notes=notes)
