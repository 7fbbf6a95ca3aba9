"""A table with the paths of pictures → LoadedData: uint8 or float [N, C, H, W], and classes, labels or numbers of each.

Paths start from the table's folder, or from `folder`, and do not lead out of it: who wrote the table need not be who
wrote the spec.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from netspec.core.files import PathRefused, resolve
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Node, Scalar
from netspec.data.csv_table import column_named, columns_named, row_values
from netspec.data.picture_files import Problems, look_at, read_pictures
from netspec.data.split import LoadedData, LoadRequest, Split, Target, by_input, by_output, own_arguments
from netspec.data.tables.bounded import MOST_COLUMNS, TooLarge, refuse_columns
from netspec.data.tables.cells import MISSING
from netspec.data.tables.files import TableError, read_table, written_separator
from netspec.data.tables.kinds import Wishes
from netspec.data.tables.targets import read_target
from netspec.data.tables.wishes import read_wishes
from netspec.language.sections.picture_keys import PICTURES_KEYS
from netspec.runtime.diagnostics import spec_error

if TYPE_CHECKING:
    import pandas as pd

MOST_LABELS = 2**27  # rows × labels
_SEPARATOR = "label_separator: what stands between two labels of a cell"


def load(request: LoadRequest) -> LoadedData:
    """`{Pictures: {path: labels.csv, files: file, target: label}}`.

    Raises:
        SpecError: NS601, the table or a picture cannot be used.
    """
    given: dict[str, Any] = {}
    node = request.arguments
    if not (isinstance(node, Scalar) and node.value is not None):
        given, node = own_arguments(request, *(key.name for key in PICTURES_KEYS)), request.argument("path")
    if not isinstance(node, Scalar):
        raise spec_error("NS203", "Pictures needs path, the table", node or request.name)
    path = _path(node, request)
    if path.is_dir():
        what = f"{node.text} is a folder: path is the table that names the pictures"
        raise spec_error("NS601", what, node, ("fix", f"ImageFolder: {{root: {node.text}}} for a folder a class"))
    try:
        frame = read_table(path, given.get("header"), written_separator(given.get("separator")), memory=request.memory)
    except TableError as error:
        raise spec_error("NS601", str(error), node) from None
    names = [str(name) for name in frame.columns]
    if len(names) < 2 and not request.own_targets:
        raise spec_error("NS601", f"{path.name} has one column: a picture's path, and no target", node)
    at = request.argument("files") or node
    asked = by_input(request.argument("files"), request)
    columns = [column_named(request.evaluate(each), names, each) for _, each in asked] or [names[0]]
    wanted: list[tuple[str | None, str | list[str]]]
    wanted = [(output, columns_named(part, names, request)) for output, part in by_output(request.argument("target"))]
    wanted = wanted or ([] if request.own_targets else [(None, names[-1])])
    used = [name for _, one in wanted for name in ([one] if isinstance(one, str) else one)]
    for column in columns:
        if column in used:
            raise spec_error("NS601", f"the column {column} holds the pictures, and is the target too", at)
    targets, labels, kept = _Targets(request, frame, given, node).read(wanted)
    start, folder = request.argument("folder"), path.parent
    if isinstance(start, Scalar):
        folder = _path(start, request)
        if not folder.is_dir():
            raise spec_error("NS601", f"there is no folder {folder}", start)
    each = [_files(frame[column], kept, folder, at) for column in columns]
    rows = torch.tensor([index for index, keep in enumerate(kept) if keep])
    if not len(rows):
        raise spec_error("NS601", "each row has an empty cell, so that missing: drop leaves none", node)
    shown = [files[index] for files in each for index in rows.tolist()]
    samples = read_pictures(request, folder, shown, look_at(folder, shown, at), node)
    inputs = tuple(samples.select(part) for part in torch.arange(len(shown)).chunk(len(columns)))
    whole = Split(inputs, tuple(values[rows] for values in labels), rows, each[0])
    groups, _ = row_values(request.groups, frame, request, np.array(kept))
    strata, words = row_values(request.strata, frame, request, np.array(kept))
    return LoadedData(
        whole,
        targets=tuple(targets) or (Target(),),
        picture=True,
        shaped=request.shape is not None,
        groups=groups,
        strata=strata,
        strata_names=words,
    )


def _path(node: Scalar, request: LoadRequest) -> Path:
    try:
        return resolve(node, request.folder)
    except PathRefused as refused:
        raise spec_error("NS601", str(refused), node) from None


def _files(cells: pd.Series, kept: list[bool], folder: Path, at: Node) -> list[str]:
    """The path of each row's picture, from the folder."""
    problems, found, root = Problems(at), list[str](), folder.resolve()
    for row, (cell, keep) in enumerate(zip(cells, kept, strict=True), 1):
        name = str(cell).strip()
        found.append(name)
        if not keep:
            continue
        if name in MISSING:
            problems.add(f"row {row} names no picture")
            continue
        try:
            inside = "\0" not in name and (root / name).resolve().is_relative_to(root)
        except (OSError, RuntimeError):  # a circle of links
            inside = False
        if not inside:
            problems.add(f"row {row}: {name} lies outside of {folder}", ("fix", "folder: where the paths start"))
    problems.finish()
    return found


