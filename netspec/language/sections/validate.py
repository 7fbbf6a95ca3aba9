"""A document → what is wrong with its sections `data`, `train` and `expect`, by their tables of keys."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence

from netspec.core.conforms import conforms
from netspec.core.diagnostics import Diagnostic, Edit, Findings, Fix
from netspec.core.expressions import Value, reads
from netspec.core.names import closest
from netspec.core.tree import Mapping, Node, Scalar, describe, is_null, shorten
from netspec.core.tree import Sequence as ListNode
from netspec.language.evaluate import FAILED, Evaluator, param_values
from netspec.language.sections.check_keys import check_keys, corrected
from netspec.language.sections.data_keys import DATA_KEYS, reconstructs
from netspec.language.sections.datasets import DATASETS, said_of
from netspec.language.sections.device import without_wrong_device
from netspec.language.sections.expect_keys import EXPECT_KEYS
from netspec.language.sections.keys import EXPRESSION, Key, bare
from netspec.language.sections.loggers import wanted_loggers
from netspec.language.sections.parts_keys import PART_NAMES, check_fraction, check_parts
from netspec.language.sections.train_keys import TRAIN_KEYS

SECTIONS: dict[str, tuple[Key, ...]] = {"data": DATA_KEYS, "train": TRAIN_KEYS, "expect": EXPECT_KEYS}


def amount(value: object) -> float | None:
    """`7M`, `1.5k`, `2G` or a number as a number; None where it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]?)\s*", value) if isinstance(value, str) else None
    factor = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
    return float(match[1]) * factor[match[2]] if match else None


def section_as_meant(document: Mapping, name: str) -> Node | None:
    """A section with its misspelt keys corrected, where there is one.

    Args:
        document: the spec's root, with includes, model and settings resolved.
        name: of the section.
    """
    node = document.get(name)
    if not isinstance(node, Mapping):
        return node
    return corrected(node, (*(key.name for key in SECTIONS[name]), *(DATASETS if name == "data" else ())), name)


def check_sections(document: Mapping) -> list[Diagnostic]:
    """What is wrong with the keys and values of `data`, `train` and `expect`.

    Args:
        document: the spec's root, with includes, model and settings resolved.
    """
    findings = Findings()
    params = document.get("params")
    written = {key.text: value for key, value in params} if isinstance(params, Mapping) else {}
    names = param_values(written)
    for section, keys in SECTIONS.items():
        node = document.get(section)
        if node is not None and is_null(node):
            findings.add(
                "NS202", f"{section} is empty: give it a mapping, or leave it out", document.key(section) or node
            )
        elif node is not None and section == "data":
            _check_data(node, names, findings)
        elif node is not None:
            if section == "train" and isinstance(node, Mapping):
                node = without_wrong_device(node, findings)
            check_keys(node, keys, section, findings)
            meant = section_as_meant(document, section)
            if section == "train" and isinstance(meant, Mapping):
                _check_expressions(meant, keys, section, names, findings)
    data, train = (section_as_meant(document, section) for section in ("data", "train"))
    if isinstance(train, Mapping):
        wanted_loggers(train.get("loggers"), findings)
    if data is not None or train is not None:
        from netspec.language.sections.check_classes import check_classes

        check_classes(data, train, names, findings)
    return findings.list()


def _check_data(node: Node, names: Dict[str, Value], findings: Findings) -> None:
    if isinstance(node, Mapping):
        check_keys(node, DATA_KEYS, "data", findings, others=DATASETS)
        node = corrected(node, (*(key.name for key in DATA_KEYS), *DATASETS), "data")
        named = [key for key, _ in node if key.value in DATASETS]
        for second in named[1:]:
            findings.add("NS201", f"data names two datasets, {named[0].value} and {second.value}; it takes one", second)
        unknown = any(key.value not in {*DATASETS, *(own.name for own in DATA_KEYS)} for key, _ in node)
        if not named and not unknown:
            findings.add("NS203", "data names no dataset, such as MNIST, CSV or sklearn", node)
        for name in PART_NAMES:
            part = node.get(name)
            if isinstance(part, Mapping):
                for key, arguments in part:
                    _check_dataset(key, arguments, findings, reconstructs(node))
            elif (
                isinstance(part, Scalar) and isinstance(part.value, str) and check_fraction(name, part, names, findings)
            ):
                _check_dataset(part, None, findings)
        check_parts(node, names, findings)
        for key in named[:1]:
            _check_dataset(key, node.get(str(key.value)), findings, reconstructs(node))
    elif isinstance(node, Scalar):
        _check_dataset(node, None, findings)
    else:
        findings.add("NS202", f"data is a dataset's name or a mapping, not {describe(node)}", node)


def _check_expressions(
    node: Mapping, keys: Sequence[Key], section: str, names: Dict[str, Value], findings: Findings
) -> None:
    """Check the numbers of `train` that are written as expressions over the parameters."""
    for key in keys:
        value = node.get(key.name)
        if isinstance(value, Mapping) and key.keys:
            _check_expressions(value, key.keys, f"{section} → {key.name}", names, findings)
        if EXPRESSION not in key.schema.get("anyOf", ()) or not isinstance(value, Scalar):
            continue
        if not isinstance(value.value, str) or not re.fullmatch(EXPRESSION["pattern"], value.value):
            continue  # no text, or refused as text that is no expression
        wants = f"{section} → {key.name} is {key.wants}"
        quoted = not value.plain and not reads(value.value, names)
        if quoted or (value.value.isidentifier() and not closest(value.value, names)):
            findings.add("NS202", f"{wants}, not {describe(value)}", value)
            continue
        result = Evaluator(findings).scalar(value, names)
        if result is not FAILED and not conforms(result, bare(key.schema)):
            findings.add("NS202", f"{wants}, not {shorten(value.text)} = {result}", value)


def _check_dataset(name: Scalar, arguments: Node | None, findings: Findings, own_targets: bool = False) -> None:
    """The arguments of a dataset; one of samples that are their own targets needs no others."""
    if name.value not in DATASETS:
        message, said = f"netspec knows no dataset {name.value!r}", said_of(name.value)
        if said:
            findings.add("NS604", message + said, name)
        else:
            findings.misspelt("NS604", message, name, DATASETS)
        return
    kind = DATASETS[str(name.value)]
    if kind.keys is None:
        return
    required = kind.required
    if arguments is None or is_null(arguments):
        findings.add("NS203", f"{name.value} needs {' and '.join(key.name for key in required)}", name)
    elif isinstance(arguments, Scalar) and len(required) == 1:
        if kind.words and arguments.value not in kind.words:
            findings.misspelt("NS604", f"{kind.unknown} {arguments.value!r}", arguments, kind.words)
        elif not isinstance(arguments.value, str):
            findings.add("NS202", f"{name.value} takes {required[0].wants}, not {describe(arguments)}", arguments)
    elif isinstance(arguments, ListNode) and len(required) == 1:
        (key,) = required
        alone = [one for one in arguments.items if len(arguments.items) == 1 and isinstance(one, Scalar)]
        fixes = [Fix(f"{name.value}: {one.text}", (Edit(arguments.span, one.text),)) for one in alone]
        message = f"{name.value} takes {key.wants}, or a mapping of its keys, not {describe(arguments)}"
        findings.add("NS202", message, arguments, fixes=fixes)
    else:
        keys = kind.without_targets if own_targets else kind.keys
        check_keys(arguments, keys, kind.name, findings)
