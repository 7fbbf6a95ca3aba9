"""What is understood of a spec's data: columns and their kinds, classes, missing cells, ranges, the first rows, memory.

Input: a spec. Output: the description as JSON, and as tables for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from netspec.checker import check
from netspec.core.diagnostics import SpecError
from netspec.core.shapes import Tensor, show
from netspec.core.tree import Mapping
from netspec.data.fitting import encoded_data, windowed_data
from netspec.data.section import read_data
from netspec.data.split import Data, Split
from netspec.data.tables.columns import Column
from netspec.data.tables.encoding import Columns, arithmetic
from netspec.data.transforms import read_pipeline
from netspec.language.sections.table_keys import DATE, NUMBER
from netspec.language.spec import Spec
from netspec.objective.losses import network_inputs
from netspec.render.summary import bytes_text
from netspec.render.tables import Table
from netspec.reports.text_dataset import describe_texts, text_tables
from netspec.training.plan import PLACEHOLDER

FIRST = 5  # rows that are shown
MOST = 8  # values of a category, or classes, that a line names


def describe(spec: Spec) -> dict[str, Any]:
    """What is understood of a spec's data, as JSON; what is wrong with the network does not matter.

    Args:
        spec: whose `data` is read.

    Raises:
        SpecError: the data cannot be read.
    """
    report = check(spec)
    if not spec.document.entries:
        raise SpecError(report.diagnostics)
    inputs: dict[str, Tensor] = network_inputs(report) if report.ok else PLACEHOLDER
    pipeline = read_pipeline(spec)
    raw = read_data(spec, inputs, _seed(spec), pipeline.shape if pipeline.before else None)
    data = windowed_data(encoded_data(raw))
    if data.source.text is not None:
        return describe_texts(data, [*inputs])
    parts = [part for part in (data.train, data.val) if part is not None]
    content: dict[str, Any] = {"version": 1, "dataset": str(data.node.value)}
    content["parts"] = dict(zip(("train", "val"), map(len, parts), strict=False))
    if data.untouched:
        content["test"] = data.untouched
    content["inputs"] = [_input(data, index, name) for index, name in enumerate([*inputs][: len(data.train.inputs)])]
    content["columns"] = [_column(column, cells) for column, cells in _columns(raw)]
    content["targets"] = [_target(raw, index) for index in range(len(raw.train.targets))]
    content["rows"] = _rows(raw)
    content["bytes"] = sum(x.nbytes for part in parts for x in (*part.tables, *part.targets))
    return content


def _seed(spec: Spec) -> int:
    node = spec.train.get("seed") if isinstance(spec.train, Mapping) else None
    value = 0 if node is None else spec.evaluate(node)
    return value if isinstance(value, int) else 0


def _input(data: Data, index: int, name: str) -> dict[str, Any]:
    x, encodings = data.train.inputs[index], data.source.encodings
    shape = list(x.shape[1:])
    return {"name": name, "shape": shape, "sum": _sum(encodings[index] if encodings else (), shape)}


def _sum(columns: Columns, shape: list[int]) -> str:
    """A sample's shape, and the sum that gives its last size."""
    if not columns:
        return show(tuple(shape))
    rows = f"{shape[0]} rows of " if len(shape) > 1 else ""
    return rows + arithmetic(columns)


def _columns(raw: Data) -> Iterator[tuple[Column, torch.Tensor]]:
    """The columns of a table with their raw numbers [N], of both parts."""
    source = raw.source
    if not source.columns:
        return
    names = iter(source.columns)
    for index, x in enumerate(raw.train.tables):
        plain = tuple(Column(next(names)) for _ in range(x.shape[1])) if not source.encodings else ()
        whole = x if raw.val is None else torch.cat([x, raw.val.tables[index]])
        for place, column in enumerate(plain or source.encodings[index]):
            yield column, whole[:, place]


def _column(column: Column, cells: torch.Tensor) -> dict[str, Any]:
    present = cells[~cells.isnan()].double()
    facts = {"name": column.name, "kind": column.kind, "becomes": column.width, "missing": len(cells) - len(present)}
    if column.kind in (NUMBER, DATE):
        return {**facts, **_range(present, column)}
    words, counts = torch.unique(present, return_counts=True)
    found = {column.text(word): count for word, count in zip(words.tolist(), counts.tolist(), strict=True)}
    return {**facts, "values": {**dict.fromkeys(column.values, 0), **found}}


