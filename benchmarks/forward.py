"""A forward of the compiled networks against modules written by hand: batch 1, one thread.

Both sides hold the same weights and run in the same process, in interleaved rounds; the ratio is that of the medians.
The claim is a ratio of at most 1.05. Run: python benchmarks/forward.py
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import torch
from torch import Tensor, nn

import netspec

SPECS = Path(__file__).parent.parent / "specs"
ROUNDS = 301
CALLS = 20  # forwards in a round


class MnistCnn(nn.Module):
    """specs/mnist_cnn.yaml by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.conv2 = nn.Conv2d(10, 20, 5)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(320, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.pool(self.conv1(x)))
        x = self.relu(self.pool(self.conv2(x)))
        return self.fc(self.flatten(x))


class MnistMlp(nn.Module):
    """specs/mnist_mlp.yaml by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.relu = nn.ReLU()
        self.l1, self.l2, self.l3 = nn.Linear(784, 512), nn.Linear(512, 256), nn.Linear(256, 128)
        self.l4, self.l5 = nn.Linear(128, 64), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.l1(self.flatten(x)))
        x = self.relu(self.l2(x))
        x = self.relu(self.l3(x))
        return self.l5(self.relu(self.l4(x)))


class InceptionA(nn.Module):
    """The block of specs/inception_mnist.yaml by hand."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch1x1 = nn.Conv2d(channels, 16, 1)
        self.branch5x5_1, self.branch5x5_2 = nn.Conv2d(channels, 16, 1), nn.Conv2d(16, 24, 5, padding=2)
        self.branch3x3_1 = nn.Conv2d(channels, 16, 1)
        self.branch3x3_2, self.branch3x3_3 = nn.Conv2d(16, 24, 3, padding=1), nn.Conv2d(24, 24, 3, padding=1)
        self.pool = nn.AvgPool2d(3, stride=1, padding=1)
        self.branch_pool = nn.Conv2d(channels, 24, 1)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3_3(self.branch3x3_2(self.branch3x3_1(x)))
        return torch.cat([self.branch1x1(x), five, three, self.branch_pool(self.pool(x))], dim=1)


class InceptionMnist(nn.Module):
    """specs/inception_mnist.yaml by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.incep1 = nn.Conv2d(1, 10, 5), InceptionA(10)
        self.conv2, self.incep2 = nn.Conv2d(88, 20, 5), InceptionA(20)
        self.pool, self.relu, self.flatten = nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()
        self.fc = nn.Linear(1408, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.incep1(self.relu(self.pool(self.conv1(x))))
        x = self.incep2(self.relu(self.pool(self.conv2(x))))
        return self.fc(self.flatten(x))


class Digits(nn.Module):
    """specs/digits.yaml by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
        self.relu, self.pool, self.flatten, self.dropout = nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3)
        self.fc1, self.fc2 = nn.Linear(512, 64), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv2(self.relu(self.conv1(x))))
        return self.fc2(self.relu(self.fc1(self.dropout(self.flatten(self.pool(x))))))


def same_weights(ours: nn.Module, theirs: nn.Module) -> None:
    """Give the hand-written module our weights; both declare their layers in one order."""
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))


def seconds(model: nn.Module, x: Tensor) -> float:
    """The time of a round."""
    start = time.perf_counter()
    for _ in range(CALLS):
        model(x)
    return time.perf_counter() - start


def main() -> None:
    """Print a row for each network."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"torch {torch.__version__}, batch 1, 1 thread, medians of {ROUNDS} interleaved rounds of {CALLS} forwards")
    print(f"{'network':<16} {'by hand':>10} {'compiled':>10} {'ratio':>7}")
    for name, made in (
        ("digits", Digits), ("mnist_mlp", MnistMlp), ("mnist_cnn", MnistCnn), ("inception_mnist", InceptionMnist)
    ):  # fmt: skip
        spec = netspec.load(SPECS / f"{name}.yaml")
        ours, theirs = netspec.compile(spec).eval(), made().eval()
        same_weights(ours, theirs)
        (tensor,) = netspec.check(spec).inputs.values()
        assert tensor is not None
        x = torch.randn(1, *tensor.shape)
        with torch.inference_mode():
            torch.testing.assert_close(ours(x), theirs(x))
            for model in (ours, theirs):
                seconds(model, x)
            rounds = [(seconds(theirs, x), seconds(ours, x)) for _ in range(ROUNDS)]
        by_hand, compiled = (statistics.median(column) / CALLS * 1e6 for column in zip(*rounds, strict=True))
        print(f"{name:<16} {by_hand:>8.1f}µs {compiled:>8.1f}µs {compiled / by_hand:>6.3f}×")


if __name__ == "__main__":
    main()
