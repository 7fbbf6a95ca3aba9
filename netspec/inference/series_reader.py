"""The last window of each time series in tables, behind which a run predicts.

Input: paths. Output: a Sample for each series, and a Fault for each file or series that cannot be used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from netspec.core.diagnostics import SpecError
from netspec.core.files import COMMAND_LINE
from netspec.core.tree import Mapping, Node, Scalar, Sequence, Span
from netspec.data.section import dataset_nodes
from netspec.data.series import load
from netspec.data.split import LoadRequest
from netspec.data.tables.encoding import Columns, encode
from netspec.data.tables.files import TABLES
from netspec.inference.readers import STDIN, Sample, expand
from netspec.inference.results import Fault
from netspec.inference.stored_run import StoredRun
from netspec.objective.losses import network_inputs
from netspec.runtime.diagnostics import counted

_TYPED = Span(COMMAND_LINE, 1, 1, 1, 1)


@dataclass(frozen=True)
class SeriesReader:
    """Reads tables as the run's time series was read.

    Args:
        run: of a time series.
        encodings: how the columns of each input become its numbers, of those that are no plain numbers.
    """

    run: StoredRun
    encodings: tuple[Columns, ...]

    def samples(self, paths: Iterable[str]) -> Iterator[Sample | Fault]:
        """The last windows of the series of files, and of folders of them."""
        for file in expand(paths, TABLES, "table (*.csv, *.parquet, …)"):
            if isinstance(file, Fault):
                yield file
            elif file == STDIN:
                yield Fault(file, None, "a time series is read as a whole; give a file")
            else:
                yield from self._file(file)

    def _file(self, file: str) -> Iterator[Sample | Fault]:
        try:
            loaded = load(self._request(file))
        except SpecError as error:
            for found in error.diagnostics:
                missing = found.message.startswith("there is no file")
                yield Fault(file, None, "no such file" if missing else found.message, unreadable=missing)
            return
        whole, windows = loaded.whole, loaded.whole.windows
        assert windows is not None
        columns = zip(self.encodings or loaded.encodings, whole.tables, strict=True)
        inputs, rows, short = windows.last(whole.rows, tuple(encode(each, x) for each, x in columns))
        for row in short:
            what = f" ends a series that is shorter than the {counted(windows.window, 'row')} of a window"
            yield Fault(file, row + 1, what)
        for index, row in enumerate(rows.tolist()):
            yield Sample(file, row + 1, tuple(x[index] for x in inputs))

    def _request(self, file: str) -> LoadRequest:
        """The request of the run, for another file and with its columns by name."""
        name, arguments = dataset_nodes(self.run.spec)
        assert isinstance(arguments, Mapping)
        inputs = network_inputs(self.run.report)
        parts = dict(zip(inputs, self._columns(), strict=True))
        columns: Node = _names(self.run.info.columns)
        if len(parts) > 1:
            columns = Mapping(tuple((_text(input), _names(part)) for input, part in parts.items()), _TYPED)
        given = {"path": _text(file), "columns": columns}
        kept = tuple((key, value) for key, value in arguments if key.value not in given)
        entries = (*kept, *((_text(key), value) for key, value in given.items()))
        spec = self.run.spec
        return LoadRequest(
            name,
            replace(arguments, entries=entries),
            spec.folder,
            spec.values,
            inputs,
            own_targets=True,
            encodings=self.encodings,
        )

    def _columns(self) -> list[tuple[str, ...]]:
        """The names of the columns of each input."""
        names = iter(self.run.info.columns)
        if not self.encodings:
            _, arguments = dataset_nodes(self.run.spec)
            written = arguments.get("columns") if isinstance(arguments, Mapping) else None
            if not isinstance(written, Mapping):
                return [self.run.info.columns]
            sizes = [len(value.items) for _, value in written if isinstance(value, Sequence)]
            return [tuple(next(names) for _ in range(size)) for size in sizes]
        return [tuple(next(names) for _ in part) for part in self.encodings]


def _text(value: str) -> Scalar:
    return Scalar(value, _TYPED, value, plain=False)


def _names(names: Iterable[str]) -> Sequence:
    return Sequence(tuple(map(_text, names)), _TYPED)
