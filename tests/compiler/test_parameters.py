"""`init`, `tie` and `parametrize`: the parameters of the compiled network are what torch would make of them by hand."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_model
from torch import nn
from torch.nn import functional as F

import netspec

WORDS = "{name: words, Embedding: {num_embeddings: 50, embedding_dim: 8}}"


def compiled(layers: str, head: str = "input: [8]") -> nn.Module:
    spec = netspec.loads(f"netspec: 1\n{head}\nlayers:\n{layers}")
    report = netspec.check(spec)
    assert report.ok, report
    model = netspec.compile(spec)
    assert sum(each.numel() for each in model.parameters()) == report.parameters
    return model


def gpt_head(more: str = "") -> nn.Module:
    """GPT-2's: the head's weight is the embedding's."""
    layers = f"""
  - {{name: transformer, layers: [{WORDS}, {{name: ln_f, LayerNorm: {{}}}}]}}
  - {{name: lm_head, Linear: {{out_features: 50, bias: false}}, tie: {{weight: transformer.words.weight}}}}
"""
    return compiled(layers, f"input: {{shape: [6], dtype: int64}}\n{more}")


def test_a_head_that_is_the_embedding() -> None:
    model = gpt_head()
    assert model.lm_head.weight is model.transformer.words.weight
    keys = ["transformer.words.weight", "transformer.ln_f.weight", "transformer.ln_f.bias", "lm_head.weight"]
    assert list(model.state_dict()) == keys
    x = torch.randint(50, (2, 6))
    assert torch.equal(model(x), model.transformer(x) @ model.transformer.words.weight.T)


def test_it_stays_one_in_copies_and_after_a_step() -> None:
    model = copy.deepcopy(gpt_head())
    assert model.lm_head.weight is model.transformer.words.weight
    before = model.lm_head.weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model(torch.randint(50, (2, 6))).square().mean().backward()
    optimizer.step()
    assert not torch.equal(before, model.transformer.words.weight)
    assert model.lm_head.weight is model.transformer.words.weight


def test_a_tied_parameter_is_filled_once_by_the_rule_of_its_own_layer() -> None:
    model = gpt_head('init: {"Linear.weight": zeros_, "Embedding.weight": ones_}')
    assert torch.equal(model.lm_head.weight, torch.ones(50, 8))


def test_a_block_ties_by_path_and_a_parameter_can_be_tied() -> None:
    model = compiled(
        """
  - {name: table, parameter: {shape: [8, 8], init: normal}}
  - {name: block, from: input, layers: [{name: fc, Linear: 8}, ReLU], tie: {fc.weight: table}}
  - {name: list, repeat: 2, Linear: 8}
  - {name: last, Linear: 8, tie: {weight: list.1.weight, bias: block.fc.bias}}
  - {add: {}, from: [last, block]}
"""
    )
    assert model.block.fc.weight is model.table
    assert model.last.weight is model.list[1].weight
    assert model.last.bias is model.block.fc.bias


INITS = [
    ("zeros_", nn.init.zeros_),
    ("{constant_: 0.5}", lambda w: nn.init.constant_(w, 0.5)),
    ("{normal_: {std: 0.02}}", lambda w: nn.init.normal_(w, std=0.02)),
    ("{trunc_normal_: {mean: 0.1, std: s, a: -2*s, b: 2*s}}", lambda w: nn.init.trunc_normal_(w, 0.1, 0.5, -1.0, 1.0)),
    (
        "{kaiming_normal_: {mode: fan_out, nonlinearity: relu}}",
        lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
    ),
    ("orthogonal_", nn.init.orthogonal_),
    ("{dirac_: 2}", lambda w: nn.init.dirac_(w, 2)),
]


@pytest.mark.parametrize(("written", "function"), INITS, ids=[written for written, _ in INITS])
def test_filled_as_torch_fills(written: str, function: object) -> None:
    spec = f"netspec: 1\nparams: {{s: 0.5}}\ninput: [4, 8, 8]\ninit: {{Conv2d.weight: {written}}}\nlayers:\n"
    loaded = netspec.loads(f"{spec}  - {{Conv2d: {{out_channels: 6, kernel_size: 3, bias: false}}}}\n")
    torch.manual_seed(0)
    model = netspec.compile(loaded)
    torch.manual_seed(0)
    by_hand = nn.Conv2d(4, 6, 3, bias=False)
    function(by_hand.weight)  # type: ignore[operator]
    assert torch.equal(model[0].weight, by_hand.weight)


