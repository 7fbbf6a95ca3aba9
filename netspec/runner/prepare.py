"""A checked spec → Plan: settings read, device chosen, data loaded, everything compared. Nothing is trained yet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from netspec.ground.diagnostics import Diagnostic, SpecError
from netspec.ground.paths import COMMAND_LINE, resolve
from netspec.ground.tree import Mapping, Node, Scalar
from netspec.runner.batches import Feed, make_feed
from netspec.runner.contract import Contract, advice_on_loss, check_contract, network_ends
from netspec.runner.data import Data, load_data
from netspec.runner.devices import choose_device
from netspec.runner.families import PER_BATCH
from netspec.runner.loop import Job
from netspec.runner.metrics import make_metric
from netspec.runner.pipeline import Pipeline, read_pipeline
from netspec.runner.problems import Collector, option, top
from netspec.runner.samples import Split
from netspec.runner.settings import Settings, read_settings
from netspec.runner.targets import kind_of
from netspec.stages.check import check
from netspec.stages.spec import Report, Spec

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


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


def checked(spec: Spec) -> Report:
    """The report of a spec without errors.

    Raises:
        SpecError: the check found some.
    """
    report = check(spec)
    if not report.ok:
        raise SpecError(report.diagnostics)
    return report


def prepare(spec: Spec, device: str | None = None) -> Plan:
    """Everything up to the first step.

    Args:
        spec: as loaded.
        device: goes before the spec's own; None leaves it to the spec, else `auto`.

    Raises:
        SpecError: all that stands in the way, each at its place.
    """
    report = checked(spec)
    collector = Collector()
    with collector.step():
        settings = read_settings(spec)
        at = option("--device", device) if device else settings.nodes.get("device", top(spec.path))
        place = choose_device(device or settings.device, at)
    with collector.step():
        pipeline = read_pipeline(spec)
    with collector.step():
        sample, _, _ = network_ends(report)
    collector.finish()
    data = load_data(spec, sample, settings.seed, pipeline.shape if pipeline.before else None)
    contract = check_contract(report, data, pipeline, settings)
    return Plan(spec, report, settings, pipeline, place, data, contract)


def warnings(plan: Plan) -> list[Diagnostic]:
    """The check's warnings, and that of a loss that does not suit the last layer."""
    found = [item for item in plan.report.diagnostics if item.severity == "warning"]
    advice = advice_on_loss(plan.settings.loss, plan.contract.last)
    if advice and all(item.code != "NS904" for item in found):
        found.append(Diagnostic("NS904", advice, plan.settings.loss.node.span))
    return found


def channels_last(model: nn.Module, plan: Plan) -> bool:
    """Whether pictures are laid out channels-last, which convolutions on CPU and CUDA are faster with."""
    convolves = any(isinstance(module, CONVOLUTIONS) for module in model.modules())
    return convolves and len(plan.contract.input.shape) == 3 and plan.device.type in ("cpu", "cuda")


def make_job(plan: Plan, model: nn.Module) -> Job:
    """The loop's orders, samples on the device included."""
    settings, contract = plan.settings, plan.contract
    last = channels_last(model, plan)

    def feed(split: Split, targets: torch.Tensor, augment: bool) -> Feed:
        dtype: torch.dtype = getattr(torch, contract.input.dtype)
        source = plan.data.source
        return make_feed(
            split, targets, plan.pipeline, source, plan.device, dtype=dtype, augment=augment, channels_last=last
        )

    val = None
    if plan.data.val is not None and contract.val is not None:
        val = feed(plan.data.val, contract.val, augment=False)
    scheduler = settings.scheduler
    measured = contract.val if contract.val is not None else contract.train
    kind = kind_of(settings.loss.name)
    return Job(
        train=feed(plan.data.train, contract.train, augment=True),
        val=val,
        loss=settings.loss.make().to(plan.device),
        metric=lambda: make_metric(kind, measured, plan.device),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        seed=settings.seed,
        clip_grad_norm=settings.clip_grad_norm,
        early_stopping=settings.early_stopping,
        step_scheduler="epoch" if scheduler is None else _stepping(scheduler.name),
        drop_single=any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()),
    )


def _stepping(name: str) -> Literal["epoch", "batch", "loss"]:
    if name == "ReduceLROnPlateau":
        return "loss"
    return "batch" if name in PER_BATCH else "epoch"


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
