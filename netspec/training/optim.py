"""The optimizer on a network's parameters, its groups by pattern, the scheduler and its warm-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from netspec.core.tree import Mapping, Node, Scalar
from netspec.core.tree import Sequence as ListNode
from netspec.language.patterns import picks, similar_patterns, texts
from netspec.runtime.diagnostics import Collector, spec_error, unknown_name
from netspec.runtime.families import PER_BATCH, optimizers
from netspec.runtime.registry import Choice, Evaluate, parameters
from netspec.runtime.registry import parameters as signature


def make_scheduler(choice: Choice, optimizer: torch.optim.Optimizer, steps: int, turns: int | None = None) -> Any:
    """The scheduler on an optimizer; the length of OneCycleLR and CosineAnnealingLR is the run's where it is left out.

    Args:
        choice: from `read_settings`.
        optimizer: whose learning rates it sets.
        steps: optimizer steps of the whole run.
        turns: how often the scheduler steps in the whole run, if not with each of those.
    """
    inner = choice.kwargs.get("schedulers")
    more: dict[str, Any] = {}
    if isinstance(inner, list):
        more["schedulers"] = [
            make_scheduler(item, optimizer, steps, turns) for item in inner if isinstance(item, Choice)
        ]
    if choice.name == "OneCycleLR" and not {"total_steps", "epochs"} & choice.kwargs.keys():
        more["total_steps"] = steps
    if choice.name == "CosineAnnealingLR" and "T_max" not in choice.kwargs:
        more["T_max"] = turns or steps
    if choice.name in PER_BATCH:  # one rate is for all groups in torch: here they keep their proportions
        base = float(optimizer.defaults["lr"])
        shares = [float(group["lr"]) / base if base else 1.0 for group in optimizer.param_groups]
        rates = {name: choice.kwargs[name] for name in ("max_lr", "base_lr") if name in choice.kwargs}
        if any(share != 1.0 for share in shares):
            alike = {name: rate for name, rate in rates.items() if isinstance(rate, int | float)}
            more |= {name: [rate * share for share in shares] for name, rate in alike.items()}
    return choice.make(optimizer=optimizer, **more)


def make_optimizer(choice: Choice, groups: list[dict[str, Any]], fused: bool = True) -> torch.optim.Optimizer:
    """The optimizer on groups of parameters, in its fused form where torch has one and the spec does not choose.

    Args:
        choice: the spec's.
        groups: what it changes, with arguments of their own.
        fused: False where the weights are spread over processes, for which torch has no fused form.

    Raises:
        SpecError: NS605 when torch refuses.
    """
    chosen = {"fused", "foreach", "differentiable"} & {*choice.kwargs, *(name for group in groups for name in group)}
    parameters = [parameter for group in groups for parameter in group["params"]]
    fused = fused and "fused" in signature(choice.cls) and not chosen and all(p.is_floating_point() for p in parameters)
    optimizer: torch.optim.Optimizer
    groups = [dict(group) for group in groups]  # which the optimizer writes its defaults into
    if fused and parameters and parameters[0].device.type in ("cpu", "cuda", "mps"):
        try:
            optimizer = choice.cls(groups, **choice.kwargs, fused=True)
            return optimizer
        except Exception:  # arguments without a fused kernel: the plain form follows, and says what is wrong if it is
            pass
    optimizer = choice.make(groups)
    return optimizer


def try_optimizer(choice: Choice) -> None:
    """One step on a 2×2 weight: some optimizers look at their arguments only then."""
    weight = torch.zeros(2, 2, requires_grad=True)
    optimizer = choice.make([weight])
    weight.grad = torch.ones(2, 2)
    try:
        optimizer.step(lambda: weight.sum().detach())
    except Exception as error:  # any failure of a step on plain numbers is the arguments' fault
        raise choice.refuse(error) from error


Kinds = dict[str, list[str]]  # by module path


@dataclass(frozen=True)
class Group:
    """Arguments of the optimizer for the parameters that one of `patterns` picks."""

    patterns: tuple[Scalar, ...]
    arguments: dict[str, Any]


def read_groups(node: Node, optimizer: Choice, evaluate: Evaluate) -> tuple[Group, ...]:
    """The `groups` of a spec, their arguments held against the optimizer's.

    Raises:
        SpecError: NS605 for an argument that the optimizer does not have, or whose value it refuses.
    """
    family, collector, groups = optimizers(), Collector(), []
    known = [name for name in parameters(optimizer.cls) if name not in family.hidden]
    for item in node.items if isinstance(node, ListNode) else ():
        arguments: dict[str, Any] = {}
        places: dict[str, Node] = {}
        for key, value in item if isinstance(item, Mapping) else ():
            name = str(key.value)
            with collector.step():
                if name == "match":
                    continue
                if name not in known:
                    message = f"{optimizer.name} has no argument {name!r}"
                    raise unknown_name("NS605", message, key, name, ["match", *known])
                arguments[name], places[name] = family.convert(name, evaluate(value), value), value
        patterns = texts(item.get("match")) if isinstance(item, Mapping) else []
        groups.append(Group(tuple(patterns), arguments))
        with collector.step():
            try_optimizer(replace(optimizer, kwargs={**optimizer.kwargs, **arguments}, places=places))
    collector.finish()
    return tuple(groups)


def module_types(model: nn.Module) -> Kinds:
    """By module path: the types of the modules from below the network down to that one."""
    found: Kinds = {"": []}
    for path, module in model.named_modules():
        if path:
            found[path] = [*found[path.rpartition(".")[0]], type(module).__name__]
    return found


def parameter_owners(model: nn.Module, types: Kinds) -> Iterator[tuple[str, nn.Parameter, list[str]]]:
    """Each parameter with its name and the types of the modules that it lies in, the innermost last."""
    for name, parameter in model.named_parameters():
        yield name, parameter, types[name.rpartition(".")[0]]


def check_patterns(model: nn.Module, patterns: Sequence[Scalar], types: Kinds) -> None:
    """Every pattern picks something.

    Raises:
        SpecError: NS615 for those that do not.
    """
    everything, collector = list(parameter_owners(model, types)), Collector()
    for node in patterns:
        pattern = str(node.value)
        with collector.step():
            if not any(picks(pattern, name, inside) for name, _, inside in everything):
                names, known = (
                    [name for name, _, _ in everything],
                    [kind for inside in types.values() for kind in inside],
                )
                meant = similar_patterns(pattern, names, known)
                asked = f"; did you mean {' or '.join(meant)}?" if meant else ""
                raise spec_error("NS615", f"{pattern!r} matches no parameter of the network{asked}", node)
    collector.finish()


def parameter_groups(model: nn.Module, groups: Sequence[Group], types: Kinds) -> list[dict[str, Any]]:
    """What an optimizer takes: the parameters that are trained, those of the same arguments together.

    Of groups that meet, each gives its arguments; where two give the same one, the later counts. The parameters without
    any stand first.
    """
    found: list[dict[str, Any]] = [{"params": []}]
    for name, parameter, inside in parameter_owners(model, types):
        if not parameter.requires_grad:
            continue
        arguments: dict[str, Any] = {}
        for group in groups:
            if any(picks(str(node.value), name, inside) for node in group.patterns):
                arguments |= group.arguments
        same = [known for known in found if known.keys() - {"params"} == arguments.keys()
                and all(known[key] == value for key, value in arguments.items())]  # fmt: skip
        if not same:
            same = [{"params": [], **arguments}]
            found += same
        same[0]["params"].append(parameter)
    return [group for group in found if group["params"]]


def freeze(model: nn.Module, patterns: Sequence[Scalar], types: Kinds) -> tuple[str, ...]:
    """Take the parameters that a pattern picks out of training.

    Returns:
        The paths of the modules whose running statistics are picked with them: they have to stay in evaluation mode.
    """
    words = [str(node.value) for node in patterns]
    for name, parameter, inside in parameter_owners(model, types):
        if any(picks(word, name, inside) for word in words):
            parameter.requires_grad_(False)
    still = []
    for path, module in model.named_modules():
        name = f"{path}.running_mean" if path else "running_mean"
        if getattr(module, "running_mean", None) is not None and any(picks(word, name, types[path]) for word in words):
            still.append(path)
    return tuple(still)


@dataclass(frozen=True)
class Warmup:
    """`steps` steps, a factor from `start` on: a function of the step's number, so that nothing has to be stored."""

    steps: int = 0
    start: float = 1.0

    def factor(self, step: int) -> float:
        """What the rate of a step (counted from 0) is multiplied with, as torch's LinearLR has it."""
        return self.start + (1 - self.start) * min(1.0, step / self.steps) if self.steps else 1.0

    @contextmanager
    def dampened(self, optimizer: torch.optim.Optimizer, step: int) -> Iterator[None]:
        """While this is open the optimizer has the rates of the warm-up; after it the scheduler's own again.

        So it goes with every scheduler: those that compute a rate from the last one never see a dampened one.
        """
        factor = self.factor(step)
        if factor == 1.0:
            yield
            return
        rates = [group["lr"] for group in optimizer.param_groups]
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        try:
            yield
        finally:
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate


NO_WARMUP = Warmup()
