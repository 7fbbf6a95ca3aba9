"""Tables → LoadedData; errors name the row (from 1, without the header) and column of a cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Node, Scalar, Sequence, describe
from netspec.data.split import LoadedData, LoadRequest, Split, Target, by_input, by_output, items, own_arguments
from netspec.data.tables.columns import Column
from netspec.data.tables.files import TableError, other_format, read_table, written_separator
from netspec.data.tables.kinds import read_columns
from netspec.data.tables.reading import Problem, dropped, read_like
from netspec.data.tables.targets import read_target
from netspec.data.tables.wishes import read_wishes
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.table_keys import INDEX, ONEHOT
from netspec.runtime.diagnostics import Collector, spec_error, unknown_name

if TYPE_CHECKING:
    import pandas as pd
    from numpy import bool_, float64
    from numpy.typing import NDArray

MOST_PROBLEMS = 20  # columns that are named


def load(request: LoadRequest) -> LoadedData:
    """`{CSV: {path: rows.csv, target: -1}}`, `{Table: rows.parquet}`.

    The words of a target column are class names, in alphabetical order. For several inputs, or outputs, `columns` and
    `target` hold the columns of each, by its name.
    """
    node, _, frame = read_file(request)
    return read_frame(request, node, frame, node.text)


def read_frame(request: LoadRequest, node: Node, frame: pd.DataFrame, title: str) -> LoadedData:
    """The samples of a frame, by the keys of tables.

    Args:
        request: with these keys.
        node: to point at.
        frame: the table.
        title: of it, for messages.

    Raises:
        SpecError: NS601, a column or a cell cannot be used.
    """
    names = [str(name) for name in frame.columns]
    by_name = by_output(request.argument("target"))
    wanted = [(output, columns_named(part, names, request)) for output, part in by_name]
    if not wanted and not request.own_targets:  # else all columns are of the samples
        wanted = [(None, names[-1])]
    target_names = {name for _, one in wanted for name in ([one] if isinstance(one, str) else one)}
    beside = {*target_names, *([] if request.groups is None else [_beside(request.groups, names, request)])}
    parts = [(next(iter(request.inputs)), [name for name in names if name not in beside])]
    written = request.argument("columns")
    if written is not None:
        named = by_input(written, request)
        parts = [
            (input, [column_named(request.evaluate(one), names, one) for one in _one_or_more(part)])
            for input, part in named
        ]
        for name in (name for _, part in parts for name in part if name in target_names):
            raise spec_error("NS601", f"the target {name} stands among the columns too", written)
    if not all(part for _, part in parts):
        raise spec_error("NS601", f"{title} has no column but the target", node)
    return _Reading(request, node, frame, names).load(parts, wanted)


def _one_or_more(node: Node) -> tuple[Node, ...]:
    """The items of a list, or the one that stands without it."""
    return (node,) if isinstance(node, Scalar) else items(node)


def read_file(request: LoadRequest) -> tuple[Scalar, dict[str, object], pd.DataFrame]:
    """The file that a request names.

    Args:
        request: for a dataset whose arguments are of `path` and the keys of tables.

    Returns:
        The node of its path, the evaluated arguments, and the table.

    Raises:
        SpecError: NS203, no path; NS205, an argument is unknown; NS601, the file cannot be read.
    """
    if isinstance(request.arguments, Scalar) and request.arguments.value is not None:
        node, values = request.arguments, {}
    else:
        values = own_arguments(request, *(key.name for key in DATASETS[str(request.name.value)].keys or ()))
        found = request.argument("path")
        if not isinstance(found, Scalar):
            raise spec_error("NS203", f"{request.name.value} needs path, the file", found or request.name)
        node = found
    try:
        path = resolve(node, request.folder)
    except PathRefused as refused:
        raise spec_error("NS601", str(refused), node) from None
    try:
        if request.name.value == "CSV" and (other := other_format(path.name)):
            raise TableError(f"{path.name} is no CSV file but {other}; Table: {node.text} reads it")
        frame = read_table(
            path, values.get("header"), written_separator(values.get("separator")), memory=request.memory
        )
    except TableError as error:
        raise spec_error("NS601", str(error), node) from None
    return node, values, frame


class _Reading:
    """One table, with the request that it is read for."""

    def __init__(self, request: LoadRequest, node: Node, frame: pd.DataFrame, names: list[str]) -> None:
        self.request, self.node, self.frame = request, node, frame
        self.wishes = read_wishes(request, names)

    def load(self, parts: list[tuple[str, list[str]]], wanted: list[tuple[str | None, str | list[str]]]) -> LoadedData:
        """The samples, as raw numbers of the columns, which are fitted when the training part is known."""
        inputs, encodings, problems = [], [], list[Problem]()
        for index, (input, names) in enumerate(parts):
            columns, raw, wrong = self._input(index, input, names)
            inputs.append(torch.from_numpy(raw))
            encodings.append(columns)
            problems += wrong
        kept = np.ones(len(self.frame), bool)
        for values_of, columns in zip(inputs, encodings, strict=True):
            kept &= ~dropped(values_of.numpy(), columns)
        targets, labels = list[Target](), list[torch.Tensor]()
        for output, one in wanted:
            values, target, keep, wrong = read_target(self.frame, output, one, self.wishes, kept)
            kept &= keep
            labels.append(values)
            targets.append(target)
            problems += wrong
        refuse(problems, self.node)
        rows = torch.from_numpy(kept.nonzero()[0])
        if not len(rows):
            raise spec_error("NS601", "each row has an empty cell, so that missing: drop leaves none", self.node)
        split = Split(tuple(inputs), tuple(labels), torch.arange(len(kept)))
        split = split if kept.all() else split.select(rows)  # which copies
        features = tuple(name for _, names in parts for name in names)
        groups, _ = row_values(self.request.groups, self.frame, self.request, kept)
        strata, words = row_values(self.request.strata, self.frame, self.request, kept)
        return LoadedData(
            split,
            targets=tuple(targets) or (Target(),),
            columns=features,
            encodings=tuple(encodings),
            groups=groups,
            strata=strata,
            strata_names=words,
        )

    def _input(
        self, index: int, input: str, names: list[str]
    ) -> tuple[tuple[Column, ...], NDArray[float64], list[Problem]]:
        """The columns of one input, their raw numbers [N, columns], and what is wrong with them."""
        tensor = self.request.inputs.get(input, self.request.input)
        like = self.request.encodings[index] if index < len(self.request.encodings) else ()
        if len(like) != len(names):
            encode = ONEHOT if tensor.dtype.startswith("float") else INDEX
            return read_columns(self.frame, names, self.wishes, encode)
        columns = tuple(replace(column, name=name) for column, name in zip(like, names, strict=True))
        raw, problems = read_like(self.frame, columns)
        return columns, raw, problems


def refuse(problems: Iterable[Problem], node: Node) -> None:
    """Raise what is wrong with columns, if anything.

    Args:
        problems: of a table.
        node: of its path.

    Raises:
        SpecError: NS601, for each of the first problems.
    """
    collector = Collector()
    for problem in list(problems)[:MOST_PROBLEMS]:
        with collector.step():
            raise spec_error("NS601", problem.message, node, *problem.notes)
    collector.finish()


def row_values(
    node: Node | None, frame: pd.DataFrame, request: LoadRequest, kept: NDArray[bool_]
) -> tuple[torch.Tensor | None, tuple[str, ...]]:
    """Which value each kept row has in a column by which rows are divided, int64 [N], and the values as text.

    Raises:
        SpecError: NS601, there is no such column, or a cell of it is empty.
    """
    if node is None or request.encodings:  # which the training part has given
        return None, ()
    import pandas as pd

    name = _beside(node, [str(name) for name in frame.columns], request)
    codes, words = pd.factorize(frame[name])
    if (empty := kept & (codes < 0)).any():
        what = f"row {int(empty.argmax()) + 1}, column {name!r} has no value, by which it could be divided"
        raise spec_error("NS601", what, node)
    return torch.from_numpy(codes[kept]), tuple(map(str, words))


def _beside(node: Node, names: list[str], request: LoadRequest) -> str:
    """The name of a column by which rows are divided; a validation table need not have it."""
    wanted = request.evaluate(node)
    return "" if request.encodings and wanted not in names else column_named(wanted, names, node)


def columns_named(node: Node, names: list[str], request: LoadRequest) -> str | list[str]:
    """A column, or a list of them."""
    if isinstance(node, Sequence):
        return [column_named(request.evaluate(item), names, item) for item in node.items]
    return column_named(request.evaluate(node), names, node)


def column_named(wanted: object, names: list[str], node: Node) -> str:
    """The name of a column, from its name or its index; negative indexes count from the end."""
    if isinstance(wanted, str):
        if wanted not in names:
            if all(name.isdecimal() for name in names):
                what = f"the table has no column {wanted!r}: line 1 holds a number, so that columns are 0 to "
                what += str(len(names) - 1)
                raise spec_error("NS601", what, node, ("fix", "header: true where line 1 holds names"))
            raise unknown_name("NS601", f"the table has no column {wanted!r}", node, wanted, names)
        return wanted
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        raise spec_error("NS202", f"a column is named by its name or index, not by {describe(node)}", node)
    if not -len(names) <= wanted < len(names):
        raise spec_error("NS601", f"there is no column {wanted}: the table has {len(names)}", node)
    return names[wanted]
