"""The spec of a module, proved: it is right, and its network has the same weights and gives the same outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from netspec.checker import check
from netspec.compiler.module import compile_spec
from netspec.core.shapes import INTEGERS, Tensor
from netspec.importer.dropping import dropping
from netspec.importer.failure import ImportFailure
from netspec.importer.rounding import relative, rounded
from netspec.importer.running import in_mode, said
from netspec.language.spec import Spec

SAMPLES = 2
MOST_SHOWN = 3
_DROPS = frozenset({"Dropout", "StochasticDepth"})
CLOSE = 1e-5  # of the largest number of an output, in training mode, where a layer may round otherwise


def verify(spec: Spec, module: nn.Module, inputs: Mapping[str, Tensor]) -> tuple[str, float]:
    """Compare the network of a spec with the module that it comes from.

    Outputs are equal bit for bit, or differ by rounding alone, where the spec computes the same in another order: up to
    1e-5 of the largest number in float32, and up to 1e-9 in float64, which tells a wrong eps from rounding.

    Args:
        spec: the spec.
        module: the module.
        inputs: one sample of each input, by its name.

    Returns:
        In what they differ in training mode, empty where they do not; and by how much the outputs in eval mode differ,
        relative to the largest number of each, 0 where they are equal.

    Raises:
        ImportFailure: they differ in eval mode; the message says in what.
    """
    report = check(spec, fixes=False)
    if not report.ok:
        found = [d for d in report.diagnostics if d.severity == "error"]
        shown = "; ".join(f"line {d.span.line}: {d.message} ({d.code})" for d in found[:MOST_SHOWN])
        raise ImportFailure(f"the spec of the module does not check: {shown}")
    made = compile_spec(spec, "cpu", weights=False)
    _same_weights(made, module)
    made.load_state_dict(module.state_dict())
    given = samples(module, inputs)
    want, have = _without_change(module, given), _run(made, given)
    if isinstance(want, dict) and isinstance(have, dict) and len(tree_flatten(want)[0]) == len(want):
        kept = [str(name) for name, value in want.items() if isinstance(value, torch.Tensor)]
        if kept != [*have]:
            raise ImportFailure(f"the module gives {', '.join(kept)}, the spec {', '.join(have)}")
    rounding = 0.0

    def by_rounding(index: int, one: torch.Tensor, other: torch.Tensor) -> bool:
        nonlocal rounding
        off = relative(one, other)
        rounding = max(rounding, off)
        return rounded(_run, made, module, given, off, index)

    difference = _difference(want, have, by_rounding)
    if difference:
        raise ImportFailure(difference)
    try:
        by_hand = any(dropping(part) for part in module.modules())  # which draws in a way of its own
        trained = _run(module, given, training=True, drop=not by_hand)
    except ImportFailure as failure:
        return f"in training mode {failure.message}", rounding
    again = _run(made, given, training=True, drop=not by_hand)
    difference = _difference(trained, again, lambda index, one, other: relative(one, other) <= CLOSE)
    return f"in training mode {difference}" if difference else "", rounding


def _without_change(module: nn.Module, given: list[torch.Tensor]) -> Any:
    """What a module gives in eval mode.

    Raises:
        ImportFailure: it changes one of its buffers, so that the next call gives something else.
    """
    before = {name: buffer.clone() for name, buffer in module.named_buffers()}
    result = _run(module, given)
    changed = [name for name, buffer in module.named_buffers() if name in before and not _equal(before[name], buffer)]
    for name, buffer in module.named_buffers():
        if name in changed:
            buffer.copy_(before[name])
    if changed:
        raise ImportFailure(
            f"in eval mode forward changes {_shown(changed)}, which a spec does not: each call is the same"
        )
    return result


def initialise(module: nn.Module, inputs: Mapping[str, Tensor]) -> None:
    """Run a module once where it has lazy layers, as nn.LazyLinear, whose weights have no shapes before.

    Args:
        module: the module.
        inputs: one sample of each input, by its name.

    Raises:
        ImportFailure: it cannot be run, or has lazy layers that its forward does not use.
    """
    if any(map(is_lazy, (*module.parameters(), *module.buffers()))):
        _run(module, samples(module, inputs))
    lazy = [name for name, parameter in module.named_parameters() if is_lazy(parameter)]
    if lazy:
        raise ImportFailure(f"after a run {_shown(lazy)} are still without a shape: forward does not use them")


def _difference(wanted: Any, given: Any, accepts: Callable[[int, torch.Tensor, torch.Tensor], bool]) -> str:
    """In what the outputs of a module and those of its spec differ; empty where `accepts` takes all that does."""
    expected, got = tree_flatten(wanted)[0], tree_flatten(given)[0]
    expected = [each for each in expected if isinstance(each, torch.Tensor)]
    if len(got) != len(expected):
        return f"the module gives {len(expected)} tensors, the spec {len(got)}"
    for index, (want, have) in enumerate(zip(expected, got, strict=True)):
        if want.shape != have.shape:
            return f"output {index} of the module is {[*want.shape]}, of the spec {[*have.shape]}"
        if not _equal(want, have) and not accepts(index, want, have):
            off = (want.double() - have.double()).abs().max().item()
            return f"output {index} of the spec differs from the module's by up to {off:.3g}"
    return ""


class _SameDraws(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's class has no types
    """Lets each random operation draw the same numbers, whatever was drawn before it.

    So two networks can be compared whose random operations come in another order.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if torch.Tag.nondeterministic_seeded in func.tags:
            torch.manual_seed(0)
        return func(*args, **(kwargs or {}))


