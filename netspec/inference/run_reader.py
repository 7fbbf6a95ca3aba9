"""New files → batches for a run's network, with the transforms that it was trained with.

Input: a run. Output: the reader of its files, and the batcher of its inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from netspec.core.diagnostics import SpecError
from netspec.core.files import ReadError
from netspec.core.shapes import Tensor, show
from netspec.core.tree import Mapping
from netspec.data.checks import smallest_table
from netspec.data.section import dataset_nodes
from netspec.data.tables.encoding import from_json
from netspec.data.text.format import WINDOWS
from netspec.data.transforms import Pipeline, read_pipeline
from netspec.inference.array_reader import ArrayReader, array_names
from netspec.inference.readers import Labels, PictureReader, Sample
from netspec.inference.results import Fault
from netspec.inference.series_reader import SeriesReader
from netspec.inference.stored_run import StoredRun
from netspec.inference.table_reader import TableReader
from netspec.inference.text_reader import TextReader
from netspec.language.ranges import accepts_shape
from netspec.language.sections.array_keys import TIME_SERIES
from netspec.language.spec import Spec
from netspec.objective.losses import Tensors, network_inputs
from netspec.shapes.report import Report

Reader = PictureReader | TableReader | SeriesReader | TextReader | ArrayReader


def make_reader(run: StoredRun, batcher: InputBatcher, labels: Labels | None = None) -> Reader:
    """The reader of samples like the run's own, which are not needed.

    Args:
        run: of pictures, of a table, of a time series, or of texts.
        batcher: of its network's inputs.
        labels: how words become targets; None: samples need none.

    Raises:
        ReadError: run.json holds columns that no run can have.
    """
    info = run.info
    if info.picture and len(batcher.inputs) > 1:
        what = "takes several pictures a sample; netspec.load_run(FOLDER).model() is its network in Python"
        raise ReadError(f"{run.folder.path}: {what}")
    if info.picture:
        pipeline = read_pipeline(run.spec)
        mode = _mode(info.sample, pipeline, batcher.inputs[0])
        pictures = PictureReader(mode, info.sample, pipeline, labels)
        names = array_names(run.spec, batcher.names)
        return ArrayReader(pictures, names, (), True, pipeline, labels)
    if run.text is not None and run.text.kind == WINDOWS:
        raise ReadError(f"{run.folder.path}: is a language model, which continues texts: --generate 'Once upon'")
    if run.text is not None:
        word = _written(run.spec, "word")
        return TextReader(run.text, _written(run.spec, "separator"), labels, int(word) if word else 0)
    shapes = tuple(input.shape for input in batcher.inputs)
    try:
        encodings = from_json(info.encodings)
    except ValueError as error:
        raise ReadError(f"{run.folder.path / 'run.json'}: cannot be read: {error}") from None
    if info.dataset == TIME_SERIES:
        return SeriesReader(run, encodings)
    table = TableReader(info.columns, shapes, _written(run.spec, "separator"), labels, encodings)
    if encodings:  # whose columns an array does not name
        return table
    return ArrayReader(table, array_names(run.spec, batcher.names), shapes, False, Pipeline(), labels)


class InputBatcher:
    """Makes batches of samples as a network takes them.

    Args:
        report: of the network.

    Raises:
        SpecError: NS603, its inputs are not known.
    """

    def __init__(self, report: Report) -> None:
        named = network_inputs(report)
        self.inputs = tuple(named.values())
        self.names = tuple(named)
        self._names = [f"input {name}" if len(named) > 1 else "input" for name in named]
        self._report, self._tables = report, [smallest_table(report, index) for index in range(len(named))]

    def batches(self, samples: Iterable[Sample | Fault], size: int) -> Iterator[list[Sample | Fault]]:
        """Samples in their order, up to `size` of one shape at a time; one that the network does not take is a Fault.

        Args:
            samples: are read as batches are asked for.
            size: samples of a batch, at most.
        """
        batch: list[Sample | Fault] = []
        shapes: list[torch.Size] | None = None
        for item in map(self._checked, samples):
            if isinstance(item, Sample):
                own = [x.shape for x in item.x]
                if shapes is not None and own != shapes:  # of an input of any size
                    yield batch
                    batch = []
                shapes = own
            batch.append(item)
            if len(batch) == size:
                yield batch
                batch, shapes = [], None
        if batch:
            yield batch

    def stack(self, samples: list[Sample], device: torch.device) -> Tensors:
        """The batch of samples of one shape: [B, *input] for each input, on the device, in the inputs' dtypes."""
        parts = zip(*(sample.x for sample in samples), strict=True)
        pairs = zip(parts, self.inputs, strict=True)
        return tuple(torch.stack(part).to(device, getattr(torch, input.dtype)) for part, input in pairs)

    def _checked(self, item: Sample | Fault) -> Sample | Fault:
        """A sample, or the Fault of one that the network does not take."""
        for index, x in enumerate(item.x if isinstance(item, Sample) else ()):
            reason = self._refusal(index, x)
            if reason is not None:
                return Fault(item.file, item.row, reason if item.row is None else f": {reason}")
        return item

    def _refusal(self, index: int, x: torch.Tensor) -> str | None:
        """Why the network does not take a sample for one of its inputs."""
        shape, input, name, table = tuple(x.shape), self.inputs[index], self._names[index], self._tables[index]
        if shape != input.shape and not accepts_shape(self._report.spec, self._report.params, shape, index):
            return f"a sample is {show(shape)}, the network's {name} is {show(input.shape)}"
        if input.dtype.startswith("float") or x.dtype == torch.bool:
            return None
        bad = x[x != x.round()]
        if len(bad):
            return f"{bad[0].item():g} is a fraction, the network's {name} is {input.dtype}"
        if table is not None:
            size, layer = table
            bad = x[(x < 0) | (x >= size)]
            if len(bad):
                return f"{bad[0].item():g} is out of range: {layer} looks up 0 to {size - 1}"
        return None


def _mode(stored: tuple[int, ...] | None, pipeline: Pipeline, input: Tensor) -> str:
    """Whether the run's pictures were grey or coloured, by a stored sample, else by what its transforms take."""
    if stored:
        return "L" if stored[0] == 1 else "RGB"
    try:
        return "RGB" if pipeline.plain(torch.zeros(1, 3, 256, 256)).shape[1] == input.shape[0] else "L"
    except SpecError:  # a Normalize for one channel
        return "L"


def _written(spec: Spec, key: str) -> str | None:
    _, arguments = dataset_nodes(spec)
    written = arguments.get(key) if isinstance(arguments, Mapping) else None
    return str(spec.evaluate(written)) if written is not None else None
