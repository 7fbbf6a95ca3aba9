"""Time series → LoadedData: the rows of a table in the order of their series, from which windows are cut later.

Input: the arguments of `TimeSeries`. Output: raw numbers of the columns, one series after the other, with the targets
of each row, NaN where they have none, and the Windows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from netspec.core.tree import Mapping, Node
from netspec.data.csv_table import column_named, columns_named, read_file, refuse
from netspec.data.split import LoadedData, LoadRequest, Split, Target, by_input, items
from netspec.data.tables.columns import Column
from netspec.data.tables.kinds import Wishes, read_columns
from netspec.data.tables.reading import Problem, read_like
from netspec.data.tables.wishes import read_wishes
from netspec.data.times import read_order
from netspec.data.windows import Windows
from netspec.language.sections.table_keys import DROP, FFILL, GAPS_ERROR, INDEX, ONEHOT
from netspec.runtime.diagnostics import spec_error

if TYPE_CHECKING:
    import pandas as pd


def load(request: LoadRequest) -> LoadedData:
    """`{TimeSeries: {path: visitors.csv, window: 28, horizon: 7, time: day, target: visitors}}`.

    Raises:
        SpecError: NS601 for the file, its times and its cells; NS202, NS203 for the arguments.
    """
    node, values, frame = read_file(request)
    names = [str(name) for name in frame.columns]
    written = request.argument("target")
    if isinstance(written, Mapping):
        raise spec_error("NS601", "a time series has one target: a column, or a list of them", written)
    target: str | list[str] = []
    if not request.own_targets:
        target = names[-1] if written is None else columns_named(written, names, request)
    time, series = (_optional(request, key, names) for key in ("time", "series"))
    order = read_order(frame, time, series, str(values.get("gaps", GAPS_ERROR)))
    if isinstance(order, Problem):
        refuse([order], node)
        raise AssertionError  # refuse has raised
    wishes = read_wishes(request, names)
    frame, wishes = _filled(frame, wishes, names, series, request)
    parts = [(next(iter(request.inputs)), [name for name in names if name not in (time, series)])]
    if request.argument("columns") is not None:
        named = by_input(request.argument("columns"), request)
        parts = [
            (input, [column_named(request.evaluate(one), names, one) for one in items(part)]) for input, part in named
        ]
    if not all(part for _, part in parts):
        raise spec_error("NS601", f"{node.text} has no column but that of the time", node)
    inputs, encodings, problems = [], [], list[Problem]()
    for index, (input, chosen) in enumerate(parts):
        columns, raw, wrong = _input(request, frame, index, input, chosen, wishes)
        inputs.append(raw)
        encodings.append(columns)
        problems += wrong
    wanted = [target] if isinstance(target, str) else target
    labels, wrong = read_like(frame, [Column(name, missing=wishes.missing_of(name)) for name in wanted])
    told = {problem.message for problem in problems}
    refuse([*problems, *(problem for problem in wrong if problem.message not in told)], node)
    rows = torch.from_numpy(order.rows)
    shape = _sizes(request)
    windows = Windows(
        shape.window,
        0 if request.own_targets else shape.horizon,
        shape.stride,
        torch.from_numpy(order.following),
        None if order.moments is None else torch.from_numpy(order.moments),
        shape.season,
        wishes.normalize,
        tuple(len(request.inputs[input].shape) == 1 if input in request.inputs else False for input, _ in parts),
        not isinstance(target, str),
        request.memory,
    )
    targets = () if request.own_targets else (torch.from_numpy(labels).float()[rows],)
    split = Split(tuple(x[rows] for x in inputs), targets, rows, windows=windows)
    features = tuple(name for _, chosen in parts for name in chosen)
    aim = Target(None, (), target if isinstance(target, str) else None)
    return LoadedData(split, targets=(aim,), columns=features, encodings=tuple(encodings))


def _input(
    request: LoadRequest, frame: pd.DataFrame, index: int, input: str, names: list[str], wishes: Wishes
) -> tuple[tuple[Column, ...], torch.Tensor, list[Problem]]:
    """The columns of one input, their raw numbers [L, columns], and what is wrong with them."""
    like = request.encodings[index] if index < len(request.encodings) else ()
    if len(like) == len(names):
        columns = tuple(replace(column, name=name) for column, name in zip(like, names, strict=True))
        raw, problems = read_like(frame, columns)
    else:
        tensor = request.inputs.get(input, request.input)
        encode = ONEHOT if tensor.dtype.startswith("float") else INDEX
        columns, raw, problems = read_columns(frame, names, wishes, encode)
    return columns, torch.from_numpy(raw), problems


def _filled(
    frame: pd.DataFrame, wishes: Wishes, names: list[str], series: str | None, request: LoadRequest
) -> tuple[pd.DataFrame, Wishes]:
    """The table with the last value before an empty cell where that is asked for, and the other wishes."""
    node = request.argument("missing")
    if node is not None and DROP in wishes.missing.values():
        what = "drop leaves a hole in a time series"
        raise spec_error("NS601", what, node, ("fix", f"missing: {FFILL} takes the last value before it"))
    filled = [name for name in names if wishes.missing_of(name) == FFILL]
    if not filled:
        return frame, wishes
    cells = frame[filled] if series is None else frame.groupby(series, sort=False)[filled]
    frame = frame.copy()
    frame[filled] = cells.ffill()
    rest = {name: wishes.missing_of(name) for name in names}
    kept: dict[str | None, str] = {name: rule for name, rule in rest.items() if rule is not None and rule != FFILL}
    return frame, replace(wishes, missing=kept)


@dataclass(frozen=True)
class _Sizes:
    """The numbers that a request has for its windows."""

    window: int
    horizon: int
    stride: int
    season: int | None


def _sizes(request: LoadRequest) -> _Sizes:
    """The sizes of windows.

    Raises:
        SpecError: NS203, there is no window; NS202, NS601, a size is none.
    """
    window, season = _size(request, "window"), _size(request, "season")
    if window is None:
        raise spec_error("NS203", "TimeSeries needs window, the rows that the network sees", request.name)
    node = request.argument("season")
    if node is not None and season is not None and season > window:
        what = f"a season of {season} rows does not lie in a window of {window}"
        raise spec_error("NS601", what, node, ("fix", f"window: {season}, or more"))
    return _Sizes(window, _size(request, "horizon") or 1, _size(request, "stride") or 1, season)


def _size(request: LoadRequest, key: str) -> int | None:
    node = request.argument(key)
    value = None if node is None else request.evaluate(node)
    if node is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**31:
        raise spec_error("NS202", f"TimeSeries → {key} is an integer ≥ 1, not {value}", node)
    return value


def _optional(request: LoadRequest, key: str, names: list[str]) -> str | None:
    node: Node | None = request.argument(key)
    return None if node is None else column_named(request.evaluate(node), names, node)
