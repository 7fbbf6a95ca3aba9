"""What a spec tells of the windows of a time series before its file is read."""

from __future__ import annotations

from netspec.lint.datasets import DatasetFacts, WrittenDataset
from netspec.lint.written_datasets import column_width


def series_facts(written: WrittenDataset) -> DatasetFacts | None:
    """The shape of a window, as far as its columns are known, and of the targets of the rows behind it."""
    args = written.args
    window, horizon = args.get("window"), args.get("horizon", 1)
    if not isinstance(window, int) or not isinstance(horizon, int) or isinstance(window, bool) or window < 1:
        return None
    columns, target = args.get("columns"), args.get("target")
    columns = columns.get(written.entering) if isinstance(columns, dict) else columns
    widths = [column_width(args, str(column)) for column in columns] if isinstance(columns, list) else [None]
    width = None if None in widths else sum(number for number in widths if number is not None)
    shape: tuple[int | None, ...] = (window, width)
    if len(written.input) == 1:
        shape = (None if width is None else window * width,)
    behind = (*((horizon,) if horizon > 1 else ()), *((len(target),) if isinstance(target, list) else ()))
    title = str(written.name.value)
    return DatasetFacts(written.name, title, shape, regression=True, target=behind, fractions=False)
