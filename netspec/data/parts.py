"""The keys of `data` that say which samples train, validate and test → Parts."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.core.diagnostics import SpecError
from netspec.core.tree import Mapping, Node, Scalar, describe
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.parts_keys import FRACTION_WORDS, MOST_FOLDS
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import spec_error


@dataclass(frozen=True)
class Parts:
    """How the samples are divided.

    Args:
        val, test: the nodes of these keys.
        held, kept_back: the fractions that they are; None where they are none.
        folds: the node of that key.
        count: the number of folds; 0 where there are none.
        fold: the one that validates.
        groups: the node of the column whose values stay together.
        strata: the node of the column by which samples are stratified, or of true or false.
        stratify: true or false where the spec says it.
        seed: where the spec gives one.
    """

    val: Node | None = None
    test: Node | None = None
    held: float | None = None
    kept_back: float | None = None
    folds: Node | None = None
    count: int = 0
    fold: int = 0
    groups: Node | None = None
    strata: Node | None = None
    stratify: bool | None = None
    seed: int | None = None

    @property
    def own(self) -> bool:
        """Whether the dataset's own validation or test part validates."""
        return self.val is None and self.folds is None

    def name_of(self, node: Node) -> str:
        """What the key of a node is called."""
        return "folds" if node is self.folds else "test" if node is self.test else "val"


def read_parts(spec: Spec) -> Parts:
    """The keys of `data` that divide the samples.

    Args:
        spec: as loaded.

    Raises:
        SpecError: NS202, a value is none that the key takes.
    """
    data = spec.data
    if not isinstance(data, Mapping):
        return Parts()
    val, test, folds, split = (data.get(name) for name in ("val", "test", "folds", "split"))
    strata, stratify = data.get("stratify"), None
    if strata is not None and isinstance(value := spec.evaluate(strata), bool):
        strata, stratify = None, value
    inner = split.get if isinstance(split, Mapping) else lambda name: None
    return Parts(
        val,
        test,
        _fraction(spec, "val", val),
        _fraction(spec, "test", test),
        folds,
        0 if folds is None else _whole(spec, "folds", folds, 2, MOST_FOLDS),
        _whole(spec, "fold", data.get("fold"), 0, MOST_FOLDS),
        inner("by"),
        strata,
        stratify,
        None if inner("seed") is None else _whole(spec, "split → seed", inner("seed"), 0, 2**63 - 1),
    )


def _fraction(spec: Spec, name: str, node: Node | None) -> float | None:
    if not isinstance(node, Scalar) or node.value in DATASETS:
        return None
    value = spec.evaluate(node)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise no_part(name, node)
    return value


def no_part(name: str, node: Node) -> SpecError:
    """The finding that `val` or `test` is neither a fraction nor a dataset."""
    return spec_error("NS202", f"data → {name} is {FRACTION_WORDS}, not {describe(node)}", node)


def _whole(spec: Spec, name: str, node: Node | None, least: int, most: int) -> int:
    value = 0 if node is None else spec.evaluate(node)
    if node is not None and (isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most):
        raise spec_error("NS202", f"data → {name} is an integer from {least} to {most}, not {describe(node)}", node)
    return value if isinstance(value, int) else 0
