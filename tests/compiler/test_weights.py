"""`weights`: torchvision's by name, a safetensors file below the spec, and what is said where they cannot be had."""

from __future__ import annotations

import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torchvision import models
from torchvision.models import ResNet18_Weights, WeightsEnum

import netspec
from netspec.core.diagnostics import Diagnostic
from tests.spec_cases import ROOT

RESNET = (ROOT / "specs/resnet18.yaml").read_text(encoding="utf-8")
TINY = "netspec: 1\nname: tiny\ninput: [4]\nlayers: [Linear: 3]\n"
State = dict[str, torch.Tensor]


def resnet(weights: str) -> str:
    assert "# weights:" in RESNET
    return RESNET.replace("# weights: IMAGENET1K_V1", f"weights: {weights}")


def tiny(weights: str) -> str:
    return f"{TINY}weights: {weights}\n"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> State:
    """What every member of torchvision's enums gives instead of a download."""
    torch.manual_seed(0)
    state: State = models.resnet18(weights=None).state_dict()
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda self, *args, **kwargs: dict(state))
    return state


def refusal(source: str | Path, **kwargs: Any) -> Diagnostic:
    with pytest.raises(netspec.SpecError) as caught:
        netspec.compile((netspec.loads if isinstance(source, str) else netspec.load)(source, **kwargs))
    (found,) = caught.value.diagnostics
    assert found.code == "NS608"
    return found


@pytest.mark.parametrize("name", ["IMAGENET1K_V1", "DEFAULT", "ResNet18_Weights.IMAGENET1K_V1"])
def test_published_weights_by_name(served: State, name: str) -> None:
    model = netspec.compile(netspec.loads(resnet(name)))
    assert all(torch.equal(value, served[key]) for key, value in model.state_dict().items())


def test_meta_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda self, *args, **kwargs: pytest.fail("downloaded"))
    netspec.compile(netspec.loads(resnet("IMAGENET1K_V1")), device="meta")


@pytest.mark.parametrize(
    "error", [urllib.error.URLError("no route to host"), OSError("disk full"), RuntimeError("invalid hash value")]
)
def test_offline(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fails(self: WeightsEnum, *args: object, **kwargs: object) -> State:
        raise error

    monkeypatch.setattr(WeightsEnum, "get_state_dict", fails)
    found = refusal(resnet("IMAGENET1K_V1"))
    assert "cannot be downloaded" in found.message
    notes = " ".join(note.text for note in found.notes)
    assert ResNet18_Weights.IMAGENET1K_V1.url in notes
    assert "checkpoints" in notes


def test_other_shapes(served: State) -> None:
    found = refusal(resnet("IMAGENET1K_V1"), classes=7)
    assert "fc.weight is [1000, 512], the network's [7, 512]" in found.message


def test_missing_keys(served: State) -> None:
    del served["fc.bias"], served["conv1.weight"]
    assert "lacks 2 of the network's tensors: conv1.weight, fc.bias" in refusal(resnet("IMAGENET1K_V1")).message


def test_keys_without_a_place_are_a_warning(served: State) -> None:
    served["aux.weight"] = torch.zeros(1)
    with pytest.warns(UserWarning, match=r"no place for aux\.weight"):
        netspec.compile(netspec.loads(resnet("IMAGENET1K_V1")))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("IMAGENET1K_V9", "resnet18 has no weights IMAGENET1K_V9; it has IMAGENET1K_V1"),
        ("ResNet18_Weights.NONE", "torchvision has no weights ResNet18_Weights.NONE"),
        ("ResNet99_Weights.IMAGENET1K_V1", "torchvision has no weights ResNet99_Weights.IMAGENET1K_V1"),
        ("Res.Net.Weights", "torchvision has no weights Res.Net.Weights"),
    ],
)
def test_no_such_weights(name: str, said: str) -> None:
    found = refusal(resnet(name))
    assert said in found.message
    assert found.span.line == 1 + RESNET[: RESNET.index("# weights:")].count("\n")


def test_a_short_name_needs_a_model_of_torchvision() -> None:
    assert "torchvision has no model 'tiny'" in refusal(tiny("IMAGENET1K_V1")).message


def saved(folder: Path, state: State) -> Path:
    """A spec in `folder` with weights beside it."""
    save_file(state, folder / "tiny.safetensors")
    path = folder / "tiny.yaml"
    path.write_text(tiny("tiny.safetensors"))
    return path


def test_a_file_below_the_spec(tmp_path: Path) -> None:
    state = {"0.weight": torch.arange(12.0).reshape(3, 4), "0.bias": torch.ones(3)}
    model = netspec.compile(netspec.load(saved(tmp_path, state)))
    assert torch.equal(model.get_parameter("0.weight"), state["0.weight"])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), "tiny.safetensors cannot be read: there is no such file"),
        (lambda path: path.write_bytes(b"nothing"), "tiny.safetensors cannot be read"),
        (lambda path: save_file({"0.bias": torch.ones(3)}, path), "lacks 1 of the network's tensors: 0.weight"),
        (lambda path: (path.unlink(), path.mkdir()), "tiny.safetensors cannot be read"),
    ],
)
def test_a_file_that_does_not_do(tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
    spec = saved(tmp_path, {"0.weight": torch.zeros(3, 4), "0.bias": torch.ones(3)})
    spoil(tmp_path / "tiny.safetensors")
    assert said in refusal(spec).message


def test_a_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "spec").mkdir()
    path = tmp_path / "spec/tiny.yaml"
    path.write_text(tiny("../tiny.safetensors"))
    assert "lies outside the spec's folder" in refusal(path).message
