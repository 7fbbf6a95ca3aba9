"""Several inputs and outputs: against loops written by hand, from inline data and tables, and on the command line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision import models

from netspec.checker import check
from netspec.core.diagnostics import Diagnostic
from netspec.data.batches import epoch_order
from netspec.inference.loaded_run import load_run
from netspec.inference.scoring import score_run
from netspec.language.load import load
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.interrupts import Interrupt
from netspec.training.plan import prepare
from netspec.training.setup import first_batch, make_state
from netspec.training.step import add_gradients
from tests.docs.test_docs import blocks
from tests.spec_cases import ROOT

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]
Netspec = Callable[..., tuple[int, str, str]]

LEFT = [[0.1, 0.2], [1.0, -0.5], [0.4, 0.9], [-0.3, 0.7], [0.2, 0.2], [-1.0, 0.1], [0.5, 0.5]]
RIGHT = [0, 3, 1, 2, 2, 0, 1]
KIND = [0, 2, 1, 1, 0, 2, 1]
SIZE = [[0.6, 1.0], [0.5, 0.0], [0.1, -1.0], [0.9, 0.3], [1.2, 0.4], [-0.3, 2.0], [1.5, 0.1]]
NETWORK = """netspec: 1
name: two
inputs: {left: [2], right: {shape: [1], dtype: int64}}
layers:
  - {name: table, Embedding: {num_embeddings: 4, embedding_dim: 3}, from: right}
  - {name: flat, Flatten: {}}
  - {name: both, concat: {dim: 1}, from: [left, flat]}
  - {name: body, Linear: 6}
  - {name: act, Tanh: {}}
  - {name: size, Linear: 2}
  - {name: kind, Linear: 3, from: act}
outputs: [size, kind]
"""
TRAIN = """train:
  epochs: 3
  batch_size: 3
  loss:
    kind: {CrossEntropyLoss: {label_smoothing: 0.1}, weight: 0.7}
    size: {MSELoss: {}, weight: 0.25}
  optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
"""
DATA = f"data:\n  inline:\n    x: {{right: {RIGHT}, left: {LEFT}}}\n    y: {{size: {SIZE}, kind: {KIND}}}\n"
INLINE = NETWORK + DATA + TRAIN
CSV_DATA = """data:
  CSV:
    path: rows.csv
    columns: {left: [a, b], right: [c]}
    target: {kind: kind, size: [height, width]}
"""


class Two(nn.Module):
    """The network as one writes it by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(4, 3)
        self.body = nn.Linear(5, 6)
        self.size = nn.Linear(6, 2)
        self.kind = nn.Linear(6, 3)

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        both = torch.cat([left, self.table(right).flatten(1)], 1)
        hidden = self.body(both).tanh()
        return self.size(hidden), self.kind(hidden)


def tensors() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    return torch.tensor(LEFT), torch.tensor(RIGHT)[:, None], torch.tensor(KIND), torch.tensor(SIZE)


def losses(model: nn.Module, index: torch.Tensor | slice) -> tuple[torch.Tensor, torch.Tensor]:
    """The two losses, kind and size, of some of the samples."""
    left, right, kind, size = tensors()
    given_size, given_kind = model(left[index], right[index])
    one = nn.functional.cross_entropy(given_kind, kind[index], label_smoothing=0.1)
    return one, nn.functional.mse_loss(given_size, size[index])


def by_hand(epochs: int) -> Two:
    torch.manual_seed(0)
    model = Two()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(epochs):
        for index in torch.split(epoch_order(0, epoch, len(LEFT)), 3):
            one, other = losses(model, index)
            optimizer.zero_grad()
            (0.7 * one + 0.25 * other).backward()
            optimizer.step()
    return model


def assert_same(ours: nn.Module, theirs: nn.Module) -> None:
    state = theirs.state_dict()
    assert ours.state_dict().keys() == state.keys()
    for key, value in ours.state_dict().items():
        torch.testing.assert_close(value, state[key], rtol=1e-5, atol=1e-7)


def write_rows(folder: Path, name: str = "rows.csv", kinds: tuple[str, ...] = ("0", "1", "2")) -> None:
    rows = [
        ("kind", "a", "b", "c", "width", "height"),
        *(
            (kinds[kind], *left, right, width, height)
            for kind, left, right, (height, width) in zip(KIND, LEFT, RIGHT, SIZE, strict=True)
        ),
    ]
    with (folder / name).open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_the_weighted_sum_is_minimised_as_by_hand(run: Start) -> None:
    ours, theirs = run(INLINE), by_hand(3)
    assert_same(ours.model, theirs)
    with torch.no_grad():
        one, other = losses(theirs, slice(None))
        kinds = theirs(*tensors()[:2])[1].argmax(1)
        error = (theirs(*tensors()[:2])[0] - tensors()[3]).abs().mean()
    row = ours.history[-1]
    assert row["train_loss_kind"] == pytest.approx(one.item(), rel=1e-5)
    assert row["train_loss_size"] == pytest.approx(other.item(), rel=1e-5)
    assert row["train_accuracy"] == pytest.approx((kinds == tensors()[2]).float().mean().item())
    assert row["train_mae_size"] == pytest.approx(error.item(), rel=1e-5)
    assert "train_mae" not in row


