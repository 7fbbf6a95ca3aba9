"""Samples → the parts that train, validate and test: groups stay together, classes have equal shares.

Input: the Parts that the spec names, and LoadedData. Output: Splits. What scikit-learn has for it is used: its folds,
and its splits of groups.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from netspec.core.diagnostics import SpecError
from netspec.core.tree import Mapping, Node, Scalar
from netspec.data.parts import Parts
from netspec.data.split import LoadedData, Split
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import counted, spec_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLASSES = 1000  # by which samples are stratified, where the spec does not ask for it
STATES = 2**32  # of scikit-learn's random generators


@dataclass(frozen=True)
class Kinds:
    """What samples are divided by.

    Args:
        groups: int64 [N], the same for samples that stay together; None: each stands alone.
        strata: int64 [N], the class of each sample; None: they are not stratified.
        asked: whether the spec asks for strata.
        names: of the strata, where they have some.
    """

    groups: torch.Tensor | None = None
    strata: torch.Tensor | None = None
    asked: bool = False
    names: tuple[str, ...] = ()

    def select(self, index: torch.Tensor) -> Kinds:
        """Those of some of the samples."""
        groups, strata = (None if each is None else each[index] for each in (self.groups, self.strata))
        return Kinds(groups, strata, self.asked, self.names)


def divided(loaded: LoadedData, parts: Parts, seed: int) -> tuple[Split, Split | None, Split | None]:
    """The training samples, and those that fractions and folds hold out to validate and to test.

    Args:
        loaded: all samples.
        parts: of the spec.
        seed: of the run, where the spec names none to divide by.

    Raises:
        SpecError: NS601, a part would be empty, or the samples cannot be divided so.
    """
    whole = loaded.whole
    if loaded.divided is not None:
        if parts.folds is not None:
            what = "folds would train on what comes before and after a text that validates"
            raise spec_error("NS601", what, parts.folds, ("fix", "val: 0.1, the end of the text"))
        return (whole, *loaded.divided)
    fractions = [(parts.val, parts.held), (parts.test, parts.kept_back), (parts.folds, parts.count or None)]
    at = next((node for node, size in fractions if size is not None), None)
    if not isinstance(at, Scalar):
        return whole, None, None
    if loaded.mapped:
        what = f"{parts.name_of(at)}: {at.text} copies samples, which take more memory than `memory` allows"
        fix = ("fix", "val: {CSV: {…}}, say: a dataset with the validation samples")
        raise spec_error("NS601", what, at, fix)
    kinds, rest = kinds_of(loaded, parts), torch.arange(len(whole))
    left = held = None

    def divide(mask: torch.Tensor, at: Node) -> tuple[torch.Tensor, Split]:
        if bool(mask.all()) or not bool(mask.any()):
            what = (
                f"{parts.name_of(at)}: {at.text if isinstance(at, Scalar) else ''} of {counted(len(whole), 'sample')}"
            )
            raise spec_error("NS601", f"{what} leaves a part empty", at)
        return rest[~mask], whole.select(rest[mask])

    def held_out(fraction: float, seed: int, at: Node) -> torch.Tensor:
        if whole.windows is not None:  # a time series, whose end it is
            return whole.windows.held_out(whole.rows[rest], fraction)
        return hold_out(kinds, len(rest), fraction, seed, at)

    if whole.windows is not None and parts.folds is not None:
        what = "folds would train on what comes after the days that validate"
        raise spec_error("NS601", what, parts.folds, ("fix", "val: 0.2, the end of the series"))
    if parts.kept_back is not None and parts.test is not None:
        rest, left = divide(held_out(parts.kept_back, parts.seed or 0, parts.test), parts.test)
    seed, kinds = seed if parts.seed is None else parts.seed, kinds.select(rest)
    if parts.held is not None and parts.val is not None:
        share = parts.held / (1 - (parts.kept_back or 0))
        rest, held = divide(held_out(share, seed, parts.val), parts.val)
    elif parts.folds is not None:
        rest, held = divide(fold_of(kinds, len(rest), parts, seed), parts.folds)
    return whole.select(rest), held, left


def kinds_of(loaded: LoadedData, parts: Parts) -> Kinds:
    """What the samples are divided by: the columns that the spec names, else the classes of the first targets.

    Args:
        loaded: all samples, with the columns that the spec names.
        parts: of the spec.

    Raises:
        SpecError: NS601, the targets are no classes, and it asks for an equal share of each.
    """
    groups, strata = loaded.groups, loaded.strata
    if strata is not None or parts.stratify is False:
        return Kinds(groups, strata, True, loaded.strata_names)
    targets = loaded.whole.targets[0] if loaded.whole.targets else None
    targets = targets if isinstance(targets, torch.Tensor) else None
    classes = targets is not None and not targets.is_floating_point() and targets.ndim == 1
    if parts.stratify and not classes:
        node = parts.folds or parts.val or parts.test
        assert node is not None  # the check refuses `stratify` without them
        fix = ("fix", "stratify: COLUMN, or leave it out")
        raise spec_error("NS601", "stratify: true is for classes, and the targets are none", node, fix)
    return Kinds(groups, targets if classes else None, bool(parts.stratify), loaded.targets[0].classes)


def hold_out(kinds: Kinds, count: int, fraction: float, seed: int, at: Node) -> torch.Tensor:
    """The samples that are held out, stratified where each class has at least two.

    Args:
        kinds: of the samples.
        count: the number N of samples.
        fraction: of them that is held out.
        seed: decides which.
        at: the node to point at.

    Returns:
        bool [N].

    Raises:
        SpecError: NS601, a class has one sample only, or there are too few groups.
    """
    if kinds.groups is not None:
        return _hold_out_groups(kinds, kinds.groups, fraction, seed, at)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    held = order[: round(count * fraction)]
    if kinds.strata is not None:
        strata = kinds.strata[order]
        classes, counts = torch.unique(strata, return_counts=True)
        if kinds.asked and counts.min() < 2:
            raise _rare(kinds, classes, counts, 2, at)
        if kinds.asked or (len(classes) <= MOST_CLASSES and counts.min() > 1):
            members = [order[strata == label] for label in classes]
            held = torch.cat([each[: max(1, round(len(each) * fraction))] for each in members])
    return _mask(held, count)


def _hold_out_groups(kinds: Kinds, groups: torch.Tensor, fraction: float, seed: int, at: Node) -> torch.Tensor:
    from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

    count, ids = len(groups), groups.numpy()
    few = len(torch.unique(groups))
    if few < 2:
        raise spec_error("NS601", "there is one group only, which cannot be divided", at)
    with _refusing(at):
        if kinds.strata is None:
            splits = GroupShuffleSplit(1, test_size=fraction, random_state=seed % STATES).split(ids, groups=ids)
            return _mask(torch.from_numpy(next(iter(splits))[1]), count)
        folds = min(few, max(2, round(1 / min(fraction, 1 - fraction))))  # the smaller part is one of these
        divide = StratifiedGroupKFold(folds, shuffle=True, random_state=seed % STATES)
        most, least = next(iter(divide.split(ids, kinds.strata.numpy(), ids)))
        return _mask(torch.from_numpy(least if fraction <= 0.5 else most), count)


def fold_of(kinds: Kinds, count: int, parts: Parts, seed: int) -> torch.Tensor:
    """The samples of the fold that validates, as bool [N].

    Args:
        kinds: of the samples.
        count: the number N of samples.
        parts: with the folds.
        seed: decides which samples are in which fold.

    Raises:
        SpecError: NS601, there are fewer samples, groups or members of a class than folds.
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    at, folds, groups, strata = parts.folds, parts.count, kinds.groups, kinds.strata
    assert at is not None
    units = count if groups is None else len(torch.unique(groups))
    if units < folds:
        word = "sample" if groups is None else "group"
        what = (
            f"{folds} folds need at least as many {word}s; there {'is' if units == 1 else 'are'} {counted(units, word)}"
        )
        raise spec_error("NS601", what, at, ("fix", f"folds: {max(2, units)}"))
    if strata is not None:
        classes, counts = torch.unique(strata, return_counts=True)
        if counts.min() < folds:
            if kinds.asked:
                raise _rare(kinds, classes, counts, folds, at)
            strata = None
    shuffled: dict[str, Any] = {"shuffle": True, "random_state": seed % STATES}
    divide = (
        (KFold(folds, **shuffled) if strata is None else StratifiedKFold(folds, **shuffled))
        if groups is None
        else (GroupKFold(folds) if strata is None else StratifiedGroupKFold(folds, **shuffled))
    )
    numbers: NDArray[Any] = torch.arange(count).numpy()
    y, ids = (None if each is None else each.numpy() for each in (strata, groups))
    with _refusing(at):
        every = list(divide.split(numbers, y, ids))
    return _mask(torch.from_numpy(every[parts.fold][1]), count)