class _Targets:
    """The targets of a table's rows."""

    def __init__(self, request: LoadRequest, frame: pd.DataFrame, given: dict[str, Any], node: Node) -> None:
        self.frame, self.node = frame, node
        wishes: Wishes = read_wishes(request, [str(name) for name in frame.columns])
        self.wishes = wishes
        self.between, self.at = given.get("label_separator"), request.argument("classes") or node
        self.listed = tuple(map(str, given.get("classes", ())))

    def read(self, wanted: list[tuple[str | None, Any]]) -> tuple[list[Target], list[torch.Tensor], list[bool]]:
        """The targets of each output, and which rows have all of them."""
        kept = np.ones(len(self.frame), bool)
        targets, labels, problems = list[Target](), list[torch.Tensor](), Problems(self.node)
        for output, one in wanted:
            if self.between is not None:
                values, target = self._labels(output, one)
            else:
                values, target, keep, wrong = read_target(self.frame, output, one, self.wishes, kept)
                kept &= keep
                for problem in wrong:
                    problems.add(problem.message, *problem.notes)
                if self.listed and isinstance(one, str):
                    values, target = self._in_their_order(one, output)
            targets.append(target)
            labels.append(values)
        problems.finish()
        return targets, labels, kept.tolist()

    def _labels(self, output: str | None, column: Any) -> tuple[torch.Tensor, Target]:
        """Rows of 0 and 1, a label a column, of cells that hold several labels."""
        if not isinstance(column, str):
            raise spec_error("NS601", "label_separator splits the cells of one column, not of a list", self.node)
        cells = [self._split(cell) for cell in self.frame[column]]
        classes = self.listed or tuple(sorted({label for cell in cells for label in cell}))
        if not classes:
            raise spec_error("NS601", f"the column {column} holds no labels", self.node)
        try:
            refuse_columns(len(classes))
        except TooLarge:
            what = f"the column {column} has {len(classes):,} different labels, more than {MOST_COLUMNS:,}"
            raise spec_error("NS601", what, self.node, ("fix", _SEPARATOR)) from None
        if len(cells) * len(classes) > MOST_LABELS:
            what = f"the column {column} has {len(classes):,} different labels in {len(cells):,} rows"
            raise spec_error("NS601", f"{what}, too many for a 0 or 1 each", self.node, ("fix", _SEPARATOR))
        found, index = torch.zeros(len(cells), len(classes)), {label: at for at, label in enumerate(classes)}
        for row, cell in enumerate(cells):
            self._refuse_unknown(cell, row, index)
            found[row, [index[label] for label in cell]] = 1
        return found, Target(output, classes, column)

    def _split(self, cell: Any) -> list[str]:
        text = "" if cell is None or cell != cell else str(cell)
        return [label.strip() for label in text.split(str(self.between)) if label.strip()]

    def _in_their_order(self, column: str, output: str | None) -> tuple[torch.Tensor, Target]:
        """Class numbers by the list that the spec has."""
        words = ["" if cell is None or cell != cell else str(cell).strip() for cell in self.frame[column]]
        index = {label: at for at, label in enumerate(self.listed)}
        for row, word in enumerate(words):
            self._refuse_unknown([word] if word else [], row, index)
        return torch.tensor([index.get(word, 0) for word in words]), replace(Target(output, self.listed), column=column)

    def _refuse_unknown(self, labels: list[str], row: int, classes: dict[str, int]) -> None:
        for label in labels:
            if label not in classes:
                what = f"row {row + 1} has the label {label!r}, which `classes` has not"
                raise spec_error("NS601", what + did_you_mean(closest(label, classes)), self.at)
