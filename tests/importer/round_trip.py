"""A module → its spec → YAML text → a spec → a module, and what differs between the two modules."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten

import netspec
from netspec.core.shapes import Tensor as Sample
from netspec.importer.inputs import declared
from netspec.importer.verify import samples
from netspec.language.spec import Spec


def drawn(module: nn.Module, inputs: dict[str, Sample], count: int = 3) -> list[Tensor]:
    """A random batch for each input, other ones than the import itself draws; integers are as large as there."""
    generator = torch.Generator().manual_seed(7)
    found = []
    for sample, known in zip(inputs.values(), samples(module, inputs), strict=True):
        shape, most = (count, *sample.shape), int(known.max()) + 1 if sample.dtype.startswith("int") else 0
        found.append(
            torch.randint(0, most, shape, generator=generator) if most else torch.randn(shape, generator=generator)
        )
    return found


def outputs(module: nn.Module, given: list[Tensor]) -> list[Tensor]:
    """The tensors that a module gives in eval mode, one after the other."""
    with torch.no_grad():
        flat, _ = tree_flatten(module.eval()(*(each.clone() for each in given)))
    return [each for each in flat if isinstance(each, Tensor)]


def differences(module: nn.Module, given: Any, spec: Spec | None = None) -> list[str]:
    """What a module and the one that is compiled from its spec's text differ in; empty where they are the same.

    Args:
        module: the module.
        given: the shapes of its inputs.
        spec: its spec, where it is there already.
    """
    text = (spec or netspec.from_module(module, given)).to_yaml()
    again = netspec.loads(text)
    made = netspec.compile(again)
    want, have = module.state_dict(), made.state_dict()
    if [*want] != [*have]:
        return [f"keys: {[*want][:5]} … and {[*have][:5]} …"]
    found = [f"shape of {key}" for key, value in want.items() if value.shape != have[key].shape]
    made.load_state_dict(want)
    batch = drawn(module, declared(given, module))
    pairs = zip(outputs(module, batch), outputs(made, batch), strict=True)
    return found + [f"output {index}" for index, (a, b) in enumerate(pairs) if not torch.equal(a, b)]
