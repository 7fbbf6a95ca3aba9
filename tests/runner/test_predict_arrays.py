"""Predictions and scores of arrays in files: those of the same samples from elsewhere, one Fault for what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from netspec.inference.loaded_run import load_run
from netspec.trainer.train import Run

Command = Callable[..., tuple[int, str, str]]
PICTURES = """netspec: 1
name: arrays
input: [3, 6, 5]
layers: [Flatten, {Linear: 4}]
data:
  Arrays: {path: data.npz, x: images, y: labels}
  transforms: [{Normalize: {mean: [0.5], std: [0.5]}}]
train: {epochs: 1, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
PAIR = """netspec: 1
name: pair
inputs: {a: [3], b: [2]}
layers: [{concat: {}, from: [a, b]}, {Linear: 1}]
data: {Arrays: {path: pair.npz, x: {a: first, b: second}, y: target}}
train: {epochs: 1, batch_size: 4, loss: MSELoss, optimizer: {SGD: {lr: 0.01}}}
"""
CHANCE = np.random.default_rng(0)
IMAGES = CHANCE.integers(0, 256, (10, 6, 5, 3), dtype=np.uint8)
LABELS = np.array(["ant", "bee", "cat", "dog"])[np.arange(10) % 4]


@pytest.fixture
def pictures(run: Callable[..., Run], tmp_path: Path) -> Run:
    """A run of pictures in an array."""
    np.savez(tmp_path / "data.npz", images=IMAGES, labels=LABELS)
    return run(PICTURES)


def predicted(netspec: Command, *files: str) -> list[Any]:
    """What `netspec predict` says of files, as JSON."""
    code, out, err = netspec("predict", "run", *files, "--format", "json", "--top", "4")
    assert code == 0, err
    return list(json.loads(out)["predictions"])


def test_arrays_are_predicted_as_the_network_computes(pictures: Run, netspec: Command, tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", IMAGES)
    model = load_run(pictures.folder).model()
    x = (torch.from_numpy(IMAGES).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    expected = model(x).softmax(1)
    for file in ("data.npz", "one.npy"):
        found = predicted(netspec, file)
        assert [one["row"] for one in found] == [*range(1, 11)]
        for one, row in zip(found, expected, strict=True):
            by_name = {each["class"]: each["probability"] for each in one["classes"]}
            assert [by_name[name] for name in ("ant", "bee", "cat", "dog")] == pytest.approx(row.tolist(), abs=2e-6)


def test_scores_of_the_training_file_are_those_of_the_run(pictures: Run, netspec: Command) -> None:
    own, files = (json.loads(netspec("eval", "run", *more, "--format", "json")[1]) for more in ((), ("data.npz",)))
    for name in ("loss", "accuracy", "samples"):
        assert own[name] == pytest.approx(files[name])


def test_two_inputs_have_their_arrays_by_name(run: Callable[..., Run], netspec: Command, tmp_path: Path) -> None:
    first, second = (CHANCE.normal(size=(5, width)).astype(np.float32) for width in (3, 2))
    np.savez(tmp_path / "pair.npz", first=first, second=second, target=first.sum(1))
    done = run(PAIR)
    expected = load_run(done.folder).model()(torch.from_numpy(first), torch.from_numpy(second)).flatten()
    assert [one["values"][0] for one in predicted(netspec, "pair.npz")] == pytest.approx(expected.tolist(), rel=1e-5)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": IMAGES, "b": LABELS}, "it has no array 'images', but a, b"),
        ({"images": np.array([{}], object)}, "which are not read"),
        ({"images": IMAGES[:, :4]}, "a sample is 3×4×5, the network's input is 3×6×5"),
        ({"images": np.full((2, 3, 6, 5), np.nan)}, "row 1 holds something that is no finite number"),
    ],
)
def test_what_is_wrong_is_one_line(
    pictures: Run, netspec: Command, tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    np.savez(tmp_path / "new.npz", **arrays)
    code, _, err = netspec("predict", "run", "new.npz")
    assert code != 0
    assert message in err
    for name in ("new.npz", "new.npy"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        assert netspec("predict", "run", name)[0] != 0


def test_targets_that_are_no_class_are_named(pictures: Run, netspec: Command, tmp_path: Path) -> None:
    np.savez(tmp_path / "new.npz", images=IMAGES, labels=np.where(np.arange(10) == 3, "cow", LABELS))
    code, _, err = netspec("eval", "run", "new.npz")
    assert code != 0
    assert "row 4, the target cow, which is no class of the run" in err
