"""Builds the Job and the State and tries the first step, so that an error of torch appears before the run begins.

Input: a spec, or its Plan. Output: the Job, the State before the first step, and errors at the layers they are of.
"""

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
from netspec.data.batches import Batch
from netspec.data.pictures import Pictures
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.distributed.wrapping import shard_weights, sync_batch_norm, wrap_ddp
from netspec.language.sections.losses import OF_PAIRS
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import layers_span, module_span, spec_error, spec_start, torch_says
from netspec.runtime.randomness import random_state, set_random_state
from netspec.training.devices import DETERMINISM_NOTE, to_device, use_deterministic_algorithms, use_tf32
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

SMALLER_STEPS = ("fix", "a smaller lr, or clip_grad_norm: 1.0 under train")  # where a loss is not finite


def prepare_training(
    spec: Spec,
    device: str | None,
    beside: Iterable[Diagnostic] = (),
    group: ProcessGroup = ALONE,
    *,
    fresh: bool = True,
) -> tuple[Plan, Job, State]:
    """Make all that a run needs, and try its first step.

    Args:
        spec, device, beside, group: as for `prepare`.
        fresh: whether the initial weights are wanted; a run that is resumed has its own.

    Raises:
        SpecError: what stands in the way.
    """
    plan = prepare(spec, device, beside, group)
    if group.size > 1 and plan.settings.optimizer.name == "LBFGS":
        what = "LBFGS searches with losses of its own, on which several processes would not agree"
        raise spec_error("NS605", what, plan.settings.nodes["optimizer"], ("fix", "train in one process"))
    for choice in plan.settings.own_metrics.values() if group.size > 1 else ():
        what = f"{choice.name} measures in one process: netspec does not know how to join it"
        raise spec_error("NS605", what, choice.node, ("fix", "train in one process"))
    for head in plan.data_checks.heads if group.size > 1 else ():
        if head.kind in OF_PAIRS:
            what = f"{head.loss.name} draws pairs within a batch, of which each process would have a part"
            raise spec_error("NS605", what, head.loss.node, ("fix", "train in one process"))
    if group.size > 1 and len(plan.data.train.inputs) > 1 and isinstance(plan.data.train.inputs[0], Pictures):
        what = "samples of several pictures are loaded in one process"
        raise spec_error("NS605", what, plan.data.node, ("fix", "train in one process"))
    job, state = make_state(plan, fresh=fresh)
    unused = try_first_step(plan, job, state)
    if group.size > 1:
        if plan.settings.strategy == "ddp":
            state.net = wrap_ddp(state.model, plan.device, unused)
        torch.manual_seed(plan.settings.seed + group.rank)  # each draws its own dropout
    if plan.settings.compile:
        state.net = torch.compile(state.net)
        _try_compiled(plan, job, state)
    return plan, job, state


def make_state(plan: Plan, *, fresh: bool = True) -> tuple[Job, State]:
    """Make the job, and the state before its first step; the initial weights depend on the seed and `weights` alone.

    Args:
        plan: as `prepare` gives it.
        fresh: as for `prepare_training`.

    Raises:
        SpecError: NS603, no weights are to be trained; NS608, the weights to start from do not fit; NS615, a pattern
            picks nothing.
    """
    settings, spec, group = plan.settings, plan.spec, plan.group
    notes: tuple[str, ...] = ()
    random.seed(settings.seed)
    np.random.seed(settings.seed % 2**32)
    torch.manual_seed(settings.seed)
    use_tf32(settings.tf32)
    if settings.deterministic:
        use_deterministic_algorithms()
        notes = (DETERMINISM_NOTE,)
    model = to_device(compile_spec(spec, weights=fresh), plan.report, plan.device)
    types = module_types(model)  # taken now, as a model that is sharded has types of its own
    check_patterns(model, [*settings.freeze, *(node for each in settings.groups for node in each.patterns)], types)
    frozen = freeze(model, settings.freeze, types)
    if settings.weights is not None and fresh:
        notes = (*notes, *load_start_weights(settings.weights, model, spec))
    model = sync_batch_norm(model, group, plan.device)
    sharded = group.size > 1 and settings.strategy == "fsdp"
    if sharded:
        shard_weights(model, group, plan.device)
    job = make_job(plan, model)
    groups = parameter_groups(model, settings.groups, types)
    if not groups:
        what = "freeze leaves no weights to train" if settings.freeze else "the network has no weights to train"
        raise spec_error("NS603", what, settings.nodes.get("freeze", spec.train or spec_start(spec.path)))
    optimizer = make_optimizer(settings.optimizer, groups, fused=not sharded)
    scheduler = None
    if settings.scheduler is not None:
        turns = None if job.step_scheduler == "batch" else job.epochs
        scheduler = make_scheduler(settings.scheduler, optimizer, job.total, turns)
    return job, State(
        model,
        optimizer,
        scheduler,
        losses=torch.zeros(job.steps, device=plan.device),
        net=model,
        scaler=job.precision.scaler(),
        average=None if settings.ema is None else _make_average(model, settings.ema),
        frozen=tuple(model.get_submodule(path) for path in frozen),
        notes=notes,
        new_model=(lambda: compile_spec(spec, weights=False)) if sharded else None,
    )


def _make_average(model: nn.Module, decay: float) -> AveragedModel:
    """The moving average of a model, equal to it after its first step; running means and variances are averaged too."""
    formula = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch has no types for it
    return AveragedModel(model, multi_avg_fn=formula, use_buffers=True).requires_grad_(False)


def first_batch(job: Job) -> Batch:
    """The batch that a run takes its first step with."""
    order = job.order(0)[: job.batch_size]
    return next(job.train.batches(order, job.batch_size, job.group))


def try_first_step(plan: Plan, job: Job, state: State) -> bool:
    """Compute the gradients of the first batch; weights, buffers and random generators end as they were.

    Returns:
        Whether a parameter got no gradient.

    Raises:
        SpecError: NS609 at the layer where torch stops, or at what makes the batch.
    """
    with _restored(state.model, plan.device), _entered(state.model) as modules:
        try:
            _try_gradients(job, state)
            return any(parameter.grad is None for parameter in state.model.parameters() if parameter.requires_grad)
        except SpecError:
            raise
        except Exception as error:  # whatever torch raises here it would raise in the run
            raise step_refused(error, plan, job, modules) from error


def _try_compiled(plan: Plan, job: Job, state: State) -> None:
    """Compile for the first batch.

    Raises:
        SpecError: NS609, torch cannot.
    """
    with _restored(state.model, plan.device):
        try:
            _try_gradients(job, state)
        except Exception as error:  # of torch's compiler, of the C++ compiler, of Triton
            at, what = (
                plan.settings.nodes.get("compile", spec_start(plan.spec.path)),
                "torch cannot compile the network",
            )
            raise spec_error("NS609", f"{what} here", at, ("fix", "compile: false"), torch_says(error)) from error


def _try_gradients(job: Job, state: State) -> None:
    """Compute the gradients of the first batch, without the scaler, which would note them."""
    state.train()
    add_gradients(
        job, replace(state, scaler=None), first_batch(job)
    ).item()  # a GPU's errors show when it is waited for


@contextmanager
def _restored(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Restore buffers, gradients and random generators at the end."""
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
    """The finding of what torch raised in a step.

    Args:
        error: what was raised.
        plan, job: of the run.
        modules: the paths of the modules that were being computed, the innermost last; its layer is pointed at.
        notes: (label, text) pairs that follow on those of the error.
    """
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