def _mask(index: torch.Tensor, count: int) -> torch.Tensor:
    mask = torch.zeros(count, dtype=torch.bool)
    mask[index] = True
    return mask


def _rare(kinds: Kinds, classes: torch.Tensor, counts: torch.Tensor, least: int, at: Node) -> SpecError:
    """The finding that a class is too rare to be in each part."""
    worst = int(counts.argmin())
    label = int(classes[worst])
    name = repr(kinds.names[label]) if 0 <= label < len(kinds.names) else str(label)
    what = f"{name}, by which samples are stratified, has {counted(int(counts[worst]), 'sample')}"
    fix = ("fix", "stratify: false, or more samples of it")
    return spec_error("NS601", f"{what}; {least} are needed, as each part has some", at, fix)


@contextmanager
def _refusing(at: Node) -> Iterator[None]:
    """What scikit-learn raises for too few samples or groups, as a finding; its warnings of rare classes are ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    except ValueError as error:
        raise spec_error("NS601", f"the samples cannot be divided so: {str(error).splitlines()[0]}", at) from None


def classes_to_balance(spec: Spec, split: Split, index: int) -> torch.Tensor | None:
    """The class of each training sample, where the spec wants a balanced `sampler`; else None.

    Args:
        spec: as loaded.
        split: the training part.
        index: of the target that tells the classes.

    Raises:
        SpecError: NS630, the targets are no classes.
    """
    node = spec.data.get("sampler") if isinstance(spec.data, Mapping) else None
    if node is None or spec.evaluate(node) != "balanced":
        return None
    targets = split.targets[index] if index < len(split.targets) else None
    if not isinstance(targets, torch.Tensor) or targets.is_floating_point() or targets.ndim != 1:
        raise spec_error("NS630", "sampler: balanced is for samples of one class each, and the targets are none", node)
    return targets