def _range(numbers: torch.Tensor, column: Column) -> dict[str, Any]:
    """The least, the middle and the largest; dates as text."""
    if not len(numbers):
        return {}
    each = {"min": numbers.min(), "mean": numbers.double().mean(), "max": numbers.max()}
    if column.kind == DATE:
        return {name: column.text(each[name].item()) for name in ("min", "max")}
    return {name: float(f"{value.item():.6g}") for name, value in each.items()}


def _target(data: Data, index: int) -> dict[str, Any]:
    target = data.source.targets[index]
    each = (part.targets[index] for part in (data.train, data.val) if part is not None)
    values = torch.cat([y for y in each if isinstance(y, torch.Tensor)])
    facts: dict[str, Any] = {"output": target.output, "column": target.column, "shape": list(values.shape[1:])}
    if not target.classes:
        numbers = values.flatten()
        return {**facts, **_range(numbers[~numbers.isnan()], Column(target.column or "target"))}
    if values.ndim == 2:  # a row of 0 and 1 a sample
        counts = (values > 0).sum(0)
    else:
        counts = torch.bincount(values.flatten().long(), minlength=len(target.classes))
        facts |= (
            {"ignored": int(counts[target.ignore])} if target.ignore is not None and target.ignore < len(counts) else {}
        )
    return {**facts, "classes": dict(zip(target.classes, counts.tolist(), strict=False))}


def _rows(raw: Data) -> list[list[str]]:
    """The first rows of a table, as they were written, with their targets."""
    columns = [
        (column, cells[:FIRST].tolist()) for column, cells in _columns(Data(raw.train, None, raw.source, raw.node))
    ]
    if not columns:
        return []
    texts = [[column.text(cell) for cell in cells] for column, cells in columns]
    targets = [
        _target_texts(raw.train, index, target.classes)
        for index, target in zip(range(len(raw.train.targets)), raw.source.targets, strict=False)
    ]
    return [list(row) for row in zip(*texts, *targets, strict=True)]


def _target_texts(split: Split, index: int, classes: tuple[str, ...]) -> list[str]:
    values = split.targets[index][:FIRST].tolist()
    if classes:
        return [classes[value] for value in values]
    return [" ".join(f"{number:g}" for number in (value if isinstance(value, list) else [value])) for value in values]


def description_tables(content: dict[str, Any]) -> list[Table]:
    """The description for people.

    Args:
        content: as `describe` gives it.
    """
    if "tokenizer" in content:
        return text_tables(content)
    verbs = ("train on", "validate with")
    counts = zip(content["parts"].values(), verbs, strict=False)
    parts = ", ".join(f"{count:,} samples to {verb}" for count, verb in counts)
    parts += f", {content['test']} to test" if "test" in content else ""
    title = f"{content['dataset']}: {parts}; {bytes_text(content['bytes'])}"
    inputs = tuple((each["name"], each["sum"]) for each in content["inputs"])
    tables = [Table(("input", "a sample"), inputs, left=2, title=title)]
    if content["columns"]:
        head = ("column", "kind", "holds", "numbers", "missing")
        rows = [
            (each["name"], each["kind"], _holds(each), str(each["becomes"]), str(each["missing"] or ""))
            for each in content["columns"]
        ]
        tables.append(Table(head, tuple(rows), left=3))
    targets = [(each["column"] or "", each["output"] or "", _holds(each)) for each in content["targets"]]
    tables.append(Table(("target", "output", "holds"), tuple(targets), left=3))
    if content["rows"]:
        names = (
            *(each["name"] for each in content["columns"]),
            *(each["column"] or "target" for each in content["targets"]),
        )
        tables.append(Table(names, tuple(map(tuple, content["rows"])), left=len(names), title="the first rows"))
    return tables


def _holds(facts: dict[str, Any]) -> str:
    """A range, or values with how often they are there."""
    values = facts.get("values", facts.get("classes"))
    if values is None:
        mean = f", mean {facts['mean']:g}" if "mean" in facts else ""
        return f"{facts['min']} to {facts['max']}{mean}" if "min" in facts else "nothing"
    named = ", ".join(f"{name} {count}" for name, count in [*values.items()][:MOST])
    more = f", … ({len(values)} in all)" if len(values) > MOST else ""
    return named + more + (f"; {facts['ignored']} do not count" if facts.get("ignored") else "")
