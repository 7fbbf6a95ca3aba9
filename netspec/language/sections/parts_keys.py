"""The keys of `data` that divide the samples into parts, and what of them does not go together.

Input: the section `data`, as written. Output: findings; the table of the keys, `test` to `sampler`.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict

from netspec.core.diagnostics import Findings
from netspec.core.expressions import Value
from netspec.core.names import closest
from netspec.core.tree import Mapping, Node, Scalar, shorten
from netspec.language.evaluate import FAILED, Evaluator
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.keys import COLUMN, FRACTION, WHOLE, Key, Schema, object_schema

MOST_FOLDS = 1000
FRACTION_WORDS = "a fraction between 0 and 1, or a dataset"
_FOLDS: Schema = {"type": "integer", "minimum": 2, "maximum": MOST_FOLDS}

SPLIT_KEYS = (
    Key(
        "by",
        COLUMN,
        "a column's name or index, or an array's name",
        "Samples with the same value there stay together, in one part; it is no feature, unless `columns` names it.",
        "patient",
    ),
    Key(
        "seed",
        WHOLE,
        "an integer ≥ 0",
        "Decides which samples are in which part. Left out: 0 for the test part, else `seed` of `train`.",
        0,
    ),
)
PARTS_KEYS = (
    Key(
        "test",
        FRACTION,
        FRACTION_WORDS,
        "The test part, which training never looks at: `netspec eval RUN --test` scores it, at the end.",
        0.2,
    ),
    Key(
        "folds",
        _FOLDS,
        f"an integer from 2 to {MOST_FOLDS}",
        "The samples, without those of the test part, are divided into so many folds, of which one validates; "
        "`netspec train --folds` trains with each of them in turn.",
        5,
    ),
    Key("fold", WHOLE, "an integer from 0, less than `folds`", "Which of the folds validates.", 1, 0),
    Key(
        "split",
        object_schema(SPLIT_KEYS),
        "{by: column} or {seed: number}",
        "How fractions and folds are drawn: which samples stay together, and by which seed.",
        {"by": "patient"},
        keys=SPLIT_KEYS,
    ),
    Key(
        "stratify",
        {"anyOf": [{"type": "boolean"}, *COLUMN["anyOf"]]},
        "true, false, or a column's name or index",
        "Each part has the same share of each class, or of each value of a column; left out: of classes, as far as "
        "each has two samples.",
        True,
    ),
    Key(
        "sampler",
        {"enum": ["balanced"]},
        "balanced",
        "`balanced`: training samples are drawn with replacement, so that each class is drawn equally often.",
        "balanced",
    ),
)
PART_NAMES = ("val", "test")  # whose value is a fraction or a dataset


def check_fraction(name: str, node: Scalar, names: Dict[str, Value], findings: Findings) -> bool:
    """Check a part that is written as text: an expression over the parameters, else the name of a dataset.

    Args:
        name: `val` or `test`.
        node: its value.
        names: of the parameters, with their values.
        findings: takes the findings.

    Returns:
        Whether it is to be checked as a dataset.
    """
    attempt = Findings()
    value = FAILED if node.value in DATASETS or not node.plain else Evaluator(attempt).scalar(node, names)
    if value is FAILED:
        if closest(str(node.value), names) and not closest(str(node.value), DATASETS):
            findings.extend(attempt.list())
            return False
        return True
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        findings.add("NS202", f"data → {name} is {FRACTION_WORDS}, not {shorten(node.text)} = {value}", node)
    return False


def check_parts(data: Mapping, names: Dict[str, Value], findings: Findings) -> None:
    """NS630: keys that divide the samples and do not go together.

    Args:
        data: the section, with misspelt keys corrected.
        names: of the parameters, with their values.
        findings: takes the findings.
    """
    folds, val, test = data.get("folds"), data.get("val"), data.get("test")
    if folds is not None and val is not None:
        findings.add("NS630", "folds give the validation part, so that val has no meaning beside them", val)
    elif val is not None and test is not None:
        both = [_fraction(node, names) for node in (val, test)]
        if None not in both and sum(filter(None, both)) >= 1:
            findings.add("NS630", f"val and test take {sum(filter(None, both)):g} of the samples and leave none", test)
    which = data.get("fold")
    fold, count = _number(which, names), _number(folds, names)
    if which is not None and folds is None:
        findings.add("NS630", "fold says which of the folds validates, and there are no folds", which)
    elif which is not None and fold is not None and count is not None and fold >= count >= 2:
        findings.add("NS630", f"fold is 0 to {count - 1:g}, as there are {count:g} folds, not {fold:g}", which)
    divides = folds is not None or any(_is_fraction(node) for node in (val, test))
    split, stratify = data.get("split"), data.get("stratify")
    by = split.get("by") if isinstance(split, Mapping) else None
    for node, what in ((by, "split by"), (stratify, "stratify by")):
        if node is None:
            continue
        if not divides:
            word = "split" if node is by else "stratify"
            findings.add("NS630", f"{word} says how samples are divided; give val or test a fraction, or folds", node)
        elif isinstance(node, Scalar) and not isinstance(node.value, bool):
            _check_columns(data, node, what, findings)


def _check_columns(data: Mapping, node: Scalar, what: str, findings: Findings) -> None:
    """A column is named, which the dataset has to have."""
    kinds = [DATASETS[str(key.value)] for key, _ in data if key.value in DATASETS]
    if kinds and not kinds[0].has_columns:
        having = ", ".join(kind.name for kind in DATASETS.values() if kind.has_columns)
        findings.add("NS630", f"{kinds[0].name} has no column to {what}; {having} have", node)


def _is_fraction(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value not in DATASETS


def _fraction(node: Node | None, names: Dict[str, Value]) -> float | None:
    return _number(node, names) if _is_fraction(node) else None


def _number(node: Node | None, names: Dict[str, Value]) -> float | None:
    """The number that a node is; None where it is none, which is reported elsewhere."""
    if not isinstance(node, Scalar):
        return None
    value = Evaluator(Findings()).scalar(node, names) if isinstance(node.value, str) else node.value
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value