def test_the_first_pattern_that_fits_holds() -> None:
    model = compiled(
        """
  - {name: one, Linear: 8, init: {bias: {constant_: 1}}}
  - {name: two, layers: [{Linear: 8}, {Linear: 8}], init: {"1.*": {constant_: 2}}}
  - {name: three, Linear: 8}
  - LayerNorm
""",
        'input: [8]\ninit: {"*.bias": {constant_: 3}, "Linear.*": {constant_: 4}}',
    )
    values = {name: value.unique().tolist() for name, value in model.state_dict().items()}
    assert values == {
        "one.weight": [4], "one.bias": [1], "two.0.weight": [4], "two.0.bias": [3], "two.1.weight": [2],
        "two.1.bias": [2], "three.weight": [4], "three.bias": [3], "3.weight": [1], "3.bias": [3],
    }  # fmt: skip


def test_weight_norm_is_torchs() -> None:
    model = compiled("  - {name: fc, Linear: 4, parametrize: {weight_norm: {dim: 1}}, init: {weight: ones_}}\n")
    assert list(model.state_dict()) == [
        "fc.bias", "fc.parametrizations.weight.original0", "fc.parametrizations.weight.original1",
    ]  # fmt: skip
    by_hand = nn.utils.parametrizations.weight_norm(nn.Linear(8, 4), dim=1)
    by_hand.load_state_dict({key.removeprefix("fc."): value for key, value in model.state_dict().items()})
    x = torch.randn(2, 8)
    assert torch.equal(model(x), by_hand(x))
    torch.testing.assert_close(model.fc.weight, torch.ones(4, 8))


def test_spectral_norm_and_orthogonal() -> None:
    model = compiled(
        """
  - {name: conv, Conv2d: {out_channels: 8, kernel_size: 3}, parametrize: {spectral_norm: {n_power_iterations: 30}}}
  - {name: square, Linear: 6, parametrize: orthogonal}
""",
        "input: [3, 8, 8]",
    )
    model.train()(torch.randn(2, 3, 8, 8))
    assert torch.linalg.matrix_norm(model.conv.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)
    torch.testing.assert_close(model.square.weight @ model.square.weight.T, torch.eye(6), atol=1e-5, rtol=0)


def test_two_weights_of_an_lstm() -> None:
    model = compiled(
        """
  - name: rnn
    LSTM: 4
    parametrize: [{weight_norm: {name: weight_ih_l0}}, {weight_norm: {name: weight_hh_l0}}]
""",
        "input: [5, 8]",
    )
    assert {key.split(".")[2] for key in model.state_dict() if "parametrizations" in key} == {
        "weight_ih_l0", "weight_hh_l0",
    }  # fmt: skip


def test_what_is_written_runs_alone() -> None:
    spec = netspec.loads("""
netspec: 1
input: [8]
init: {"*.weight": xavier_uniform_}
layers:
  - {Linear: 8, parametrize: weight_norm}
  - ReLU
  - Linear: 4
""")
    source = netspec.to_python(spec)
    assert "model[0].weight = nn.init.xavier_uniform_(torch.empty_like(model[0].weight))" in source
    names: dict[str, object] = {}
    exec(source, names)
    model = names["network"]()  # type: ignore[operator]
    x = torch.randn(2, 8)
    assert torch.equal(model(x), F.linear(model[0](x).relu(), model[2].weight, model[2].bias))


def test_a_safetensors_file_holds_a_tied_tensor_once_and_is_loaded(tmp_path: Path) -> None:
    model = gpt_head()
    save_model(model, str(tmp_path / "net.safetensors"))
    text = f"""
netspec: 1
input: {{shape: [6], dtype: int64}}
weights: net.safetensors
layers:
  - {{name: transformer, layers: [{WORDS}, {{name: ln_f, LayerNorm: {{}}}}]}}
  - {{name: lm_head, Linear: {{out_features: 50, bias: false}}, tie: {{weight: transformer.words.weight}}}}
"""
    (tmp_path / "net.yaml").write_text(text)
    loaded = netspec.compile(netspec.load(tmp_path / "net.yaml"))
    assert torch.equal(loaded.lm_head.weight, model.lm_head.weight)
    assert loaded.lm_head.weight is loaded.transformer.words.weight
