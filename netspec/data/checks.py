"""Checks before training: samples against the network's inputs and lookup tables, and settings against the data."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from netspec.core.shapes import Shape, Tensor, show
from netspec.core.tree import Mapping, Node, Scalar
from netspec.data.checks_masks import check_masks
from netspec.data.checks_targets import check_targets
from netspec.data.split import Data, Split
from netspec.data.tables.encoding import arithmetic
from netspec.data.text.tokens import Tokens
from netspec.data.transforms import Pipeline
from netspec.language.ranges import accepts_shape
from netspec.language.sections.datasets import DATASETS
from netspec.objective.losses import Head, Tensors, Term, heads_of, network_inputs
from netspec.runtime.diagnostics import Collector, call_span, counted, input_index, sample_span, spec_error
from netspec.shapes.report import Report


@dataclass(frozen=True)
class DataChecks:
    """What the checks of the data found.

    Args:
        inputs: the sample tensors of the network's inputs.
        heads: the outputs that have a loss, the main one first.
        train: the training targets of each head, [N, *target], as its loss takes them; with `target: input` the
            first of them, as they are made of the inputs batch by batch.
        val: the validation targets; None where there is no validation split.
    """

    inputs: tuple[Tensor, ...]
    heads: tuple[Head, ...]
    train: Tensors
    val: Tensors | None

    @property
    def main(self) -> Head:
        """The output of the usual metrics, figures and predictions."""
        return self.heads[0]


def check_data(
    report: Report, data: Data, pipeline: Pipeline | None, terms: tuple[Term, ...] | None
) -> DataChecks | None:
    """Check everything that would fail in the first batches.

    Args:
        report: of a spec without errors.
        data: to train on.
        pipeline: the transforms; None where they have errors, which skips the check of samples.
        terms: the losses; None where they have errors, which skips the check of targets.

    Returns:
        The inputs, outputs and targets; None without losses.

    Raises:
        SpecError: NS602 for samples, NS603 for targets, classes and losses; NS605 for transforms.
    """
    inputs = network_inputs(report)
    collector = Collector()
    if pipeline is not None:
        with collector.step():
            check_samples(report, data, pipeline, inputs)
            check_masks(data, pipeline)
    with collector.step():
        check_lookups(report, data)
    heads = () if terms is None else heads_of(report, terms)
    targets: list[tuple[torch.Tensor, torch.Tensor | None]] = []
    for head in heads:
        with collector.step():
            targets.append(check_targets(report, data, head, pipeline or Pipeline()))
    collector.finish()
    if not targets:
        return None
    train, val = tuple(train for train, _ in targets), tuple(val for _, val in targets if val is not None)
    return DataChecks(tuple(inputs.values()), heads, train, val if data.val is not None else None)


@dataclass(frozen=True)
class NetworkInput:
    """One of the network's inputs: its index, name and sample tensor, and whether it is the only one."""

    index: int
    name: str
    tensor: Tensor
    only: bool

    @property
    def title(self) -> str:
        """Its name in a message."""
        return "the network's input" if self.only else f"the network's input {self.name}"


def check_samples(report: Report, data: Data, pipeline: Pipeline, inputs: dict[str, Tensor]) -> None:
    """Check the first sample, after the transforms, against the network's inputs."""
    given = data.train.inputs
    if len(given) != len(inputs):
        what = f"{data.node.value} gives {counted(len(given), 'input')} a sample, the network has {', '.join(inputs)}"
        raise spec_error("NS602", what, data.node)
    steps = (*pipeline.before, *pipeline.augment, *pipeline.after)
    if steps and not data.source.picture:
        choice, _ = steps[0]
        raise spec_error("NS605", f"{choice.name} is for pictures; {data.node.value} has none", choice.node)
    for index, (x, (name, tensor)) in enumerate(zip(given, inputs.items(), strict=True)):
        input = NetworkInput(index, name, tensor, len(inputs) == 1)
        shaped = x[:1] if data.source.shaped else pipeline.shape(x[:1])
        compare_sample(report, data, pipeline.finish(shaped), input, "a sample")
        if pipeline.augment:
            compare_sample(report, data, pipeline.finish(pipeline.random(shaped)), input, "an augmented sample")


def compare_sample(report: Report, data: Data, sample: torch.Tensor, input: NetworkInput, what: str) -> None:
    """Check a transformed sample [1, *sample] against the shape and dtype of an input."""
    got, wanted = tuple(sample.shape[1:]), input.tensor
    if got != wanted.shape and not accepts_shape(report.spec, report.params, got, input.index):
        raise spec_error(
            "NS602",
            f"{what} of {data.node.value} is {_size(data, got, input)}, {input.title} is {show(wanted.shape)}",
            data.node,
            *_advice(input.name, got, wanted.shape, data.source.picture),
        )
    stored = data.train.inputs[input.index]
    numbers = sample if data.source.picture or not isinstance(stored, torch.Tensor) else stored
    fractions = numbers.is_floating_point() and bool((numbers != numbers.round()).any())
    if fractions and not wanted.dtype.startswith("float"):
        raise spec_error("NS602", f"{input.title} is {wanted.dtype}, {data.node.value} has fractions", data.node)


