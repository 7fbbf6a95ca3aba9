"""Integer samples against the tables of vectors that the network looks them up in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from netspec.core.tree import Mapping, Node, Scalar
from netspec.data.section import Data
from netspec.data.split import Split
from netspec.language.sections.section_keys import DATASETS
from netspec.runtime.diagnostics import At, Collector, input_of, problem, sample_place
from netspec.shapes.report import Report


def smallest_table(report: Report, input: int) -> tuple[int, str] | None:
    """The size of the smallest table that an input's numbers are looked up in, and what to call its layer.

    Numbers that fit into it fit into all; None where the input (counted from 0) feeds no Embedding.
    """
    sizes: dict[int, str] = {}
    for call in report.graph.calls if report.graph is not None else ():
        if call.record.name == "Embedding" and input_of(report, call.inputs[0]) == input:
            sizes.setdefault(int(report.inferred[call.id].args["num_embeddings"]), call.path)
    if not sizes:
        return None
    layer = sizes[min(sizes)]
    return min(sizes), "the Embedding" if layer.isdigit() else f"Embedding {layer}"


def check_lookups(report: Report, data: Data) -> None:
    """Every sample's numbers against `num_embeddings` of the Embedding that their input feeds.

    Raises:
        SpecError: NS602 at the data, for the first sample that is out of range for a table.
    """
    val = report.spec.data.get("val") if isinstance(report.spec.data, Mapping) else None
    apart = val if isinstance(val, Mapping) or (isinstance(val, Scalar) and val.value in DATASETS) else None
    collector = Collector()
    for index, name in enumerate(() if data.source.picture else report.inputs):
        found = smallest_table(report, index)
        if found is not None:
            with collector.step():
                _compare(data.train, index, found, partial(_place, report, name, data.node))
            if data.val is not None:
                with collector.step():
                    _compare(data.val, index, found, partial(_place, report, name, data.node, apart=apart))
    collector.finish()


def _place(report: Report, input: str, dataset: Scalar, row: int, apart: Node | None = None) -> At:
    """Where a sample stands; `apart` is where its dataset is named, if it has one of its own."""
    return apart or sample_place(report.spec, "x", input, row) or dataset


def _compare(split: Split, input: int, table: tuple[int, str], at: Callable[[int], At]) -> None:
    """The samples of an input against the size of its table, and its layer's name; `at` gives the place of a row."""
    size, layer = table
    inputs = split.tables[input]  # [N, ...]
    bad = ((inputs < 0) | (inputs >= size)).flatten(1)  # [N, numbers of a sample]
    if not bool(bad.any()):
        return
    index = int(bad.any(1).nonzero()[0, 0])
    number = inputs[index].flatten()[bad[index]][0].item()
    row = int(split.rows[index])
    fix = f"num_embeddings: {int(inputs.max()) + 1}" if int(inputs.min()) >= 0 else "number what is looked up from 0"
    raise problem("NS602", f"{number:g} in row {row + 1}: {layer} looks up 0 to {size - 1}", at(row), ("fix", fix))
