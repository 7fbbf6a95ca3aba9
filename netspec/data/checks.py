"""Before training: do the samples fit the network's input, its lookup tables, and what is measured and mixed?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, NamedTuple

import torch

from netspec.core.shapes import Shape, Tensor, show
from netspec.core.tree import Mapping, Node, Scalar
from netspec.data.checks_targets import check_targets
from netspec.data.section import Data
from netspec.data.split import Split
from netspec.data.transforms import Pipeline
from netspec.language.ranges import takes
from netspec.language.sections.datasets import DATASETS
from netspec.objective.losses import Head, Tensors, Term, heads_of, network_inputs
from netspec.runtime.diagnostics import At, Collector, counted, input_index, sample_span, spec_error
from netspec.shapes.report import Report


@dataclass(frozen=True)
class DataChecks:
    """What holds between data and network: the inputs' sample tensors, the outputs that have a loss, their targets.

    `train` and `val` are the targets of each of `heads` as its loss wants them; the first is the main one.
    """

    inputs: tuple[Tensor, ...]
    heads: tuple[Head, ...]
    train: Tensors
    val: Tensors | None

    @property
    def main(self) -> Head:
        """The output that the usual metrics, pictures and predictions are of."""
        return self.heads[0]


def check_data(
    report: Report, data: Data, pipeline: Pipeline | None, terms: tuple[Term, ...] | None
) -> DataChecks | None:
    """Compare everything that the first batches would trip over.

    Args:
        report: of a spec without errors.
        data: what is trained on.
        pipeline, terms: None where they cannot be had as written; what they take part in is not compared then.

    Returns:
        The Contract; None where no losses were given.

    Raises:
        SpecError: NS602 for samples, NS603 for targets, classes and losses; NS605 for transforms.
    """
    inputs = network_inputs(report)
    collector = Collector()
    if pipeline is not None:
        with collector.step():
            check_samples(report, data, pipeline, inputs)
    with collector.step():
        check_lookups(report, data)
    heads = () if terms is None else heads_of(report, terms)
    found: list[tuple[torch.Tensor, torch.Tensor | None]] = []
    for head in heads:
        with collector.step():
            found.append(check_targets(report, data, head))
    collector.finish()
    if not found:
        return None
    train, val = tuple(train for train, _ in found), tuple(val for _, val in found if val is not None)
    return DataChecks(tuple(inputs.values()), heads, train, val if data.val is not None else None)


class NetworkInput(NamedTuple):
    """One of the network's inputs: its place, name and sample tensor, and whether there is no other."""

    place: int
    name: str
    tensor: Tensor
    only: bool

    @property
    def title(self) -> str:
        """What a message calls it."""
        return "the network's input" if self.only else f"the network's input {self.name}"


def check_samples(report: Report, data: Data, pipeline: Pipeline, inputs: dict[str, Tensor]) -> None:
    """The first sample after its transforms against the network's inputs."""
    given = data.train.inputs
    if len(given) != len(inputs):
        what = f"{data.node.value} gives {counted(len(given), 'input')} a sample, the network has {', '.join(inputs)}"
        raise spec_error("NS602", what, data.node)
    if not data.source.picture:
        for steps in (pipeline.before, pipeline.augment, pipeline.after):
            for choice, _ in steps:
                raise spec_error("NS605", f"{choice.name} is for pictures; {data.node.value} is a table", choice.node)
    for place, (x, (name, input)) in enumerate(zip(given, inputs.items(), strict=True)):
        first, entering = x[:1], NetworkInput(place, name, input, len(inputs) == 1)
        compare_sample(report, data, pipeline.plain(first, data.source.shaped), entering, "a sample")
        if pipeline.augment:
            shaped = first if data.source.shaped else pipeline.shape(first)
            sample = pipeline.finish(pipeline.random(shaped))
            compare_sample(report, data, sample, entering, "an augmented sample")


def compare_sample(report: Report, data: Data, sample: torch.Tensor, entering: NetworkInput, what: str) -> None:
    """A transformed sample [1, ...] against the input's shape and kind of number."""
    got, input = tuple(sample.shape[1:]), entering.tensor
    if got != input.shape and not takes(report.spec, report.params, got, entering.place):
        raise spec_error(
            "NS602",
            f"{what} of {data.node.value} is {show(got)}, {entering.title} is {show(input.shape)}",
            data.node,
            *_advice(entering.name, got, input.shape, data.source.picture),
        )
    whole = _whole(sample if data.source.picture else data.train.tables[entering.place])
    if not input.dtype.startswith("float") and not whole:
        raise spec_error("NS602", f"{entering.title} is {input.dtype}, {data.node.value} has fractions", data.node)


def _whole(sample: torch.Tensor) -> bool:
    return not sample.is_floating_point() or bool((sample == sample.round()).all())


def _advice(name: str, got: Shape, want: Shape, picture: bool) -> list[tuple[str, str]]:
    """What would bring samples of one shape to the other."""
    notes: list[str] = []
    if picture and len(want) == 3 and len(got) == 3:
        steps = []
        if got[0] != want[0] and want[0] in (1, 3):
            steps.append("Grayscale" if want[0] == 1 else "{Grayscale: 3}")
        if got[1:] != want[1:]:
            steps.append(f"{{Resize: [{want[1]}, {want[2]}]}}")
        if steps:
            notes.append(f"transforms: [{', '.join(steps)}]")
    written = f"{name}: [{', '.join(map(str, got))}]"
    if len(want) == 1 and len(got) > 1 and prod(got) == want[0]:
        written += " and Flatten as the first layer"
    notes.append(written)
    return [("fix" if index == 0 else "or", text) for index, text in enumerate(notes)]


def check_monitor(values: dict[str, Any], held_back: bool) -> None:
    """What the best epoch is chosen by is measured: on what is held back, if anything is.

    Raises:
        SpecError: NS616, it is not.
    """
    monitor = values.get("monitor")
    if monitor is None or monitor == "train_loss":
        return
    if monitor.startswith("val_") and not held_back:
        advice = ("fix", f"val: 0.2 under data, or monitor: train_{monitor.removeprefix('val_')}")
        raise spec_error(
            "NS616", f"{monitor} is not measured: nothing is held back", values["nodes"]["monitor"], advice
        )
    if monitor.startswith("train_") and held_back:
        advice = ("fix", f"monitor: val_{monitor.removeprefix('train_')}")
        raise spec_error("NS616", f"{monitor} is not measured", values["nodes"]["monitor"], advice)


def check_mix(values: dict[str, Any], data: Data) -> None:
    """What mixes a batch mixes the one target of its samples.

    Raises:
        SpecError: NS616, there are several.
    """
    if values.get("mix") and len(data.source.targets) > 1:
        what = f"mixed batches have one target, {data.node.value} has one for each output"
        raise spec_error("NS616", what, values["nodes"]["mix"])


def smallest_table(report: Report, input: int) -> tuple[int, str] | None:
    """The size of the smallest table that an input's numbers are looked up in, and what to call its layer.

    Numbers that fit into it fit into all; None where the input (counted from 0) feeds no Embedding.
    """
    sizes: dict[int, str] = {}
    for call in report.graph.calls if report.graph is not None else ():
        if call.record.name == "Embedding" and input_index(report, call.inputs[0]) == input:
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
    return apart or sample_span(report.spec, "x", input, row) or dataset


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
    raise spec_error("NS602", f"{number:g} in row {row + 1}: {layer} looks up 0 to {size - 1}", at(row), ("fix", fix))
