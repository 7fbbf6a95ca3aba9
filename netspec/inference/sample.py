"""New samples of a run with KLDivergence: noise through the group behind the code, as a variational autoencoder draws.

Input: a run's folder. Output: Predictions, pictures or numbers, as the network's main output gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from netspec.core.shapes import Shape, show
from netspec.data.transforms import read_pipeline
from netspec.inference.output_pictures import OutputPictures, make_output_pictures
from netspec.inference.results import Prediction
from netspec.inference.stored_run import StoredRun
from netspec.language.sections.data_keys import reconstructs
from netspec.objective.losses import Head, heads_of
from netspec.objective.targets import probabilities
from netspec.runtime.diagnostics import option_span, spec_error
from netspec.shapes.report import Report
from netspec.training.devices import device_for
from netspec.training.settings import read_settings

BATCH = 256  # samples at a time
FILE = "sample"  # what the samples are named by


@dataclass(frozen=True)
class Sampler:
    """What is needed to draw samples.

    Args:
        decoder: takes codes [B, *code] to outputs [B, *output], in evaluation mode, on the device.
        code: the shape of a code.
        device: where it computes.
        head: the main output.
        pictures: writes outputs that are pictures; None: their numbers are given.
    """

    decoder: nn.Module
    code: Shape
    device: torch.device
    head: Head
    pictures: OutputPictures | None = None

    @torch.inference_mode()
    def stream(self, count: int, seed: int = 0) -> Iterator[Prediction]:
        """New samples.

        Args:
            count: how many.
            seed: of the noise, which is drawn from the standard normal distribution.
        """
        random = torch.Generator().manual_seed(seed)
        for start in range(0, count, BATCH):
            codes = torch.randn(min(BATCH, count - start), *self.code, generator=random)
            output = self.decoder(codes.to(self.device)).float().cpu()  # [B, *output]
            each = probabilities(output, self.head.loss.name, self.head.last)
            for row, one in enumerate(output if each is None else each, start + 1):
                if self.pictures is None:
                    yield Prediction(FILE, row, values=tuple(one.flatten().tolist()))
                else:
                    yield Prediction(FILE, row, picture=self.pictures.write(FILE, row, one))


def make_sampler(
    run: StoredRun, device: str | None = None, weights: str = "best", pictures: Path | None = None
) -> Sampler:
    """Load what is needed to draw samples.

    Args:
        run: whose network has an output with KLDivergence, and a group that takes its codes to the main output.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: `auto`.
        weights: of the `best` or the `last` epoch.
        pictures: the folder for outputs that are pictures, as PNG files; None: their numbers are given.

    Raises:
        SpecError: NS603, there is no such output, or no such group; others as of `make_predictor`.
    """
    heads = heads_of(run.report, read_settings(run.spec).loss)
    codes = [head for head in heads if head.kind == "divergence"]
    main = next((head for head in heads if head.kind != "divergence"), None)
    at = option_span("--sample", str(run.folder.path))
    if len(codes) != 1 or main is None:
        what = "a variational autoencoder draws samples, and no output of this run has KLDivergence as its loss"
        raise spec_error("NS603", what, at)
    (code,) = codes
    shape = (code.output.shape[0] // 2, *code.output.shape[1:])
    entering = _entering(run.report, main.name)
    if entering != {shape}:
        got = " and ".join(map(show, sorted(entering))) or "nothing"
        what = f"a group {main.name!r} that takes codes, {show(shape)}, to the main output draws samples"
        fix = ("fix", f"{{name: {main.name}, layers: […]}} from the code on")
        raise spec_error("NS603", f"{what}; what enters {main.name} is {got}", at, fix)
    target_device = device_for(device)
    model, writer = run.model(weights, target_device), None
    if pictures is not None:
        own = reconstructs(run.spec.data)
        writer = make_output_pictures(pictures, read_pipeline(run.spec), main.kind, main.output.shape, own)
    return Sampler(model.get_submodule(main.name), shape, target_device, main, writer)


def _entering(report: Report, name: str) -> set[Shape]:
    """The shapes of what enters a group from outside; none where there is no such group."""
    graph = report.graph
    inside = {} if graph is None else {call.id: call for call in graph.calls if call.path.startswith(f"{name}.")}
    tensors = [report.tensor(ref) for call in inside.values() for ref in call.inputs if ref.node not in inside]
    return {() if tensor is None else tensor.shape for tensor in tensors}
