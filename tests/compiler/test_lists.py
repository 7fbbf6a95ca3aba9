"""Names with dots: items that a list of their scope holds, against modules with ModuleList and ModuleDict by hand."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import netspec
from tests.compiler.test_copies import OK


class Lists(nn.Module):
    """[N, 8, 20] → [N, 2, 20]."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm1d(8) for _ in range(3))
        self.convs = nn.ModuleList(nn.Conv1d(8, 8, 3, padding=1, bias=False) for _ in range(3))
        deep = nn.ModuleDict({"a": nn.Sequential(nn.Conv1d(8, 4, 1), nn.ReLU())})
        self.heads = nn.ModuleDict({"deep": deep, "b": nn.Conv1d(8, 4, 1), "b2": nn.Conv1d(8, 4, 1, bias=False)})
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(4, 20))])
        self.state = nn.ModuleDict({"memory": nn.LSTM(20, 6, batch_first=True)})
        self.seen = nn.Linear(6, 20)
        self.tails = nn.ModuleList([nn.Conv1d(24, 2, 3, padding=1), nn.Sequential(nn.Conv1d(24, 2, 1), nn.ReLU())])

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for conv, norm in zip(self.convs, self.norms, strict=True):
            found.append(conv(x))
            normed = norm(found[-1])
            x = F.relu(normed)
        deep: nn.Module = self.heads["deep"]["a"]  # type: ignore[index]  # a ModuleDict
        first = deep(found[1])
        second = self.heads["b2"](found[0])
        memory, _ = self.state["memory"](normed)
        scale = self.scales[0].expand(x.shape[0], -1, -1)
        x = torch.cat([self.heads["b"](found[2]), second, first, scale, self.seen(memory)], dim=1)
        return self.tails[1](x) + self.tails[0](x)


def test_lists_are_those_by_hand() -> None:
    text = (OK / "lists.yaml").read_text().replace(", tie: {weight: heads.deep.a.0.weight}", "")
    ours, theirs = netspec.compile(netspec.loads(text)).eval(), Lists().eval()
    assert [*ours.state_dict()] == [*theirs.state_dict()]
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 8, 20)
    with torch.no_grad():
        assert torch.equal(ours(x), theirs(x))


def test_the_code_of_lists_is_what_a_person_writes() -> None:
    source = netspec.to_python(netspec.load(OK / "lists.yaml"))
    for code in (
        "self.convs = nn.ModuleList([",
        "self.convs[0](",
        'self.heads["deep"]["a"](',
        'self.heads["b"].weight = self.heads["deep"]["a"][0].weight',
    ):
        assert code in source
