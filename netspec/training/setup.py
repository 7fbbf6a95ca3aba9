"""Plan → Job and State, with the first step tried: what torch refuses is known before a run begins."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from netspec.compiler.module import compile_spec
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.data.batches import epoch_order
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.distributed.wrapping import shard_weights, sync_batch_norm, wrap_ddp
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import layers_span, module_span, spec_error, spec_start, torch_says
from netspec.runtime.randomness import random_state, set_random_state
from netspec.training.devices import COST, ask_for_determinism, to_device, use_tf32
from netspec.training.job import Job, State
from netspec.training.optim import (
    check_patterns,
    freeze,
    make_optimizer,
    make_scheduler,
    module_types,
    parameter_groups,
)
from netspec.training.plan import Plan, make_job, prepare
from netspec.training.start_weights import load_start_weights
from netspec.training.step import add_gradients


def make_average(model: nn.Module, decay: float) -> AveragedModel:
    """torch's AveragedModel, which starts as the model is after its first step.

    Buffers are averaged too: running means and variances then belong to the averaged weights.

    Args:
        model: whose weights are followed.
        decay: average ← decay·average + (1 - decay)·weights, after each step.
    """
    formula = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch has no types for it
    average = AveragedModel(model, multi_avg_fn=formula, use_buffers=True)
    return average.requires_grad_(False)


@contextmanager
def preserved(model: nn.Module, device: torch.device) -> Iterator[None]:
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
    with preserved(state.model, plan.device):
        state.train()
        for batch in job.train.batches(order, job.batch_size, job.world):
            try:
                add_gradients(job, replace(state, scaler=None), batch).item()
            except Exception as error:  # of torch's compiler, of the C++ compiler, of Triton
                at, fix = plan.settings.nodes.get("compile", spec_start(plan.spec.path)), ("fix", "compile: false")
                raise spec_error(
                    "NS609", "torch cannot compile the network here", at, fix, torch_says(error)
                ) from error


def prepare_training(
    spec: Spec,
    device: str | None,
    beside: Iterable[Diagnostic] = (),
    world: ProcessGroup = ALONE,
    *,
    fresh: bool = True,
) -> tuple[Plan, Job, State]:
    """All that a run needs, its first step tried; see `prepare`. A run that is not `fresh` brings its weights along.

    Raises:
        SpecError: what stands in the way.
    """
    plan = prepare(spec, device, beside, world)
    if world.size > 1 and plan.settings.optimizer.name == "LBFGS":
        what = "LBFGS searches with losses of its own, on which several processes would not agree"
        raise spec_error("NS605", what, plan.settings.nodes["optimizer"], ("fix", "train in one process"))
    job, state = make_state(plan, fresh=fresh)
    unused = try_first_step(plan, job, state)
    if world.size > 1:
        if plan.settings.strategy == "ddp":
            state.net = wrap_ddp(state.model, plan.device, unused)
        torch.manual_seed(plan.settings.seed + world.rank)  # each draws its own dropout
    if plan.settings.compile:
        state.net = torch.compile(state.net)
        try_compiled(plan, job, state)
    return plan, job, state


def make_state(plan: Plan, *, fresh: bool = True) -> tuple[Job, State]:
    """The job, and the state before its first step: the initial weights depend on the seed and `weights` alone.

    Args:
        plan: as `prepare` gives it.
        fresh: whether the weights to start from are wanted; a run that goes on has its own.
    """
    settings, spec = plan.settings, plan.spec
    notes: tuple[str, ...] = ()
    seed_everything(settings.seed)
    use_tf32(settings.tf32)
    if settings.deterministic:
        ask_for_determinism()
        notes = (COST,)
    model = to_device(compile_spec(spec, weights=fresh), plan.report, plan.device)
    types = module_types(model)  # by which patterns pick parameters; a model that is spread has types of its own
    check_patterns(model, [*settings.freeze, *(node for group in settings.groups for node in group.patterns)], types)
    frozen = freeze(model, settings.freeze, types)
    if settings.weights is not None and fresh:
        notes = (*notes, *load_start_weights(settings.weights, model, spec).lines())
    model, sharded = (
        sync_batch_norm(model, plan.world, plan.device),
        plan.world.size > 1 and settings.strategy == "fsdp",
    )
    if sharded:
        shard_weights(model, plan.world, plan.device)
    job = make_job(plan, model)
    groups = parameter_groups(model, settings.groups, types)
    if not groups:
        everything = "freeze leaves no weights to train" if settings.freeze else "the network has no weights to train"
        raise spec_error("NS603", everything, settings.nodes.get("freeze", spec.train or spec_start(spec.path)))
    optimizer = make_optimizer(settings.optimizer, groups, fused=not sharded)
    chosen, turns = settings.scheduler, None if job.step_scheduler == "batch" else job.epochs
    scheduler = None if chosen is None else make_scheduler(chosen, optimizer, job.total, turns)
    still = tuple(model.get_submodule(path) for path in frozen)
    losses = torch.zeros(job.steps, device=plan.device)
    average = None if settings.ema is None else make_average(model, settings.ema)
    state = State(model, optimizer, scheduler, losses, model, job.precision.scaler())
    state.average, state.frozen, state.notes = average, still, notes
    state.blank = (lambda: compile_spec(spec, weights=False)) if sharded else None
    return job, state


def seed_everything(seed: int) -> None:
    """Seed the random generators of python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def try_first_step(plan: Plan, job: Job, state: State) -> bool:
    """Forward and backward on the first batch; weights, buffers and random generators end as they were.

    Returns:
        Whether a parameter got no gradient.

    Raises:
        SpecError: NS609 at the layer where torch stops, or at what makes the batch.
    """
    bare = replace(state, scaler=None)  # which notes what was unscaled since its last step
    with preserved(state.model, plan.device), _entered(state.model) as modules:
        try:
            state.train()
            order = epoch_order(job.seed, 0, len(job.train))[: job.batch_size]
            for batch in job.train.batches(order, job.batch_size, job.world):
                add_gradients(job, bare, batch).item()  # a GPU's errors come when it is waited for
            return any(parameter.grad is None for parameter in state.model.parameters() if parameter.requires_grad)
        except SpecError:
            raise
        except Exception as error:  # whatever torch raises here it would raise in the run
            raise step_refused(error, plan, job, modules) from error