def test_weights_of_other_sizes_give_other_networks(run: Start) -> None:
    ours = run(INLINE, "train.loss.size.weight=0.3")
    with pytest.raises(AssertionError):
        assert_same(ours.model, by_hand(3))


def test_a_step_in_parts_is_the_step(run: Start) -> None:
    assert_same(run(INLINE, "train.accumulate=2").model, by_hand(3))


def test_a_table_gives_what_inline_rows_give(run: Start, make: Make, tmp_path: Path) -> None:
    write_rows(tmp_path)
    ours = run(NETWORK + CSV_DATA + TRAIN)
    assert_same(ours.model, by_hand(3))
    assert json.loads((ours.folder / "run.json").read_text())["columns"] == ["a", "b", "c"]


def test_what_validates_is_weighed_alike(run: Start, tmp_path: Path) -> None:
    write_rows(tmp_path)
    measured = "train.metrics=[accuracy, rmse]", "train.monitor=val_rmse_size"
    ours = run(NETWORK + CSV_DATA + "  val: 0.3\n" + TRAIN, *measured)
    data = prepare(load(str(tmp_path / "net.yaml"), measured), "cpu").data
    assert data.val is not None
    index = data.val.rows
    model = load_run(ours.folder).model("last")
    with torch.no_grad():
        one, other = losses(model, index)
    row = ours.history[-1]
    assert row["val_loss"] == pytest.approx(0.7 * one.item() + 0.25 * other.item(), rel=1e-5)
    assert set(row) >= {"val_loss_kind", "val_loss_size", "val_accuracy", "val_rmse_size"}
    assert not set(row) & {"val_mae_size", "val_rmse", "val_accuracy_size"}
    best = min(ours.history, key=lambda each: each["val_rmse_size"])
    scores = score_run(load_run(ours.folder), "cpu").row
    assert scores["rmse_size"] == pytest.approx(best["val_rmse_size"], rel=1e-6)


