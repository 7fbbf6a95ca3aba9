"""Before training: do the samples fit the network's input, and the targets and the loss its output?

In: the report of the check, the data, the transforms and the settings. Out: a Contract, the facts that the loop needs,
or a SpecError with every mismatch at the line to change.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch

from netspec.ground.diagnostics import Diagnostic
from netspec.ground.shapes import Shape, Tensor, show
from netspec.runner.byname import Choice
from netspec.runner.data import Data
from netspec.runner.lookups import check_lookups
from netspec.runner.pipeline import Pipeline
from netspec.runner.places import output_size
from netspec.runner.problems import Collector, count, problem, torch_says
from netspec.runner.samples import Split
from netspec.runner.targets import TargetError, kind_of, prepare_targets
from netspec.stages.legal.ranges import takes
from netspec.stages.spec import Report


@dataclass(frozen=True)
class Contract:
    """What holds between data and network: sample tensors of input and output, the type of the last layer, targets.

    `train` and `val` are the targets as the loss wants them.
    """

    input: Tensor
    output: Tensor
    last: str
    train: torch.Tensor
    val: torch.Tensor | None


def network_ends(report: Report) -> tuple[Tensor, Tensor, str]:
    """The one input, the one output and the last layer's type of a checked network.

    Raises:
        SpecError: NS603, there are several of one of them.
    """
    at = report.spec.train or report.spec.document
    if len(report.inputs) != 1 or len(report.outputs) != 1:
        what = f"{len(report.inputs)} inputs and {len(report.outputs)} outputs"
        raise problem("NS603", f"the network has {what}; netspec trains one of each", at)
    (input,), ((name, output),) = report.inputs.values(), report.outputs.items()
    if input is None or output is None:
        raise problem("NS603", "the network's shapes are not known, so that nothing can be compared with them", at)
    return input, output, report.last_types[name]


def check_contract(report: Report, data: Data, pipeline: Pipeline | None, loss: Choice | None) -> Contract | None:
    """Compare everything that the first batches would trip over.

    Args:
        report: of a spec without errors.
        data: what is trained on.
        pipeline, loss: None where they cannot be had as written; what they take part in is not compared then.

    Returns:
        The Contract; None where no loss was given.

    Raises:
        SpecError: NS602 for samples, NS603 for targets, classes and loss; NS605 for transforms.
    """
    input, output, last = network_ends(report)
    collector = Collector()
    if pipeline is not None:
        with collector.step():
            check_sample(report, data, pipeline, input)
    with collector.step():
        check_lookups(report, data)
    contract = None
    if loss is not None:
        with collector.step():
            check_classes(report, data, loss, output.shape)
            train = _targets(data, data.train, loss, output.shape)
            val = _targets(data, data.val, loss, output.shape) if data.val is not None else None
            try_loss(loss, output.shape, train)
            contract = Contract(input, output, last, train, val)
    collector.finish()
    return contract


def check_sample(report: Report, data: Data, pipeline: Pipeline, input: Tensor) -> None:
    """The first sample after its transforms against the network's input."""
    first = data.train.inputs[:1]
    if not data.source.picture:
        for steps in (pipeline.before, pipeline.augment, pipeline.after):
            for choice, _ in steps:
                raise problem("NS605", f"{choice.name} is for pictures; {data.node.value} is a table", choice.node)
    sample = pipeline.plain(first, data.source.shaped)
    compare_sample(report, data, sample, input, "a sample")
    if pipeline.augment:
        shaped = first if data.source.shaped else pipeline.shape(first)
        compare_sample(report, data, pipeline.finish(pipeline.random(shaped)), input, "an augmented sample")


def compare_sample(report: Report, data: Data, sample: torch.Tensor, input: Tensor, what: str) -> None:
    """A transformed sample [1, ...] against the input's shape and kind of number."""
    got = tuple(sample.shape[1:])
    if got != input.shape and not takes(report.spec, report.params, got):
        raise problem(
            "NS602",
            f"{what} of {data.node.value} is {show(got)}, the network's input is {show(input.shape)}",
            data.node,
            *_advice(got, input.shape, data.source.picture),
        )
    whole = _whole(sample if data.source.picture else data.train.inputs)
    if not input.dtype.startswith("float") and not whole:
        raise problem("NS602", f"the network's input is {input.dtype}, {data.node.value} has fractions", data.node)


def _whole(sample: torch.Tensor) -> bool:
    return not sample.is_floating_point() or bool((sample == sample.round()).all())


def _advice(got: Shape, want: Shape, picture: bool) -> list[tuple[str, str]]:
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
    written = f"input: [{', '.join(map(str, got))}]"
    if len(want) == 1 and len(got) > 1 and prod(got) == want[0]:
        written += " and Flatten as the first layer"
    notes.append(written)
    return [("fix" if index == 0 else "or", text) for index, text in enumerate(notes)]


def check_classes(report: Report, data: Data, loss: Choice, output: Shape) -> None:
    """The number of classes that the dataset names against the number of outputs: too few cannot tell them apart."""
    classes = len(data.source.classes)
    if kind_of(loss.name) != "classes" or len(output) != 1 or output[0] >= classes:
        return
    written = output_size(report)
    raise problem(
        "NS603",
        f"{data.node.value} has {classes} classes, the network gives {count(output[0], 'output')}",
        written or data.node,
        ("fix", f"out_features: {classes}" if written is not None else f"let the last layer give {classes}"),
    )


def spare_outputs(report: Report, data: Data, loss: Choice, output: Shape) -> Diagnostic | None:
    """The warning that there are more outputs than classes: what is beyond them is never right."""
    classes = len(data.source.classes)
    if not classes or kind_of(loss.name) != "classes" or len(output) != 1 or output[0] <= classes:
        return None
    written = output_size(report)
    what = f"{data.node.value} has {classes} classes, the network gives {output[0]} outputs"
    advice = ("fix", f"out_features: {classes}" if written is not None else f"let the last layer give {classes}")
    (found,) = problem("NS914", what, written or data.node, advice).diagnostics
    return found


def _targets(data: Data, split: Split, loss: Choice, output: Shape) -> torch.Tensor:
    try:
        return prepare_targets(split.targets, loss.name, output)
    except TargetError as fault:
        row = "" if fault.index is None else f" in row {int(split.rows[fault.index]) + 1}"
        notes = [("fix", fault.advice)] if fault.advice else []
        at = loss.node if fault.index is None else data.node
        raise problem("NS603", f"{fault}{row}", at, *notes) from None


def try_loss(loss: Choice, output: Shape, targets: torch.Tensor) -> None:
    """The loss once on outputs of the network's shape and real targets, its gradient included."""
    targets = targets[:4]
    outputs = torch.rand(len(targets), *output, requires_grad=True)  # [N, *output] within every loss's range
    try:
        value = loss.make()(outputs, targets)
        value.backward()
    except Exception as error:  # the message is torch's, whatever its class
        what = f"{loss.name} does not take outputs {show(output)} with these targets"
        at = next((loss.places[name] for name in loss.places if name in str(error)), loss.node)
        raise problem("NS603", what, at, torch_says(error)) from error
    if value.ndim:
        raise problem("NS603", f"{loss.name} gives {show(tuple(value.shape))} numbers, not one", loss.node)