def _run(module: nn.Module, given: list[torch.Tensor], training: bool = False, drop: bool = True) -> Any:
    """What a module gives for a batch, with the same random numbers each time; without `drop` its layers drop none."""
    same_draws = _SameDraws()  # type: ignore[no-untyped-call]  # torch's class has no types
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), in_mode(module, training), same_draws:
            torch.manual_seed(0)
            for part in () if drop else module.modules():
                if type(part).__name__ in _DROPS or dropping(part):
                    part.training = False
            return module(*(each.clone() for each in given))
    except Exception as error:  # whatever the author's code raises
        raise ImportFailure(f"the module cannot be run on random samples: {said(error)}") from error


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors are equal bit for bit; what is no number in one is none in the other."""
    return bool(((one == other) | ((one != one) & (other != other))).all())


def _same_weights(made: nn.Module, module: nn.Module) -> None:
    want, have = module.state_dict(), made.state_dict()
    missing, extra = [key for key in want if key not in have], [key for key in have if key not in want]
    if missing or extra:
        lacks = f"lacks {_shown(missing)}" if missing else f"has {_shown(extra)} besides"
        raise ImportFailure(f"the spec {lacks}")
    for key, tensor in want.items():
        if tensor.shape != have[key].shape:
            raise ImportFailure(f"{key} is {[*tensor.shape]} in the module, {[*have[key].shape]} in the spec")
        if tensor.dtype != have[key].dtype:
            raise ImportFailure(f"{key} is {tensor.dtype} in the module, {have[key].dtype} in the spec")
    if [*want] != [*have]:
        first, second = next((a, b) for a, b in zip(want, have, strict=True) if a != b)
        raise ImportFailure(f"the weights come in another order: {first} in the module where the spec has {second}")
    one, other = tied(module), tied(made)
    if one != other:
        lost = sorted(one - other) or sorted(other - one)
        raise ImportFailure(f"one tensor has several names in the module alone: {' and '.join(lost[0])}")


def tied(module: nn.Module) -> set[tuple[str, ...]]:
    """The names of each tensor that has several."""
    names: dict[int, list[str]] = {}
    for name, tensor in (
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ):
        names.setdefault(id(tensor), []).append(name)
    return {tuple(sorted(found)) for found in names.values() if len(found) > 1}


def _shown(keys: list[str]) -> str:
    return ", ".join(keys[:MOST_SHOWN]) + (f" and {len(keys) - MOST_SHOWN} more" if len(keys) > MOST_SHOWN else "")


def samples(module: nn.Module, inputs: Mapping[str, Tensor]) -> list[torch.Tensor]:
    """A random batch of each input, [B, *sample]; integers are below the rows of every Embedding.

    They are smaller where the module shifts them, as by the offsets of fields in one table.
    """
    tables: list[Any] = [part for part in module.modules() if isinstance(part, nn.Embedding | nn.EmbeddingBag)]
    rows = min((table.num_embeddings for table in tables), default=2)
    found = _drawn(inputs, rows)
    while rows > 1 and tables and not _are_indexes(module, found):
        rows //= 2
        found = _drawn(inputs, rows)
    return found


def _are_indexes(module: nn.Module, given: list[torch.Tensor]) -> bool:
    """Whether no number of a batch is too large for a table that it is looked up in."""
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), in_mode(module):
            module(*(each.clone() for each in given))
    except IndexError:
        return False
    except Exception:  # the author's code has an error of its own, which the next run tells
        return True
    return True


def _drawn(inputs: Mapping[str, Tensor], rows: int) -> list[torch.Tensor]:
    """A random batch of each input; integers are below `rows`."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for tensor in inputs.values():
        shape, dtype = (SAMPLES, *tensor.shape), getattr(torch, tensor.dtype)
        if tensor.dtype in INTEGERS:
            found.append(torch.randint(0, rows, shape, generator=generator, dtype=dtype))
        elif tensor.dtype == "bool":
            found.append(torch.rand(shape, generator=generator) < 0.5)
        else:
            found.append(torch.randn(shape, generator=generator).to(dtype))
    return found
