"""Settings read, device chosen, data loaded and everything compared, before anything is trained.

Input: a spec. Output: a Plan, and from it and the network a Job; or a SpecError that lists every problem.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import torch
from torch import nn

from netspec.checker import check
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.core.shapes import Tensor
from netspec.core.tree import Mapping, Span
from netspec.data.augment.mixing import make_mix
from netspec.data.batches import BalancedOrder, Feed
from netspec.data.checks import DataChecks, check_data, check_mix, check_monitor
from netspec.data.checks_targets import too_many_outputs, with_class_weights
from netspec.data.dividing import classes_to_balance
from netspec.data.loading import LoaderOptions, make_feed
from netspec.data.section import VAL, load_data, preview_data
from netspec.data.split import Data, Split
from netspec.data.storage import read_storage
from netspec.data.streaming import BufferedOrder, StreamedPictures, stream_feed
from netspec.data.transforms import Pipeline, read_pipeline
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.distributed.wrapping import check_strategy
from netspec.language.sections.losses import OF_EMBEDDINGS
from netspec.language.spec import Spec
from netspec.metrics.measures import make_measures
from netspec.objective.losses import Tensors, network_inputs
from netspec.objective.pairs import PairedOrder
from netspec.runtime.diagnostics import Collector, option_span, spec_error, spec_start
from netspec.runtime.families import PER_BATCH
from netspec.shapes.report import Report
from netspec.training.devices import Precision, channels_last, choose_device
from netspec.training.job import Job
from netspec.training.optim import NO_WARMUP, Warmup
from netspec.training.settings import Settings, setting_values

PLACEHOLDER = {"input": Tensor((1, 1, 1))}  # the inputs of a network that has errors, to look for its data


@dataclass(frozen=True)
class Plan:
    """All that a run needs, checked; nothing of it changes while training.

    Args:
        spec: as loaded.
        report: of its check.
        settings: its `train` section.
        pipeline: its transforms.
        device: where the run computes.
        data: its samples, in memory or on the disk.
        data_checks: the samples as the network takes them.
        group: the processes that train together.
    """

    spec: Spec
    report: Report
    settings: Settings
    pipeline: Pipeline
    device: torch.device
    data: Data
    data_checks: DataChecks
    group: ProcessGroup = ALONE


def prepare(
    spec: Spec,
    device: str | None = None,
    beside: Iterable[Diagnostic] = (),
    group: ProcessGroup = ALONE,
    part: str = VAL,
) -> Plan:
    """Check a spec, load its data and compare everything.

    Args:
        spec: as loaded.
        device: goes before the spec's own; None leaves it to the spec, else `auto`.
        beside: errors found elsewhere, to be shown with those found here.
        group: the processes that train together.
        part: as of `load_data`.

    Raises:
        SpecError: all that stands in the way, each where it is written, in the order of the file.
    """
    report = check(spec)
    if not spec.document.entries:  # nothing could be read, so that everything would seem to be missing
        raise SpecError([*beside, *report.diagnostics])
    wrong = () if report.ok else (found for found in report.diagnostics if found.severity != "warning")
    collector = Collector([*beside, *wrong])
    values = setting_values(spec, collector)
    pipeline = inputs = data = data_checks = None
    with collector.step():
        at = option_span("--device", device) if device else values["nodes"].get("device", spec_start(spec.path))
        chosen = choose_device(device or values.get("device", "auto"), at, group)
    with collector.step():
        check_strategy(values, group)
    with collector.step():
        pipeline = read_pipeline(spec)
    if report.ok:
        with collector.step():
            inputs = network_inputs(report)
    with collector.step():
        if collector.found:
            data = preview_data(spec, inputs or PLACEHOLDER, values.get("seed", 0))
        elif pipeline is not None and inputs is not None:
            with group.local_main_first():
                data = load_data(spec, inputs, values["seed"], pipeline.shape if pipeline.before else None, part)
    if data is not None and inputs is not None:
        with collector.step():
            terms = values.pop("loss", None)  # those whose weights cannot be worked out are not compared any further
            if terms is not None:
                values["loss"] = with_class_weights(report, data, terms)
        with collector.step():
            check_monitor(values, data.val is not None or part != VAL)
        with collector.step():
            check_mix(values, data)
        with collector.step():
            data_checks = check_data(report, data, pipeline, values.get("loss"))
        with collector.step():
            if classes_to_balance(spec, data.train, 0) is not None and isinstance(
                data.train.inputs[0], StreamedPictures
            ):
                what = (
                    "sampler: balanced takes samples from anywhere, and with streaming: true they come in their order"
                )
                raise spec_error("NS630", what, data.node)
    if collector.found or pipeline is None or data is None or data_checks is None:

        def order(span: Span) -> tuple[bool, str, int, int]:  # the spec's own file first, from top to bottom
            return span.path != spec.path, span.path, span.line, span.column

        raise SpecError(sorted(collector.found, key=lambda found: order(found.span)))
    return Plan(spec, report, Settings(**values), pipeline, chosen, data, data_checks, group)


def warnings(plan: Plan) -> list[Diagnostic]:
    """The warnings of the check and of the data, and where it has no NS914 that of outputs without a class."""
    found = [item for item in plan.report.diagnostics if item.severity == "warning"]
    if plan.data.overlap:
        what = f"samples are windows of a series, {plan.data.overlap} from one to the next, and are divided at random"
        section = plan.spec.data if isinstance(plan.spec.data, Mapping) else None
        at = next((node for key in ("val", "test", "folds") if section and (node := section.get(key))), plan.data.node)
        fix = ("fix", "TimeSeries, which validates with the end of the series, or val: {…}, a dataset of its end")
        found += spec_error("NS932", what, at, fix).diagnostics
    if any(item.code == "NS914" for item in found):
        return found
    unused = [too_many_outputs(plan.report, plan.data, head) for head in plan.data_checks.heads]
    return [*found, *(item for item in unused if item is not None)]


def make_job(plan: Plan, model: nn.Module) -> Job:
    """Make the Job of a plan, its samples on the device.

    Args:
        plan: as `prepare` gives it.
        model: the network, on the plan's device.
    """
    settings, data_checks = plan.settings, plan.data_checks
    dtypes = tuple(getattr(torch, input.dtype) for input in data_checks.inputs)
    wanted = LoaderOptions(plan.device, dtypes, channels_last(model, plan.report, plan.device), settings.seed)
    wanted = replace(wanted, outputs=sum(prod(head.output.shape) for head in data_checks.heads))
    storage = read_storage(plan.spec)

    def feed(split: Split, targets: Tensors, augment: bool) -> Feed:
        own, source = plan.data.reconstruct, plan.data.source
        if isinstance(split.inputs[0], StreamedPictures):
            return stream_feed(
                split.inputs[0], targets, plan.pipeline, source, wanted, augment=augment, reconstruct=own
            )
        return make_feed(split, targets, plan.pipeline, source, wanted, storage, augment=augment, reconstruct=own)

    val, measured = None, data_checks.train
    if plan.data.val is not None and data_checks.val is not None:
        val, measured = feed(plan.data.val, data_checks.val, augment=False), data_checks.val
    source = plan.data.source
    units = [source.target(head.name).unit for head in data_checks.heads]
    objective, measures = make_measures(
        data_checks.heads, settings.metrics, measured, plan.device, units, plan.data.naive, settings.own_metrics
    )
    patience = settings.early_stopping
    classes = classes_to_balance(plan.spec, plan.data.train, plan.data.source.target_index(data_checks.main.name))
    job = Job(
        train=feed(plan.data.train, data_checks.train, augment=True),
        val=val,
        objective=objective,
        measures=measures,
        epochs=settings.epochs or 1,
        batch_size=settings.batch_size,
        seed=settings.seed,
        max_steps=settings.steps,
        clip_grad_norm=settings.clip_grad_norm,
        precision=Precision(settings.precision, plan.device.type),
        accumulate=settings.accumulate,
        clip_grad_value=settings.clip_grad_value,
        mix=make_mix(settings.mix, data_checks.main.output.shape[0]) if settings.mix else None,
        monitor=settings.monitor,
        early_stopping=None if patience is None else patience.patience,
        min_delta=0.0 if patience is None else patience.min_delta,
        step_scheduler=_stepping(settings),
        drop_single=any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()),
        group=plan.group,
        balance=_order(plan, classes),
    )
    if settings.epochs is None and settings.steps is not None and job.steps:
        job = replace(job, epochs=-(-settings.steps // job.steps))
    return replace(job, warmup=_warmup(settings, job.steps))


def _order(plan: Plan, classes: torch.Tensor | None) -> BalancedOrder | BufferedOrder | PairedOrder | None:
    """The order of an epoch, where it is not any: balanced classes, pairs of one class, or what a buffer allows."""
    x = plan.data.train.inputs[0]
    if isinstance(x, StreamedPictures):
        return BufferedOrder(len(x), x.buffer)
    if classes is not None:
        return BalancedOrder(classes)
    return PairedOrder(plan.data_checks.train[0]) if plan.data_checks.main.kind in OF_EMBEDDINGS else None


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
