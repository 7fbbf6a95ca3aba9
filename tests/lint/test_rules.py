"""The tables and arithmetic of lint rules, against torch, torchvision and scikit-learn."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision import datasets
from torchvision.transforms import v2

import netspec
from netspec.checker import check
from netspec.data.section import load_data
from netspec.language.load import load, loads
from netspec.language.sections.array_keys import SKLEARN_TABLES
from netspec.language.spec import Spec
from netspec.layers.table import TABLE
from netspec.lint import inplace
from netspec.lint.datasets import dataset_facts
from netspec.lint.known_datasets import _EMNIST, _PICTURES
from netspec.lint.transforms import transformed


def spec(layers: str, input: str = "[4]", more: str = "") -> Spec:
    return loads(f"netspec: 1\ninput: {input}\nlayers: {layers}\n{more}")


def codes(of: Spec) -> list[str]:
    return [found.code for found in check(of, fixes=False).diagnostics]


# -- what is known of datasets ----------------------------------------------------------------------------------------


def test_classes_that_torchvision_names() -> None:
    assert {name: len(words) for name, words in datasets.EMNIST.classes_split_dict.items()} == _EMNIST
    for name in ("MNIST", "FashionMNIST", "KMNIST", "QMNIST", "Flowers102"):
        words = getattr(getattr(datasets, name), "classes", None)
        assert words is None or len(words) == _PICTURES[name][1]


@pytest.mark.parametrize(
    ("data", "input"),
    [
        *((f"{{sklearn: {table}}}", "[3]") for table in SKLEARN_TABLES),
        ("{sklearn: digits}", "[1, 8, 8]"),
        ("{sklearn: {name: wine}}", "[13]"),
        ("{FakeData: {size: 4, image_size: [3, 6, 5], num_classes: 3}}", "[3, 6, 5]"),
        ("{FakeData: {size: 4, image_size: [1, 6, 5]}}", "[1, 6, 5]"),
        ("{FakeData: {size: 4, image_size: [1, 6, 5]}}", "[3, 6, 5]"),
        ("{inline: {x: [1, 2], y: [0, 1]}}", "[1]"),
        ("{inline: {x: [[1, 2], [3, 4]], y: [[0.5], [1]]}}", "[2]"),
        ("{inline: {x: [[[1], [2]]], y: [[1, 2, 3]]}}", "[2, 1]"),
    ],
)
def test_what_is_known_is_what_is_read(data: str, input: str) -> None:
    of = spec("[Flatten, Linear: 3]", input, f"data: {data}\n")
    (entering,) = check(of, fixes=False).inputs.values()
    assert entering is not None
    known, read = dataset_facts(of, entering), load_data(of, {"input": entering}, 0, None)
    assert known is not None
    assert known.shape == tuple(read.train.inputs[0].shape[1:])
    assert known.target == tuple(read.train.targets[0].shape[1:])
    assert (known.classes or 0) == len(read.source.targets[0].classes)
    assert known.picture == read.source.picture
    if known.rows is not None:
        assert known.rows[0] == tuple(read.train.targets[0].flatten().tolist()[: len(known.rows[0])])
    if known.regression is not None:
        assert known.regression == read.train.targets[0].is_floating_point()


STEPS: dict[str, tuple[str, Any]] = {
    "{Resize: 20}": ("", v2.Resize(20)),
    "{Resize: [20]}": ("", v2.Resize([20])),
    "{Resize: [9, 21]}": ("", v2.Resize([9, 21])),
    "{Resize: {size: 15, antialias: true}}": ("", v2.Resize(15, antialias=True)),
    "{CenterCrop: 8}": ("", v2.CenterCrop(8)),
    "{CenterCrop: [40, 9]}": ("", v2.CenterCrop([40, 9])),
    "{Pad: 3}": ("", v2.Pad(3)),
    "{Pad: [1, 4]}": ("", v2.Pad([1, 4])),
    "{Pad: {padding: [1, 2, 3, 4]}}": ("", v2.Pad([1, 2, 3, 4])),
    "Grayscale": ("", v2.Grayscale()),
    "{Grayscale: 3}": ("", v2.Grayscale(3)),
    "{Normalize: {mean: [0.5], std: [0.5]}}": ("", v2.Normalize([0.5], [0.5])),
    "{RandomCrop: {size: 6, padding: 2}}": ("", v2.RandomCrop(6, padding=2)),
    "{RandomResizedCrop: 7}": ("", v2.RandomResizedCrop(7)),
    "{RandomRotation: 10}": ("", v2.RandomRotation(10)),
    "RandomHorizontalFlip": ("", v2.RandomHorizontalFlip()),
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=3), st.integers(6, 40), st.integers(6, 40))
def test_sizes_after_transforms_are_torchvisions(steps: list[str], height: int, width: int) -> None:
    of = spec("[Flatten]", "[3, 8, 8]", f"data: {{MNIST: {{}}, transforms: [{', '.join(steps)}]}}\n")
    picture = torch.zeros(3, height, width)
    for step in steps:
        picture = STEPS[step][1](picture)
    known = transformed(of, (3, height, width), augment=False)
    assert known is not None
    assert known.shape == tuple(picture.shape)


def test_a_transform_that_is_not_known_leaves_nothing_known() -> None:
    data = "data: {MNIST: {}, transforms: [{Resize: 9}, {ScaleJitter: [8, 8]}]}\n"
    assert transformed(spec("[Flatten]", "[1, 8, 8]", data), (1, 28, 28), augment=False) is None
    assert transformed(spec("[Flatten]", "[1, 8, 8]", data), (None, None, None), augment=True) is None


# -- windows ----------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 4), st.integers(0, 4), st.integers(1, 2))
def test_weights_that_meet_padding_alone_have_no_gradient(
    length: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    window = f"kernel_size: {kernel}, stride: {stride}, padding: {padding}, dilation: {dilation}"
    of = spec(f"[Conv1d: {{out_channels: 1, {window}}}]", f"[1, {length}]")
    report = check(of, fixes=False)
    if not report.ok:
        return
    model = netspec.compile(of)
    model(torch.rand(1, 1, length) + 1).sum().backward()
    dead = sum(int((weight.grad == 0).sum()) for name, weight in model.named_parameters() if name.endswith("weight"))
    said = [found.message for found in report.diagnostics if found.code == "NS910"]
    assert (f": {dead} of {kernel} weights" in said[0]) if dead else not said


@settings(max_examples=100, deadline=None)
@given(st.integers(3, 20), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.booleans())
def test_rows_without_a_gradient_are_left_out(length: int, kernel: int, stride: int, padding: int, ceil: bool) -> None:
    args = f"kernel_size: {kernel}, stride: {stride}, padding: {padding}, ceil_mode: {str(ceil).lower()}"
    of = spec(f"[AvgPool1d: {{{args}}}]", f"[1, {length}]")
    report = check(of, fixes=False)
    if not report.ok:
        return
    row = torch.rand(1, 1, length, requires_grad=True)
    netspec.compile(of)(row).sum().backward()
    assert row.grad is not None
    unseen = (row.grad[0, 0].flip(0) != 0).nonzero()[0].item() - max(0, stride - kernel)
    said = [found.message for found in report.diagnostics if found.code == "NS907"]
    assert (f"cover {length - unseen} out of {length}" in said[0]) if unseen > 0 else not said


@settings(max_examples=100, deadline=None)
@given(
    st.integers(2, 24),
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2)), max_size=5),
    st.booleans(),
)
def test_nothing_new_is_seen_where_every_position_has_a_gradient_everywhere(
    length: int, windows: list[tuple[int, int, int]], around: bool
) -> None:
    """Windows without gaps: with them a receptive field has holes, and only its ends are meant."""
    layers = [
        f"{{Conv1d: {{out_channels: 1, kernel_size: {k}, stride: {min(s, k)}, padding: {min(p, k - 1)}, bias: false}}}}"
        for k, s, p in windows
    ]
    if around:  # the path that sees least is the one around
        layers.append("{branches: {a: {Conv1d: {out_channels: 1, kernel_size: 7, padding: 3}}, b: []}, merge: add}")
    last = "{name: last, Conv1d: {out_channels: 1, kernel_size: 3, padding: 1}}"
    of = spec(f"[{', '.join([*layers, last])}]", f"[1, {length}]")
    report = check(of, fixes=False)
    told = {found.code: found.layer for found in report.diagnostics}
    if not report.ok or "NS907" in told or told.get("NS917", "last") != "last":
        return
    plain = [layer.replace("kernel_size: 7, padding: 3", "kernel_size: 1") for layer in layers] or ["Identity"]
    before = netspec.compile(spec(f"[{', '.join(plain)}]", f"[1, {length}]"))
    for weight in before.parameters():
        torch.nn.init.ones_(weight)
    row = torch.ones(1, 1, length, requires_grad=True)
    positions = before(row).flatten()
    seen = [(torch.autograd.grad(each, row, retain_graph=True)[0] != 0).all().item() for each in positions]
    expected = all(seen) and len(positions) > 1  # of a single position NS910 speaks
    assert expected == ("NS917" in told)


# -- work in place ----------------------------------------------------------------------------------------------------


def fails(name: str, *, result: bool) -> bool:
    """Whether backward fails after a layer's input (or its result) was changed in place."""
    record = TABLE[name]
    case = next(case for case in record.right if all(case.inputs) and case.dtype == "float32")
    names = [f"x{index}" for index in range(len(case.inputs))]
    written = {key: list(value) if isinstance(value, tuple) else value for key, value in case.args.items()}
    inputs = {key: list(shape) for key, shape in zip(names, case.inputs, strict=True)}
    text = str({"netspec": 1, "inputs": inputs, "layers": [{"name": "layer", name: written, "from": names}]})
    model = netspec.compile(loads(text.replace("True", "true").replace("False", "false").replace("None", "null")))
    leaves = [torch.rand(4, *shape, requires_grad=True) for shape in case.inputs]
    values = [leaf * 1.0 for leaf in leaves]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # layers that are applied to too few numbers say so
        output = model(*values)
    (output if result else values[0]).add_(1.0)
    try:
        output.sum().backward()
    except RuntimeError as error:
        return "inplace operation" in str(error)
    return False