@contextmanager
def _entered(model: nn.Module) -> Iterator[list[str]]:
    """The paths of the modules that are being computed, the innermost last; after an error they stay as they were."""
    open_ones: list[str] = []
    paths = {id(module): path for path, module in model.named_modules()}

    def enter(module: nn.Module, inputs: object) -> None:
        open_ones.append(paths[id(module)])

    def leave(module: nn.Module, inputs: object, output: object) -> None:
        open_ones.pop()

    hooks = [module.register_forward_pre_hook(enter) for module in model.modules()]
    hooks += [module.register_forward_hook(leave) for module in model.modules()]
    try:
        yield open_ones
    finally:
        for hook in hooks:
            hook.remove()


def step_refused(error: Exception, plan: Plan, job: Job, modules: list[str], *notes: tuple[str, str]) -> SpecError:
    """What torch raised in a step, as a finding at the layer it was in: `modules` are the open ones."""
    size, batch = plan.settings.batch_size, plan.settings.nodes.get("batch_size")
    text = str(error)
    at, what = module_span(plan.report, modules[-1]) if modules else (layers_span(plan.spec), "the network")
    if isinstance(error, torch.OutOfMemoryError) or "not enough memory" in text or "allocate memory" in text:
        message = f"{plan.device} has not enough memory for batches of {size}"
        fix = ("fix", f"batch_size: {max(1, size // 2)}")
        parts = ("or", f"accumulate: {2 * job.accumulate}, which takes the same steps in more and smaller parts")
        return spec_error("NS609", message, batch or at, fix, parts, torch_says(error), *notes)
    if "more than 1 value per channel" in text:
        few = min(size, len(plan.data.train))
        message = f"{what} gets one value of each channel from a batch of {few}, which has no variance"
        if few < size:
            return spec_error("NS613", message, plan.data.node, ("fix", "more than one training sample"), *notes)
        return spec_error("NS613", message, batch or at, ("fix", "batch_size: 2, or more"), *notes)
    return spec_error("NS609", f"torch cannot train {what} on these batches", at, torch_says(error), *notes)
