"""A run's folder and the commands train, eval and predict, as a person meets them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from netspec.cli.main import main
from netspec.ground.diagnostics import Diagnostic
from netspec.runner.progress import Live, describe
from netspec.runner.train import Run

Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]
Outcome = tuple[int, str, str]

DIGITS = """netspec: 1
name: digits
input: [1, 8, 8]
layers: [Flatten, {Linear: 10}]
data: {sklearn: digits, val: 0.2}
train: {epochs: 2, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.5}}}
"""


@pytest.fixture
def netspec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """`netspec("train", "net.yaml")` in `tmp_path`: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return int(left.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    path = tmp_path / "digits.yaml"
    path.write_text(DIGITS)
    return path


def test_the_folder_of_a_run(run: Start, table: str) -> None:
    done = run(table)
    names = {path.name for path in done.folder.iterdir()}
    events = {name for name in names if name.startswith("events.out.tfevents")}
    assert len(events) == 1
    assert names - events == {
        "spec.yaml", "run.json", "metrics.jsonl", "last.ckpt", "last.safetensors", "best.safetensors", "curves.png",
    }  # fmt: skip
    rows = [json.loads(line) for line in (done.folder / "metrics.jsonl").read_text().splitlines()]
    assert rows == list(done.history)
    assert {"epoch", "train_loss", "lr", "seconds"} <= rows[0].keys()
    info = json.loads((done.folder / "run.json").read_text())
    assert (info["status"], info["seed"], info["dataset"]) == ("finished", 0, "inline")
    assert info["versions"]["torch"] == torch.__version__.partition("+")[0]
    with Image.open(done.folder / "curves.png") as picture:
        assert picture.format == "PNG"
    (event_file,) = events
    tags = {
        value.tag: value.tensor.float_val[0] if value.HasField("tensor") else value.simple_value
        for event in EventFileLoader(str(done.folder / event_file)).Load()
        for value in event.summary.value
    }
    assert tags["loss/train"] == pytest.approx(rows[-1]["train_loss"])


def test_runs_are_numbered(netspec: Callable[..., Outcome], digits: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        code, out, err = netspec("train", "digits.yaml", "--set", "train.epochs=1")
        assert code == 0
        assert f"run: runs/digits-{number}" in out
        assert err.count("epoch 1/1") == 1
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["digits-1", "digits-2"]


def test_a_folder_that_holds_something_is_left_alone(
    netspec: Callable[..., Outcome], digits: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    code, _, err = netspec("train", "digits.yaml", "--out", "mine")
    assert code == 1
    assert "NS607" in err
    assert "notes.txt" in err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    assert (tmp_path / "mine" / "notes.txt").read_text() == "precious"


def test_another_run_is_left_alone(netspec: Callable[..., Outcome], digits: Path, tmp_path: Path) -> None:
    assert netspec("train", "digits.yaml", "--out", "a", "--set", "train.epochs=1")[0] == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    code, _, err = netspec("train", "digits.yaml", "--out", "a")
    assert code == 1
    assert "a holds another run already" in err
    assert "netspec train --resume a" in err
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == before


@pytest.mark.parametrize("place", ["digits.yaml/run", "/proc/netspec-run"])
def test_a_folder_that_cannot_be_written(netspec: Callable[..., Outcome], digits: Path, place: str) -> None:
    if place.startswith("/proc") and not Path("/proc").is_dir():
        pytest.skip("no /proc here")
    code, _, err = netspec("train", "digits.yaml", "--out", place)
    assert code == 1
    assert "NS607" in err
    assert "cannot be written" in err


def test_a_refused_start_leaves_no_folder(netspec: Callable[..., Outcome], digits: Path, tmp_path: Path) -> None:
    code, out, err = netspec("train", "digits.yaml", "--out", "new", "--set", "train.loss=BCELoss")
    assert (code, out) == (1, "")
    assert "NS603" in err
    assert not (tmp_path / "new").exists()


def test_errors_of_the_spec_are_shown_before_torch_is_imported(digits: Path) -> None:
    digits.write_text(DIGITS.replace("Flatten", "Flaten"))
    code = "import sys; from netspec.cli.main import main\ntry: main(['train', sys.argv[1]])\n"
    code += "finally: print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(digits)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Flatten" in done.stderr
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("train",), 2, "SPEC is missing"),
        (("train", "gone.yaml"), 2, "no such file"),
        (("train", "digits.yaml", "--device", "cuda:99"), 1, "NS606"),
        (("train", "digits.yaml", "--device", "tpu"), 1, "NS606"),
        (("train", "--resume", "gone"), 2, "no such run folder"),
        (("train", "--resume", "a", "--out", "b"), 2, "--out"),
        (("eval", "gone"), 2, "no such run folder"),
        (("predict", "gone", "a.png"), 2, "no such run folder"),
        (("train", "digits.yaml", "--set", "train.epochs=many"), 1, "a positive integer"),
        (("train", "digits.yaml", "--set", "data.val=digitz"), 1, "digitz"),
    ],
)
def test_mistakes_on_the_command_line(
    netspec: Callable[..., Outcome], digits: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    got, out, err = netspec(*arguments)
    assert (got, out) == (code, "")
    assert said in err


def test_eval_and_predict(netspec: Callable[..., Outcome], digits: Path, tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    _, out, _ = netspec("train", "digits.yaml", "--out", "a", "--set", "train.epochs=15")
    accuracy = float(out.split("val_accuracy ")[-1].split("%")[0]) / 100
    code, out, _ = netspec("eval", "a", "--format", "json")
    scores = json.loads(out)
    assert code == 0
    assert scores["accuracy"] == pytest.approx(accuracy, abs=1e-4)
    assert "accuracy" in netspec("eval", "a")[1]

    table = load_digits()
    model = torch.nn.Linear(64, 10)
    model.load_state_dict(
        {name.rpartition(".")[2]: value for name, value in load_file(tmp_path / "a" / "best.safetensors").items()}
    )
    grey = torch.tensor(table.images[5] / 16 * 255).round().to(torch.uint8)
    Image.fromarray(grey.numpy()).save(tmp_path / "five.png")
    code, out, _ = netspec("predict", "a", "five.png", "--format", "json", "--top", "2")
    (said,) = json.loads(out)["predictions"]
    expected = model(grey.flatten() / 255).softmax(0)
    assert code == 0
    assert said["file"] == "five.png"
    values, indexes = expected.topk(2)
    assert [answer["class"] for answer in said["classes"]] == [str(index) for index in indexes.tolist()]
    assert [answer["probability"] for answer in said["classes"]] == pytest.approx(values.tolist(), abs=1e-5)

    (tmp_path / "half.png").write_bytes((tmp_path / "five.png").read_bytes()[:60])
    Image.fromarray(grey.numpy()).convert("RGB").resize((50, 40)).save(tmp_path / "large.jpg")
    code, out, err = netspec("predict", "a", "half.png", "gone.png", "large.jpg", ".")
    assert code == 2
    assert "half.png: cannot be read as a picture" in err
    assert "gone.png: no such file" in err
    assert ".: is a directory" in err
    assert out.startswith("large.jpg  ")


def test_predict_on_rows(netspec: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(
        "a,b,kind\n" + "".join(f"{i},{-i},{'low' if i < 5 else 'high'}\n" for i in range(10))
    )
    (tmp_path / "net.yaml").write_text(
        "netspec: 1\ninput: [2]\nlayers: [{Linear: 2}]\ndata: {CSV: rows.csv}\n"
        "train: {loss: CrossEntropyLoss, optimizer: {Adam: {lr: 0.1}}, epochs: 60}\n"
    )
    assert netspec("train", "net.yaml", "--out", "a")[0] == 0
    (tmp_path / "new.csv").write_text("b,a\n-9,9\n0,0\n")  # columns are found by name
    code, out, _ = netspec("predict", "a", "new.csv", "--top", "1")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [["new.csv:1", "high"], ["new.csv:2", "low"]]
    (tmp_path / "bad.csv").write_text("a,b\n1,x\n")
    code, _, err = netspec("predict", "a", "bad.csv")
    assert code == 2
    assert "row 1, column 'b'" in err
    (tmp_path / "wide.csv").write_text("1,2,3,4\n")
    code, _, err = netspec("predict", "a", "wide.csv")
    assert code == 2
    assert "4 columns, the run was trained on 2: a, b" in err


def test_predict_numbers_and_two_classes(netspec: Callable[..., Outcome], tmp_path: Path) -> None:
    net = "netspec: 1\ninput: [1]\nlayers: [{{Linear: 1}}]\ndata: {{inline: {{x: [0, 1, 2], y: {y}}}}}\n"
    net += "train: {{loss: {loss}, optimizer: {{SGD: 0.5}}, epochs: 200}}\n"
    (tmp_path / "x.csv").write_text("2\n")
    (tmp_path / "line.yaml").write_text(net.format(y="[1, 2, 3]", loss="MSELoss").replace("0.5", "0.1"))
    assert netspec("train", "line.yaml", "--out", "line")[0] == 0
    value = float(netspec("predict", "line", "x.csv")[1].split()[1])
    assert value == pytest.approx(3, abs=0.01)
    (tmp_path / "side.yaml").write_text(net.format(y="[0, 0, 1]", loss="BCEWithLogitsLoss"))
    assert netspec("train", "side.yaml", "--out", "side")[0] == 0
    (said,) = json.loads(netspec("predict", "side", "x.csv", "--format", "json")[1])["predictions"]
    assert said["classes"][0]["class"] == "1"
    assert sum(answer["probability"] for answer in said["classes"]) == pytest.approx(1, abs=1e-5)


def test_damaged_weights_are_refused(netspec: Callable[..., Outcome], digits: Path, tmp_path: Path) -> None:
    netspec("train", "digits.yaml", "--out", "a", "--set", "train.epochs=1")
    (tmp_path / "a" / "best.safetensors").write_bytes(b"nothing of use")
    code, _, err = netspec("eval", "a")
    assert code == 1
    assert "NS608" in err
    assert netspec("eval", "a", "--weights", "last")[0] == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_in_order(digits: Path, tmp_path: Path, number: int, code: int) -> None:
    command = [
        sys.executable,
        "-m",
        "netspec.cli.main",
        "train",
        "digits.yaml",
        "--out",
        "a",
        "--set",
        "train.epochs=100000",
    ]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    rows = tmp_path / "a" / "metrics.jsonl"
    try:
        for _ in range(600):
            if rows.exists() and rows.read_text().count("\n") > 2:
                break
            time.sleep(0.1)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code, err[-500:]
    assert "go on with: netspec train --resume a" in err
    assert "Traceback" not in err
    assert json.loads((tmp_path / "a" / "run.json").read_text())["status"] == "interrupted"
    assert load_file(tmp_path / "a" / "last.safetensors")
    epochs = len(rows.read_text().splitlines())
    assert f"last: epoch {epochs} " in out


def test_the_live_display_runs(capsys: pytest.CaptureFixture[str]) -> None:
    live = Live()
    live.start(2, 0, 10, 640)
    live.step(0, 5, 10, 0.5)
    live.epoch({"epoch": 1, "train_loss": 0.5, "lr": 0.1, "seconds": 1.0}, best=True)
    live.message("[not markup]")
    live.stop()
    shown = capsys.readouterr().err
    assert "epoch 1/2" in shown
    assert "[not markup]" in shown


def test_a_row_in_words() -> None:
    assert (
        describe({"epoch": 1, "train_loss": 0.12345, "val_accuracy": 0.985}) == "train_loss 0.1235  val_accuracy 98.50%"
    )


@pytest.mark.skipif("NETSPEC_DATA" not in os.environ, reason="NETSPEC_DATA names no folder with MNIST")
def test_mnist_is_learnt(run: Start) -> None:
    text = """netspec: 1
input: [1, 28, 28]
layers:
  - Conv2d: {out_channels: 10, kernel_size: 5}
  - MaxPool2d: 2
  - ReLU
  - Conv2d: {out_channels: 20, kernel_size: 5}
  - MaxPool2d: 2
  - ReLU
  - Flatten
  - Linear: 10
data:
  MNIST:
  transforms: [{Normalize: {mean: [0.1307], std: [0.3081]}}]
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.05, momentum: 0.5}}}
"""
    done = run(text, device="cpu")
    assert done.history[-1]["val_accuracy"] > 0.97
