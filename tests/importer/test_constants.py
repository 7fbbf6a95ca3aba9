"""A module's own tensors and fixed ones, in the forms in which people bring them to the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.importer.round_trip import differences

pytestmark = pytest.mark.filterwarnings("ignore:netspec.from_module. the outputs differ")


class Held(nn.Module):
    """A function of the input and of what the module holds."""

    def __init__(self, function: Callable[[Any, Tensor], Tensor], held: dict[str, Any]) -> None:
        super().__init__()
        for name, each in held.items():
            if isinstance(each, Tensor) and not isinstance(each, nn.Parameter):
                self.register_buffer(name, each)
            else:
                setattr(self, name, each)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def weight(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(shape))


def table(rows: int = 16) -> dict[str, Any]:
    return {"table": nn.Embedding(rows, 4)}


NETS: dict[str, tuple[Callable[[Any, Tensor], Tensor], Callable[[], dict[str, Any]]]] = {
    "time_first": (lambda m, x: x + m.p[: x.size(1)].transpose(0, 1), lambda: {"p": weight(64, 1, 4)}),
    "turned": (lambda m, x: (x.transpose(0, 1) + m.p[:16]).transpose(0, 1), lambda: {"p": weight(64, 1, 4)}),
    "expanded": (lambda m, x: torch.cat([m.c.expand(len(x), -1, -1), x], 1), lambda: {"c": weight(1, 1, 4)}),
    "repeated": (lambda m, x: torch.cat([m.c.repeat(len(x), 1, 1), x], 1), lambda: {"c": weight(1, 1, 4)}),
    "unsqueezed": (lambda m, x: torch.cat([m.c[None].expand(len(x), -1, -1), x], 1), lambda: {"c": weight(1, 4)}),
    "vector": (lambda m, x: torch.cat([m.c.expand(len(x), 1, 4), x], 1), lambda: {"c": weight(4)}),
    "positions": (lambda m, x: x + m.table(torch.arange(x.size(1)).unsqueeze(0)), table),
    "each": (lambda m, x: x + m.table(torch.arange(16).repeat(len(x), 1)), table),
    "ids": (lambda m, x: x + m.table(m.ids[:, :16]), lambda: {**table(20), "ids": torch.arange(20)[None]}),
    "ones": (lambda m, x: x * torch.ones(1, 16, 4).expand(len(x), -1, -1), dict),
    "line": (lambda m, x: torch.cat([x, torch.linspace(-1, 1, 16).view(1, 16, 1).expand(len(x), 16, 1)], 2), dict),
    "mask": (
        lambda m, x: (x @ x.mT).masked_fill(m.later, 0.0),
        lambda: {"later": torch.ones(16, 16).triu(1).bool()[None]},
    ),
    "queries": (lambda m, x: torch.bmm(m.q.expand(len(x), -1, -1), x.mT), lambda: {"q": weight(1, 3, 4)}),
}


@pytest.mark.parametrize("name", NETS)
def test_tensors_without_the_batch(name: str) -> None:
    function, held = NETS[name]
    torch.manual_seed(0)
    assert differences(Held(function, held()), [16, 4]) == []