@pytest.mark.parametrize("steps", [1, 4, 5])
def test_an_interrupted_run_ends_like_the_uninterrupted_one(
    steps: int, run: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(INLINE, out="whole")
    with monkeypatch.context() as patch:
        counted = iter(range(1, 100))
        patch.setattr(Interrupt, "__call__", lambda self: next(counted) == steps)
        cut = run(INLINE, out="cut")
    assert cut.status == "interrupted"
    resumed = train(spec_to_resume(cut.folder, None, ()), resume=cut.folder, progress=Silent())
    for one, two in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(one, two)


def test_from_the_command_line(netspec: Netspec, tmp_path: Path) -> None:
    write_rows(tmp_path, kinds=("round", "square", "flat"))
    (tmp_path / "net.yaml").write_text(NETWORK + CSV_DATA + TRAIN)
    assert netspec("check", "net.yaml")[0] == 0
    code, _, err = netspec("train", "net.yaml", "--out", "run", "--device", "cpu")
    assert code == 0, err
    model = load_run(tmp_path / "run").model()
    classes = ("flat", "round", "square")  # in alphabetical order
    left, right, *_ = tensors()
    with torch.no_grad():
        shares = model(left, right)[1].softmax(1)
    code, out, err = netspec("predict", "run", "rows.csv", "--format", "json")
    assert code == 0, err
    said = json.loads(out)["predictions"]
    assert [each["classes"][0]["class"] for each in said] == [classes[place] for place in shares.argmax(1)]
    assert said[2]["classes"][0]["probability"] == pytest.approx(shares[2].max().item(), abs=1e-5)
    code, out, err = netspec("eval", "run", "--format", "json")
    assert code == 0, err
    scores = json.loads(out)
    assert {"loss", "loss_kind", "loss_size", "accuracy", "mae_size"} <= set(scores)
    assert [each["class"] for each in scores["classes"]] == list(classes)
    code, _, err = netspec("eval", "run", "rows.csv")
    assert code == 1
    assert "files tell one target a sample, the run has one each for kind, size" in err


def test_one_target_serves_all_outputs(netspec: Netspec, run: Start, tmp_path: Path) -> None:
    text = NETWORK.replace("Linear: 2}", "Linear: 3}") + CSV_DATA.replace("{kind: kind, size: [height, width]}", "kind")
    text += TRAIN.replace("MSELoss", "CrossEntropyLoss")
    write_rows(tmp_path)
    ours = run(text)
    theirs = Two()
    torch.manual_seed(0)
    parts = nn.Embedding(4, 3), nn.Linear(5, 6), nn.Linear(6, 3), nn.Linear(6, 3)
    theirs.table, theirs.body, theirs.size, theirs.kind = parts
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    left, right, kind, _ = tensors()
    for epoch in range(3):
        for index in torch.split(epoch_order(0, epoch, len(LEFT)), 3):
            other, one = theirs(left[index], right[index])
            loss = 0.7 * nn.functional.cross_entropy(one, kind[index], label_smoothing=0.1)
            optimizer.zero_grad()
            (loss + 0.25 * nn.functional.cross_entropy(other, kind[index])).backward()
            optimizer.step()
    assert_same(ours.model, theirs)
    assert {"train_accuracy", "train_accuracy_size"} <= set(ours.history[-1])
    code, out, err = netspec("eval", "run", "rows.csv", "--format", "json")  # files with one target are scored too
    assert code == 0, err
    scored, own = json.loads(out), score_run(load_run(ours.folder), "cpu").row
    assert scored["loss_size"] == pytest.approx(own["loss_size"], rel=1e-5)
    assert scored["accuracy"] == own["accuracy"]


def test_googlenet_takes_the_step_that_torchvisions_takes(make: Make) -> None:
    data = "data={FakeData: {size: 4, image_size: [3, 64, 64], num_classes: 10}}"
    settings = ("size=64", "classes=10", data, "train.batch_size=4", "train.scheduler=ConstantLR")
    spec = load(str(ROOT / "specs/googlenet_aux.yaml"), settings)
    job, state = make_state(prepare(spec, "cpu"))
    theirs = models.GoogLeNet(num_classes=10, aux_logits=True, init_weights=False)
    theirs.load_state_dict(state.model.state_dict())
    state.train()
    theirs.train()
    batch = first_batch(job)
    torch.manual_seed(7)
    ours = add_gradients(job, state, batch)
    torch.manual_seed(7)
    given, target = theirs(batch.inputs[0]), batch.targets[0]
    each = [nn.functional.cross_entropy(y, target) for y in (given.logits, given.aux_logits1, given.aux_logits2)]
    expected = each[0] + 0.3 * each[1] + 0.3 * each[2]
    expected.backward()
    torch.testing.assert_close(ours, expected.detach(), rtol=1e-5, atol=0)
    for name in ("conv1.conv.weight", "aux1.fc2.weight", "aux2.fc1.bias", "fc.weight"):
        own, other = state.model.get_parameter(name).grad, theirs.get_parameter(name).grad
        torch.testing.assert_close(own, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("form", ["[kind, {from: size, when: training}]", "{k: kind, s: {from: size, when: training}}"])
def test_an_output_in_training_only_is_trained_and_not_evaluated(form: str, run: Start, netspec: Netspec) -> None:
    by_name = form.startswith("{")
    text = INLINE.replace("[size, kind]", form)
    if by_name:
        text = text.replace("    kind: {Cross", "    k: {Cross").replace("    size: {MSE", "    s: {MSE")
        text = text.replace("y: {size:", "y: {s:").replace(", kind: [", ", k: [")
    ours, theirs = run(text), by_hand(3)
    assert_same(ours.model, theirs)
    left, right, kind, _ = tensors()
    given = ours.model.eval()(left, right)
    given = given["k"] if by_name else given
    torch.testing.assert_close(given, theirs(left, right)[1], rtol=1e-5, atol=1e-7)
    assert len(ours.model.train()(left, right)) == 2
    main = nn.functional.cross_entropy(given, kind, label_smoothing=0.1)
    row = score_run(load_run(ours.folder), "cpu").row
    assert row["loss"] == pytest.approx(0.7 * main.item(), rel=1e-5)
    assert {name for name in row if name.startswith("loss")} == {"loss"}
    write_rows(ours.folder.parent)


def test_class_weights_are_those_of_each_outputs_targets(make: Make) -> None:
    text = INLINE.replace(f"size: {SIZE}", "size: [0, 0, 0, 0, 0, 1, 1]").replace(
        "size: {MSELoss: {}, weight: 0.25}", "size: {CrossEntropyLoss: {weight: balanced}, weight: 0.25}"
    )
    plan = prepare(make(text), "cpu")
    assert [head.name for head in plan.data_checks.heads] == ["kind", "size"]
    torch.testing.assert_close(plan.data_checks.heads[1].loss.kwargs["weight"], torch.tensor([7 / 10, 7 / 4]))


def test_an_output_without_a_loss_is_not_trained(make: Make, run: Start) -> None:
    text = INLINE.replace("    size: {MSELoss: {}, weight: 0.25}\n", "")
    (found,) = check(make(text)).diagnostics
    assert (found.code, found.severity) == ("NS919", "warning")
    ours = run(text)
    torch.manual_seed(0)
    untouched = Two()
    assert torch.equal(ours.model.get_parameter("size.weight"), untouched.size.weight)
    assert not torch.equal(ours.model.get_parameter("kind.weight"), untouched.kind.weight)
    assert "train_loss_kind" not in ours.history[-1]  # it is train_loss itself


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (("[0, 3, 1, 2, 2, 0, 1]", "[0, 4, 1, 2, 2, 0, 1]"), "NS602", "4 in row 2: Embedding table looks up 0 to 3"),
        (("[0, 3, 1, 2, 2, 0, 1]", "[0, 3]"), "NS601", "x → left has 7 samples, x → right has 2"),
        ((str(KIND), "[0, 1]"), "NS601", "x → left has 7 samples, y → kind has 2"),
        (("[0, 3, 1, 2, 2, 0, 1]", "[0, 0.5, 1, 2, 2, 0, 1]"), "NS602", "the network's input right is int64"),
        (("left: [2]", "left: [3]"), "NS602", "a sample of inline is 2, the network's input left is 3"),
        ((f"x: {{right: {RIGHT}, left: {LEFT}}}", f"x: {LEFT}"), "NS602", "the network has left and right"),
    ],
)
def test_each_input_and_target_is_compared(
    change: tuple[str, str], code: str, said: str, make: Make, refused: Refused
) -> None:
    assert change[0] in INLINE
    found = refused(prepare, make(INLINE.replace(*change)), "cpu")
    assert code in [each.code for each in found]
    assert said in " ".join(each.message for each in found)