@pytest.mark.parametrize("name", sorted(inplace.KEEPS_INPUT))
def test_these_need_their_input(name: str) -> None:
    assert fails(name, result=False)


@pytest.mark.parametrize("name", sorted(inplace.KEEPS_RESULT))
def test_these_need_their_result(name: str) -> None:
    assert fails(name, result=True)


@pytest.mark.parametrize("name", ["add", "concat", "Flatten", "Dropout"])
def test_these_need_neither(name: str) -> None:
    assert not fails(name, result=False)
    assert not fails(name, result=True)


def test_a_change_in_place_that_is_warned_of_fails_in_torch() -> None:
    text = "netspec: 1\ninput: [4]\nlayers: [{Linear: 4}, Sigmoid, {Dropout: {p: 0.5, inplace: true}}]\n"
    assert codes(loads(text)) == ["NS912"]
    with pytest.raises(RuntimeError, match="inplace operation"):
        netspec.compile(loads(text)).train()(torch.rand(3, 4)).sum().backward()


# -- pairs of loss and last layer -------------------------------------------------------------------------------------

TRAIN = "train: {{loss: {}, optimizer: {{SGD: {{lr: 0.1}}}}}}\n"


@pytest.mark.parametrize(
    ("loss", "last", "expected"),
    [
        ("CrossEntropyLoss", "Identity", []),
        ("CrossEntropyLoss", "Softmax: 1", ["NS904"]),
        ("CrossEntropyLoss", "LogSoftmax: 1", ["NS904"]),
        ("CrossEntropyLoss", "Tanh", ["NS908"]),
        ("CrossEntropyLoss", "LeakyReLU", []),
        ("NLLLoss", "LogSoftmax: 1", []),
        ("NLLLoss", "Identity", ["NS614"]),
        ("NLLLoss", "Softmax: 1", ["NS614"]),
        ("BCELoss", "Sigmoid", []),
        ("BCELoss", "sigmoid", []),
        ("BCELoss", "Identity", ["NS611"]),
        ("BCELoss", "ReLU", ["NS611"]),
        ("BCELoss", "{mean: {dim: 1, keepdim: true}}", ["NS611"]),
        ("BCEWithLogitsLoss", "Identity", []),
        ("BCEWithLogitsLoss", "Sigmoid", ["NS904"]),
        ("BCEWithLogitsLoss", "ReLU", ["NS908"]),
        ("MSELoss", "ReLU", []),
        ("Nothing", "Softmax: 1", ["NS604"]),
    ],
)
def test_losses_and_last_layers(loss: str, last: str, expected: list[str]) -> None:
    item = last if last.startswith("{") else f"{{{last}: {{}}}}" if ":" not in last else f"{{{last}}}"
    assert codes(spec(f"[{{Linear: 3}}, {item}, Flatten]", more=TRAIN.format(loss))) == expected


