"""What the runner's tests share: specs from text, runs without a display, few threads, so that small nets are quick."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from netspec.cli.main import main
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.language.load import load
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.trainer.train import Run, train

os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the processes that tests start

TABLE = """netspec: 1
name: table
input: [3]
layers: [{Linear: 8}, Tanh, {Linear: 1}]
data:
  inline:
    x: [[0.1, 0.2, 0.3], [1.0, -0.5, 0.0], [0.4, 0.9, -1.2], [-0.3, 0.7, 0.5],
        [0.2, 0.2, 0.8], [-1.0, 0.1, 0.6], [0.5, 0.5, 0.5]]
    y: [0.6, 0.5, 0.1, 0.9, 1.2, -0.3, 1.5]
train:
  epochs: 3
  batch_size: 3
  loss: MSELoss
  optimizer: {SGD: {lr: 0.05, momentum: 0.9}}
"""


@pytest.fixture(autouse=True, scope="session")
def _few_threads() -> None:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


@pytest.fixture(autouse=True, scope="session")
def _no_seeds_for_missing_devices() -> Iterator[None]:
    """Nor are these remembered, each with where it was asked for: FakeData sets a seed for every picture."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("cuda", "xpu", "mtia"):
            device = getattr(torch, name)
            if not device.is_available():
                patch.setattr(device, "manual_seed_all", lambda seed: None)
        yield


@pytest.fixture(autouse=True)
def _quick_pictures(request: pytest.FixtureRequest) -> None:
    """What a run draws is not looked at, but by the tests that use `real_pictures`."""
    if "real_pictures" not in request.fixturenames:
        request.getfixturevalue("quick_pictures")


@pytest.fixture
def real_pictures() -> None:
    """Pictures are drawn."""


@pytest.fixture
def table() -> str:
    """A regression on seven rows."""
    return TABLE


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Spec]:
    """`make(text, "train.epochs=2")`: a spec from text, in a folder of its own."""

    def build(text: str, *settings: str) -> Spec:
        path = tmp_path / "net.yaml"
        path.write_text(text, encoding="utf-8")
        spec = load(str(path), settings, plugins=plugin_permission())
        wrong = [
            item for item in spec.diagnostics if item.code not in ("NS203", "NS604", "NS605")
        ]  # the runner finds them too
        assert not wrong, wrong
        return spec

    return build


@pytest.fixture
def run(make: Callable[..., Spec], tmp_path: Path) -> Callable[..., Run]:
    """`run(text, out="a")`: train a spec silently into a folder below `tmp_path`."""

    def start(text: str, *settings: str, out: str = "run", **more: Any) -> Run:
        return train(make(text, *settings), out=tmp_path / out, progress=Silent(), **more)

    return start


@pytest.fixture
def refused() -> Callable[..., list[Diagnostic]]:
    """`refused(call)`: the diagnostics that a call raises."""

    def call(function: Callable[..., object], *args: Any, **kwargs: Any) -> list[Diagnostic]:
        with pytest.raises(SpecError) as caught:
            function(*args, **kwargs)
        return list(caught.value.diagnostics)

    return call


@pytest.fixture
def netspec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`netspec("predict", "run", …, stdin=b"")`, the command line in `tmp_path`: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            main(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return int(left.value.code or 0), captured.out, captured.err

    return call
