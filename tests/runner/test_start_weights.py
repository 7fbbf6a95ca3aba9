"""The weights that training starts from: what fits is loaded, and the rest is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from netspec.core.diagnostics import Diagnostic
from netspec.language.load import loads
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.plan import prepare
from netspec.training.setup import make_state

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]

NET = """netspec: 1
input: [4]
layers: [{name: body, Linear: 6}, ReLU, {name: head, Linear: 3}]
data: {sklearn: iris, val: 0.2}
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
WIDER = NET.replace("{name: head, Linear: 3}", "{name: head, Linear: 5}, {name: last, Linear: 3}")


def test_a_run_starts_where_another_ended(run: Start, make: Make) -> None:
    first = run(NET, out="first")
    _, state = make_state(prepare(make(NET, f"train.weights={first.folder}"), "cpu"))
    assert all(torch.equal(a, b) for a, b in zip(state.model.parameters(), first.model.parameters(), strict=True))
    assert state.notes == (f"weights of {first.folder}: 4 of 4 tensors loaded",)


def test_what_is_not_carried_over_is_named(run: Start, make: Make) -> None:
    first = run(NET, out="first")
    plain = make_state(prepare(make(WIDER), "cpu"))[1].model
    _, state = make_state(prepare(make(WIDER, f"train.weights={first.folder}"), "cpu"))
    assert torch.equal(state.model.body.weight, first.model.body.weight)  # type: ignore[union-attr]
    assert torch.equal(state.model.head.weight, plain.head.weight)  # type: ignore[union-attr]
    assert state.notes == (
        f"weights of {first.folder}: 2 of 6 tensors loaded",
        "  of another shape: head.weight [3, 6] there, [5, 6] here, head.bias [3] there, [5] here",
        "  not there, so that they start at random: last.weight, last.bias",
    )


def test_strict_wants_every_tensor(run: Start, make: Make, refused: Refused) -> None:
    first = run(NET, out="first")
    setting = f"train.weights={{from: {first.folder}, strict: true}}"
    make_state(prepare(make(NET, setting), "cpu"))
    (found,) = refused(lambda: make_state(prepare(make(WIDER, setting), "cpu")))
    assert (found.code, found.span.path) == ("NS608", "--set")
    assert "last.weight" in " ".join(note.text for note in found.notes)


def test_a_file_below_the_spec(make: Make, tmp_path: Path) -> None:
    save_file({"body.weight": torch.ones(6, 4), "extra": torch.ones(1)}, tmp_path / "body.safetensors")
    _, state = make_state(prepare(make(NET.replace("epochs: 1", "epochs: 1, weights: body.safetensors")), "cpu"))
    assert torch.equal(state.model.body.weight, torch.ones(6, 4))  # type: ignore[union-attr]
    assert state.notes[-1] == "  without a place in the network: extra"


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("none.safetensors", "no such file"),
        ("../away.safetensors", "outside the spec's folder"),
        ("runs/none", "no such folder"),
        ("empty", "holds no best.safetensors"),
        ("other.safetensors", "no tensor that fits"),
        ("broken.safetensors", "cannot be read"),
        ("ResNet18_Weights.NONE", "torchvision has no weights"),
    ],
)
def test_weights_that_cannot_be_had_are_said_at_their_place(
    weights: str, said: str, make: Make, refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    save_file({"x": torch.ones(2)}, tmp_path / "other.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 40)
    spec = make(NET.replace("epochs: 1", f"epochs: 1, weights: {weights}"))
    (found,) = refused(lambda: make_state(prepare(spec, "cpu")))
    assert (found.code, found.span.line) == ("NS608", 5)
    assert said in found.message


def test_torchvisions_weights_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(9)
    published = models.resnet18().state_dict()
    member = models.ResNet18_Weights.IMAGENET1K_V1
    monkeypatch.setattr(type(member), "get_state_dict", lambda self, **more: published)
    text = (Path(__file__).parents[2] / "specs/resnet18.yaml").read_text(encoding="utf-8").split("\ndata:")[0]
    text += """
data: {FakeData: {size: 4, image_size: [3, 224, 224], num_classes: 5}}
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: SGD, weights: ResNet18_Weights.IMAGENET1K_V1}
"""
    _, state = make_state(prepare(loads(text, ("classes=5",)), "cpu"))
    assert state.notes[0] == "weights of ResNet18_Weights.IMAGENET1K_V1: 120 of 122 tensors loaded"
    assert "fc.weight [1000, 512] there, [5, 512] here" in state.notes[1]
    assert torch.equal(state.model.conv1.weight, published["conv1.weight"])  # type: ignore[union-attr]


def test_a_run_that_goes_on_does_not_look_for_them_again(run: Start) -> None:
    first = run(NET, out="first")
    second = run(NET, f"train.weights={first.folder}", out="second")
    first.folder.rename(first.folder.with_name("moved"))
    longer = train(spec_to_resume(second.folder, None, ("train.epochs=2",)), resume=second.folder, progress=Silent())
    assert longer.status == "finished"
