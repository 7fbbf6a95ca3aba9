"""Integer samples against the tables of vectors that the network looks them up in."""

from __future__ import annotations

from netspec.ground.tree import Mapping, Node, Scalar
from netspec.runner.data import Data
from netspec.runner.places import is_input, sample_place
from netspec.runner.problems import Collector, problem
from netspec.runner.samples import Split
from netspec.stages.section_keys import DATASETS
from netspec.stages.spec import Report


def check_lookups(report: Report, data: Data) -> None:
    """Every sample's numbers against `num_embeddings` of the Embedding that the input feeds.

    Raises:
        SpecError: NS602 at the data, for the first sample that is out of range for a table.
    """
    if report.graph is None or data.source.picture:
        return
    smallest: dict[int, str] = {}
    for call in report.graph.calls:
        if call.record.name == "Embedding" and is_input(report, call.inputs[0]):
            smallest.setdefault(int(report.inferred[call.id].args["num_embeddings"]), call.path)
    if not smallest:
        return
    size = min(smallest)  # what fits into the smallest table fits into all
    val = report.spec.data.get("val") if isinstance(report.spec.data, Mapping) else None
    apart = val if isinstance(val, Mapping) or (isinstance(val, Scalar) and val.value in DATASETS) else None
    collector = Collector()
    with collector.step():
        _compare(report, data.train, size, smallest[size], None, data.node)
    if data.val is not None:
        with collector.step():
            _compare(report, data.val, size, smallest[size], apart, data.node)
    collector.finish()


def _compare(report: Report, split: Split, size: int, layer: str, apart: Node | None, name: Scalar) -> None:
    """A split's inputs against 0 to size - 1; `apart` is where its dataset is named, if it has one of its own."""
    inputs = split.table  # [N, ...]
    bad = ((inputs < 0) | (inputs >= size)).flatten(1)  # [N, numbers of a sample]
    if not bool(bad.any()):
        return
    index = int(bad.any(1).nonzero()[0, 0])
    number = inputs[index].flatten()[bad[index]][0].item()
    row = int(split.rows[index])
    at = apart or sample_place(report.spec, "x", row) or name
    what = "the Embedding" if layer.isdigit() else f"Embedding {layer}"
    fix = f"num_embeddings: {int(inputs.max()) + 1}" if int(inputs.min()) >= 0 else "number what is looked up from 0"
    raise problem("NS602", f"{number:g} in row {row + 1}: {what} looks up 0 to {size - 1}", at, ("fix", fix))
