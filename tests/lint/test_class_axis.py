"""Losses of sequences: which axis has the classes, as torch's losses take them, and the network after the first fix.

torch.nn.CrossEntropyLoss takes [N, C, d1] with targets [N, d1]; BCEWithLogitsLoss both alike.
"""

from __future__ import annotations

import pytest
import torch

from netspec.checker import check
from netspec.fixes.verify import edited
from netspec.language.load import loads
from netspec.shapes.report import Report

_RNN = "  - {name: rnn, LSTM: 8}\n  - {name: out, Linear: %d, from: rnn.0}\n"
_TURN = "  - transpose: {dim0: 1, dim1: 2}\n"


def _spec(layers: str, y: str, loss: str = "CrossEntropyLoss", more: str = "") -> Report:
    x = "[[[0, 1], [1, 0], [1, 1]], [[1, 1], [0, 0], [1, 0]]]"
    train = f"train: {{loss: {loss}, optimizer: {{SGD: {{lr: 0.1}}}}}}\n"
    head = f"netspec: 1\ninput: [3, 2]\n{more}layers:\n{layers}"
    return check(loads(f"{head}data: {{inline: {{x: {x}, y: {y}}}}}\n{train}"))


_STEPS = "[[0, 1, 2], [3, 1, 0]]"
_THREE = "[[0, 1, 2], [2, 1, 0]]"

# layers, targets, loss; the code; what stands at the end after the first fix
CASES = {
    "classes last": (_RNN % 4, _STEPS, "CrossEntropyLoss", "NS603", _TURN),
    "classes last, log-probabilities": (
        _RNN % 4 + "  - LogSoftmax: {dim: 2}\n",
        _STEPS,
        "NLLLoss",
        "NS603",
        _TURN,
    ),
    "as many steps as classes": (_RNN % 3, _THREE, "CrossEntropyLoss", "NS921", _TURN),
    "one number a step for classes": (
        _RNN % 1,
        "[[0, 1, 1], [1, 1, 0]]",
        "CrossEntropyLoss",
        "NS610",
        "  - squeeze: {dim: -1}\n",
    ),
    "one number a step for yes or no": (
        _RNN % 1,
        "[[0, 1, 1], [1, 1, 0]]",
        "BCEWithLogitsLoss",
        "NS612",
        "  - squeeze: {dim: -1}\n",
    ),
    "one class for all steps": (_RNN % 4, "[0, 3]", "CrossEntropyLoss", "NS603", "  - select: {dim: 1, index: -1}\n"),
    "one class for all steps of an encoder": (
        "  - Linear: 8\n  - TransformerEncoderLayer: {nhead: 2}\n  - {name: out, Linear: 4}\n",
        "[0, 3]",
        "CrossEntropyLoss",
        "NS603",
        "  - mean: {dim: 1}\n",
    ),
    "a row of probabilities a step": (
        _RNN % 4,
        "[[[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]]",
        "CrossEntropyLoss",
        "NS921",
        None,
    ),
    "a class for all steps, targets for each": (
        _RNN % 4 + "  - select: {dim: 1, index: -1}\n",
        _STEPS,
        "CrossEntropyLoss",
        "NS603",
        None,
    ),
    "a target beyond the classes": (_RNN % 3 + _TURN, "[[0, 1, 3], [2, 1, 0]]", "CrossEntropyLoss", "NS603", None),
}


@pytest.mark.parametrize("name", CASES)
def test_the_classes_are_found_and_mended(name: str) -> None:
    layers, y, loss, code, end = CASES[name]
    report = _spec(layers, y, loss)
    (found,) = report.diagnostics
    assert found.code == code
    if end is None:
        assert not found.fixes
        return
    (text,) = edited(report.spec, found.fixes[0].edits).values()
    assert layers + end + "data:" in text
    assert not check(loads(text)).diagnostics


