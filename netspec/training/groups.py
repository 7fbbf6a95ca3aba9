"""Parameters by pattern: other arguments of the optimizer for some of them, and some that are not trained at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from netspec.core.tree import Mapping, Node, Scalar
from netspec.core.tree import Sequence as ListNode
from netspec.language.patterns import meant_patterns, picks, texts
from netspec.runtime.diagnostics import Collector, misspelt, problem
from netspec.runtime.families import optimizers
from netspec.runtime.registry import Choice, Evaluate, parameters
from netspec.training.optimizing import try_optimizer

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
                    raise misspelt("NS605", message, key, name, ["match", *known])
                arguments[name], places[name] = family.convert(name, evaluate(value), value), value
        patterns = texts(item.get("match")) if isinstance(item, Mapping) else []
        groups.append(Group(tuple(patterns), arguments))
        with collector.step():
            try_optimizer(replace(optimizer, kwargs={**optimizer.kwargs, **arguments}, places=places))
    collector.finish()
    return tuple(groups)


def kinds(model: nn.Module) -> Kinds:
    """By module path: the types of the modules from below the network down to that one."""
    found: Kinds = {"": []}
    for path, module in model.named_modules():
        if path:
            found[path] = [*found[path.rpartition(".")[0]], type(module).__name__]
    return found


def owned(model: nn.Module, types: Kinds) -> Iterator[tuple[str, nn.Parameter, list[str]]]:
    """Each parameter with its name and the types of the modules that it lies in, the innermost last."""
    for name, parameter in model.named_parameters():
        yield name, parameter, types[name.rpartition(".")[0]]


def check_patterns(model: nn.Module, patterns: Sequence[Scalar], types: Kinds) -> None:
    """Every pattern picks something.

    Raises:
        SpecError: NS615 for those that do not.
    """
    everything, collector = list(owned(model, types)), Collector()
    for node in patterns:
        pattern = str(node.value)
        with collector.step():
            if not any(picks(pattern, name, inside) for name, _, inside in everything):
                names, known = (
                    [name for name, _, _ in everything],
                    [kind for inside in types.values() for kind in inside],
                )
                meant = meant_patterns(pattern, names, known)
                asked = f"; did you mean {' or '.join(meant)}?" if meant else ""
                raise problem("NS615", f"{pattern!r} matches no parameter of the network{asked}", node)
    collector.finish()


def parameter_groups(model: nn.Module, groups: Sequence[Group], types: Kinds) -> list[dict[str, Any]]:
    """What an optimizer takes: the parameters that are trained, those of the same arguments together.

    Of groups that meet, each gives its arguments; where two give the same one, the later counts. The parameters without
    any stand first.
    """
    found: list[dict[str, Any]] = [{"params": []}]
    for name, parameter, inside in owned(model, types):
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
    for name, parameter, inside in owned(model, types):
        if any(picks(word, name, inside) for word in words):
            parameter.requires_grad_(False)
    still = []
    for path, module in model.named_modules():
        name = f"{path}.running_mean" if path else "running_mean"
        if getattr(module, "running_mean", None) is not None and any(picks(word, name, types[path]) for word in words):
            still.append(path)
    return tuple(still)
