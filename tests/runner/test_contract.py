"""What is refused before training: samples, targets, classes, losses and transforms that do not fit the network."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from netspec.core.diagnostics import Diagnostic
from netspec.language.evaluate import Values
from netspec.language.load import loads
from netspec.language.sections.class_families import LOSS
from netspec.language.sections.losses import FURTHER, NEEDS_FURTHER, OF_PAIRS, kind_of
from netspec.language.sections.torch_classes import classes_of
from netspec.language.source import compose
from netspec.language.spec import Spec
from netspec.objective.losses import WeightedLoss
from netspec.objective.targets import TargetError, prepare_targets
from netspec.runtime.families import choose_loss
from netspec.training.plan import prepare, warnings

Make = Callable[..., Spec]
Refused = Callable[..., list[Diagnostic]]

TEXT = """netspec: 1
input: {input}
layers: {layers}
data: {data}
train: {{loss: {loss}, optimizer: {{SGD: {{lr: 0.1}}}}}}
"""
FAKE = "{FakeData: {size: 8, image_size: [3, 6, 6], num_classes: 4}}"


def text(input: str, layers: str, data: str, loss: str = "CrossEntropyLoss") -> str:
    return TEXT.format(input=input, layers=layers, data=data, loss=loss)


@pytest.mark.parametrize(
    ("spec", "code", "line", "said", "note"),
    [
        (
            text("[1, 6, 6]", "[Flatten, {Linear: 4}]", FAKE),
            "NS602",
            2,
            "FakeData is 3×6×6, the network's input is 1×6×6",
            "transforms: [Grayscale]",
        ),
        (text("[3, 8, 8]", "[Flatten, {Linear: 4}]", FAKE), "NS602", 2, "3×6×6", "transforms: [{Resize: [8, 8]}]"),
        (text("[108]", "[{Linear: 4}]", FAKE), "NS602", 2, "3×6×6", "input: [3, 6, 6] and Flatten as the first layer"),
        (text("[5]", "[{Linear: 3}]", "{sklearn: iris}"), "NS602", 2, "iris is 4", "input: [4]"),
        (
            text("[3, 6, 6]", "[Flatten, {Linear: 3}]", FAKE),
            "NS603",
            3,
            "4 classes, the network gives 3 outputs",
            "out_features: 4",
        ),
        (
            text("[3, 6, 6]", "[{Conv2d: {out_channels: 3, kernel_size: 6}}, Flatten]", FAKE),
            "NS603",
            4,
            "4 classes, the network gives 3 outputs",
            "",
        ),
        (text("[3, 6, 6]", "[Flatten, {Linear: 4}]", FAKE, "CrossEntropyLosss"), "NS604", 5, "EntropyLoss", ""),
        (
            text("[3, 6, 6]", "[Flatten, {Linear: 4}]", FAKE, "MSELoss"),
            "NS612",
            5,
            "the output is 4, a target of FakeData is one number",
            "CrossEntropyLoss",
        ),
        (
            text("[3, 6, 6]", "[{Conv2d: {out_channels: 4, kernel_size: 3}}]", FAKE),
            "NS603",
            5,
            "the output is 4×4×4",
            "add Flatten",
        ),
        (
            text("[4]", "[{Linear: 3}]", "{inline: {x: [[1, 2, 3, 4]], y: [3]}}"),
            "NS603",
            4,
            "target 3 in row 1",
            "number the classes from 0",
        ),
        (
            text("[4]", "[{Linear: 3}]", "{inline: {x: [[1, 2, 3, 4]], y: [0.5]}}"),
            "NS603",
            4,
            "target 0.5 in row 1",
            "",
        ),
        (
            text("[1]", "[{Linear: 1}]", "{inline: {x: [1], y: [1]}}"),
            "NS610",
            3,
            "chooses among classes, and the network gives one output",
            "BCEWithLogitsLoss",
        ),
        (
            text("[1]", "[{Linear: 1}]", "{inline: {x: [1], y: [1]}}", "BCELoss"),
            "NS611",
            5,
            "last layer is Linear",
            "Sigmoid",
        ),
        (
            text("[1]", "[{Linear: 1}, Sigmoid]", "{inline: {x: [1, 2], y: [1, 3]}}", "BCELoss"),
            "NS603",
            4,
            "target 3 in row 2",
            "",
        ),
        (
            text("[1]", "[{Linear: 2}]", "{inline: {x: [1], y: [1]}}", "MSELoss"),
            "NS612",
            3,
            "the output is 2, a target of inline is one number",
            "",
        ),
        (
            text("[4]", "[{Linear: 3}]", "{sklearn: iris}", "{CrossEntropyLoss: {weight: [1, 2]}}"),
            "NS603",
            5,
            "CrossEntropyLoss does not take",
            "weight",
        ),
        (
            text("[4]", "[{Linear: 3}]", "{sklearn: iris, transforms: [{Resize: 3}]}"),
            "NS605",
            4,
            "Resize is for pictures",
            "",
        ),
        (
            text(
                "[3, 6, 6]",
                "[Flatten, {Linear: 4}]",
                FAKE[:-1] + ", transforms: [{Normalize: {mean: [0, 0], std: 1}}]}",
            ),
            "NS605",
            4,
            "Normalize",
            "",
        ),
        (
            text("[3, 6, 6]", "[Flatten, {Linear: 4}]", FAKE[:-1] + ", transforms: [RandomHorizontalFlip]}"),
            "NS605",
            4,
            "under `augment`",
            "",
        ),
        (
            text("[3, 6, 6]", "[Flatten, {Linear: 4}]", FAKE[:-1] + ", augment: [{RandomCrop: 4}]}"),
            "NS602",
            4,
            "an augmented sample of FakeData is 3×4×4",
            "",
        ),
    ],
)
def test_what_does_not_fit_is_refused_where_it_is_written(
    spec: str, code: str, line: int, said: str, note: str, make: Make, refused: Refused
) -> None:
    (found,) = refused(prepare, make(spec), "cpu")
    assert (found.code, found.span.line) == (code, line), found
    assert said in found.message
    assert note in " ".join([*(item.text for item in found.notes), *(fix.title for fix in found.fixes)])


def test_several_outputs_want_a_loss_each(make: Make, refused: Refused) -> None:
    spec = make(
        text("[4]", "[{name: a, Linear: 3}, {name: b, Linear: 3, from: input}]\noutputs: [a, b]", "{sklearn: iris}")
    )
    (found,) = refused(prepare, spec, "cpu")
    assert (found.code, found.message) == ("NS617", "the network gives a and b; each that is trained on needs a loss")
    assert [fix.title for fix in found.fixes] == ["loss: {a: CrossEntropyLoss, b: CrossEntropyLoss}"]


def test_the_device_has_to_be_there(make: Make, refused: Refused) -> None:
    spec = make(text("[4]", "[{Linear: 3}]", "{sklearn: iris}"), "train.device=cuda:77")
    (found,) = refused(prepare, spec)
    assert (found.code, found.span.path) == ("NS606", "--set")
    assert "take one of: auto, cpu" in found.notes[0].text
    (typed,) = refused(prepare, spec, "gpu")
    assert (typed.code, typed.span.path) == ("NS606", "--device")
    assert prepare(spec, "cpu").device == torch.device("cpu")


def test_mistakes_of_train_and_data_are_shown_together(make: Make, refused: Refused) -> None:
    spec = make(text("[3, 6, 6]", "[Flatten, {Linear: 4}]", FAKE[:-1] + ", transforms: [Lambda]}", "Nothing"))
    assert [found.code for found in refused(prepare, spec, "cpu")] == ["NS604", "NS604"]


def test_missing_sections_say_so(make: Make, refused: Refused) -> None:
    spec = make("netspec: 1\ninput: [4]\nlayers: [{Linear: 3}]\n")
    train, data = refused(prepare, spec, "cpu")
    assert (train.code, "`train`" in train.message) == ("NS203", True)
    assert (data.code, "`data`" in data.message) == ("NS203", True)
    spec = make("netspec: 1\ninput: [4]\nlayers: [{Linear: 3}]\ntrain: {loss: MSELoss, optimizer: SGD}\n")
    (found,) = refused(prepare, spec, "cpu")
    assert (found.code, "`data`" in found.message) == ("NS203", True)


def test_a_softmax_before_cross_entropy_is_warned_of(make: Make) -> None:
    plan = prepare(make(text("[4]", "[{Linear: 3}, {Softmax: {dim: 1}}]", "{sklearn: iris}")), "cpu")
    assert [found.code for found in warnings(plan)] == ["NS904"]


def test_more_outputs_than_classes_are_warned_of_where_they_are_written(make: Make) -> None:
    plan = prepare(make(text("[4]", "[{Linear: 11}, {LogSoftmax: {dim: 1}}]", "{sklearn: iris}", "NLLLoss")), "cpu")
    (found,) = warnings(plan)
    assert (found.code, found.span.line, found.span.column) == ("NS914", 3, 19)
    assert "3 classes, the network gives 11 outputs" in found.message


def test_classes_that_only_the_data_tell(make: Make, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1,low\n2,high\n3,middle\n", encoding="utf-8")
    (found,) = warnings(prepare(make(text("[1]", "[{Linear: 11}, Identity]", "{CSV: rows.csv}")), "cpu"))
    assert (found.code, found.span.line, found.span.column) == ("NS914", 3, 19)
    (found,) = refused(prepare, make(text("[1]", "[{Linear: 2}, Identity]", "{CSV: rows.csv}")), "cpu")
    assert (found.code, found.span.line, found.span.column) == ("NS603", 3, 19)
    assert "CSV has 3 classes, the network gives 2 outputs" in found.message
    assert [note.text for note in found.notes] == ["out_features: 3"]


def test_a_softmax_of_one_number_is_warned_of(make: Make) -> None:
    data = "{inline: {x: [1, 2], y: [0, 1]}}"
    (found,) = warnings(prepare(make(text("[1]", "[{Linear: 1}, {Softmax: {dim: 1}}]", data, "BCELoss")), "cpu"))
    assert (found.code, found.span.line) == ("NS904", 3)
    assert "always 1" in found.message
    assert warnings(prepare(make(text("[1]", "[{Linear: 1}, Sigmoid]", data, "BCELoss")), "cpu")) == []


LOOKUP = "[{Embedding: {num_embeddings: 5, embedding_dim: 2}}, Flatten, {Linear: 2}]"


@pytest.mark.parametrize(
    ("layers", "rows", "column", "said"),
    [
        (LOOKUP, "[[0, 1], [4, 5]]", 29, "5 in row 2"),
        (LOOKUP, "[[0, -1], [4, 4]]", 21, "-1 in row 1"),
        ("[Identity, " + LOOKUP[1:], "[[0, 1], [4, 5]]", 29, "5 in row 2"),
        (
            LOOKUP.replace("5", "9").replace("[{E", "[{name: a, E"),
            "[[0, 1], [4, 12]]",
            29,
            "Embedding a looks up 0 to 8",
        ),
    ],
)
def test_what_is_looked_up_has_to_be_in_the_table(
    layers: str, rows: str, column: int, said: str, make: Make, refused: Refused
) -> None:
    data = f"{{inline: {{x: {rows}, y: [0, 1]}}}}"
    (found,) = refused(prepare, make(text("{shape: [2], dtype: int64}", layers, data)), "cpu")
    assert (found.code, found.span.line, found.span.column) == ("NS602", 4, column)
    assert said in found.message


def test_what_is_looked_up_is_checked_in_what_is_held_back_too(make: Make, refused: Refused) -> None:
    more = "{inline: {x: [[0, 1], [4, 3]], y: [0, 1]}, val: {inline: {x: [[7, 0]], y: [0]}}}"
    (found,) = refused(prepare, make(text("{shape: [2], dtype: int64}", LOOKUP, more)), "cpu")
    assert (found.code, "7 in row 1" in found.message) == ("NS602", True)
    assert found.span.column == more.index("val: ") + len("data: val: ") + 1


MANY = """netspec: 1
input: [1, 8, 8]
layers: [Flaten, {Linear: 10}]
data: {sklearn: digts, transforms: [{Resiz: 3}, Lambda], augment: [RandomCrp]}
train:
  epochs: three
  batch_size: 6.5
  loss: CrossEntropy
  optimizer: {SGD: {lrr: 1, momentm: 2}}
  scheduler: {StepLR: {step_siz: 1}}
  device: gpu