RIGHT = {
    "classes first": (_RNN % 4 + _TURN, _STEPS, "CrossEntropyLoss"),
    "as many steps as classes, turned": (_RNN % 3 + _TURN, _THREE, "CrossEntropyLoss"),
    "a convolution's channels": (
        "  - Conv1d: {out_channels: 2, kernel_size: 1}\n",
        "[[0, 1], [1, 0]]",
        "CrossEntropyLoss",
    ),
    "a number a step": (_RNN % 1, "[[[0], [1], [1]], [[1], [1], [0]]]", "BCEWithLogitsLoss"),
    "probabilities along dim 1": (
        _RNN % 4 + _TURN,
        "[[[1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]], [[0, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]]]",
        "CrossEntropyLoss",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_left_alone(name: str) -> None:
    assert not _spec(*RIGHT[name]).diagnostics


def test_torch_says_the_same() -> None:
    loss, targets = torch.nn.CrossEntropyLoss(), torch.tensor([[0, 1, 2], [3, 1, 0]])
    scores = torch.zeros(2, 3, 4)  # batch × steps × classes
    with pytest.raises(RuntimeError):
        loss(scores, targets)
    assert loss(scores.transpose(1, 2), targets).item() == pytest.approx(torch.tensor(4.0).log().item())
    equal = torch.randn(2, 3, 3)
    targets = torch.tensor([[0, 1, 2], [2, 1, 0]])
    assert loss(equal, targets) != loss(equal.transpose(1, 2), targets)  # neither raises


def test_an_output_keeps_its_name_where_it_is_asked_for() -> None:
    report = _spec(_RNN % 4, _STEPS, more="outputs: [out]\n")
    (text,) = edited(report.spec, report.diagnostics[0].fixes[0].edits).values()
    assert "  - {name: out_before, Linear: 4, from: rnn.0}\n  - {name: out, transpose: {dim0: 1, dim1: 2}}\n" in text
    assert check(loads(text)).ok


_FIVE = "[1.5, 2.5]"
_LAST = "select: {dim: 1, index: -1}"

# layers, targets; the layers after the first fix: a step of the LSTM is as wide as its state
ONE_NUMBER = {
    "an answer for each step": (_RNN % 1, _RNN % 1 + f"  - {_LAST}\n"),
    "answers of four numbers": (_RNN % 4, _RNN % 1 + f"  - {_LAST}\n"),
    "all answers in a row": (_RNN % 2 + "  - Flatten\n", _RNN % 1 + f"  - {_LAST}\n"),
    "all answers in a row, by name": (
        _RNN % 2 + "  - {name: flat, Flatten: {start_dim: 1}}\n",
        _RNN % 1 + f"  - {{name: flat, {_LAST}}}\n",
    ),
    "of both directions": (
        "  - {name: rnn, LSTM: {hidden_size: 4, bidirectional: true}}\n  - {name: out, Linear: 1, from: rnn.0}\n",
        "  - {name: rnn, LSTM: {hidden_size: 4, bidirectional: true}}\n  - {name: out, Linear: 1, from: rnn.0}\n"
        "  - mean: {dim: 1}\n",
    ),
}


@pytest.mark.parametrize("name", ONE_NUMBER)
def test_one_number_is_wanted_of_all_steps(name: str) -> None:
    layers, expected = ONE_NUMBER[name]
    report = _spec(layers, _FIVE, "MSELoss")
    (found,) = report.diagnostics
    assert found.code == "NS612"
    assert not found.fixes[0].safe
    (text,) = edited(report.spec, found.fixes[0].edits).values()
    assert expected + "data:" in text
    assert not check(loads(text)).diagnostics


def test_a_row_of_pixels_is_no_row_of_steps() -> None:
    report = _spec("  - Conv1d: {out_channels: 2, kernel_size: 1}\n  - Flatten\n", _FIVE, "MSELoss")
    assert not any("step" in fix.title for found in report.diagnostics for fix in found.fixes)


_MASK = "[[[0, 1], [1, 0]], [[1, 1], [0, 0]]]"
_PICTURE = "[[[[0, 1], [1, 0]]], [[[1, 1], [0, 0]]]]"

# layers, targets; the end of the network after the first fix: as many numbers, in the targets' shape
SAME_NUMBERS = {
    "a mask without its channel": ("  - Conv2d: {out_channels: 1, kernel_size: 1}\n", _MASK, "squeeze: {dim: 1}"),
    "a picture as a row": ("  - Flatten\n  - Linear: 4\n", _PICTURE, "reshape: [1, 2, 2]"),
    "a row as a picture": (
        "  - Conv2d: {out_channels: 2, kernel_size: 1}\n",
        "[[0, 1, 1, 0, 0, 1, 1, 0], [1, 1, 0, 0, 1, 0, 1, 0]]",
        "Flatten",
    ),
}


@pytest.mark.parametrize("name", SAME_NUMBERS)
def test_as_many_numbers_in_another_shape(name: str) -> None:
    layers, y, end = SAME_NUMBERS[name]
    data = f"data: {{inline: {{x: {_PICTURE}, y: {y}}}}}\ntrain: {{loss: MSELoss, optimizer: {{SGD: {{lr: 0.1}}}}}}\n"
    report = check(loads(f"netspec: 1\ninput: [1, 2, 2]\nlayers:\n{layers}{data}"))
    (found,) = (found for found in report.diagnostics if found.severity == "error")
    assert found.code == "NS612"
    (text,) = edited(report.spec, found.fixes[0].edits).values()
    assert f"{layers}  - {end}\ndata:" in text
    assert check(loads(text)).ok
