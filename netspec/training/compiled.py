"""`compile: true`: the network through torch.compile, tried before a run begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn

from netspec.data.batches import epoch_order
from netspec.runtime.diagnostics import problem, top, torch_says
from netspec.runtime.randomness import random_state, set_random_state
from netspec.training.job import Job, State
from netspec.training.plan import Plan
from netspec.training.step import add_gradients


@contextmanager
def unchanged(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Buffers, gradients and random generators end as they were."""
    before = random_state(device)
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        yield
    finally:
        model.zero_grad(set_to_none=True)
        with torch.no_grad():
            for buffer, value in buffers:
                buffer.copy_(value)
        set_random_state(before, device)


def try_compiled(plan: Plan, job: Job, state: State) -> None:
    """Compile for the first batch.

    Raises:
        SpecError: NS609, torch cannot.
    """
    order = epoch_order(job.seed, 0, len(job.train))[: job.batch_size]
    with unchanged(state.model, plan.device):
        state.train()
        for batch in job.train.batches(order, job.batch_size, job.world):
            try:
                add_gradients(job, replace(state, scaler=None), batch).item()
            except Exception as error:  # of torch's compiler, of the C++ compiler, of Triton
                at, fix = plan.settings.nodes.get("compile", top(plan.spec.path)), ("fix", "compile: false")
                raise problem("NS609", "torch cannot compile the network here", at, fix, torch_says(error)) from error
