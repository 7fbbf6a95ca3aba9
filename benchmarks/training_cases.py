"""What benchmarks/train.py trains on: a network, its samples in every form that the contestants take them in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, Subset
from torchvision import datasets, transforms

import netspec
from netspec.training.job import Job, State
from netspec.training.plan import Plan, prepare
from netspec.training.setup import make_state

SPECS = Path(__file__).parent.parent / "specs"


@dataclass
class Case:
    """One network on one set of samples.

    Args:
        name: for the table.
        note: what is noteworthy of it.
        plan: netspec's, with the samples in memory; `variants` are further ways netspec has, by name.
        x: [N, ...] float32, normalised: what a loop over tensors in memory goes over.
        y: [N], or [N, 1] for the table.
        slow: a Dataset with per-sample transforms, as course notes have it.
        loss: the loss module.
        lr, momentum: of SGD.
        keras: makes the same network in Keras; None where there is none.
    """

    name: str
    note: str
    plan: Plan
    x: torch.Tensor
    y: torch.Tensor
    slow: Dataset[Any]
    loss: torch.nn.Module
    lr: float
    momentum: float
    keras: Callable[[Any], Any] | None
    variants: dict[str, Plan]
    batch: int

    @property
    def device(self) -> torch.device:
        """Where everybody trains."""
        return self.plan.device

    def start(self, plan: Plan | None = None) -> tuple[Job, State]:
        """netspec's job and state before the first step; everybody starts from its weights."""
        return make_state(plan or self.plan)


def limited(plan: Plan, count: int, x: torch.Tensor | None = None, y: torch.Tensor | None = None) -> Plan:
    """A plan with its first `count` samples, or with others in their place, and nothing held back."""
    train = plan.data.train.select(torch.arange(min(count, len(plan.data.train))))
    if x is not None and y is not None:
        train = replace(train, inputs=(x,), targets=(y,), rows=torch.arange(len(x)))
    targets = plan.data_checks.train[0][: len(train)] if y is None else y
    data = replace(plan.data, train=train, val=None)
    return replace(plan, data=data, data_checks=replace(plan.data_checks, train=(targets,), val=None))


class Arrays(Dataset[Any]):
    """Pictures [N, H, W, C] uint8 as torchvision's CIFAR10 gives them: a PIL picture, transformed."""

    def __init__(self, pictures: np.ndarray, labels: list[int], transform: Callable[[Any], torch.Tensor]) -> None:
        self.pictures, self.labels, self.transform = pictures, labels, transform

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.pictures[index])), self.labels[index]


