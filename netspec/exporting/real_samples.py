"""A run's own samples, as its network takes them or as they are stored, to compare with."""

from __future__ import annotations

import torch

from netspec.core.diagnostics import SpecError
from netspec.core.tree import Mapping
from netspec.data.pictures import Pictures
from netspec.data.section import dataset_nodes
from netspec.exporting.network import Network
from netspec.inference.loaded_run import load_run
from netspec.inference.stored_run import StoredRun
from netspec.language.spec import Spec
from netspec.objective.losses import Tensors
from netspec.training.plan import make_job, prepare

COUNT = 8  # samples of the run's data that are compared


def real_samples(run: StoredRun, network: Network, *, raw: bool) -> tuple[list[Tensors], str]:
    """Some validation samples of a run (training samples where it has no others), [B, *input] each.

    Args:
        run: whose data are read, where they are there; nothing is downloaded.
        network: which takes them.
        raw: as they are stored, before the transforms.

    Returns:
        The batches; and, where there are none, why.
    """
    try:
        plan = prepare(_offline(run), "cpu")
        split = plan.data.val if plan.data.val is not None else plan.data.train
        count = min(COUNT, len(split))
        if raw:
            if plan.data.source.shaped or not isinstance(split.inputs[0], torch.Tensor | Pictures):
                return [], "the run's pictures differ in size, so that none of them was compared"
            stored = split.inputs[0][:count]  # [B, C, H, W]; floats are in [0, 1], as files have no pictures
            batches: Tensors = (stored.mul(255).round().to(torch.uint8) if stored.is_floating_point() else stored,)
        else:
            job = make_job(plan, run.model("best"))
            feed = job.val or job.train
            batches = next(iter(feed.batches(torch.arange(count), count))).inputs
    except SpecError as error:
        return [], f"the run's data cannot be read, so that none of them was compared: {error.diagnostics[0].message}"
    batches = tuple(x.contiguous() for x in batches)
    if network.batch is None:
        return [batches], ""
    repeated = torch.arange(network.batch) % count
    return [tuple(x[repeated] for x in batches)], ""


def _offline(run: StoredRun) -> Spec:
    """The run's spec, whose dataset is not downloaded."""
    name, arguments = dataset_nodes(run.spec)
    if isinstance(arguments, Mapping) and arguments.get("download") is not None:
        allow = run.spec.document.get("plugins") is not None
        return load_run(run.folder.path, (f"data.{name.text}.download=false",), allow_plugins=allow).spec
    return run.spec
