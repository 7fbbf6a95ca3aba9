"""What `predict` does around a network, as a part of it: pictures resized and normalised, outputs as probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from netspec.core.shapes import Tensor
from netspec.data.transforms import read_pipeline, to_float
from netspec.exporting.network import BATCH, EntryPoint, Network, Wrapped
from netspec.inference.stored_run import StoredRun
from netspec.objective.losses import heads_of
from netspec.objective.targets import probabilities
from netspec.training.settings import read_settings


def with_serving(network: Network, run: StoredRun | None, *, transforms: bool, classes: bool) -> Network:
    """A network with what `predict` does before it and after it.

    Args:
        network: of the run.
        run: whose transforms and classes they are.
        transforms: take uint8 pictures as they are stored.
        classes: give probabilities.

    Raises:
        ValueError: there is no run, or it has no transforms or no classes.
    """
    if run is None:
        raise ValueError("transforms and probabilities are those of a run: export its folder")
    before = after = None
    inputs, others, main = network.inputs, network.others, 0
    if transforms:
        before, shape = _transforms(run)
        axes = {0: BATCH} if network.batch is None else {}
        axes |= {2: "height", 3: "width"} if run.info.sample is not None else {}
        inputs, others = (EntryPoint(inputs[0].name, Tensor(shape, "uint8"), axes),), ()
        if run.info.sample is not None:
            larger = (shape[0], shape[1] + 5, 2 * shape[2] + 3)
            others = ((replace(inputs[0], tensor=Tensor(larger, "uint8")),),)
    if classes:
        after, main = _probabilities(run)
    model = Wrapped(network.model, before, after, main).eval()
    return replace(network, model=model, inputs=inputs, others=others)


def _transforms(run: StoredRun) -> tuple[Callable[[torch.Tensor], torch.Tensor], tuple[int, ...]]:
    """The function from stored pictures [B, C, H, W] to inputs, and a picture's shape."""
    if not run.info.picture or len(run.report.inputs) != 1:
        raise ValueError("the run's samples are rows of a table, which `predict` takes as they are")
    pipeline, stored = read_pipeline(run.spec), run.info.sample

    def before(x: torch.Tensor) -> torch.Tensor:
        if stored is not None:  # as `predict` brings a picture to the size of the run's own
            x = nn.functional.interpolate(to_float(x), size=[*stored[1:]], mode="bilinear", antialias=True)
        return pipeline.plain(x)

    return before, stored if stored is not None else _picture(run)


def _picture(run: StoredRun) -> tuple[int, ...]:
    """The shape of the pictures of a run whose own pictures differ in size: the network's, enlarged as it resizes."""
    (input,) = run.report.inputs.values()
    assert input is not None
    sizes = [
        step.kwargs.get("size") for step, _ in read_pipeline(run.spec).before if step.name == "Resize"
    ]  # fmt: skip
    side = sizes[0] if sizes else None
    if isinstance(side, int):
        return (input.shape[0], side, side)
    if isinstance(side, list | tuple) and len(side) == 2:
        return (input.shape[0], *side)
    return tuple(input.shape)


def _probabilities(run: StoredRun) -> tuple[Callable[[torch.Tensor], torch.Tensor], int]:
    """The function from the main output [B, C] to probabilities, and the output's index."""
    head = heads_of(run.report, read_settings(run.spec).loss)[0]
    if probabilities(torch.zeros(1, *head.output.shape), head.loss.name, head.last) is None:
        raise ValueError(f"the run's {head.loss.name} is for numbers, which have no classes")

    def after(x: torch.Tensor) -> torch.Tensor:
        found = probabilities(x, head.loss.name, head.last)
        assert found is not None
        return found

    return after, head.index
