"""A checked spec → Plan: settings read, device chosen, data loaded, everything compared. Nothing is trained yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Literal

import torch
from torch import nn

from netspec.ground.diagnostics import Diagnostic, Span, SpecError
from netspec.ground.paths import COMMAND_LINE, resolve
from netspec.ground.shapes import Shape, Tensor
from netspec.ground.tree import Mapping, Node, Scalar
from netspec.runner.balance import balanced
from netspec.runner.batches import MemoryFeed, make_feed
from netspec.runner.contract import Contract, check_contract, network_ends, spare_outputs
from netspec.runner.data import Data, load_data, look_at_data
from netspec.runner.devices import choose_device
from netspec.runner.families import PER_BATCH
from netspec.runner.job import Job
from netspec.runner.metrics import Metric, make_metrics
from netspec.runner.mixing import make_mix
from netspec.runner.objective import Objective, Part
from netspec.runner.pipeline import Pipeline, read_pipeline
from netspec.runner.problems import Collector, option, problem, top
from netspec.runner.samples import Split
from netspec.runner.settings import Settings, setting_values
from netspec.runner.targets import kind_of
from netspec.runner.warmup import NO_WARMUP, Warmup
from netspec.runner.world import ALONE, World
from netspec.stages.check import check
from netspec.stages.measures import usual
from netspec.stages.spec import Report, Spec

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
UNKNOWN = Tensor((1, 1, 1))  # stands for the input of a network that has errors, where data are only looked for


@dataclass(frozen=True)
class Plan:
    """All that a run needs, found right: nothing of it changes while training."""

    spec: Spec
    report: Report
    settings: Settings
    pipeline: Pipeline
    device: torch.device
    data: Data
    contract: Contract
    world: World = ALONE


def prepare(spec: Spec, device: str | None = None, beside: Iterable[Diagnostic] = (), world: World = ALONE) -> Plan:
    """Everything up to the network itself.

    Args:
        spec: as loaded.
        device: goes before the spec's own; None leaves it to the spec, else `auto`.
        beside: errors found elsewhere, to be shown with those found here.
        world: the processes that train together.

    Raises:
        SpecError: all that stands in the way, each at its place, in the order of the file.
    """
    report = check(spec)
    if not spec.document.entries:  # nothing could be read, so that everything would seem to be missing
        raise SpecError([*beside, *report.diagnostics])
    collector = Collector([*beside, *(() if report.ok else report.diagnostics)])
    values = setting_values(spec, collector)
    pipeline = input = data = contract = None
    with collector.step():
        at = option("--device", device) if device else values["nodes"].get("device", top(spec.path))
        place = choose_device(device or values.get("device", "auto"), at, world)
    with collector.step():
        pipeline = read_pipeline(spec)
    if report.ok:
        with collector.step():
            input, _, _ = network_ends(report)
    with collector.step():
        if collector.found:
            data = look_at_data(spec, input or UNKNOWN, values.get("seed", 0))
        elif pipeline is not None and input is not None:
            with world.first():
                data = load_data(spec, input, values["seed"], pipeline.shape if pipeline.before else None)
    if data is not None and input is not None:
        with collector.step():
            loss = values.pop("loss", None)  # one whose weights cannot be worked out is not compared any further
            if loss is not None:
                values["loss"] = balanced(loss, data.train.targets, prod(network_ends(report)[1].shape))
        with collector.step():
            check_monitor(values, data.val is not None)
        with collector.step():
            contract = check_contract(report, data, pipeline, values.get("loss"))
    if collector.found or pipeline is None or data is None or contract is None:
        raise SpecError(sorted(collector.found, key=lambda found: _order(found.span, spec)))
    return Plan(spec, report, Settings(**values), pipeline, place, data, contract, world)


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
        raise problem("NS616", f"{monitor} is not measured: nothing is held back", values["nodes"]["monitor"], advice)
    if monitor.startswith("train_") and held_back:
        advice = ("fix", f"monitor: val_{monitor.removeprefix('train_')}")
        raise problem("NS616", f"{monitor} is not measured", values["nodes"]["monitor"], advice)


def _order(span: Span, spec: Spec) -> tuple[bool, str, int, int]:
    """As the check has it: the spec's own file first, from top to bottom."""
    return span.path != spec.path, span.path, span.line, span.column


def warnings(plan: Plan) -> list[Diagnostic]:
    """The check's warnings, and that of outputs without a class, where only the data tell the classes."""
    found = [item for item in plan.report.diagnostics if item.severity == "warning"]
    spare = spare_outputs(plan.report, plan.data, plan.settings.loss, plan.contract.output.shape)
    return found if spare is None or any(item.code == spare.code for item in found) else [*found, spare]


