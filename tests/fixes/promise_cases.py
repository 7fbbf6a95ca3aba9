"""Outputs that miss the size that was promised, maps that meet a value for each place, windows of two lengths.

A case is as in picture_cases.py. A convolution gives floor((L + 2p - d(k - 1) - 1) / s) + 1.
"""

from __future__ import annotations

from tests.fixes.picture_cases import Case

_HALF = "Conv2d: {out_channels: 8, kernel_size: 2, stride: 2}"
_DISCRIMINATOR = ["Conv2d: {out_channels: 8, kernel_size: 4, stride: 4}", "Conv2d: {out_channels: 1, kernel_size: 4}"]

PROMISES: dict[str, Case] = {
    # 90 → 45 → 22, and 4·22 = 88; 92 → 46 → 23, and 4·23 = 92
    "a picture comes back smaller": (
        "input: [3, 90, 90]\nexpect: {output: [3, 90, 90]}",
        [_HALF, _HALF, "Upsample: {scale_factor: 4}", "Conv2d: {out_channels: 3, kernel_size: 3, padding: 1}"],
        {"90, 90": "92, 92"},
    ),
    # 7 → 3, and 2·3 = 6
    "a sound comes back shorter": (
        "input: [1, 7]\nexpect: {output: [1, 7]}",
        [
            "Conv1d: {out_channels: 4, kernel_size: 3, stride: 2}",
            "Upsample: {scale_factor: 2}",
            "Conv1d: {out_channels: 1, kernel_size: 1}",
        ],
        {"kernel_size: 1}": "kernel_size: 1}\n  - Upsample: {size: [7]}"},
    ),
    # 64 / 4 = 16, 16 - 3 = 13
    "a number for each of many places": (
        "input: [3, 64, 64]\nexpect: {output: [1, 1, 1]}",
        [*_DISCRIMINATOR, "Sigmoid"],
        {"  - Sigmoid": "  - AdaptiveAvgPool2d: {output_size: 1}\n  - Sigmoid"},
    ),
    # 12 rows are promised of 6
    "a smaller mask than promised": (
        "input: [3, 6, 8]\nexpect: {output: [1, 12, 16]}",
        ["{name: body, Conv2d: {out_channels: 1, kernel_size: 3, padding: 1}}", "{name: out, ReLU: {}, from: body}"],
        {"from: body}": "from: body}\n  - Upsample: {size: [12, 16]}"},
    ),
}

AXES: dict[str, Case] = {
    # rows: 2·63 + 3 = 129 for 128, columns: 2·100 - 2 + 3 = 201
    "one band too many": (
        "input: [1, 128, 201]\nexpect: {output: [1, 128, 201]}",
        [
            "Conv2d: {out_channels: 8, kernel_size: 3, stride: 2, padding: 1}",
            "ConvTranspose2d: {out_channels: 1, kernel_size: 3, stride: 2, padding: [0, 1]}",
        ],
        {"kernel_size: 3, stride: 2, padding: [0, 1]": "kernel_size: [2, 3], stride: 2, padding: [0, 1]"},
    ),
    # 9 - 2 = 7 rows for 9, 9 columns stay
    "two rows lost": (
        "input: [1, 9, 9]\nexpect: {output: [4, 9, 9]}",
        ["Conv2d: {out_channels: 4, kernel_size: [3, 5], padding: [0, 2]}"],
        {"[0, 2]": "[1, 2]"},
    ),
    "a vector for a convolution of one place": (
        "input: [64]",
        ["Conv1d: {in_channels: 64, out_channels: 8, kernel_size: 1}", "Flatten", "Linear: 3"],
        {"  - Conv1d": "  - unsqueeze: {dim: 2}\n  - Conv1d"},
    ),
}

TOKENS: dict[str, Case] = {
    # 28 / 2 = 14 rows and columns: 196 places
    "patches of a picture and their positions": (
        "input: [3, 28, 28]",
        [
            "{name: position, parameter: {shape: [196, 8]}}",
            "{name: patches, Conv2d: {out_channels: 8, kernel_size: 2, stride: 2}, from: input}",
            "{name: placed, add: {}, from: [patches, position]}",
        ],
        {
            "  - {name: placed, add: {}, from: [patches, position]}": "  - {name: row, Flatten: {start_dim: 2}, "
            "from: patches}\n  - {name: tokens, transpose: {dim0: 1, dim1: 2}}\n"
            "  - {name: placed, add: {}, from: [tokens, position]}"
        },
    ),
    "values of the places behind their channels": (
        "input: [3, 4, 4]",
        [
            "{name: bias, parameter: {shape: [8, 16]}}",
            "{name: map, Conv2d: {out_channels: 8, kernel_size: 1}, from: input}",
            "{name: both, mul: {}, from: [map, bias]}",
        ],
        {
            "  - {name: both, mul: {}, from: [map, bias]}": "  - {name: row, Flatten: {start_dim: 2}, from: map}\n"
            "  - {name: both, mul: {}, from: [row, bias]}"
        },
    ),
    "dates of another window": (
        "inputs: {values: [24, 7], dates: [12, 4]}",
        [
            "{name: a, Linear: 16, from: values}",
            "{name: b, Linear: 16, from: dates}",
            "{name: both, add: {}, from: [a, b]}",
        ],
        {"dates: [12, 4]": "dates: [24, 4]"},
    ),
}

GROUPS = {"promises": PROMISES, "each axis": AXES, "tokens": TOKENS}
