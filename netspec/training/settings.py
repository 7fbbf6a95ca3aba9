"""The `train` section of a spec: numbers evaluated, torch's classes chosen and tried.

Input: a spec. Output: Settings, or all that is wrong with them, as a SpecError.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from netspec.core.conforms import conforms
from netspec.core.diagnostics import Findings
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe, is_null
from netspec.data.augment.mixing import choose_mixers
from netspec.distributed.wrapping import Strategy
from netspec.language.evaluate import Values
from netspec.language.patterns import texts
from netspec.language.sections.data_keys import reconstructs
from netspec.language.sections.keys import bare
from netspec.language.sections.loggers import Wanted, wanted_loggers
from netspec.language.sections.losses import is_own, kind_of
from netspec.language.sections.metrics import of_numbers
from netspec.language.sections.train_keys import TRAIN_KEYS
from netspec.language.sections.written_classes import split_named
from netspec.language.spec import Spec
from netspec.objective.losses import Term, read_terms
from netspec.runtime.diagnostics import Collector, spec_error, spec_start
from netspec.runtime.families import choose_optimizer, choose_scheduler
from netspec.runtime.registry import Choice, own_choice
from netspec.training.devices import PrecisionName
from netspec.training.optim import Group, make_scheduler, read_groups, try_optimizer
from netspec.training.start_weights import StartWeights, read_start

_LIMITS = {  # what a value has to be less than, which a schema does not say
    **dict.fromkeys(("epochs", "steps", "batch_size", "seed"), 2**63),
    **dict.fromkeys(("clip_grad_norm", "clip_grad_value"), float("inf")),
}
_TUPLES = ("groups", "freeze", "mix")  # whose default is ()
_LATER = (*_TUPLES, "weights", "loggers", "callbacks")  # which are no plain values


@dataclass(frozen=True)
class Settings:
    """How to train: the keys of `train`, as docs/keys.md describes them.

    `epochs` is None where `steps` alone says how long; `nodes` are the written values by key, to point at.
    """

    epochs: int | None
    steps: int | None
    batch_size: int
    loss: tuple[Term, ...]
    optimizer: Choice
    groups: tuple[Group, ...]
    freeze: tuple[Scalar, ...]
    scheduler: Choice | None
    scheduler_step: Literal["epoch", "batch"] | None
    warmup: dict[str, Any] | None
    clip_grad_norm: float | None
    clip_grad_value: float | None
    ema: float | None
    mix: tuple[Choice, ...]
    metrics: tuple[str, ...] | None
    monitor: str | None
    early_stopping: Patience | None
    weights: StartWeights | None
    deterministic: bool
    seed: int
    device: str
    checkpoint_every: dict[str, Any] | None
    strategy: Strategy
    nodes: dict[str, Node]
    precision: PrecisionName = "fp32"
    tf32: bool | None = None
    compile: bool = False
    accumulate: int = 1
    loggers: Wanted = ()
    own_metrics: dict[str, Choice] = field(default_factory=dict)
    callbacks: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Patience:
    """When training ends early: after `patience` epochs, none of them better by more than `min_delta`."""

    patience: int
    min_delta: float = 0.0


def read_settings(spec: Spec) -> Settings:
    """The settings of a spec's `train`.

    Args:
        spec: as loaded.

    Raises:
        SpecError: everything that is wrong with them, each where it is written.
    """
    collector = Collector()
    values = setting_values(spec, collector)
    collector.finish()
    return Settings(**values)


def setting_values(spec: Spec, collector: Collector) -> dict[str, Any]:
    """The fields of Settings by name, without those that are wrong; what is wrong goes into the collector."""
    section = spec.train
    if not isinstance(section, Mapping):
        with collector.step():
            at = spec.document.key("train") or spec_start(spec.path)  # an empty one has nothing to point at but its key
            what = "there is no `train` section, which says how to train"
            raise spec_error("NS203", what, at if section is None or is_null(section) else section)
        return {"nodes": {}}
    values: dict[str, Any] = {"nodes": {str(key.value): node for key, node in section}}
    for key in TRAIN_KEYS:
        node = section.get(key.name)
        with collector.step():
            if node is None:
                if key.required:
                    raise spec_error("NS203", f"train needs {key.name}, e.g. {key.written}", section)
                values[key.name] = () if key.name in _TUPLES else key.default
            elif key.name == "loss":
                values["loss"] = read_terms(node, spec.values)
            elif key.name in ("optimizer", "scheduler"):
                values[key.name] = _choose(key.name, node, spec.values)
            elif key.name not in _LATER:
                value: Any = spec.evaluate(node)
                limit = _LIMITS.get(key.name)
                if not conforms(value, bare(key.schema)) or not (limit is None or value is None or value < limit):
                    raise spec_error("NS202", f"train → {key.name} is {key.wants}, not {describe(node)}", node)
                values[key.name] = _converted(key.name, value)
    _later(section, spec, values, collector)
    with collector.step():
        _compare(values)
    if reconstructs(spec.data) and any(kind_of(term.loss.name) != "classes" for term in values.get("loss") or ()):
        values["metrics"] = of_numbers(values.get("metrics"))
    if "epochs" not in values["nodes"] and values.get("steps") is not None:
        values["epochs"] = None  # the usual number of epochs does not cut the steps off
    return values


def _compare(values: dict[str, Any]) -> None:
    """Refuse settings that do not go together."""
    optimizer = values.get("optimizer")
    if values.get("precision") == "fp16" and optimizer is not None and optimizer.name == "LBFGS":
        what = "LBFGS compares losses within a step, and fp16 scales them from step to step"
        raise spec_error("NS605", what, values["nodes"]["precision"], ("fix", "precision: bf16, or another optimizer"))


def _converted(key: str, value: Any) -> Any:
    """A value in the type that Settings has it in."""
    if key == "early_stopping":
        return Patience(**value) if isinstance(value, dict) else Patience(value)
    if key == "metrics":
        return tuple(dict.fromkeys(value)) if isinstance(value, list) else (value,)
    return value


def _later(section: Mapping, spec: Spec, values: dict[str, Any], collector: Collector) -> None:
    """Read the keys that need others, or are no plain values."""
    groups, mix, weights = section.get("groups"), section.get("mix"), section.get("weights")
    values["freeze"] = tuple(texts(section.get("freeze")))
    if groups is not None and "optimizer" in values:
        with collector.step():
            values["groups"] = read_groups(groups, values["optimizer"], spec.values)
    if mix is not None:
        with collector.step():
            values["mix"] = choose_mixers(mix, spec.values)
    with collector.step():
        values["own_metrics"] = {
            node.text: own_choice(node, None, spec.values, "metric")
            for node in texts(section.get("metrics"))
            if is_own(node.value)
        }
    with collector.step():
        values["callbacks"] = _callbacks(section.get("callbacks"), spec.values)
    values["loggers"] = wanted_loggers(section.get("loggers"), Findings())  # the check has found what is wrong
    values["weights"] = None if weights is None else read_start(weights, spec)


def _callbacks(node: Node | None, values: Values) -> tuple[Choice, ...]:
    """The classes of `callbacks`."""
    found = []
    for item in node.items if isinstance(node, Sequence) else ():
        named = split_named(item)
        if named is None or not is_own(named[0].value):
            what = "a callback is written my_module:Name or {my_module:Name: arguments}"
            raise spec_error("NS202", f"{what}, not as {describe(item)}", item)
        found.append(own_choice(*named, values, "callback"))
    return tuple(found)


def _choose(key: str, node: Node, values: Values) -> Choice:
    """An optimizer or scheduler, tried on a parameter that is made for it."""
    if key == "scheduler":
        choice = choose_scheduler(node, values)
        make_scheduler(choice, torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9), steps=10)
        return choice
    choice = choose_optimizer(node, values)
    try_optimizer(choice)
    return choice
