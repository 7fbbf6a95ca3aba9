"""The optimizer on a network's parameters, and the scheduler on the optimizer."""

from __future__ import annotations

from typing import Any

import torch

from netspec.runtime.families import PER_BATCH
from netspec.runtime.registry import Choice
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
