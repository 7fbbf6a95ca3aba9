"""Parameters as values: functions with weights, layers that are not applied, outputs by a pattern."""

from __future__ import annotations

import torch
from torch.nn import functional as F

import netspec

TIED = """netspec: 1
input: {shape: [5], dtype: int64}
layers:
  - {name: words, Embedding: {num_embeddings: 20, embedding_dim: 8}}
  - {name: body, layers: [{Linear: 8, parametrize: weight_norm}, GELU]}
  - {name: own, parameter: {shape: [8], init: 0.5}}
  - {name: scale, mul: {}, from: [own, body.0.bias]}
  - {name: scaled, layer_norm: {}, from: [body, scale]}
  - {linear: {}, from: [scaled, words.weight]}
"""


def test_values_of_weights_are_those_of_the_layers() -> None:
    model = netspec.compile(netspec.loads(TIED))
    x = torch.randint(0, 20, (3, 5))
    h = model.body(model.words(x))
    h = F.layer_norm(h, (8,), model.own * model.body[0].bias)
    assert torch.equal(model(x), F.linear(h, model.words.weight))
    model(x).sum().backward()
    assert model.own.grad is not None
    assert model.words.weight.grad is not None
    source = netspec.to_python(netspec.loads(TIED))
    assert "F.linear(scaled, self.words.weight)" in source


def test_a_layer_that_is_not_applied_is_made() -> None:
    spec = netspec.loads("""netspec: 1
input: [4, 6]
init: {"*.weight": ones_}
layers:
  - {name: held, Linear: 3, apply: false}
  - ReLU
  - {name: again, share: held}
  - {linear: {}, from: {input: input, weight: held.weight}}
""")
    report = netspec.check(spec)
    assert report.ok
    assert (report.parameters, report.macs) == (21, 4 * 3 * 6 * 2)
    model = netspec.compile(spec)
    x = torch.randn(2, 4, 6)
    assert [*model.state_dict()] == ["held.weight", "held.bias"]
    assert torch.equal(model(x), x @ torch.ones(6, 3))


def test_outputs_of_all_copies() -> None:
    layers = "layers:\n  - {name: 'm{i}', repeat: {i: 3}, Linear: 8}\n"
    spec = netspec.loads(f"netspec: 1\ninput: [8]\noutputs: {{all: 'm*', last: m2}}\n{layers}")
    model = netspec.compile(spec)
    found = model(torch.randn(2, 8))
    assert [*found] == ["all.0", "all.1", "all.2", "last"]
    assert torch.equal(found["all.1"], model.m1(found["all.0"]))
    listed = netspec.loads(f"netspec: 1\ninput: [8]\noutputs: ['m*']\n{layers}")
    assert [*netspec.check(listed).outputs] == ["m0", "m1", "m2"]
