"""The `train` section → frozen Settings: numbers evaluated, torch's classes chosen and tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from netspec.ground.tree import Mapping, Node, Sequence, describe, is_null
from netspec.runner.byname import Choice, Evaluate, choose
from netspec.runner.families import losses, optimizers, schedulers
from netspec.runner.problems import Collector, problem, top
from netspec.runner.spread import Strategy
from netspec.stages.section_keys import TRAIN_KEYS
from netspec.stages.spec import Spec

Test = Callable[[Any], bool]


@dataclass(frozen=True)
class Settings:
    """How to train. `nodes` are the written values, to point at."""

    epochs: int
    batch_size: int
    loss: Choice
    optimizer: Choice
    scheduler: Choice | None
    seed: int
    device: str
    clip_grad_norm: float | None
    early_stopping: int | None
    strategy: Strategy
    nodes: dict[str, Node]


def _whole(least: int) -> Test:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**63


def _above_zero(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


_TESTS: dict[str, Test] = {
    "epochs": _whole(1),
    "batch_size": _whole(1),
    "seed": _whole(0),
    "early_stopping": _whole(1),
    "clip_grad_norm": _above_zero,
    "device": lambda value: isinstance(value, str),
    "strategy": lambda value: value in ("ddp", "fsdp"),
}
_FAMILIES = {"loss": losses, "optimizer": optimizers, "scheduler": schedulers}


def read_settings(spec: Spec) -> Settings:
    """The settings of a spec's `train`.

    Raises:
        SpecError: everything that is wrong with them, each at its place.
    """
    collector = Collector()
    values = setting_values(spec, collector)
    collector.finish()
    return Settings(**values)


def setting_values(spec: Spec, collector: Collector) -> dict[str, Any]:
    """What of a spec's `train` is sound: the fields of Settings by name. What is wrong goes into the collector."""
    section = spec.train
    if not isinstance(section, Mapping):
        with collector.step():
            at = spec.document.key("train") or top(spec.path)  # an empty one has nothing to point at but its key
            what = "there is no `train` section, which says how to train"
            raise problem("NS203", what, at if section is None or is_null(section) else section)
        return {"nodes": {}}
    values: dict[str, Any] = {"nodes": {str(key.value): node for key, node in section}}
    for key in TRAIN_KEYS:
        node = section.get(key.name)
        with collector.step():
            if node is None:
                if key.required:
                    raise problem("NS203", f"train needs {key.name}, e.g. {key.written}", section)
                values[key.name] = key.default
            elif key.name in _FAMILIES:
                values[key.name] = _choose(key.name, node, spec.evaluate)
            else:
                value = spec.evaluate(node)
                if not _TESTS[key.name](value):
                    raise problem("NS202", f"train → {key.name} is {key.wants}, not {describe(node)}", node)
                values[key.name] = value
    return values


def _choose(key: str, node: Node, evaluate: Evaluate) -> Choice:
    """A loss, optimizer or scheduler, tried on a parameter of its own."""
    if key == "scheduler":
        choice = _choose_scheduler(node, evaluate)
        make_scheduler(choice, torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9), steps=10)
        return choice
    choice = choose(node, _FAMILIES[key](), evaluate)
    if key == "loss":
        choice.make()
    else:
        _try_optimizer(choice)
    return choice


def _try_optimizer(choice: Choice) -> None:
    """One step on a 2×2 weight: some optimizers look at their arguments only then."""
    weight = torch.zeros(2, 2, requires_grad=True)
    optimizer = choice.make([weight])
    weight.grad = torch.ones(2, 2)
    try:
        optimizer.step(lambda: weight.sum().detach())
    except Exception as error:  # any failure of a step on plain numbers is the arguments' fault
        raise choice.refuse(error) from error


def _choose_scheduler(node: Node, evaluate: Evaluate) -> Choice:
    """A scheduler; in SequentialLR and ChainedScheduler the inner ones are choices too."""

    def value(argument: Node) -> object:
        if isinstance(argument, Sequence) and any(argument is held for held in holders):
            return [_choose_scheduler(item, evaluate) for item in argument.items]
        return evaluate(argument)

    arguments = [args for _, args in node if isinstance(args, Mapping)] if isinstance(node, Mapping) else []
    holders = [args.get("schedulers") for args in arguments]
    return choose(node, schedulers(), value)


def make_scheduler(choice: Choice, optimizer: torch.optim.Optimizer, steps: int) -> Any:
    """The scheduler on an optimizer; OneCycleLR's length is the run's where it is left out.

    Args:
        choice: from `read_settings`.
        optimizer: whose learning rates it sets.
        steps: optimizer steps of the whole run.
    """
    inner = choice.kwargs.get("schedulers")
    more: dict[str, Any] = {}
    if isinstance(inner, list):
        more["schedulers"] = [make_scheduler(item, optimizer, steps) for item in inner if isinstance(item, Choice)]
    if choice.name == "OneCycleLR" and not {"total_steps", "epochs"} & choice.kwargs.keys():
        more["total_steps"] = steps
    return choice.make(optimizer=optimizer, **more)


def make_optimizer(choice: Choice, parameters: list[torch.nn.Parameter], fused: bool = True) -> torch.optim.Optimizer:
    """The optimizer on a network's parameters, in its fused form where torch has one and the spec does not choose.

    Args:
        choice: the spec's.
        parameters: what it changes.
        fused: False where the weights are spread over processes, for which torch has no fused form.

    Raises:
        SpecError: NS605 when torch refuses.
    """
    from netspec.runner.byname import parameters as signature

    chosen = {"fused", "foreach", "differentiable"} & choice.kwargs.keys()
    fused = fused and "fused" in signature(choice.cls) and not chosen and all(p.is_floating_point() for p in parameters)
    optimizer: torch.optim.Optimizer
    if fused and parameters and parameters[0].device.type in ("cpu", "cuda", "mps"):
        try:
            optimizer = choice.cls(parameters, **choice.kwargs, fused=True)
            return optimizer
        except Exception:  # arguments without a fused kernel: the plain form follows, and says what is wrong if it is
            pass
    optimizer = choice.make(parameters)
    return optimizer