def channels_last(model: nn.Module, plan: Plan) -> bool:
    """Whether pictures are laid out channels-last, which convolutions on CPU and CUDA are faster with."""
    if plan.world.size > 1 and plan.settings.strategy == "fsdp":  # which takes contiguous weights only
        return False
    return convolves(model, plan.contract.input, plan.device)


def convolves(model: nn.Module, input: Tensor, device: torch.device) -> bool:
    """Whether a network's pictures are worth to be laid out channels-last."""
    found = any(isinstance(module, CONVOLUTIONS) for module in model.modules())
    return found and len(input.shape) == 3 and device.type in ("cpu", "cuda")


def make_job(plan: Plan, model: nn.Module) -> Job:
    """The loop's orders, samples on the device included."""
    settings, contract = plan.settings, plan.contract
    last = channels_last(model, plan)

    def feed(split: Split, targets: torch.Tensor, augment: bool) -> MemoryFeed:
        dtype: torch.dtype = getattr(torch, contract.input.dtype)
        source = plan.data.source
        return make_feed(
            split, targets, plan.pipeline, source, plan.device, dtype=dtype, augment=augment, channels_last=last
        )

    val = None
    if plan.data.val is not None and contract.val is not None:
        val = feed(plan.data.val, contract.val, augment=False)
    measured = contract.val if contract.val is not None else contract.train
    shape = contract.output.shape
    objective, metric = make_measures(settings, shape, measured, plan.device)
    patience = settings.early_stopping
    job = Job(
        train=feed(plan.data.train, contract.train, augment=True),
        val=val,
        objective=objective,
        metric=metric,
        epochs=settings.epochs or 1,
        batch_size=settings.batch_size,
        seed=settings.seed,
        most_steps=settings.steps,
        clip_grad_norm=settings.clip_grad_norm,
        clip_grad_value=settings.clip_grad_value,
        mix=make_mix(settings.mix, shape[0]) if settings.mix else None,
        monitor=settings.monitor,
        early_stopping=None if patience is None else patience.patience,
        min_delta=0.0 if patience is None else patience.min_delta,
        step_scheduler=_stepping(settings),
        drop_single=any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()),
        world=plan.world,
    )
    if settings.epochs is None and settings.steps is not None and job.steps:
        job = replace(job, epochs=-(-settings.steps // job.steps))
    return replace(job, warmup=_warmup(settings, job.steps))


def make_measures(
    settings: Settings, output: Shape, targets: torch.Tensor, device: torch.device
) -> tuple[Objective, Callable[[], Metric | None]]:
    """What outputs are measured by: the loss, and what makes the metrics of an evaluation.

    Args:
        settings: of the run.
        output: the output's sample shape.
        targets: [N, ...] what is measured against, or the first of it.
        device: where the batches are.
    """
    name = settings.loss.name
    names = settings.metrics if settings.metrics is not None else usual(name)
    objective = Objective((Part("", 0, settings.loss.make().to(device)),))
    return objective, lambda: make_metrics(names, kind_of(name), output, targets, device)


def _warmup(settings: Settings, steps: int) -> Warmup:
    """The warm-up in steps; `steps` are those of an epoch."""
    wanted = settings.warmup
    if wanted is None:
        return NO_WARMUP
    return Warmup(wanted.get("steps", wanted.get("epochs", 0) * steps), wanted.get("from", 0.01))


def _stepping(settings: Settings) -> Literal["epoch", "batch", "loss"]:
    if settings.scheduler is None or settings.scheduler.name == "ReduceLROnPlateau":
        return "epoch" if settings.scheduler is None else "loss"
    return settings.scheduler_step or ("batch" if settings.scheduler.name in PER_BATCH else "epoch")


def typed_paths(plan: Plan) -> tuple[str, ...]:
    """Assignments for the paths that were typed on the command line: a reloaded spec may not name them itself."""
    found: list[str] = []

    def walk(node: Node | None, path: str) -> None:
        if isinstance(node, Mapping):
            for key, value in node:
                walk(value, f"{path}.{key.value}")
        elif (
            isinstance(node, Scalar) and node.span.path == COMMAND_LINE and path.rpartition(".")[2] in ("root", "path")
        ):
            found.append(f"{path}={json.dumps(str(resolve(node, plan.spec.folder)))}")

    walk(plan.spec.data, "data")
    return tuple(found)
