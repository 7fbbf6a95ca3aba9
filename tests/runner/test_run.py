"""A run's folder and the commands train, eval and predict, as a person meets them."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from rich.console import Console
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from netspec.cli.main import main
from netspec.core.diagnostics import Diagnostic
from netspec.core.files import ReadError
from netspec.reports.progress import Live, describe
from netspec.trainer.train import Run
from tests.runner.started import Started

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


@pytest.mark.usefixtures("real_pictures")
def test_the_folder_of_a_run(run: Start, table: str) -> None:
    done = run(table)
    names = {path.name for path in done.folder.iterdir()}
    events = {name for name in names if name.startswith("events.out.tfevents")}
    assert len(events) == 1
    assert names - events == {
        "spec.yaml", "run.json", "metrics.jsonl", "last.ckpt", "previous.ckpt",
        "last.safetensors", "best.safetensors", "curves.png", "README.md", ".lock",
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
        if value.tensor.float_val or not value.HasField("tensor")  # scalars; not the graph and the settings
    }
    assert tags["loss/train"] == pytest.approx(rows[-1]["train_loss"])


def test_a_run_ends_with_a_table(netspec: Callable[..., Outcome], digits: Path) -> None:
    _, out, _ = netspec("train", "digits.yaml", "--out", "a", "--set", "train.epochs=2")
    rows = [json.loads(line) for line in Path("a/metrics.jsonl").read_text().splitlines()]
    (shown,) = re.findall(r"^val_accuracy .*?([\d.]+)$", out, re.M)
    assert float(shown) == pytest.approx(rows[-1]["val_accuracy"], abs=1e-4)
    assert out.splitlines()[-2].startswith("2 epochs in ")
    assert out.splitlines()[-2].endswith(" s, 650 parameters")  # 64·10 weights and 10 biases


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


def test_a_run_that_was_killed_between_its_first_files_is_begun_anew(
    netspec: Callable[..., Outcome], digits: Path, tmp_path: Path
) -> None:
    one_epoch = ("--set", "train.epochs=1")
    assert netspec("train", "digits.yaml", "--out", "a", *one_epoch)[0] == 0
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run.json").write_bytes((tmp_path / "a" / "run.json").read_bytes())
    (tmp_path / "b" / ".spec.yaml.writing").write_text("netspec: ")
    assert netspec("train", "digits.yaml", "--out", "b", *one_epoch)[0] == 0
    a, b = (load_file(tmp_path / run / "last.safetensors") for run in "ab")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert sorted(path.name for path in (tmp_path / "b").iterdir() if path.name.startswith(".")) == [".lock"]
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "run.json").write_text('{"mine": 1}')
    assert netspec("train", "digits.yaml", "--out", "c", *one_epoch)[0] == 1
    assert (tmp_path / "c" / "run.json").read_text() == '{"mine": 1}'


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
    assert "NS611" in err
    assert not (tmp_path / "new").exists()


def test_errors_of_the_network_and_of_training_are_shown_together(
    netspec: Callable[..., Outcome], digits: Path, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    digits.write_text(DIGITS.replace("Flatten", "Flaten").replace("CrossEntropyLoss", "CrossEntropy"))
    code, out, err = netspec("train", "digits.yaml", "--out", "full", "--device", "cuda:77")
    assert (code, out) == (1, "")
    assert re.findall(r"NS\d+", err) == ["NS204", "NS604", "NS606", "NS607"]
    assert "--> --device cuda:77\n  = fix" in err
    assert "--> --out full\n  = fix" in err


def test_a_folder_that_was_there_before_is_there_after_a_refused_start(
    netspec: Callable[..., Outcome], digits: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    for place in (("--out", "mine"), ("--out", "new/deep/run"), ()):
        assert netspec("train", "digits.yaml", *place, "--set", "train.loss=L3Loss")[0] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits.yaml", "mine"]
    assert not list((tmp_path / "mine").iterdir())


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
    accuracy = float(out.split("val_accuracy ")[-1].split()[0])
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
    assert err.count("half.png: cannot be read as a picture") == 2  # as a file, and in the folder
    drawn = ["a/confusion_matrix.png", "a/curves.png", "a/mistakes.png"]  # pictures in folders of the folder, too
    assert [line.split()[0] for line in out.splitlines()] == ["large.jpg", "five.png", "large.jpg", *drawn]


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
    assert code == 1
    assert "row 1, column 'b'" in err
    (tmp_path / "wide.csv").write_text("1,2,3,4\n")
    code, _, err = netspec("predict", "a", "wide.csv")
    assert code == 1
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
    process = Started(tmp_path, "train", "digits.yaml", "--out", "a", "--set", "train.epochs=100000")
    rows = tmp_path / "a" / "metrics.jsonl"
    try:
        for _ in range(3000):
            if rows.exists() and rows.read_text().count("\n") > 2:
                break
            time.sleep(0.02)
        process.send_signal(number)
        got, out, err = process.end()
    finally:
        process.kill()
    assert got == code, err[-500:]
    assert "go on with: netspec train --resume a" in err
    assert "Traceback" not in err
    assert json.loads((tmp_path / "a" / "run.json").read_text())["status"] == "interrupted"
    assert load_file(tmp_path / "a" / "last.safetensors")
    epochs = len(rows.read_text().splitlines())
    assert re.search(rf"^epoch .*\b{epochs}$", out, re.M)


def test_ctrl_c_before_the_first_step_leaves_nothing(digits: Path, tmp_path: Path) -> None:
    wait = (
        "import netspec.training.setup as f, time; f.make_state = lambda *a, **k: (print(flush=True), time.sleep(60)); "
    )
    code = wait + "from netspec.cli.main import main; main(['train', 'digits.yaml'])"
    process = Started(tmp_path, code=code)
    try:
        process.wait_for_output()
        assert (tmp_path / "runs" / "digits-1").is_dir()
        process.send_signal(signal.SIGINT)
        got, _, err = process.end()
    finally:
        process.kill()
    assert (got, err) == (130, "netspec: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["digits.yaml"]


def test_ctrl_c_that_a_library_makes_another_error_of_is_still_ctrl_c(
    netspec: Callable[..., Outcome], digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(run: str, settings: object, **permission: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise RuntimeError("an import failed") from error

    monkeypatch.setattr("netspec.inference.loaded_run.load_run", load)
    handler = signal.getsignal(signal.SIGINT)
    assert netspec("eval", "a") == (130, "", "netspec: interrupted\n")
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_run_that_was_killed_says_what_can_be_done(
    netspec: Callable[..., Outcome], digits: Path, tmp_path: Path
) -> None:
    assert netspec("train", "digits.yaml", "--out", "a")[0] == 0
    whole = netspec("eval", "a", "--weights", "last")[1]
    info = json.loads((tmp_path / "a" / "run.json").read_text())
    (tmp_path / "a" / "run.json").write_text(json.dumps({**info, "status": "running", "best": None}))
    (tmp_path / "a" / "best.safetensors").unlink()
    (tmp_path / "a" / "last.safetensors").rename(tmp_path / "a" / "old")
    code, _, err = netspec("eval", "a")
    assert code == 1
    assert "there is no a/best.safetensors" in err
    assert "--> RUN a\n" in err
    assert "--weights last" in err
    assert "netspec train --resume a" in err
    assert netspec("eval", "a", "--weights", "last")[:2] == (0, whole)
    (tmp_path / "a" / "last.safetensors").write_bytes(b"of an earlier stop")
    assert netspec("eval", "a", "--weights", "last")[:2] == (0, whole)
    content = torch.load(tmp_path / "a" / "last.ckpt", weights_only=True)
    torch.save({**content, "epoch": 0, "step": 0}, tmp_path / "a" / "last.ckpt")
    code, _, err = netspec("eval", "a", "--weights", "last")
    assert code == 1
    assert "initial weights" in err
    assert "netspec train --resume a" in err


def test_a_run_with_more_epochs_than_are_asked_for_says_how_to_go_on(
    netspec: Callable[..., Outcome], digits: Path
) -> None:
    assert netspec("train", "digits.yaml", "--out", "a", "--set", "train.epochs=4")[0] == 0
    code, _, err = netspec("train", "--resume", "a", "--set", "train.epochs=3")
    assert (code, err) == (0, "4 epochs done already; --set train.epochs=8 goes on\n")


def test_predict_takes_tables_with_and_without_a_header(netspec: Callable[..., Outcome], tmp_path: Path) -> None:
    rows = "".join(f"{i},{-i},{i % 2}\n" for i in range(10))
    net = "netspec: 1\ninput: [2]\nlayers: [{{Linear: 2}}]\ndata: {{CSV: {file}}}\n"
    net += "train: {{loss: CrossEntropyLoss, optimizer: SGD, epochs: 1}}\n"
    for name, head in (("bare", ""), ("named", "2020,b,y\n")):
        (tmp_path / f"{name}.csv").write_text(head + rows)
        file = f"{{path: {name}.csv, header: {'true' if head else 'false'}}}"
        (tmp_path / f"{name}.yaml").write_text(net.format(file=file))
        assert netspec("train", f"{name}.yaml", "--out", name)[0] == 0
    (tmp_path / "a.csv").write_text("3,4\n")
    (tmp_path / "b.csv").write_text("one,two\n3,4\n")
    (tmp_path / "c.csv").write_text("b,2020\n4,3\n")
    for run, files in (("bare", "ab"), ("named", "abc")):
        answers = {netspec("predict", run, f"{file}.csv")[1].partition("  ")[2] for file in files}
        assert len(answers) == 1, (run, answers)
        assert "" not in answers
    (tmp_path / "d.csv").write_text("3,x\n")
    code, _, err = netspec("predict", "bare", "d.csv")
    assert code == 1
    assert "row 1, column '1' holds 'x'" in err
    assert "header: true" not in err
    assert "name the columns in row 1" in err


def test_a_run_is_loaded_and_predicts_from_python(run: Start, tmp_path: Path) -> None:
    import netspec

    done = run(DIGITS)
    loaded = netspec.load_run(done.folder)
    assert loaded.spec.name == "digits"
    model = loaded.model("last")
    assert not model.training
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), done.model.parameters(), strict=True))
    Image.new("L", (8, 8), 128).save(tmp_path / "grey.png")
    one, two = loaded.predict(tmp_path / "grey.png", tmp_path / "grey.png", top=2, weights="last")
    assert one == two
    expected = model(torch.full((1, 1, 8, 8), 128 / 255)).softmax(1).max().item()
    assert one.classes[0][1] == pytest.approx(expected, abs=1e-5)


def test_warnings_of_torch_stay_out_of_the_terminal(
    netspec: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(run: str, settings: object, **permission: object) -> None:
        warnings.warn("torch means", stacklevel=1)
        raise ReadError("a: read")

    monkeypatch.setattr("netspec.inference.loaded_run.load_run", load)
    monkeypatch.setattr(sys, "warnoptions", [])
    assert netspec("eval", "a") == (2, "", "netspec: a: read\n")
    monkeypatch.setattr(sys, "warnoptions", ["default"])
    with pytest.raises(UserWarning, match="torch means"):
        main(["eval", "a"])


def test_the_live_display_runs(capsys: pytest.CaptureFixture[str]) -> None:
    live = Live()
    live.start(2, 0, 10, 640)
    live.step(0, 5, 10, 0.5, 0.01)
    drawn = io.StringIO()
    Console(file=drawn, force_terminal=True, width=140, color_system=None).print(live.bar.get_renderable())
    assert re.search(r"epoch 1/2 .* 5/20 [\d,]+ samples/s  loss 0.5  lr 0.01 left [\d-]", drawn.getvalue())
    live.epoch({"epoch": 1, "train_loss": 0.5, "lr": 0.1, "seconds": 1.0}, best=True)
    live.message("[not markup]")
    live.stop()
    shown = capsys.readouterr().err
    assert "epoch 1/2" in shown
    assert "[not markup]" in shown


def test_a_row_in_words() -> None:
    assert (
        describe({"epoch": 1, "train_loss": 0.12345, "val_accuracy": 0.985}) == "train_loss 0.1235  val_accuracy 0.985"
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


def test_a_folder_and_files_with_spaces_and_chinese_names_and_crlf(
    tmp_path: Path, netspec: Callable[..., Outcome]
) -> None:
    here = tmp_path / "有 空格 的 文件夹"
    here.mkdir()
    lines = ["特征 一,特征 二,目标", *(f"{i / 8},{1 - i / 8},{i / 4}" for i in range(8))]
    (here / "数据 表.csv").write_bytes("\r\n".join(lines).encode())
    text = (
        "netspec: 1\nname: 网络\ninput: [2]\nlayers: [{Linear: 1}]\n"
        "data: {CSV: {path: 数据 表.csv, target: 目标}, val: 0.25}\n"
        "train: {epochs: 1, batch_size: 2, loss: MSELoss, optimizer: {SGD: {lr: 0.1}}}\n"
    )
    (here / "网络 一.yaml").write_bytes(text.replace("\n", "\r\n").encode())

    def call(*arguments: str) -> str:
        code, out, err = netspec(*(str(here / word) if " " in word else word for word in arguments))
        assert code == 0, err
        return out

    call("train", "网络 一.yaml", "--out", "运行 一")
    call("train", "--resume", "运行 一", "--set", "train.epochs=2")
    assert len((here / "运行 一" / "metrics.jsonl").read_text("utf-8").splitlines()) == 2
    assert json.loads(call("predict", "运行 一", "数据 表.csv", "--format", "json"))["predictions"][7]["row"] == 8
    assert "loss" in call("eval", "运行 一")
    assert "运行 一" in call("compare", "运行 一")
