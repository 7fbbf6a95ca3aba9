"""`Text` → LoadedData: documents with a class or a number each, which become tokens when the training part is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Node, Scalar
from netspec.data.csv_table import column_named, row_values
from netspec.data.split import LoadedData, LoadRequest, Split, Target, own_arguments
from netspec.data.tables.bounded import OPEN
from netspec.data.tables.files import TABLES, TableError, read_table, written_separator
from netspec.data.tables.kinds import Wishes
from netspec.data.tables.reading import Problem
from netspec.data.tables.targets import read_target
from netspec.data.text import python_texts
from netspec.data.text.format import DOCUMENTS, TextFormat, padding_of, text_input, wanted_tokenizer
from netspec.data.text.sources import TEXT_SUFFIXES, Documents, TextError, lines_of, read_file
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.text_keys import FUNCTIONS, PYTHON, TEXT_KEYS
from netspec.runtime.diagnostics import counted, spec_error, unknown_name


def load(request: LoadRequest) -> LoadedData:
    """`{Text: {path: reviews.csv, target: stars}}`: the texts, and their labels as of a table, or by their folders.

    Args:
        request: of the spec.

    Raises:
        SpecError: NS601, a file is missing, empty, not UTF-8, or without labels; NS202, NS203 for arguments.
    """
    node, values = path_and_values(request, *(key.name for key in TEXT_KEYS))
    if request.own_targets:
        raise spec_error("NS603", "`target: input` is for samples of numbers, not for texts", request.name)
    mask = values.get("mask")
    tokens = request.inputs[text_input(request.inputs, mask)]
    try:
        read = _read(request, node, values)
    except TextError as error:
        raise spec_error("NS601", str(error), node) from None
    documents = read.documents
    at = request.argument("tokenizer") or node
    wanted = wanted_tokenizer(request.argument("tokenizer"), values.get("tokenizer"), request.folder)
    padding = padding_of(values.get("length"), tokens, request.lengths.get(text_input(request.inputs, mask)))
    first = next(iter(request.inputs)) == mask
    text = TextFormat(DOCUMENTS, wanted, padding, values.get("truncate") == "start", mask, first, read.column, node=at)
    if documents.files or node.text.startswith(PYTHON):
        text = replace(text, whole=True)
    split = Split((documents,), read.targets, torch.arange(len(documents)))
    return LoadedData(
        split,
        targets=(read.target,),
        text=text,
        groups=read.groups,
        strata=read.strata,
        strata_names=read.strata_names,
    )


def preview(request: LoadRequest) -> None:
    """Look whether the file is there, for a spec that has other errors.

    Raises:
        SpecError: NS601, it is not, or lies outside the spec's folder.
    """
    node, _ = path_and_values(request, *(key.name for key in DATASETS[str(request.name.value)].keys or ()))
    if node.text.startswith(PYTHON):
        return
    try:
        path = resolve(node, request.folder)
    except PathRefused as refused:
        raise spec_error("NS601", str(refused), node) from None
    if not path.exists():
        raise spec_error("NS601", f"there is no file {path}", node)


def path_and_values(request: LoadRequest, *allowed: str) -> tuple[Scalar, dict[str, Any]]:
    """The node of `path`, which may stand there alone, and the values of all arguments.

    Raises:
        SpecError: NS203, there is none; NS205, there are others than `allowed`.
    """
    if isinstance(request.arguments, Scalar) and request.arguments.value is not None:
        return request.arguments, {}
    values = own_arguments(request, *allowed)
    node = request.argument("path")
    if not isinstance(node, Scalar):
        raise spec_error("NS203", f"{request.name.value} needs path, the file", node or request.name)
    return node, values


def text_path(node: Scalar, folder: Path) -> Path:
    """The path of texts.

    Raises:
        TextError: there is nothing, or it is outside the spec's folder.
    """
    try:
        path = resolve(node, folder)
    except PathRefused as refused:
        raise TextError(str(refused)) from None
    if not path.exists():
        raise TextError(f"there is no file {path}")
    return path


class _Read(NamedTuple):
    """Documents, their targets, what these are; of a table the column of the texts, and what rows are divided by."""

    documents: Documents
    targets: tuple[torch.Tensor, ...]
    target: Target
    column: str | None = None
    groups: torch.Tensor | None = None
    strata: torch.Tensor | None = None
    strata_names: tuple[str, ...] = ()


def _read(request: LoadRequest, node: Scalar, values: dict[str, Any]) -> _Read:
    path = None if node.text.startswith(PYTHON) else text_path(node, request.folder)
    column = request.groups or request.strata
    if column is not None and (path is None or path.is_dir()):
        what = f"{node.text} has no column to divide by; a table of texts has"
        raise spec_error("NS601", what, column)
    if path is None:
        texts, labels = _python(node)
        return _Read(Documents.of(texts), *_classes(labels))
    if path.is_dir():
        documents, labels = labelled_folder(path, request.memory)
        return _Read(documents, *_classes(labels))
    if path.name.lower().endswith(TABLES):
        return _table(request, node, path, values)
    read_file(path, request.memory)  # which says what is wrong with the file itself
    raise spec_error(
        "NS601",
        f"{path.name} holds texts without labels",
        node,
        ("fix", "a table with a column of texts and one of labels, or a folder with a .txt file for each class"),
        ("or", f"TextWindows: {{path: {node.text}}}, for a language model"),
    )


def _python(node: Scalar) -> tuple[tuple[str, ...], tuple[str, ...]]:
    name = node.text.removeprefix(PYTHON)
    if name != FUNCTIONS:
        what = f"Python brings no texts {name!r} with labels"
        raise unknown_name("NS604", what, node, name, [FUNCTIONS])
    return python_texts.functions()


def _classes(labels: tuple[str, ...]) -> tuple[tuple[torch.Tensor, ...], Target]:
    names = tuple(sorted(set(labels)))
    indexes = {name: index for index, name in enumerate(names)}
    return (torch.tensor([indexes[label] for label in labels]),), Target(None, names)


def text_file(path: Path) -> bool:
    """Whether a file is one of text, by its suffix."""
    name = path.name.lower()
    stem = next((name.removesuffix(suffix) for suffix in OPEN if name.endswith(suffix)), name)
    return stem.endswith(TEXT_SUFFIXES) and not name.startswith(".")


def labelled_folder(path: Path, memory: int) -> tuple[Documents, tuple[str, ...]]:
    """The texts of a folder with a folder, or a file, for each class."""
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    folders, files = [each for each in entries if each.is_dir()], [each for each in entries if text_file(each)]
    if folders and files:
        raise TextError(
            f"{path} holds folders and {counted(len(files), 'text file')}; a class is one of them, not both"
        )
    if folders:
        found = [(each, folder.name) for folder in folders for each in sorted(folder.rglob("*")) if text_file(each)]
        if not found:
            raise TextError(f"no folder in {path} holds text files ({', '.join(TEXT_SUFFIXES)})")
        return Documents.of(files=tuple(each for each, _ in found)), tuple(name for _, name in found)
    if not files:
        raise TextError(f"{path} holds no text files ({', '.join(TEXT_SUFFIXES)}), and no folders of them")
    texts: list[str] = []
    labels: list[str] = []
    for file in files:
        memory -= file.stat().st_size
        lines = lines_of(read_file(file, max(memory, 0)))
        texts += lines
        labels += [file.name.partition(".")[0]] * len(lines)
    return Documents.of(tuple(texts)), tuple(labels)


def _table(request: LoadRequest, node: Scalar, path: Path, values: dict[str, Any]) -> _Read:
    """The texts of a column, and the targets of another."""
    try:
        frame = read_table(
            path, values.get("header"), written_separator(values.get("separator")), memory=request.memory
        )
    except TableError as error:
        raise TextError(str(error)) from None
    names = [str(name) for name in frame.columns]
    at: Node = request.argument("text") or node
    if "text" not in values and "text" not in names:
        what = f"{path.name} has no column 'text'; it has {', '.join(names[:12])}"
        raise spec_error("NS601", what, node, ("fix", "text: NAME, the column of the texts"))
    column = column_named(values.get("text", "text"), names, at)
    cells = frame[column]
    present = cells.notna().to_numpy()
    if not present.all():
        raise TextError(f"row {int((~present).argmax()) + 1}, column {column!r} has no value")
    documents = Documents.of(tuple(map(str, cells.tolist())))
    wanted = column_named(values.get("target", -1), names, request.argument("target") or node)
    if wanted == column:
        others = [name for name in names if name != column]
        what = f"the target is {column!r}, the column of the texts"
        advice = f"target: {others[0]}, or another column" if others else "a table with a column of labels"
        raise spec_error("NS601", what, request.argument("target") or node, ("fix", advice))
    targets, target, _, problems = read_target(frame, None, wanted, Wishes(), present)
    _refuse(problems)
    request = request if request.text is None else replace(request, groups=None, strata=None)  # a table that validates
    groups, _ = row_values(request.groups, frame, request, present)
    return _Read(documents, (targets,), target, column, groups, *row_values(request.strata, frame, request, present))


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise TextError(problems[0].message)
