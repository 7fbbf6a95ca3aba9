"""precision, tf32, compile, accumulate: what they change, and what they must not."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from netspec.checkpoint.checkpoint import read_checkpoint, restore_checkpoint, save_checkpoint
from netspec.checkpoint.state_dict import state_dict
from netspec.core.diagnostics import Diagnostic
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import prepare
from netspec.training.setup import make_state
from netspec.training.step import take_step
from tests.rounds import left_out

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]

DIGITS = """netspec: 1
name: digits
input: [1, 8, 8]
layers: [{Conv2d: {out_channels: 8, kernel_size: 3}}, ReLU, Flatten, {Linear: 10}]
data: {sklearn: digits, val: 0.2}
train: {epochs: 3, batch_size: 64, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1, momentum: 0.9}}}
"""


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_the_bits_train_as_well(run: Start, precision: str) -> None:
    full, half = run(DIGITS, out="full"), run(DIGITS, f"train.precision={precision}", out="half")
    assert all(value.dtype == torch.float32 for value in half.model.state_dict().values())
    for ours, theirs in zip(half.history, full.history, strict=True):
        assert ours["train_loss"] == pytest.approx(theirs["train_loss"], rel=0.05)
        assert ours["train_loss"] != theirs["train_loss"]  # it is another arithmetic
    assert half.history[-1]["val_accuracy"] > 0.9


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_step_is_autocasts(make: Make, precision: str) -> None:
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    job, state = make_state(prepare(make(DIGITS, f"train.precision={precision}"), "cpu"))
    theirs = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10))
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state.model.state_dict().values(), strict=True)))
    theirs.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types know no such call
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9, fused=True)
    (batch,) = job.train.batches(torch.arange(64), 64)
    loss = take_step(job, state, batch)
    with torch.autocast("cpu", dtype):
        expected = nn.functional.cross_entropy(theirs(batch.inputs[0]), batch.targets[0])
    expected.backward()
    optimizer.step()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    scaled = {"atol": 2e-4, "rtol": 1e-3} if precision == "fp16" else {"atol": 1e-6, "rtol": 1e-5}
    for a, b in zip(state.model.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, **scaled)


def test_a_loss_that_is_scaled_too_far_takes_no_step_and_is_scaled_less(make: Make) -> None:
    job, state = make_state(prepare(make(DIGITS, "train.precision=fp16"), "cpu"))
    assert state.scaler is not None
    (batch,) = job.train.batches(torch.arange(64), 64)
    before = [parameter.detach().clone() for parameter in state.model.parameters()]
    state.scaler.load_state_dict({**state.scaler.state_dict(), "scale": 2.0**40})
    take_step(job, state, batch)
    assert all(torch.equal(a, b) for a, b in zip(before, state.model.parameters(), strict=True))
    assert state.scaler.get_scale() == 2.0**39


def test_the_scale_is_kept(make: Make, tmp_path: Path) -> None:
    plan = prepare(make(DIGITS, "train.precision=fp16", "train.clip_grad_norm=1.0"), "cpu")
    job, state = make_state(plan)
    assert state.scaler is not None
    (batch,) = job.train.batches(torch.arange(64), 64)
    state.scaler.load_state_dict({**state.scaler.state_dict(), "scale": 2.0**40})
    take_step(job, state, batch)
    save_checkpoint(tmp_path / "here.ckpt", state_dict(state))
    _, again = make_state(plan)
    restore_checkpoint(read_checkpoint(tmp_path / "here.ckpt"), again, tmp_path / "here.ckpt")
    assert again.scaler is not None
    assert again.scaler.state_dict() == state.scaler.state_dict()


def test_a_resumed_run_in_fp16_ends_as_one_that_went_through(run: Start, tmp_path: Path) -> None:
    whole = run(DIGITS, "train.precision=fp16", out="whole")
    run(DIGITS, "train.precision=fp16", "train.epochs=1", out="part")
    part = run(DIGITS, "train.precision=fp16", resume=tmp_path / "part")
    for a, b in zip(part.model.state_dict().values(), whole.model.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_lbfgs_does_not_go_with_a_scaled_loss(run: Start, refused: Refused) -> None:
    (found,) = refused(run, DIGITS, "train.precision=fp16", "train.optimizer=LBFGS")
    assert (found.code, found.notes[0].text) == ("NS605", "precision: bf16, or another optimizer")
    assert "LBFGS" in found.message


def test_a_batch_in_parts_takes_the_step_of_the_whole(run: Start) -> None:
    once = ("train.epochs=1", "train.optimizer={SGD: {lr: 0.01}}")
    whole, parts = run(DIGITS, *once, out="whole"), run(DIGITS, *once, "train.accumulate=3", out="parts")
    for a, b in zip(parts.model.state_dict().values(), whole.model.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
    assert parts.history[-1]["train_loss"] == pytest.approx(whole.history[-1]["train_loss"], rel=1e-3)


def test_the_parts_of_a_batch_are_computed_one_after_the_other(make: Make) -> None:
    job, state = make_state(prepare(make(DIGITS, "train.accumulate=4"), "cpu"))
    sizes: list[int] = []
    state.model.register_forward_hook(lambda module, inputs, output: sizes.append(len(inputs[0])))
    (batch,) = job.train.batches(torch.arange(62), 62)
    take_step(job, state, batch)
    assert sizes == [16, 16, 16, 14]


@pytest.fixture
def _tf32() -> Iterator[None]:
    places = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [place.allow_tf32 for place in places]
    yield
    for place, allowed in zip(places, before, strict=True):
        place.allow_tf32 = allowed


@pytest.mark.usefixtures("_tf32")
def test_tf32_is_set_as_it_is_asked_for(make: Make) -> None:
    def now() -> tuple[bool, bool]:
        return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32

    before = now()
    make_state(prepare(make(DIGITS), "cpu"))
    assert now() == before
    make_state(prepare(make(DIGITS, "train.tf32=true"), "cpu"))
    assert now() == (True, True)
    make_state(prepare(make(DIGITS, "train.tf32=false"), "cpu"))
    assert now() == (False, False)


@pytest.mark.parametrize("backend", ["aot_eager", left_out("inductor")])
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler for the CPU")
@pytest.mark.filterwarnings("default")  # what torch's compiler uses of torch itself is not ours
def test_a_compiled_network_trains_and_is_evaluated_compiled(
    backend: str, run: Start, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`aot_eager` is torch's compiler up to the code for the machine, which takes half a minute to make."""
    # torch's own place for compiled kernels does not tell apart what ATEN_CPU_CAPABILITY asks for
    cache = f"netspec-kernels-{torch.__version__}-{torch.backends.cpu.get_cpu_capability()}"
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(Path(tempfile.gettempdir()) / cache))
    called: list[bool] = []
    compile_net = torch.compile

    def noting(model: nn.Module) -> Callable[..., Any]:
        net = compile_net(model, backend=backend)

        def call(*inputs: torch.Tensor) -> Any:
            called.append(model.training)
            return net(*inputs)

        return call

    plain = run(table, "train.batch_size=7", out="plain")
    monkeypatch.setattr(torch, "compile", noting)
    ours = run(table, "train.batch_size=7", "train.compile=true", out="compiled")
    for a, b in zip(ours.model.state_dict().values(), plain.model.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)
    assert set(called) == {True, False}
    assert list(ours.model.state_dict()) == list(plain.model.state_dict())


def test_what_torch_cannot_compile_is_told_before_the_run(
    run: Start, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(*inputs: torch.Tensor) -> None:
        raise RuntimeError("no compiler here")

    monkeypatch.setattr(torch, "compile", lambda model: fails)
    (found,) = refused(run, DIGITS, "train.compile=true")
    assert (found.code, found.span.path) == ("NS609", "--set")
    assert [note.text for note in found.notes] == ["compile: false", "no compiler here"]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        ("precision=fp8", "precision is fp32, bf16 or fp16"),
        ("accumulate=0", "accumulate is a positive integer"),
        ("compile=maybe", "compile is true or false"),
        ("tf32=3", "tf32 is true or false"),
    ],
)
def test_values_that_are_none_are_refused(tmp_path: Path, setting: str, what: str) -> None:
    from netspec.checker import check
    from netspec.language.load import load

    path = tmp_path / "net.yaml"
    path.write_text(DIGITS, encoding="utf-8")
    (found,) = check(load(str(path), (f"train.{setting}",))).diagnostics
    assert (found.code, what in found.message) == ("NS202", True)