"""


def test_all_that_is_wrong_anywhere_is_shown_at_once_and_once(refused: Refused) -> None:
    found = refused(prepare, loads(MANY))
    assert [(item.span.line, item.code) for item in found] == [
        (3, "NS204"), (4, "NS604"), (4, "NS604"), (4, "NS604"), (4, "NS604"), (4, "NS605"), (6, "NS202"), (7, "NS202"),
        (8, "NS604"), (9, "NS605"), (9, "NS605"), (10, "NS605"), (11, "NS606"),
    ]  # fmt: skip


def test_data_are_looked_for_though_the_network_is_wrong(tmp_path: Path, refused: Refused) -> None:
    wrong = text("[1, 28, 28]", "[Flaten, {Linear: 10}]", "{MNIST: {root: nothing}}", "Nothing")
    found = refused(prepare, loads(wrong, folder=tmp_path), "cpu")
    assert [(item.span.line, item.code) for item in found] == [(3, "NS204"), (4, "NS601"), (5, "NS604")]
    wrong = text("[2]", "[{Linear: 10}]", "{inline: {x: [[1], [2]], y: [0, 10]}}", "Nothing")
    found = refused(prepare, loads(wrong, folder=tmp_path), "cpu")
    assert [(item.span.line, item.code) for item in found] == [(2, "NS602"), (5, "NS604")]


def test_a_text_that_cannot_be_read_is_all_that_is_said(refused: Refused) -> None:
    assert [item.code for item in refused(prepare, loads("netspec: 1\ntrain: [\n"))] == ["NS100"]
    found = refused(prepare, loads("netspec: 1\ninput: [1]\nlayers: [ReLU]\ndata:\ntrain:\n"))
    assert [(item.span.line, item.code) for item in found] == [(4, "NS202"), (5, "NS202")]


def targets_for(kind: str, shape: tuple[int, ...]) -> torch.Tensor:
    if kind == "classes":
        return torch.tensor([0, 2, 1, 0])
    if kind in ("distances", "angles"):
        return torch.tensor([0, 1, 0, 1])
    if kind in ("pairs", "ranks"):
        return torch.tensor([1, -1, -1, 1]) if kind == "pairs" else torch.tensor([[0.1], [0.2], [0.3], [0.3]])
    if kind == "labels":
        return torch.tensor([[0, -1, -1], [1, 2, -1], [2, -1, -1], [0, 1, 2]])
    return torch.randint(0, 2, (4, *shape)).float()


OF_SHAPE = {"KLDivergence": (6,), "MarginRankingLoss": (1,)}  # two halves; one number a sample
LOSSES = [(name, ()) for name in classes_of(LOSS) if name not in NEEDS_FURTHER]


@pytest.mark.parametrize(("name", "given"), [*LOSSES, *FURTHER.items()], ids=str)
def test_every_loss_takes_its_prepared_targets_without_broadcasting(name: str, given: tuple[str, ...]) -> None:
    """As the run computes it: of one output, or with the further outputs that torch's forward takes."""
    shape = OF_SHAPE.get(name, (3,))
    outputs = [torch.rand(4, *shape, requires_grad=True) for _ in range(1 + len(given))]
    kind = kind_of(name, bool(given))
    targets = prepare_targets(targets_for(kind, shape), name, shape, further=bool(given))
    extra = {"reduction": "batchmean"} if name == "KLDivLoss" else {}
    node, _ = compose(name, "net.yaml")
    loss = choose_loss(node, Values({})).make(**extra)
    part = WeightedLoss(name, 0, loss, further=tuple((key, index) for index, key in enumerate(given, 1)))
    value = part(tuple(outputs), targets)
    assert value.ndim == 0
    value.backward()
    assert all(output.grad is not None for output in outputs)
    own = getattr(nn, name, None)
    if own is not None and kind not in OF_PAIRS:  # what is drawn from a batch is in test_pairs
        arguments = dict(zip(given, outputs[1:], strict=True))
        told = {} if kind == "triplets" else {"target": targets}
        first = next(iter(inspect.signature(own.forward).parameters.keys() - {"self"} - arguments.keys() - told.keys()))
        flat = {key: each.flatten() if kind == "pairs" and shape == (1,) else each for key, each in arguments.items()}
        x = outputs[0].flatten() if kind == "pairs" and shape == (1,) else outputs[0]
        assert torch.equal(value, own(**extra)(**{first: x}, **flat, **told))


