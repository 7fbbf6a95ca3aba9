"""Names of inputs and outputs in `data` and `train`: NS617 for losses, NS602 for samples, NS603 for targets, NS919."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.core.diagnostics import Diagnostic, Note, renamings
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Mapping, Node, Scalar, describe
from netspec.fixes.values import set_value
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.losses import FURTHER
from netspec.lint.context import LintContext, finding
from netspec.lint.datasets import dataset_nodes


def losses(context: LintContext) -> Iterator[Diagnostic]:
    """NS617: a loss for an unknown output, or one loss for several outputs; a weight that is no number."""
    outputs, first = [*context.refs], next(iter(context.losses), None)
    if first is not None and first.output is not None and first.output.text in context.report.training_only:
        known = [name for name in outputs if name not in context.report.training_only]
        message = f"the first loss is the main one, and {first.output.text} is there in training only"
        notes = (Note("fix", f"begin with the loss of {' or '.join(known)}"),)
        yield finding("NS617", message, first.output, notes=notes)
    for loss in context.losses:
        if loss.output is None and loss.name is not None and len(outputs) > 1:
            yield _for_which(loss.node, outputs)
        elif (
            loss.output is not None and outputs and loss.output.text not in outputs
        ):  # a graph without outputs has an error
            yield _unknown("NS617", f"the network has no output {loss.output.text!r}", loss.output, outputs)
        elif loss.output is not None and isinstance(loss.node, Mapping) and loss.name is None:
            has = "no loss" if not loss.node.entries else f"{len(loss.node.entries)} losses"
            message = f"{loss.output.text} has {has}; it takes one: Name, or {{Name: arguments}}"
            yield finding("NS617", message, loss.output)
        weight = None if loss.weight is None else context.spec.evaluate(loss.weight)
        number = isinstance(weight, int | float) and not isinstance(weight, bool) and 0 <= weight < float("inf")
        if loss.weight is not None and not number:
            yield finding("NS617", f"the weight of a loss is a number ≥ 0, not {describe(loss.weight)}", loss.weight)


def _for_which(node: Node, outputs: list[str]) -> Diagnostic:
    """NS617: one loss, and several outputs."""
    message = f"the network gives {_listed(outputs)}; each that is trained on needs a loss"
    word = node.text if isinstance(node, Scalar) else "CrossEntropyLoss"
    takes = FURTHER.get(word, ())
    if takes and len(outputs) == 1 + len(takes):
        beside = ", ".join(f"{key}: {name}" for key, name in zip(takes, outputs[1:], strict=True))
        message = f"the network gives {_listed(outputs)}, and {word} takes them together"
        text = f"{{{outputs[0]}: {{{word}: {{}}, {beside}}}}}"
        return finding("NS617", message, node, fixes=(set_value(node, "loss", text),))
    text = f"{{{', '.join(f'{name}: {word}' for name in outputs)}}}"
    if isinstance(node, Scalar):
        return finding("NS617", message, node, fixes=(set_value(node, "loss", text),))
    return finding("NS617", message, node, notes=(Note("fix", f"loss: {text}, each with its arguments"),))


def _unknown(code: str, message: str, key: Scalar, known: list[str]) -> Diagnostic:
    """An unknown name, with the known ones."""
    matches = closest(key.text, known)
    fixes = tuple(renamings(key, key.text, known))
    notes = () if matches else (Note("note", f"there {'is' if len(known) == 1 else 'are'} {_listed(known)}"),)
    return finding(code, message + did_you_mean(matches), key, notes=notes, fixes=fixes)


def _listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def inputs_by_name(context: LintContext) -> Iterator[Diagnostic]:
    """NS602: samples for unknown inputs, or for one of several."""
    found = dataset_nodes(context.spec.data)
    inputs = [*context.graph.inputs]
    if found is None or not context.losses:
        return
    dataset, arguments = found
    kind = DATASETS[str(dataset.value)]
    key = kind.by_input
    node = arguments.get(key) if isinstance(arguments, Mapping) and key is not None else None
    if isinstance(node, Mapping):
        for name, _ in node:
            if name.text not in inputs:
                yield _unknown("NS602", f"the network has no input {name.text!r}", name, inputs)
        missing = [name for name in inputs if node.get(name) is None]
        if missing and all(name.text in inputs for name, _ in node):
            yield finding("NS602", f"{dataset.value} tells nothing of the network's input {_listed(missing)}", node)
        return
    named = [arguments.get(one) for one in kind.further] if isinstance(arguments, Mapping) else []
    for one in named:
        if isinstance(one, Scalar) and one.text not in inputs:
            yield _unknown("NS602", f"the network has no input {one.text!r}", one, inputs)
            return
    inputs = [name for name in inputs if name not in [one.text for one in named if isinstance(one, Scalar)]]
    if len(inputs) > 1:
        message = f"{dataset.value} gives one input a sample, the network has {_listed(inputs)}"
        notes = (Note("fix", f"{key}: {{{', '.join(f'{name}: […]' for name in inputs)}}}"),) if key else ()
        if kind.further and not any(named):
            notes = (Note("fix", f"{kind.further[0]}: {inputs[-1]} in {dataset.value}"),)
        yield finding("NS602", message, node or dataset, notes=notes)


def targets_by_name(context: LintContext) -> Iterator[Diagnostic]:
    """NS603: targets for unknown outputs, and outputs that have a loss and no targets."""
    found = dataset_nodes(context.spec.data)
    if found is None or not isinstance(found[1], Mapping):
        return
    node, outputs = found[1].get(DATASETS[str(found[0].value)].by_output or ""), [*context.refs]
    if not isinstance(node, Mapping) or not outputs:
        return
    for name, _ in node:
        if name.text not in outputs:
            yield _unknown("NS603", f"the network has no output {name.text!r}", name, outputs)
    missing = [head.output for head in context.heads if node.get(head.output) is None]
    if missing and all(name.text in outputs for name, _ in node):
        yield finding("NS603", f"{_listed(missing)} has a loss and no targets", node)


def untrained(context: LintContext) -> Iterator[Diagnostic]:
    """NS919: an output without a loss, which is none that another's loss takes too."""
    trained = {head.output for head in context.heads} | {loss.output.text for loss in context.losses if loss.output}
    trained |= {str(node.value) for loss in context.losses for _, node in loss.further if isinstance(node, Scalar)}
    node = None if context.train is None else context.train.get("loss")
    if node is None or not trained:
        return
    for name in context.refs:
        if name not in trained:
            yield finding("NS919", f"{name} has no loss: nothing is learned for it", node)
