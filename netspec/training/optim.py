"""Which parameters are trained and with which arguments; their optimizer, its scheduler and its warm-up.

Input: a network, and what the spec chooses. Output: torch's optimizer and scheduler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from netspec.core.tree import Mapping, Node, Scalar
from netspec.core.tree import Sequence as ListNode
from netspec.language.evaluate import Values
from netspec.language.patterns import picks, similar_patterns, texts
from netspec.language.sections.class_families import OPTIMIZER
from netspec.language.sections.written_classes import WrittenClass
from netspec.runtime.diagnostics import Collector, spec_error
from netspec.runtime.families import PER_BATCH, optimizer_value
from netspec.runtime.registry import Choice, checked, parameters

ModuleTypes = dict[str, list[str]]  # by module path: its type and those of the modules around it, the innermost last


def module_types(model: nn.Module) -> ModuleTypes:
    """The types of a network's modules, by which patterns pick parameters."""
    found: ModuleTypes = {"": []}
    for path, module in model.named_modules():
        if path:
            found[path] = [*found[path.rpartition(".")[0]], type(module).__name__]
    return found


def named_parameters(model: nn.Module, types: ModuleTypes) -> Iterator[tuple[str, nn.Parameter, list[str]]]:
    """Each parameter with its name and the types of the modules that it lies in."""
    for name, parameter in model.named_parameters():
        yield name, parameter, types[name.rpartition(".")[0]]


def check_patterns(model: nn.Module, patterns: Sequence[Scalar], types: ModuleTypes) -> None:
    """Refuse patterns that pick no parameter.

    Raises:
        SpecError: NS615 for each of them.
    """
    found, collector = list(named_parameters(model, types)), Collector()
    for node in patterns:
        pattern = str(node.value)
        with collector.step():
            if not any(picks(pattern, name, inside) for name, _, inside in found):
                names = [name for name, _, _ in found]
                meant = similar_patterns(pattern, names, [name for inside in types.values() for name in inside])
                asked = f"; did you mean {' or '.join(meant)}?" if meant else ""
                raise spec_error("NS615", f"{pattern!r} matches no parameter of the network{asked}", node)
    collector.finish()


def freeze(model: nn.Module, patterns: Sequence[Scalar], types: ModuleTypes) -> tuple[str, ...]:
    """Take the parameters that a pattern picks out of training.

    Returns:
        The paths of the modules whose running statistics are picked with them: they have to stay in evaluation mode.
    """
    words = [str(node.value) for node in patterns]
    for name, parameter, inside in named_parameters(model, types):
        if any(picks(word, name, inside) for word in words):
            parameter.requires_grad_(False)
    paths = []
    for path, module in model.named_modules():
        name = f"{path}.running_mean" if path else "running_mean"
        if getattr(module, "running_mean", None) is not None and any(picks(word, name, types[path]) for word in words):
            paths.append(path)
    return tuple(paths)


@dataclass(frozen=True)
class Group:
    """Arguments of the optimizer for the parameters that one of `patterns` picks."""

    patterns: tuple[Scalar, ...]
    arguments: dict[str, Any]


def read_groups(node: Node, optimizer: Choice, values: Values) -> tuple[Group, ...]:
    """Read the `groups` of a spec and check their arguments against the optimizer's.

    Raises:
        SpecError: NS605 for an argument that the optimizer does not have, or whose value it refuses.
    """
    collector, groups = Collector(), list[Group]()
    for item in node.items if isinstance(node, ListNode) else ():
        own = [(key, value) for key, value in item if key.value != "match"] if isinstance(item, Mapping) else []
        places = {str(key.value): value for key, value in own}
        with collector.step():
            checked(WrittenClass(OPTIMIZER, optimizer.node, Mapping(tuple(own), item.span), group=True), values)
        arguments = {name: optimizer_value(name, values(value), value) for name, value in places.items()}
        patterns = texts(item.get("match")) if isinstance(item, Mapping) else []
        groups.append(Group(tuple(patterns), arguments))
        with collector.step():
            if collector.found:
                continue  # torch would refuse what the table refuses
            try_optimizer(replace(optimizer, kwargs={**optimizer.kwargs, **arguments}, argument_nodes=places))
    collector.finish()
    return tuple(groups)


def parameter_groups(model: nn.Module, groups: Sequence[Group], types: ModuleTypes) -> list[dict[str, Any]]:
    """The parameters that are trained as an optimizer takes them, those of the same arguments together.

    A parameter that several groups pick gets the arguments of them all, of the same argument the last one. The
    parameters without any stand first.
    """
    found: list[tuple[dict[str, Any], list[nn.Parameter]]] = [({}, [])]
    for name, parameter, inside in named_parameters(model, types):
        if not parameter.requires_grad:
            continue
        arguments: dict[str, Any] = {}
        for group in groups:
            if any(picks(str(node.value), name, inside) for node in group.patterns):
                arguments |= group.arguments
        same = next((members for known, members in found if known == arguments), None)
        if same is None:
            found.append((arguments, [parameter]))
        else:
            same.append(parameter)
    return [{"params": members, **arguments} for arguments, members in found if members]


