"""Data as they were read → Data as the network takes them: columns, tokens and scalings of the training part alone.

Input: Data with raw numbers, Documents, or the rows of a time series. Output: with float32 numbers, Tokens, windows.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from netspec.data.split import Data, Split
from netspec.data.tables.cells import CellError
from netspec.data.tables.encoding import encode, fit
from netspec.data.text.encoding import encoded_texts
from netspec.data.text.sources import Documents
from netspec.data.windows import Samples, WindowError, target_unit
from netspec.runtime.diagnostics import spec_error


def encoded_data(data: Data) -> Data:
    """The data of a table as the network takes them: its columns are fitted to the training part alone.

    Args:
        data: as `read_data` gives them.

    Raises:
        SpecError: NS601, it has nothing to fit a column to.
    """
    raw = data.source.encodings
    if isinstance(data.train.inputs[0], Documents):
        return Data(*encoded_texts(data.train, data.val, data.source, data.node), data.node)
    if not raw:
        return data
    try:
        fitted = tuple(fit(columns, x) for columns, x in zip(raw, data.train.tables, strict=True))
    except CellError as error:
        notes = [("fix", error.advice)] if error.advice else []
        raise spec_error("NS601", str(error), data.node, *notes) from None

    def encoded(split: Split) -> Split:
        inputs = tuple(encode(columns, x) for columns, x in zip(fitted, split.tables, strict=True))
        return replace(split, inputs=inputs)

    train = encoded(data.train)
    val = None if data.val is None else encoded(data.val)
    source = replace(data.source, whole=train, encodings=fitted)
    return replace(data, train=train, val=val, source=source)


def windowed_data(data: Data) -> Data:
    """The data of a time series as samples: windows of each part, and targets scaled by the training part alone.

    Args:
        data: as `encoded_data` gives them.

    Raises:
        SpecError: NS601, a part is shorter than a window.
    """
    windows = data.train.windows
    if windows is None:
        return data
    columns = _columns(data.train)
    unit = None if columns is None else target_unit(columns, windows.normalize)
    found: list[Samples] = []
    for part, what in ((data.train, "training"), (data.val, "validation")):
        if part is None:
            continue
        how = part.windows or windows
        if (how.window, how.horizon) != (windows.window, windows.horizon):
            raise spec_error(
                "NS601", "the validation set has another window or horizon than the training set", data.node
            )
        targets = _columns(part)
        scaled = targets if targets is None or unit is None else unit.scaled(targets)
        try:
            found.append(how.cut(part.rows, part.tables, scaled))
        except WindowError as error:
            fix = ("fix", "a shorter window or horizon" + (", or another val" if data.val is not None else ""))
            raise spec_error("NS601", f"the {what} part: {error}", data.node, fix) from None
    train, *val = (Split(samples.inputs, samples.targets, samples.rows) for samples in found)
    target = replace(data.source.targets[0], unit=unit)
    source = replace(data.source, whole=train, targets=(target,))
    return replace(data, train=train, val=val[0] if val else None, source=source, naive=found[-1].naive)


def _columns(split: Split) -> torch.Tensor | None:
    """The target columns [R, K] of a time series; None where its samples are their own targets."""
    return next((columns for columns in split.targets if isinstance(columns, torch.Tensor)), None)
