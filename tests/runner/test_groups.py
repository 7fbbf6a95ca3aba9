"""Groups of parameters, and frozen ones, against optimizers made by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from netspec.checker import check
from netspec.core.diagnostics import Diagnostic
from netspec.language.load import loads
from netspec.language.patterns import picks
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import prepare
from netspec.training.setup import make_state

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]

NET = """netspec: 1
input: [4]
layers:
  - name: features
    layers: [{Linear: 6}, BatchNorm1d, ReLU]
  - {name: head, Linear: 3}
data: {sklearn: iris, val: 0.2}
train:
  epochs: 2
  batch_size: 16
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 0.1, weight_decay: 0.01}}
"""


@pytest.mark.parametrize(
    ("pattern", "picked"),
    [
        ("norm", {"features.1.weight", "features.1.bias"}),
        ("bias", {"features.0.bias", "features.1.bias", "head.bias"}),
        ("features.*", {"features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias"}),
        ("features.0", {"features.0.weight", "features.0.bias"}),
        ("head", {"head.weight", "head.bias"}),
        ("*.weight", {"features.0.weight", "features.1.weight", "head.weight"}),
        ("Linear", {"features.0.weight", "features.0.bias", "head.weight", "head.bias"}),
        ("BatchNorm*", {"features.1.weight", "features.1.bias"}),
        ("feature", set()),
    ],
)
def test_what_a_pattern_picks(pattern: str, picked: set[str]) -> None:
    kinds = {"features.0": ["Features", "Linear"], "features.1": ["Features", "BatchNorm1d"], "head": ["Linear"]}
    names = {f"{path}.{name}": kind for path, kind in kinds.items() for name in ("weight", "bias")}
    assert {name for name, kind in names.items() if picks(pattern, name, kind)} == picked


@pytest.mark.parametrize("name", ["bias_ih_l0", "in_proj_bias"])
def test_biases_of_recurrent_and_attention_layers_are_biases(name: str) -> None:
    assert picks("bias", f"rnn.{name}", ["LSTM"])
    assert not picks("bias", "rnn.weight_ih_l0", ["LSTM"])
    assert not picks("bias", "biased.weight", ["Linear"])


def by_hand(model: nn.Module, groups: list[dict[str, object]], frozen: bool = False) -> nn.Module:
    """Two epochs on iris with the groups, as a person would write them."""
    spec = loads(NET)
    plan = prepare(spec, "cpu")
    optimizer = torch.optim.SGD(groups, lr=0.1, weight_decay=0.01, fused=True)
    model.train()
    if frozen:
        model.features[1].eval()  # type: ignore[index, union-attr]
    for epoch in range(2):
        for index in torch.randperm(120, generator=torch.Generator().manual_seed(epoch)).split(16):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(
                model(plan.data.train.inputs[0][index]), plan.data_checks.train[0][index]
            )
            loss.backward()
            optimizer.step()
    return model


def initial(spec: Spec) -> nn.Module:
    return make_state(prepare(spec, "cpu"))[1].model


def same(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


GROUPS = "[{match: [norm, bias], weight_decay: 0}, {match: features.*, lr: 0.01}]"


def test_groups_train_as_groups_by_hand(run: Start, make: Make) -> None:
    ours = run(NET, f"train.groups={GROUPS}")
    model = initial(make(NET))
    linear, norm, head = model.features[0], model.features[1], model.head  # type: ignore[index, union-attr]
    hand = by_hand(
        model,
        [
            {"params": [head.weight]},
            {"params": [linear.weight], "lr": 0.01},
            {"params": [linear.bias, norm.weight, norm.bias], "weight_decay": 0, "lr": 0.01},
            {"params": [head.bias], "weight_decay": 0},
        ],  # type: ignore[union-attr, list-item]
    )
    assert same(ours.model, hand)
    assert not same(ours.model, run(NET, out="plain").model)


def test_of_two_groups_the_later_one_counts(make: Make) -> None:
    text = "[{match: '*', lr: 0.5}, {match: head.bias, lr: 0.25}]"
    _, state = make_state(prepare(make(NET, f"train.groups={text}"), "cpu"))
    rates = {len(group["params"]): group["lr"] for group in state.optimizer.param_groups}
    assert rates == {5: 0.5, 1: 0.25}


def test_what_is_frozen_stays_with_its_statistics(run: Start, make: Make) -> None:
    ours = run(NET, "train.freeze=features")
    model = initial(make(NET))
    hand = by_hand(model, [{"params": list(model.head.parameters())}], frozen=True)  # type: ignore[union-attr]
    assert same(ours.model, hand)
    assert same(ours.model.features, initial(make(NET)).features)  # type: ignore[arg-type]
    moving = run(NET, "train.freeze='*.weight'", out="moving").model
    assert not torch.equal(moving.features[1].running_mean, torch.zeros(6))  # type: ignore[index, union-attr]


def test_one_cycle_keeps_the_proportions_of_groups(make: Make) -> None:
    text = NET.replace("train:", f"train:\n  groups: {GROUPS}\n  scheduler: {{OneCycleLR: {{max_lr: 1.0}}}}")
    _, state = make_state(prepare(make(text), "cpu"))
    assert [group["max_lr"] for group in state.optimizer.param_groups] == pytest.approx([1.0, 0.1, 0.1, 1.0])


@pytest.mark.parametrize(
    ("setting", "code", "said"),
    [
        ("train.freeze=feature.*", "NS615", "did you mean features.*"),
        ("train.freeze='*.wieght'", "NS615", "matches no parameter"),
        ("train.freeze=[features, head]", "NS603", "freeze leaves no weights"),
        ("train.groups=[{match: norm, wieght_decay: 0.1}]", "NS605", "did you mean weight_decay"),
        ("train.groups=[{match: norm, lr: -1.0}]", "NS605", "lr of SGD has to be a number ≥ 0"),
        ("train.groups=[{match: norm, nesterov: true}]", "NS605", "SGD refuses"),
    ],
)
def test_what_cannot_be_is_said_at_its_place(setting: str, code: str, said: str, make: Make, refused: Refused) -> None:
    (found,) = refused(lambda: make_state(prepare(make(NET, setting), "cpu")))
    assert (found.code, found.span.path) == (code, "--set")
    assert said in found.message


def test_the_check_finds_patterns_without_torch() -> None:
    report = check(loads(NET.replace("train:", "train:\n  freeze: [feature.*, features.*, '*.bias', Lin*]")))
    (found,) = report.diagnostics
    assert (found.code, found.span.line, found.span.column) == ("NS615", 9, 12)
    assert next(fix.edits[0].text for fix in found.fixes) == "features.*"
