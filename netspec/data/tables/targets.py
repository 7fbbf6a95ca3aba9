"""The target columns of a table → the targets of an output: class numbers, or numbers as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from netspec.data.split import Target
from netspec.data.tables.columns import Column
from netspec.data.tables.kinds import Wishes
from netspec.data.tables.reading import Problem, empty_target, read_like, text
from netspec.language.sections.table_keys import CATEGORY, DROP

if TYPE_CHECKING:
    import pandas as pd
    from numpy import bool_
    from numpy.typing import NDArray

EXACT = 2**24  # below it float32 holds every whole number


def read_target(
    frame: pd.DataFrame, output: str | None, names: str | list[str], wishes: Wishes, kept: NDArray[bool_]
) -> tuple[torch.Tensor, Target, NDArray[bool_], list[Problem]]:
    """The targets of an output.

    Args:
        frame: the table.
        output: that they are for; None: all.
        names: a column, or a list of them.
        wishes: of the spec; of a target its kind and whether rows without one are left out.
        kept: the rows that are not left out anyhow.

    Returns:
        int64 or float32 [N] of one column, float32 [N, columns] of a list, with zeros where a row is left out; the
        Target; which rows have one; what is wrong.
    """
    import numpy as np

    columns = [names] if isinstance(names, str) else names
    present = frame[columns].notna().to_numpy()  # [N, columns]
    drop = np.array([wishes.missing_of(name) == DROP for name in columns])
    keep = (present | ~drop).all(1)
    rows = kept & keep
    empty = rows[:, None] & ~present
    problems = [empty_target(name, empty[:, index]) for index, name in enumerate(columns) if empty[:, index].any()]
    if isinstance(names, str) and _is_classes(frame[names][rows], wishes.kinds.get(names)):
        values, classes = _classes(frame[names], present[:, 0])
        return values, Target(output, classes, columns[0]), keep, problems
    raw, wrong = read_like(frame, [Column(name, missing=DROP) for name in columns])
    numbers = torch.from_numpy(np.nan_to_num(raw)).float()
    target = Target(output, (), columns[0] if len(columns) == 1 else None)
    if not isinstance(names, str):
        return numbers, target, keep, [*problems, *wrong]
    numbers = numbers[:, 0]
    if bool((numbers == numbers.round()).all()) and numbers.abs().max() < EXACT:
        numbers = numbers.long()
    return numbers, target, keep, [*problems, *wrong]


def _is_classes(cells: pd.Series, wished: object) -> bool:
    """Whether a target is one of classes: the spec says so, or none of its words is a number."""
    import pandas as pd

    return wished == CATEGORY or bool(len(cells) and pd.to_numeric(cells, errors="coerce").isna().all())


def _classes(cells: pd.Series, present: NDArray[bool_]) -> tuple[torch.Tensor, tuple[str, ...]]:
    """Class indexes [N], 0 where a cell is empty, and the names of the classes in alphabetical order."""
    import pandas as pd

    codes, words = pd.factorize(cells)  # each different cell is looked at once; -1 is an empty one
    named = [text(word) for word in words]
    classes = tuple(sorted({named[code] for code in set(codes[present].tolist())}))
    indexes = {word: index for index, word in enumerate(classes)}
    found = torch.tensor([*(indexes.get(word, 0) for word in named), 0])
    return found[torch.from_numpy(codes)], classes
