"""What to edit, told from where it breaks: for each kind of slip the fix that stands first is a good reviewer's."""

from __future__ import annotations

import pytest

from netspec.checker import check
from netspec.language.load import loads

CASES = {
    "a missing Flatten": (
        "input: [3, 8, 8]",
        ["Conv2d: {out_channels: 4, kernel_size: 1}", "Linear: {in_features: 4*8*8, out_features: 2}"],
        ["Flatten before it: 256 = 4·8·8"],
    ),
    "a Flatten that starts late": (
        "input: [3, 8, 8]",
        ["Flatten: {start_dim: 2}", "Linear: {in_features: 192, out_features: 2}"],
        ["start_dim: 1 in Flatten", "Flatten before it: 192 = 3·64"],
    ),
    "a Flatten that ends early": (
        "input: [3, 8, 8]",
        ["Flatten: {end_dim: 2}", "Linear: {in_features: 192, out_features: 2}"],
        ["end_dim: -1 in Flatten", "Flatten before it: 192 = 24·8"],
    ),
    "channels last, in_channels written": (
        "input: [28, 28, 1]",
        ["Conv2d: {in_channels: 1, out_channels: 8, kernel_size: 3}"],
        ["input: [1, 28, 28], channels first"],
    ),
    "channels last, in_channels left out": (
        "input: [28, 28, 1]",
        ["Conv2d: {out_channels: 8, kernel_size: 3}"],
        ["input: [1, 28, 28], channels first"],
    ),
    "words before features": (
        "input: [50, 128]",
        ["Conv1d: {in_channels: 128, out_channels: 8, kernel_size: 3}"],
        ["input: [128, 50], channels first", "transpose before it: 128×50"],
    ),
    "features before words": (
        "input: [16, 100]",
        [
            "Conv1d: {out_channels: 32, kernel_size: 1}",
            "{name: r, LSTM: {input_size: 32, hidden_size: 8, batch_first: true}}",
        ],
        ["transpose before it: 100×32", "input_size: 100"],
    ),
    "a norm of features on a sequence": (
        "input: [10, 64]",
        ["Linear: 32", "BatchNorm1d: 32"],
        ["transpose before and after it: 32×10", "num_features: 10"],
    ),
    "grey for colour": (
        "input: [1, 28, 28]",
        ["Conv2d: {in_channels: 3, out_channels: 8, kernel_size: 3}"],
        ["in_channels: 1", "an input of 3 channels"],
    ),
    # conv 3 ← 3, pool 2 ← 6, conv 3 ← 8, pool 2 ← 16, conv 3 ← 18
    "a picture too small for the depth": (
        "input: [3, 16, 16]",
        [
            "Conv2d: {out_channels: 4, kernel_size: 3}",
            "MaxPool2d: 2",
            "Conv2d: {out_channels: 4, kernel_size: 3}",
            "MaxPool2d: 2",
            "Conv2d: {out_channels: 4, kernel_size: 3}",
            "ReLU",
            "AdaptiveAvgPool2d: 2",
        ],
        ["an input of 3×32×32", "an input of 3×18×18, the smallest"],
    ),
    "a pool for 7×7": (
        "input: [3, 8, 8]",
        [
            "Conv2d: {out_channels: 4, kernel_size: 3}",
            "AvgPool2d: 7",
            "Flatten",
            "Linear: {in_features: 4, out_features: 2}",
        ],
        ["AdaptiveAvgPool2d: 1"],
    ),
    "padding that keeps the size": (
        "input: [3, 8, 8]",
        ["{name: c, Conv2d: {out_channels: 3, kernel_size: 5}}", "{add: {}, from: [c, input]}"],
        ["padding: 2 in c (Conv2d)"],
    ),
    "padding that keeps a dilated size": (
        "input: [3, 8, 8]",
        ["{name: c, Conv2d: {out_channels: 3, kernel_size: 3, dilation: 2}, shape: [3, 8, 8]}"],
        ["padding: 2 in c (Conv2d)", "shape: [3, 4, 4]"],
    ),
    "output_padding that restores it": (
        "input: [3, 8, 8]",
        [
            "Conv2d: {out_channels: 3, kernel_size: 3, stride: 2, padding: 1}",
            "{name: up, ConvTranspose2d: {out_channels: 3, kernel_size: 3, stride: 2, padding: 1}}",
            "{add: {}, from: [up, input]}",
        ],
        ["output_padding: 1 in up (ConvTranspose2d)"],
    ),
    "a vector for a picture": (
        "input: [784]",
        ["Conv2d: {in_channels: 1, out_channels: 3, kernel_size: 3}"],
        ["input: [1, 28, 28]", "Unflatten before it: 1×28×28"],
    ),
    "a picture for a volume": (
        "input: [3, 8, 8]",
        ["Conv3d: {in_channels: 3, out_channels: 3, kernel_size: [1, 3, 3]}"],
        ["unsqueeze before it: 3×1×8×8"],
    ),
    "heads that do not divide": (
        "input: [10, 64]",
        ["TransformerEncoderLayer: {d_model: 64, nhead: 7, batch_first: true}"],
        ["nhead: 4"],
    ),
    "a size in the parameter's name": (
        "params: {width: 8}\ninput: [3, 8, 8]",
        [
            "Conv2d: {out_channels: width, kernel_size: 3}",
            "Flatten",
            "Linear: {in_features: width*7*7, out_features: 2}",
        ],
        ["in_features: width*6*6", "in_features: 8*6*6"],
    ),
    "a width in the parameter's name": (
        "params: {width: 8}\ninput: [3]",
        ["Linear: width", "Linear: {in_features: 9, out_features: 2}"],
        ["in_features: width", "in_features: 8"],
    ),
    "a promise that a parameter breaks": (
        "params: {classes: 10}\nexpect: {output: [100]}\ninput: [3]",
        ["Linear: classes"],
        ["classes: 100", "out_features: 100 in Linear"],
    ),
    "positions for another picture": (
        "input: [3, 4, 4]",
        [
            "Flatten: {start_dim: 2}",
            "{name: x, transpose: {dim0: 1, dim1: 2}}",
            "{name: p, parameter: {shape: [9, 3]}}",
            "{add: {}, from: [x, p]}",
        ],
        ["shape: [16, 3] in p (parameter)"],
    ),
    "a factor that lies the other way": (
        "inputs: {a: [2, 3], b: [4, 3]}",
        ["{matmul: {}, from: [a, b]}"],
        ["transpose of the second: 3×4"],
    ),
    "a vector beside a picture": (
        "inputs: {v: [5], p: [6, 4, 4]}",
        ["{concat: {dim: 1}, from: [v, p]}"],
        ["the mean over the places first"],
    ),
    "an axis that squeeze leaves": (
        "input: [3, 2, 9]",
        ["squeeze: {dim: 2}", "permute: {dims: [0, 2, 1]}"],
        ["mean over dim 2 in place of squeeze"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_candidates_are_ranked(name: str) -> None:
    head, layers, expected = CASES[name]
    report = check(loads(f"netspec: 1\n{head}\nlayers:\n" + "".join(f"  - {layer}\n" for layer in layers)))
    (found,) = (found for found in report.diagnostics if found.severity == "error")
    assert [fix.title for fix in found.fixes][: len(expected)] == expected


def test_five_layers_of_one_width_are_one_fix() -> None:
    head = "Linear: {in_features: 4*5*5, out_features: 2}, from: flat"
    heads = "".join(f"  - {{name: h{i}, {head}}}\n" for i in range(5))
    start = "netspec: 1\ninput: [4, 6, 6]\noutputs: [h0, h1, h2, h3, h4]\nlayers:\n  - {name: flat, Flatten: {}}\n"
    report = check(loads(start + heads))
    assert [found.severity for found in report.diagnostics] == ["error", "note", "note", "note", "note"]
    first = report.diagnostics[0].fixes[0]
    assert first.title == "in_features: 4*6*6, and where it is written again"
    assert len(first.edits) == 5