def make_optimizer(choice: Choice, groups: list[dict[str, Any]], fused: bool = True) -> torch.optim.Optimizer:
    """Make the optimizer, in its fused form where torch has one and the spec does not choose.

    Args:
        choice: the spec's.
        groups: the parameters it changes, with arguments of their own.
        fused: False where the weights are sharded over processes, for which torch has no fused form.

    Raises:
        SpecError: NS605 when torch refuses.
    """
    chosen = {"fused", "foreach", "differentiable"} & {*choice.kwargs, *(name for group in groups for name in group)}
    members = [parameter for group in groups for parameter in group["params"]]
    fused = fused and "fused" in parameters(choice.cls) and not chosen
    groups = [dict(group) for group in groups]  # the optimizer writes its defaults into them
    optimizer: torch.optim.Optimizer
    if (
        fused
        and members
        and members[0].device.type in ("cpu", "cuda", "mps")
        and all(parameter.is_floating_point() for parameter in members)
    ):
        try:
            optimizer = choice.cls(groups, **choice.kwargs, fused=True)
            return optimizer
        except Exception:  # arguments without a fused kernel: the plain form follows, and says what is wrong if it is
            pass
    optimizer = choice.make(groups)
    return optimizer


def try_optimizer(choice: Choice) -> None:
    """Take one step on a 2×2 weight: some optimizers look at their arguments only then.

    Raises:
        SpecError: NS605 when torch refuses.
    """
    weight = torch.zeros(2, 2, requires_grad=True)
    optimizer = choice.make([weight])
    weight.grad = torch.ones(2, 2)
    try:
        optimizer.step(lambda: weight.sum().detach())
    except Exception as error:  # any failure of a step on plain numbers is the arguments' fault
        raise choice.refuse(error) from error


def make_scheduler(choice: Choice, optimizer: torch.optim.Optimizer, steps: int, turns: int | None = None) -> Any:
    """Make the scheduler; OneCycleLR and CosineAnnealingLR take the run's length where theirs is left out.

    Args:
        choice: the spec's; in SequentialLR and ChainedScheduler the inner schedulers are choices too.
        optimizer: the optimizer whose learning rates it sets.
        steps: optimizer steps of the whole run.
        turns: how often the scheduler steps in the whole run; None: with each step of the optimizer.
    """
    more: dict[str, Any] = {}
    inner = choice.kwargs.get("schedulers")
    if isinstance(inner, list):
        more["schedulers"] = [
            make_scheduler(item, optimizer, steps, turns) for item in inner if isinstance(item, Choice)
        ]
    if choice.name == "OneCycleLR" and not {"total_steps", "epochs"} & choice.kwargs.keys():
        more["total_steps"] = steps
    if choice.name == "CosineAnnealingLR" and "T_max" not in choice.kwargs:
        more["T_max"] = turns or steps
    if choice.name in PER_BATCH:  # torch gives all groups the same rate: here they keep their proportions
        base = float(optimizer.defaults["lr"])
        factors = [float(group["lr"]) / base if base else 1.0 for group in optimizer.param_groups]
        for name in ("max_lr", "base_lr"):
            rate = choice.kwargs.get(name)
            if isinstance(rate, int | float) and any(factor != 1.0 for factor in factors):
                more[name] = [rate * factor for factor in factors]
    return choice.make(optimizer=optimizer, **more)


@dataclass(frozen=True)
class Warmup:
    """A factor of the learning rate that grows in a line from `start` to 1 in `steps` steps, beside any scheduler.

    torch's LinearLR cannot do this: LambdaLR, OneCycleLR, CyclicLR and CosineAnnealingWarmRestarts overwrite the rate
    that it set, ReduceLROnPlateau compares `min_lr` with it (ChainedScheduler and SequentialLR refuse that one), and
    SequentialLR lets the scheduler begin only after the warm-up.
    """

    steps: int = 0
    start: float = 1.0

    def factor(self, step: int) -> float:
        """The factor of a step (counted from 0), by the formula of LinearLR."""
        return self.start + (1 - self.start) * min(1.0, step / self.steps) if self.steps else 1.0

    @contextmanager
    def scaled(self, optimizer: torch.optim.Optimizer, step: int) -> Iterator[None]:
        """Give the optimizer the rates of the warm-up inside, and the scheduler's own again after it."""
        rates = [group["lr"] for group in optimizer.param_groups]
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * self.factor(step)
        try:
            yield
        finally:
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate


NO_WARMUP = Warmup()