class Rows(Dataset[Any]):
    """A table, row by row."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(self.x[index]), torch.from_numpy(self.y[index])


def mnist(count: int, device: str, folder: Path) -> Case:
    """specs/mnist_cnn.yaml on MNIST below $NETSPEC_DATA, else on as many random pictures."""
    root = os.environ.get("NETSPEC_DATA", "")
    normalise = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    if (Path(root) / "MNIST" / "raw").is_dir():
        note = "MNIST"
        plan = limited(prepare(load("mnist_cnn", "data.MNIST={download: false}"), device), count)
        slow: Dataset[Any] = Subset(datasets.MNIST(root, transform=normalise), range(len(plan.data.train)))
    else:
        note = "random pictures: there is no MNIST below $NETSPEC_DATA"
        spec = load("mnist_cnn", "data={FakeData: {size: 2, image_size: [1, 28, 28]}, " + NORMAL_1 + "}")
        x, y = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8), torch.randint(0, 10, (count,))
        plan = limited(prepare(spec, device), count, x, y)
        slow = Arrays(x[:, 0].numpy(), y.tolist(), normalise)
    x = (stored(plan) / 255 - 0.1307) / 0.3081
    loss = torch.nn.CrossEntropyLoss()
    return Case("mnist_cnn", note, plan, x, plan.data_checks.train[0], slow, loss, 0.01, 0.5, keras_mnist, {}, 64)


def colours(count: int, device: str, folder: Path) -> Case:
    """A larger network on random 32×32 colour pictures: cifar10_quick on a CPU, vgg16_cifar10 on a GPU."""
    name = "cifar10_quick" if device == "cpu" else "vgg16_cifar10"
    spec = load(name, "data={FakeData: {size: 2, image_size: [3, 32, 32]}, " + NORMAL_3 + "}", *PLAIN_SGD)
    x, y = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8), torch.randint(0, 10, (count,))
    plan = limited(prepare(spec, device), count, x, y)
    normalise = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.25,) * 3)])
    slow = Arrays(x.permute(0, 2, 3, 1).numpy(), y.tolist(), normalise)
    floats, loss, keras = (x / 255 - 0.5) / 0.25, torch.nn.CrossEntropyLoss(), keras_quick if device == "cpu" else None
    return Case(name, "random 32×32 pictures", plan, floats, y, slow, loss, 0.01, 0.9, keras, {}, 64)


def pictures(count: int, device: str, folder: Path) -> Case:
    """cifar10_quick on a folder of JPEGs of 96×80, resized to 32×32; netspec also reads them from the disk."""
    chance = np.random.default_rng(0)
    root = folder / "pictures"
    for number in range(count):
        place = root / str(number % 10)
        place.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(chance.integers(0, 256, (10, 12, 3), dtype=np.uint8))
        coarse.resize((96, 80)).save(place / f"{number:06}.jpg")
    data = f"data={{ImageFolder: {{root: {root}}}, transforms: [{{Resize: [32, 32]}}, {NORMALIZE_3}], val: 0.1}}"
    memory = limited(prepare(load("cifar10_quick", data, *PLAIN_SGD), device), count)
    disk = limited(prepare(load("cifar10_quick", data, "data.memory=0", *PLAIN_SGD), device), count)
    resize = [transforms.Resize((32, 32)), transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.25,) * 3)]
    slow = Subset(datasets.ImageFolder(str(root), transforms.Compose(resize)), memory.data.train.rows.tolist())
    x, loss = (stored(memory) - 0.5) / 0.25, torch.nn.CrossEntropyLoss()
    y, note = memory.data_checks.train[0], "JPEGs of 96×80"
    return Case("image folder", note, memory, x, y, slow, loss, 0.01, 0.9, None, {"netspec, from the disk": disk}, 64)


def table(count: int, device: str, folder: Path) -> Case:
    """specs/diabetes.yaml's network on a random table."""
    chance = np.random.default_rng(0)
    x = chance.uniform(-1, 1, (count, 8)).astype(np.float32)
    y = (x.sum(1, keepdims=True) > 0).astype(np.float32)
    np.savetxt(folder / "table.csv", np.hstack([x, y]), delimiter=",", fmt="%.6f")
    spec = load("diabetes", f"data={{CSV: {folder / 'table.csv'}}}", "train.batch_size=64")
    plan = prepare(spec, device)
    loss, held = torch.nn.BCELoss(), stored(plan)
    y = plan.data_checks.train[0]
    return Case("diabetes", "a random table", plan, held, y, Rows(x, y.numpy()), loss, 0.1, 0.0, keras_table, {}, 64)


CASES = {"mnist": (mnist, 12800), "colours": (colours, 2560), "folder": (pictures, 2560), "table": (table, 12800)}
NORMALIZE_3 = "{Normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}"
NORMAL_3 = f"transforms: [{NORMALIZE_3}]"
NORMAL_1 = "transforms: [{Normalize: {mean: [0.1307], std: [0.3081]}}]"
PLAIN_SGD = ("train.optimizer={SGD: {lr: 0.01, momentum: 0.9}}", "train.batch_size=64", "train.scheduler=null")


def load(name: str, *settings: str) -> Any:
    """A shipped spec, with settings."""
    from netspec.language.load import load as load_spec

    kept = [setting for setting in settings if not setting.endswith("=null")]
    return load_spec(str(SPECS / f"{name}.yaml"), tuple(kept))


def stored(plan: Plan) -> torch.Tensor:
    """The samples as netspec holds them."""
    assert isinstance(plan.data.train.inputs[0], torch.Tensor)
    return plan.data.train.inputs[0].float()


def keras_mnist(keras: Any) -> Any:
    """mnist_cnn in Keras, channels first as the data are."""
    layers, form = keras.layers, {"data_format": "channels_first"}
    return keras.Sequential(
        [
            keras.Input((1, 28, 28)),
            layers.Conv2D(10, 5, **form), layers.MaxPooling2D(2, **form), layers.ReLU(),
            layers.Conv2D(20, 5, **form), layers.MaxPooling2D(2, **form), layers.ReLU(),
            layers.Flatten(), layers.Dense(10),
        ]
    )  # fmt: skip


def keras_quick(keras: Any) -> Any:
    """cifar10_quick in Keras."""
    layers, form = keras.layers, {"data_format": "channels_first"}
    blocks: list[Any] = []
    for channels in (32, 32, 64):
        blocks += [layers.Conv2D(channels, 5, padding="same", **form), layers.MaxPooling2D(2, **form)]
    return keras.Sequential([keras.Input((3, 32, 32)), *blocks, layers.Flatten(), layers.Dense(64), layers.Dense(10)])


def keras_table(keras: Any) -> Any:
    """diabetes in Keras."""
    dense = [keras.layers.Dense(width, activation="sigmoid") for width in (6, 4, 1)]
    return keras.Sequential([keras.Input((8,)), *dense])


__all__ = ["CASES", "Case", "netspec"]
