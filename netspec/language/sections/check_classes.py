"""A class that a spec names → what is wrong with its name and its arguments, by the table of torch's classes.

NS604: torch has no such class, or a spec cannot use it. NS605: it has no such argument, does not take the value, or
needs another argument. What only its constructor knows, of several arguments together, is left to `netspec train`.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Dict

from netspec.core.diagnostics import Edit, Findings, Fix
from netspec.core.expressions import Value
from netspec.core.names import certain_match, closest
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, plain
from netspec.language.evaluate import FAILED, SWITCHES, Evaluator
from netspec.language.sections.class_families import ClassFamily, is_random
from netspec.language.sections.losses import is_own
from netspec.language.sections.torch_classes import TorchArgument, TorchClass, classes_of
from netspec.language.sections.written_classes import WrittenClass, held, split_named, written_classes
from netspec.layers.arguments import Kind

Names = Dict[str, Value]

# Arguments as other libraries call them → as torch does.
_CALLED = {
    "learning_rate": "lr",
    "learningrate": "lr",
    "decay": "weight_decay",
    "wd": "weight_decay",
    "l2": "weight_decay",
    "epsilon": "eps",
    "smoothing": "label_smoothing",
    "class_weight": "weight",
    "class_weights": "weight",
    "angle": "degrees",
    "probability": "p",
    "prob": "p",
}


def check_classes(data: Node | None, train: Node | None, names: Names, findings: Findings) -> None:
    """Check all classes that the sections name.

    Args:
        data, train: the nodes of the sections.
        names: the parameters with their values.
        findings: takes what is wrong.
    """
    for written in written_classes(data, train):
        check_class(written, names, findings)


def check_class(written: WrittenClass, names: Names, findings: Findings) -> None:
    """Check one class, and those that it holds.

    Args:
        written: as the spec names it.
        names: the parameters with their values.
        findings: takes what is wrong.
    """
    found = _class_named(written, findings)
    if found is None:
        return
    if written.always and is_random(found.name):
        message = f"{found.name} is random: under `augment` it is for training samples only"
        findings.add("NS605", message, written.name)
    _check_arguments(written, found, names, findings)
    for item in held(written.family, found.name, written.arguments):
        named = split_named(item)
        if named is None:
            what = written.family.what
            findings.add("NS202", f"a {what} is written Name or {{Name: arguments}}, not as {describe(item)}", item)
        else:
            check_class(WrittenClass(written.family, *named), names, findings)


def known_class(family: ClassFamily, name: str) -> TorchClass | None:
    """The class of a name; that which a misspelt name certainly means; None where there is none."""
    known = classes_of(family)
    return known.get(name) or known.get(certain_match(name, known) or "")


def _class_named(written: WrittenClass, findings: Findings) -> TorchClass | None:
    """The class that is named, or was meant; a name that is wrong has a finding, of a group that of the optimizer."""
    name, family = str(written.name.value), written.family
    known = classes_of(family)
    if name in known or written.group:
        return known_class(family, name)
    if family.open and is_own(name):
        return None
    if name in family.refused:
        findings.add("NS604", f"{name}: {family.refused[name]}", written.name)
        return None
    message = f"{family.module} has no {family.what} {name!r}"
    findings.misspelt("NS604", message, written.name, known)
    return known_class(family, name)


def argument_nodes(found: TorchClass, arguments: Node | None) -> dict[str, Node]:
    """The nodes of the arguments by name, as written; a bare value is that of the first argument."""
    if arguments is None or (isinstance(arguments, Scalar) and arguments.value is None):
        return {}
    if isinstance(arguments, Mapping):
        return {str(key.value): value for key, value in arguments}
    return {next(iter(found.arguments)): arguments} if found.arguments else {}


def _check_arguments(written: WrittenClass, found: TorchClass, names: Names, findings: Findings) -> None:
    known, node = found.arguments, written.arguments
    if node is not None and not known and not isinstance(node, Mapping) and plain(node) is not None:
        findings.add("NS605", f"{found.name} takes no arguments", node)
        return
    meant: set[str] = set()
    for key, value in _keys(node):
        word = str(key.value)
        if word not in known:
            others = (*(("match",) if written.group else ()), *known)
            message, called = f"{found.name} has no argument {word!r}", _CALLED.get(word.lower())
            if called in known:
                fix = Fix(called, (Edit(key.span, called),), safe=True)
                findings.add("NS605", f"{message}; it is {called}", key, fixes=(fix,))
                word = called
            else:
                findings.misspelt("NS605", message, key, others)
                meant |= set(closest(word, others))
                word = certain_match(word, others) or ""
        if word in known:
            meant.add(word)
            _check_value(known[word], value, found.name, names, findings)
    if node is not None and not isinstance(node, Mapping) and known and plain(node) is not None:
        first = next(iter(known.values()))
        meant.add(first.name)
        _check_value(first, node, found.name, names, findings)
    if not written.group:
        _check_missing(written, found, meant, findings)


def _keys(node: Node | None) -> Iterable[tuple[Scalar, Node]]:
    return node if isinstance(node, Mapping) else ()


def _check_missing(written: WrittenClass, found: TorchClass, meant: set[str], findings: Findings) -> None:
    if found.name == "ImageFolder" and "root" not in meant:
        message = "ImageFolder needs root, the folder with a folder of pictures for each class"
        findings.add("NS203", message, written.name)
    needed = (argument.name for argument in found.arguments.values() if argument.required)
    missing = [name for name in needed if name not in written.family.filled and name not in meant]
    if missing:
        findings.add("NS605", f"{found.name} needs {' and '.join(missing)}", written.name)


def _check_value(argument: TorchArgument, node: Node, name: str, names: Names, findings: Findings) -> None:
    what = f"{argument.name} of {name}"
    if argument.holds:
        if not isinstance(node, Sequence):
            wants = f"a list of {argument.written['holds']}s"
            findings.add("NS605", f"{what} has to be {wants}, got {describe(node)}", node)
        return
    kind, evaluator = argument.kind, Evaluator(findings)
    value = _value(node, kind, names, evaluator)
    if value is not FAILED:
        evaluator.accepted(node, value, kind, what, code="NS605")


def _value(node: Node, kind: Kind, names: Names, evaluator: Evaluator) -> object:
    """The value of an argument: of text its words, the value of an expression, or the text where it is neither."""
    if isinstance(node, Sequence):
        values = [_value(item, kind, names, evaluator) for item in node.items]
        return FAILED if FAILED in values else values
    if isinstance(node, Mapping):
        return plain(node)
    text = node.value
    if isinstance(text, str):
        unknown = text.isidentifier() and text not in names and not closest(text, names)
        if not node.plain or (unknown and text.lower() not in SWITCHES):
            return text
    return evaluator.raw(node, kind, names, ())
