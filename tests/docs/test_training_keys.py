"""The pieces of `train` in docs/training.md: each is put into a spec and trained, and no key is without one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from netspec.language.load import load
from netspec.language.sections.data_keys import DATA_KEYS
from netspec.language.sections.train_keys import TRAIN_KEYS
from netspec.reports.progress import Silent
from netspec.trainer.train import Run, train
from tests.docs.test_docs import ROOT, blocks
from tests.rounds import sample

PIECES = [yaml.safe_load(text) for text in blocks(ROOT / "docs/training.md", "yml")]
SPEC = """
netspec: 1
input: [1, 8, 8]
layers:
  - name: features
    layers: [{Conv2d: {out_channels: 4, kernel_size: 3, bias: false}}, BatchNorm2d, ReLU]
  - Flatten
  - {name: head, Linear: 10}
data: {sklearn: digits, val: 0.5}
train: {epochs: 2, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


def run(piece: dict[str, Any], folder: Path) -> Run:
    """The spec with a piece in its `train`, trained."""
    whole = yaml.safe_load(SPEC)
    whole["train"] |= piece
    folder.mkdir(exist_ok=True)
    (folder / "net.yaml").write_text(json.dumps(whole), encoding="utf-8")
    spec = load(str(folder / "net.yaml"))
    return train(spec, out=folder / "run", device="cpu", progress=Silent())


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of this network in a file."""
    return run({}, tmp_path_factory.mktemp("pretrained")).folder / "best.safetensors"


@pytest.mark.parametrize("piece", sample(PIECES, 4, start=1), ids=lambda piece: "-".join(piece))
@pytest.mark.usefixtures("quick_pictures")
def test_each_piece_trains(piece: dict[str, Any], pretrained: Path, tmp_path: Path) -> None:
    shutil.copy(pretrained, tmp_path / "pretrained.safetensors")
    done = run(piece, tmp_path)
    assert done.status == "finished"
    assert done.history[-1]["train_loss"] < 2.5


def test_every_key_of_train_and_data_is_in_an_example() -> None:
    pages = ("training", "data")
    wholes = [yaml.safe_load(text) for page in pages for text in blocks(ROOT / f"docs/{page}.md", "yaml")]
    trains = [*PIECES, *(whole["train"] for whole in wholes if "train" in whole)]
    data = [whole["data"] for whole in wholes if "data" in whole]
    assert {key.name for key in TRAIN_KEYS} - {key for example in trains for key in example} == set()
    assert {key.name for key in DATA_KEYS} - {key for example in data for key in example} == set()
