"""What is exported: a network in evaluation mode, with what goes before and after it, its axes, and samples for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from netspec.core.expressions import evaluate
from netspec.core.shapes import Tensor
from netspec.core.tree import Scalar
from netspec.data.checks import smallest_table
from netspec.language.ranges import read_by
from netspec.language.spec import Spec
from netspec.objective.losses import Tensors
from netspec.shapes.report import Report, shown_sizes, size_ranges

BATCHES = (2, 1, 3)  # samples in the batches that are compared, where a file takes any number; the first is the example
BATCH = "batch"  # the name of the axis


@dataclass(frozen=True)
class EntryPoint:
    """One input of what is exported.

    Args:
        name: as the spec calls it.
        tensor: one sample.
        axes: the names of its axes that are of any size, by number, the batch's being 0.
        classes: how many different numbers it takes, where it is of whole numbers.
    """

    name: str
    tensor: Tensor
    axes: Mapping[int, str]
    classes: int = 2

    @property
    def dtype(self) -> torch.dtype:
        """torch's dtype."""
        found: torch.dtype = getattr(torch, self.tensor.dtype)
        return found

    def draw(self, batch: int, generator: torch.Generator) -> torch.Tensor:
        """Random samples [B, *input]."""
        shape = (batch, *self.tensor.shape)
        if self.dtype.is_floating_point:
            return torch.randn(shape, generator=generator, dtype=self.dtype)
        high = 256 if self.dtype == torch.uint8 else self.classes
        return torch.randint(high, shape, generator=generator).to(self.dtype)


@dataclass(frozen=True)
class Network:
    """A network that is exported.

    Args:
        spec: its spec.
        report: of the spec's check.
        model: in evaluation mode, on the CPU.
        inputs: what it takes.
        outputs: the names of what it gives.
        batch: how many samples a call takes; None: any number.
        classes: the names of its classes, as far as they are known.
        others: the inputs at other sizes that it takes, where its axes have names.
    """

    spec: Spec
    report: Report
    model: nn.Module
    inputs: tuple[EntryPoint, ...]
    outputs: tuple[str, ...]
    batch: int | None = None
    classes: tuple[str, ...] = ()
    others: tuple[tuple[EntryPoint, ...], ...] = ()

    @property
    def metadata(self) -> dict[str, str]:
        """What travels with the file: the spec, and what its inputs, outputs and classes are called."""
        inputs = [
            {
                "name": each.name,
                "shape": [each.axes.get(axis, size) for axis, size in enumerate(each.tensor.shape, 1)],
                "dtype": each.tensor.dtype,
            }
            for each in self.inputs
        ]
        found = {"netspec": self.spec.to_yaml(), "inputs": json.dumps(inputs), "outputs": json.dumps(self.outputs)}
        return {**found, **({"classes": json.dumps(self.classes)} if self.classes else {})}

    def __call__(self, inputs: Tensors) -> Tensors:
        """The outputs [B, *output] of the network itself for inputs [B, *input]."""
        with torch.inference_mode():
            return flat(self.model(*inputs))

    def example(self) -> Tensors:
        """Inputs [B, *input] to trace the network with."""
        return self.random_samples()[0]

    def random_samples(self) -> list[Tensors]:
        """Random inputs, [B, *input] each: of several batch sizes and of other input sizes, where it takes any."""
        generator = torch.Generator().manual_seed(0)
        batches = BATCHES if self.batch is None else (self.batch,)
        found = []
        for entries in (self.inputs, *self.others):
            found += [tuple(each.draw(batch, generator) for each in entries) for batch in batches]
        return found


def _at(report: Report, inputs: tuple[EntryPoint, ...], sizes: Mapping[str, int]) -> tuple[EntryPoint, ...]:
    """The inputs at other sizes."""
    found = []
    for each, declared in zip(inputs, report.spec.inputs, strict=True):
        shape = tuple(
            _value(declared.sizes[axis], {**report.params, **sizes}) if axis + 1 in each.axes else size
            for axis, size in enumerate(each.tensor.shape)
        )
        found.append(replace(each, tensor=Tensor(shape, each.tensor.dtype)))
    return tuple(found)


def _value(node: Any, names: Mapping[str, Any]) -> int:
    value = node.value if isinstance(node, Scalar) else None
    return int(evaluate(str(value), dict(names))) if not isinstance(value, int) else value  # type: ignore[arg-type]


def flat(outputs: Any) -> Tensors:
    """What a network returns as a tuple of tensors [B, *output], whatever holds them."""
    return tuple(each for each in pytree.tree_leaves(outputs) if isinstance(each, torch.Tensor))


def make_network(spec: Spec, report: Report, model: nn.Module, batch: int | None, classes: tuple[str, ...]) -> Network:
    """The Network of a spec.

    Args:
        spec: the spec.
        report: of its check, without errors.
        model: compiled of it; it is put into evaluation mode, on the CPU.
        batch: see Network.
        classes: see Network.
    """
    shown = shown_sizes(report)
    entries = []
    for index, (name, tensor) in enumerate(report.inputs.items()):
        assert tensor is not None
        nodes = spec.inputs[index].sizes
        axes = {
            axis + 1: str(node.value)
            for axis, node in enumerate(nodes)
            if isinstance(node, Scalar) and read_by(node, shown)
        }
        table = smallest_table(report, index)
        axes |= {0: BATCH} if batch is None else {}
        entries.append(EntryPoint(name, tensor, dict(sorted(axes.items())), table[0] if table is not None else 2))
    inputs = tuple(entries)
    others = tuple(_at(report, inputs, sizes) for sizes in _other_sizes(report, shown))
    return Network(spec, report, model.cpu().eval(), inputs, tuple(report.outputs), batch, classes, others)


def _other_sizes(report: Report, shown: Mapping[str, int]) -> list[Mapping[str, int]]:
    """One other right size of each name, each as far from the shown one as the name comes later."""
    if not shown:
        return []
    found = {}
    for steps, (name, each) in enumerate(size_ranges(report).items(), 1):
        index = each.sizes.index(shown[name])
        found[name] = (
            each.sizes[index + steps] if index + steps < len(each.sizes) else each.sizes[max(0, index - steps)]
        )
    return [found] if found != dict(shown) else []


class Wrapped(nn.Module):
    """A network with what `predict` does before it and after it.

    Args:
        network: the network.
        before: is applied to its input.
        after: is applied to its main output, whose index is `main`.
        main: the index.
    """

    def __init__(
        self,
        network: nn.Module,
        before: Callable[[torch.Tensor], torch.Tensor] | None,
        after: Callable[[torch.Tensor], torch.Tensor] | None,
        main: int = 0,
    ) -> None:
        super().__init__()
        self.network = network
        self.before, self.after, self.main = before, after, main

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor | Tensors:
        """The outputs [B, *output] for inputs [B, *input]."""
        given = inputs if self.before is None else (self.before(inputs[0]), *inputs[1:])
        outputs = list(flat(self.network(*given)))
        if self.after is not None:
            outputs[self.main] = self.after(outputs[self.main])
        return outputs[0] if len(outputs) == 1 else tuple(outputs)