def test_the_names_of_further_outputs_are_those_of_torch() -> None:
    for name, keys in FURTHER.items():
        assert set(keys) < set(inspect.signature(getattr(nn, name).forward).parameters)


def test_one_output_and_one_number_are_brought_to_the_same_shape() -> None:
    assert prepare_targets(torch.tensor([1, 2]), "MSELoss", (1,)).tolist() == [[1.0], [2.0]]
    assert prepare_targets(torch.tensor([1.0, 2.0]), "MSELoss", ()).tolist() == [1.0, 2.0]
    assert prepare_targets(torch.tensor([0, 1]), "SoftMarginLoss", (1,)).tolist() == [[-1.0], [1.0]]
    assert prepare_targets(torch.tensor([[0], [1]]), "CrossEntropyLoss", (2,)).tolist() == [0, 1]


def test_class_probabilities_are_targets_too() -> None:
    shares = torch.tensor([[0.25, 0.75], [1.0, 0.0]])
    targets = prepare_targets(shares, "CrossEntropyLoss", (2,))
    assert torch.equal(targets, shares)
    nn.CrossEntropyLoss()(torch.zeros(2, 2), targets)


def test_a_class_for_each_place_is_a_target_too() -> None:
    classes = torch.tensor([[[0, 1], [2, 0]]])  # [1, 2, 2]
    for told in (classes, classes.float()):
        assert torch.equal(prepare_targets(told, "NLLLoss", (3, 2, 2)), classes)
    shares = torch.rand(1, 3, 2, 2)
    assert torch.equal(prepare_targets(shares, "CrossEntropyLoss", (3, 2, 2)), shares)