def test_pictures_are_one_input(make: Make, refused: Refused) -> None:
    text = """netspec: 1
inputs: {a: [3, 8, 8], b: [3, 8, 8]}
layers: [{add: {}, from: [a, b]}, Flatten, {Linear: 4}]
data: {FakeData: {size: 8, image_size: [3, 8, 8], num_classes: 4}}
train: {loss: CrossEntropyLoss, optimizer: SGD}
"""
    (found,) = refused(prepare, make(text), "cpu")
    assert (found.code, found.message) == ("NS602", "FakeData gives one input a sample, the network has a and b")


def test_mixed_batches_are_mixed_for_all_outputs(make: Make, run: Start) -> None:
    text = """netspec: 1
input: [3, 8, 8]
layers:
  - {name: flat, Flatten: {}}
  - {name: a, Linear: 4}
  - {name: b, Linear: 4, from: flat}
outputs: [a, b]
data: {FakeData: {size: 12, image_size: [3, 8, 8], num_classes: 4}}
train: {epochs: 1, loss: {a: CrossEntropyLoss, b: CrossEntropyLoss}, optimizer: SGD, mix: MixUp}
"""
    assert run(text).status == "finished"
    job, _ = make_state(prepare(make(text), "cpu"))
    assert job.mix is not None
    one, other = job.mix(first_batch(job)).targets
    assert torch.equal(one, other)
    assert one.shape == (12, 4)


def test_a_class_for_each_place_is_trained_as_by_hand(run: Start) -> None:
    generator = torch.Generator().manual_seed(1)
    x, y = torch.rand(6, 1, 3, 3, generator=generator), torch.randint(0, 2, (6, 3, 3), generator=generator)
    text = f"""netspec: 1
input: [1, 3, 3]
layers: [{{Conv2d: {{out_channels: 2, kernel_size: 3, padding: 1}}}}]
data: {{inline: {{x: {x.tolist()}, y: {y.tolist()}}}}}
train: {{epochs: 2, batch_size: 4, loss: CrossEntropyLoss, optimizer: {{SGD: {{lr: 0.5}}}}}}
"""
    ours = run(text)
    torch.manual_seed(0)
    theirs = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1))
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.5)
    for epoch in range(2):
        for index in torch.split(epoch_order(0, epoch, 6), 4):
            optimizer.zero_grad()
            nn.functional.cross_entropy(theirs(x[index]), y[index]).backward()
            optimizer.step()
    assert_same(ours.model, theirs)
    right = (theirs(x).argmax(1) == y).float().mean().item()
    assert ours.history[-1]["train_accuracy"] == pytest.approx(right)


def test_the_documented_example_trains(run: Start) -> None:
    (text,) = (block for block in blocks(ROOT / "docs/training.md", "yaml") if "name: flats" in block)
    row = run(text).history[-1]
    columns = {"loss", "loss_price", "loss_kind", "mae", "rmse", "r2", "accuracy_kind"}
    assert {name for name in row if name.startswith("train_")} == {f"train_{name}" for name in columns}
    assert row["train_loss_price"] + 0.3 * row["train_loss_kind"] < row["train_loss"]  # after the epoch, and during it