def _size(data: Data, got: Shape, input: NetworkInput) -> str:
    """The shape of a sample; of a table the sum that gives it: `3 numbers + 4 values of Embarked = 7`."""
    encodings = data.source.encodings
    return arithmetic(encodings[input.index]) if encodings and len(got) == 1 else show(got)


def _advice(name: str, got: Shape, want: Shape, picture: bool) -> list[tuple[str, str]]:
    """Fixes that would make the shape of samples the wanted one."""
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


def check_monitor(values: dict[str, Any], has_validation: bool) -> None:
    """Check that `monitor` is measured: on the validation split, if there is one.

    Raises:
        SpecError: NS616, it is not.
    """
    monitor = values.get("monitor")
    if monitor is None or monitor == "train_loss":
        return
    if monitor.startswith("val_") and not has_validation:
        advice = ("fix", f"val: 0.2 under data, or monitor: train_{monitor.removeprefix('val_')}")
        what = f"{monitor} is not measured: there is no validation split"
        raise spec_error("NS616", what, values["nodes"]["monitor"], advice)
    if monitor.startswith("train_") and has_validation:
        advice = ("fix", f"monitor: val_{monitor.removeprefix('train_')}")
        raise spec_error("NS616", f"{monitor} is not measured", values["nodes"]["monitor"], advice)


def check_mix(values: dict[str, Any], data: Data) -> None:
    """Check that the samples have one target, where batches are mixed.

    Raises:
        SpecError: NS616, they have several, or are targets themselves.
    """
    if values.get("mix") and data.reconstruct:
        what = "mixed batches have classes, and with `target: input` there are none"
        raise spec_error("NS616", what, values["nodes"]["mix"])
    if values.get("mix") and len(data.source.targets) > 1:
        what = f"mixed batches have one target, {data.node.value} has one for each output"
        raise spec_error("NS616", what, values["nodes"]["mix"])


def smallest_table(report: Report, input: int) -> tuple[int, str] | None:
    """The smallest Embedding that an input feeds: its size, and its name in a message.

    Args:
        report: of the network.
        input: the index of the input.

    Returns:
        None where the input feeds no Embedding.
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
    """Compare every sample's numbers with `num_embeddings` of the Embedding that their input feeds.

    Raises:
        SpecError: NS602, at the first sample that is out of range for a table.
    """
    val = report.spec.data.get("val") if isinstance(report.spec.data, Mapping) else None
    own_dataset = val if isinstance(val, Mapping) or (isinstance(val, Scalar) and val.value in DATASETS) else None
    if data.source.text is not None:
        check_vocabulary(report, data)
        return
    collector = Collector()
    for index, name in enumerate(() if data.source.picture else report.inputs):
        table = smallest_table(report, index)
        if table is None:
            continue
        for split, dataset in ((data.train, None), (data.val, own_dataset)):
            with collector.step():
                bad = None if split is None else _out_of_range(split, index, table)
                if bad is not None:
                    row, message, fix = bad
                    at = dataset or sample_span(report.spec, "x", name, row) or data.node
                    raise spec_error("NS602", message, at, ("fix", fix))
    collector.finish()


def check_vocabulary(report: Report, data: Data) -> None:
    """Compare the tokens that there are with `num_embeddings` of the Embedding that they enter.

    Raises:
        SpecError: NS602, it has fewer rows.
    """
    assert data.source.text is not None
    count = data.source.text.vocabulary
    for index, x in enumerate(data.train.inputs):
        table = smallest_table(report, index) if isinstance(x, Tokens) else None
        if table is not None and table[0] < count:
            size, layer = table
            what = f"{data.node.value} has {count:,} tokens, {layer} looks up 0 to {size - 1:,}"
            at = table_node(report, index) or data.node
            raise spec_error("NS602", what, at, ("fix", f"num_embeddings: {count}"))


def table_node(report: Report, input: int) -> Node | None:
    """The `num_embeddings` of the smallest Embedding that an input feeds, where it is written."""
    found = []
    for call in report.graph.calls if report.graph is not None else ():
        if call.record.name == "Embedding" and input_index(report, call.inputs[0]) == input:
            found.append((int(report.inferred[call.id].args["num_embeddings"]), call.id, call))
    return call_span(min(found)[2], "num_embeddings") if found else None


def _out_of_range(split: Split, input: int, table: tuple[int, str]) -> tuple[int, str, str] | None:
    """The first sample of an input that has no row in a table: its row in the data, a message and its fix."""
    size, layer = table
    inputs = split.tables[input]  # [N, *input]
    bad = ((inputs < 0) | (inputs >= size)).flatten(1)  # [N, numbers of a sample]
    if not bool(bad.any()):
        return None
    index = int(bad.any(1).nonzero()[0, 0])
    number = inputs[index].flatten()[bad[index]][0].item()
    row = int(split.rows[index])
    fix = f"num_embeddings: {int(inputs.max()) + 1}" if int(inputs.min()) >= 0 else "number what is looked up from 0"
    return row, f"{number:g} in row {row + 1}: {layer} looks up 0 to {size - 1}", fix