@pytest.mark.parametrize(
    ("targets", "loss", "output", "index"),
    [
        ([0, 1, 5], "CrossEntropyLoss", (3,), 2),
        ([0, -1], "NLLLoss", (3,), 1),
        ([0.5, 1.0], "CrossEntropyLoss", (3,), 0),
        ([0.5, 2.0], "BCELoss", (1,), 1),
        ([[0, 1], [0, 2]], "BCEWithLogitsLoss", (2,), 1),
        ([[0, 1], [0, 2]], "MSELoss", (3,), None),
        ([[[0, 1]], [[0, 3]]], "CrossEntropyLoss", (3, 1, 2), 1),  # a class for each place
        ([[[0, 1]], [[0.5, 1]]], "NLLLoss", (3, 1, 2), 1),
        ([[[0, 1]], [[0, 2]]], "CrossEntropyLoss", (3, 2, 2), None),
        ([[[0, 1]], [[0, 2]]], "MultiMarginLoss", (3, 1, 2), None),
        ([0, 1], "CrossEntropyLoss", (3, 1, 2), None),
    ],
)
def test_targets_that_do_not_suit(targets: list[object], loss: str, output: tuple[int, ...], index: int | None) -> None:
    with pytest.raises(TargetError) as caught:
        prepare_targets(torch.tensor(targets), loss, output)
    assert caught.value.index == index


def test_the_row_in_the_message_is_the_row_of_the_file(make: Make, refused: Refused, tmp_path: Path) -> None:
    rows = [f"{i},{i % 2}" for i in range(20)]
    rows[13] = "13,7"
    (tmp_path / "rows.csv").write_text("\n".join(rows), encoding="utf-8")
    spec = make(text("[1]", "[{Linear: 2}]", "{CSV: rows.csv, val: 0.5}"))
    (found,) = refused(prepare, spec, "cpu")
    assert "a target 7 in row 14" in found.message
