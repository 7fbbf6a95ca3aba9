"""The pages for those who come from elsewhere: they are gone through as the course is, and what they convert fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.docs.course import Learner, blocks_of
from tests.docs.test_course import learner as learner  # the fixture
from tests.spec_cases import ROOT

FOLDER = ROOT / "docs/coming-from"
PAGES = sorted(FOLDER.glob("*.md"))


def code_of(page: str, title: str) -> dict[str, Any]:
    """What a Python file of a page defines."""
    (block,) = (block for block in blocks_of(FOLDER / page) if block.title == title)
    names: dict[str, Any] = {}
    exec(compile(block.text, title, "exec"), names)
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_page_says_what_happens(page: Path, learner: Learner) -> None:
    learner.go_through(page)
    assert any(command.startswith("netspec check ") for command in learner.commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_page_says_what_is_called_what_and_what_is_not_there(page: Path) -> None:
    text = page.read_text("utf-8")
    parts = ("ide by side", "## What is called what", "## Bringing", "## What is not there")
    assert [part for part in parts if part not in text] == []


def test_weights_of_keras_give_what_keras_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    import netspec

    monkeypatch.chdir(tmp_path)
    convert, random = code_of("keras.md", "convert.py"), np.random.default_rng(0)
    kernel, bias = random.normal(size=(3, 3, 2, 4)).astype("f"), random.normal(size=4).astype("f")
    matrix, last = random.normal(size=(3 * 5 * 4, 6)).astype("f"), random.normal(size=6).astype("f")
    layers = {"0": convert["conv"](kernel, bias), "2": convert["dense_behind_flatten"](matrix, last, 3, 5)}
    convert["save"](layers, "net.safetensors")
    spec = "netspec: 1\nweights: net.safetensors\ninput: [2, 5, 7]\nlayers:\n"
    spec += "  - Conv2d: {out_channels: 4, kernel_size: 3}\n  - Flatten\n  - Linear: 6\n"
    picture = random.normal(size=(5, 7, 2)).astype("f")  # height, width, channels, as Keras has them
    windows = np.lib.stride_tricks.sliding_window_view(picture, (3, 3), axis=(0, 1))
    seen = np.einsum("hwcij,ijco->hwo", windows, kernel) + bias
    expected = seen.reshape(-1) @ matrix + last
    network = netspec.compile(netspec.loads(spec)).eval()
    found = network(torch.from_numpy(picture.transpose(2, 0, 1).copy())[None])[0]
    assert np.allclose(found.detach().numpy(), expected, atol=1e-4)


def test_a_checkpoint_of_lightning_becomes_weights(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    state = {"model.1.weight": torch.ones(2, 3), "model.1.bias": torch.zeros(2), "loss.weight": torch.ones(4)}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "last.ckpt")
    code_of("lightning.md", "convert.py")["convert"](tmp_path / "last.ckpt", tmp_path / "net.safetensors")
    found = load_file(tmp_path / "net.safetensors")
    assert {name: tensor.shape for name, tensor in found.items()} == {"1.weight": (2, 3), "1.bias": (2,)}