def test_softmax_of_one_number() -> None:
    assert codes(spec("[{Linear: 1}, {Softmax: 1}]", more=TRAIN.format("BCELoss"))) == ["NS904"]
    assert torch.equal(nn.Softmax(1)(torch.rand(4, 1)), torch.ones(4, 1))


def test_errors_of_data_and_of_shapes_show_together() -> None:
    text = "data: CIFAR100\n" + TRAIN.format("CrossEntropyLoss")
    of = spec("[Flatten, {Linear: {in_features: 3, out_features: 10}}]", "[3, 32, 32]", text)
    report = check(of)
    assert [found.code for found in report.diagnostics] == ["NS401", "NS603"]
    assert all(found.fixes for found in report.diagnostics)


def test_warnings_wait_until_there_is_no_error() -> None:
    doubtful = "[{Linear: 8}, {Linear: 8}, {Linear: {in_features: 7, out_features: 8}}]"
    assert codes(spec(doubtful)) == ["NS401"]


def test_a_number_of_outputs_in_a_shared_model_is_not_edited(tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text(
        "netspec: 1\nparams: {classes: 1000}\ninput: [3, 32, 32]\nlayers: [Flatten, Linear: classes]\n"
    )
    text = "netspec: 1\nmodel: model.yaml\ndata: CIFAR10\n" + TRAIN.format("CrossEntropyLoss")
    (tmp_path / "net.yaml").write_text(text)
    (found,) = check(load(tmp_path / "net.yaml")).diagnostics
    assert (found.code, found.span.line, found.fixes) == ("NS914", 3, ())
    (said,) = check(load(tmp_path / "net.yaml", ("classes=9",))).diagnostics
    assert (said.code, said.span.path, said.fixes) == ("NS603", "--set", ())
