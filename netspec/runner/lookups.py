"""Integer samples against the tables of vectors that the network looks them up in."""

from __future__ import annotations

from netspec.ground.tree import Mapping, Node, Scalar
from netspec.runner.data import Data
from netspec.runner.places import is_input, sample_place
from netspec.runner.problems import Collector, problem
from netspec.runner.samples import Split
from netspec.stages.section_keys import DATASETS
from netspec.stages.spec import Report


def smallest_table(report: Report) -> tuple[int, str] | None:
    """The size of the smallest table that the input's numbers are looked up in, and what to call its layer.

    Numbers that fit into it fit into all; None where the input feeds no Embedding.
    """
    sizes: dict[int, str] = {}
    for call in report.graph.calls if report.graph is not None else ():
        if call.record.name == "Embedding" and is_input(report, call.inputs[0]):
            sizes.setdefault(int(report.inferred[call.id].args["num_embeddings"]), call.path)
    if not sizes:
        return None
    layer = sizes[min(sizes)]
    return min(sizes), "the Embedding" if layer.isdigit() else f"Embedding {layer}"


def check_lookups(report: Report, data: Data) -> None:
    """Every sample's numbers against `num_embeddings` of the Embedding that the input feeds.

    Raises:
        SpecError: NS602 at the data, for the first sample that is out of range for a table.
    """
    found = None if data.source.picture else smallest_table(report)
    if found is None:
        return
    size, layer = found
    val = report.spec.data.get("val") if isinstance(report.spec.data, Mapping) else None
    apart = val if isinstance(val, Mapping) or (isinstance(val, Scalar) and val.value in DATASETS) else None
    collector = Collector()
    with collector.step():
        _compare(report, data.train, size, layer, None, data.node)
    if data.val is not None:
        with collector.step():
            _compare(report, data.val, size, layer, apart, data.node)
    collector.finish()


def _compare(report: Report, split: Split, size: int, layer: str, apart: Node | None, name: Scalar) -> None:
    """A split's inputs against 0 to size - 1; `apart` is where its dataset is named, if it has one of its own."""
    inputs = split.inputs  # [N, ...]
    bad = ((inputs < 0) | (inputs >= size)).flatten(1)  # [N, numbers of a sample]
    if not bool(bad.any()):
        return
    index = int(bad.any(1).nonzero()[0, 0])
    number = inputs[index].flatten()[bad[index]][0].item()
    row = int(split.rows[index])
    at = apart or sample_place(report.spec, "x", row) or name
    fix = f"num_embeddings: {int(inputs.max()) + 1}" if int(inputs.min()) >= 0 else "number what is looked up from 0"
    raise problem("NS602", f"{number:g} in row {row + 1}: {layer} looks up 0 to {size - 1}", at, ("fix", fix))
