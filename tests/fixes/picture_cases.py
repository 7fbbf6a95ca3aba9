"""Mistakes that people make with pictures, sounds and volumes: a network, and the edits that a good tutor names first.

A case is the input's lines, the items, and what stands in the text in the place of what. The arithmetic is beside it:
a convolution gives floor((L + 2p - d(k - 1) - 1) / s) + 1, a transposed one (L - 1)s - 2p + d(k - 1) + extra + 1.
"""

from __future__ import annotations

Case = tuple[str, list[str], dict[str, str]]

TOO_SMALL: dict[str, Case] = {
    # 7 → 3 → 1 steps; the 64 bins are enough
    "too few time steps": (
        "input: [1, 4, 64]",
        ["Conv2d: {out_channels: 8, kernel_size: 3, stride: 2}"] * 2 + ["Flatten", "Linear: 10"],
        {"[1, 4, 64]": "[1, 7, 64]"},
    ),
    # 5 → 3 → 1, and the 80 bands are enough
    "few steps of a spectrogram": (
        "input: [1, 4, 80]",
        ["Conv2d: {out_channels: 8, kernel_size: 3}", "ReLU", "Conv2d: {out_channels: 8, kernel_size: 3}"],
        {"[1, 4, 80]": "[1, 5, 80]"},
    ),
    "too narrow, tall enough": (
        "input: [3, 64, 4]",
        [
            "Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}",
            "MaxPool2d: 4",
            "Conv2d: {out_channels: 8, kernel_size: 3}",
        ],
        {"[3, 64, 4]": "[3, 64, 12]"},  # 12 / 4 = 3
    ),
    # 8 → 4 → 2 → 1 frames; a frame of 64×64 is large enough
    "a clip of too few frames": (
        "input: [1, 4, 64, 64]",
        ["Conv3d: {out_channels: 4, kernel_size: 3, padding: 1}", "MaxPool3d: 2"] * 2
        + ["Conv3d: {out_channels: 4, kernel_size: 2}", "AdaptiveAvgPool3d: 1", "Flatten", "Linear: 2"],
        {"[1, 4, 64, 64]": "[1, 8, 64, 64]"},
    ),
    # 9 - 2 = 7 → 3; 3 - 2 = 1
    "a signal shorter than two kernels": (
        "input: [1, 4]",
        ["Conv1d: {out_channels: 4, kernel_size: 3}", "MaxPool1d: 2", "Conv1d: {out_channels: 4, kernel_size: 3}"],
        {"[1, 4]": "[1, 8]"},
    ),
    # time: 7 - 4 = 3, 3 - 2 = 1; space: 12 - 2 = 10 → 5, 5 - 4 = 1
    "too short in time and in space": (
        "input: [3, 4, 8, 8]",
        [
            "Conv3d: {out_channels: 4, kernel_size: [5, 3, 3]}",
            "MaxPool3d: [1, 2, 2]",
            "Conv3d: {out_channels: 8, kernel_size: [3, 5, 5]}",
            "AdaptiveAvgPool3d: 1",
        ],
        {"[3, 4, 8, 8]": "[3, 7, 12, 12]"},
    ),
    # 7 columns are needed
    "one side too short by itself": (
        "input: [3, 7, 5]",
        ["Conv2d: {out_channels: 8, kernel_size: 7}"],
        {"[3, 7, 5]": "[3, 7, 7]"},
    ),
}

SKIPS: dict[str, Case] = {
    "a residual body that widens": (
        "input: [6, 50]",
        [
            "branches:\n      body:\n        - Conv1d: {out_channels: 32, kernel_size: 3, padding: 1}\n        - ReLU\n"
            "      shortcut: []\n    merge: add",
            "Flatten",
            "Linear: 4",
        ],
        {"shortcut: []": "shortcut: [{Conv1d: {out_channels: 32, kernel_size: 1}}]"},
    ),
    "a residual body that strides": (
        "input: [6, 32, 32]",
        [
            "branches:\n      body:\n        - Conv2d: {out_channels: 16, kernel_size: 3, stride: 2, padding: 1}\n"
            "        - ReLU\n        - Conv2d: {out_channels: 16, kernel_size: 3, padding: 1}\n"
            "      shortcut: []\n    merge: add",
        ],
        {"shortcut: []": "shortcut: [{Conv2d: {out_channels: 16, kernel_size: 1, stride: 2}}]"},
    ),
    "a residual body in a volume": (
        "input: [2, 8, 8, 8]",
        [
            "branches:\n      shortcut: []\n"
            "      body: [{Conv3d: {out_channels: 8, kernel_size: 3, padding: 1}}]\n    merge: add",
        ],
        {"shortcut: []": "shortcut: [{Conv3d: {out_channels: 8, kernel_size: 1}}]"},
    ),
    "a sum with the picture itself": (
        "input: [3, 32, 32]",
        ["{name: c, Conv2d: {out_channels: 16, kernel_size: 3, padding: 1}}", "{add: {}, from: [c, input]}"],
        {
            "- {add: {}, from: [c, input]}": "- {name: s, Conv2d: {out_channels: 16, kernel_size: 1}, from: input}\n"
            "  - {add: {}, from: [c, s]}"
        },
    ),
    "a sum whose first operand is the shortcut": (
        "input: [3, 32]",
        ["{name: c, Conv1d: {out_channels: 16, kernel_size: 3, padding: 1}}", "{add: {}, from: [input, c]}"],
        {
            "- {add: {}, from: [input, c]}": "- {name: s, Conv1d: {out_channels: 16, kernel_size: 1}, from: input}\n"
            "  - {add: {}, from: [s, c]}"
        },
    ),
    "a residual of vectors": (
        "input: [20]",
        ["branches: {body: [{Linear: 64}, ReLU], shortcut: []}\n    merge: add", "Linear: 2"],
        {"shortcut: []": "shortcut: [{Linear: 64}]"},
    ),
    # a 3×3 kernel without padding takes 2 rows: padding, not a 1×1 convolution
    "a residual body without padding": (
        "input: [8, 32, 32]",
        ["branches: {body: [{Conv2d: {out_channels: 8, kernel_size: 3}}, ReLU], shortcut: []}\n    merge: add"],
        {"kernel_size: 3": "kernel_size: 3, padding: 1"},
    ),
}

OUTPUTS: dict[str, Case] = {
    # (32 - 1)·2 + 2 = 64; with 3 it is 65
    "a transposed kernel too large by one": (
        "input: [8, 32, 32]\nexpect: {output: [1, 64, 64]}",
        ["ConvTranspose2d: {out_channels: 1, kernel_size: 3, stride: 2}"],
        {"kernel_size: 3": "kernel_size: 2"},
    ),
    # (14 - 1)·2 - 2 + 3 = 27, and one more is 28
    "a decoder that misses one row": (
        "input: [8, 14, 14]\nexpect: {output: [1, 28, 28]}",
        ["ConvTranspose2d: {out_channels: 1, kernel_size: 3, stride: 2, padding: 1}", "Sigmoid"],
        {"padding: 1": "padding: 1, output_padding: 1"},
    ),
    # 64 - 2 = 62; 64 + 2 - 2 = 64
    "a last convolution without padding": (
        "input: [3, 64, 64]\nexpect: {output: [2, 64, 64]}",
        ["Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}", "ReLU", "Conv2d: {out_channels: 2, kernel_size: 3}"],
        {"out_channels: 2, kernel_size: 3": "out_channels: 2, kernel_size: 3, padding: 1"},
    ),
    # (L - 1)·2 - 2 + 4 = 2L
    "a transposed convolution without padding": (
        "input: [8, 100]\nexpect: {output: [1, 200]}",
        ["ConvTranspose1d: {out_channels: 1, kernel_size: 4, stride: 2}"],
        {"stride: 2": "stride: 2, padding: 1"},
    ),
    "an upsampling of the wrong factor": (
        "input: [8, 16, 16]\nexpect: {output: [3, 64, 64]}",
        ["Upsample: {scale_factor: 2}", "Conv2d: {out_channels: 3, kernel_size: 3, padding: 1}"],
        {"scale_factor: 2": "scale_factor: 4"},
    ),
}

REARRANGED: dict[str, Case] = {
    "frames folded into the channels": (
        "input: [24, 3, 8, 8]",
        ["reshape: [24, 8, 8]", "Conv2d: {in_channels: 24, out_channels: 8, kernel_size: 3}"],
        {"[24, 8, 8]": "[72, 8, 8]", "in_channels: 24": "in_channels: 72"},
    ),
    # (20 - 2) / 2 = 9 rows of 16 channels: 1296, not 400
    "a flattening reshape counted for another picture": (
        "input: [3, 20, 20]",
        [
            "Conv2d: {out_channels: 16, kernel_size: 3}",
            "MaxPool2d: 2",
            "reshape: [400]",
            "Linear: {in_features: 400, out_features: 10}",
        ],
        {"[400]": "[1296]", "in_features: 400": "in_features: 1296"},
    ),
    "the same with the batch": (
        "input: [3, 20, 20]",
        [
            "Conv2d: {out_channels: 16, kernel_size: 3}",
            "MaxPool2d: 2",
            "reshape: [-1, 400]",
            "Linear: {in_features: 400, out_features: 10}",
        ],
        {"[-1, 400]": "[1296]", "in_features: 400": "in_features: 1296"},
    ),
    "a decoder's reshape with the batch": (
        "input: [100]",
        [
            "Linear: 8*7*7",
            "reshape: [-1, 8, 7, 7]",
            "ConvTranspose2d: {out_channels: 1, kernel_size: 4, stride: 2, padding: 1}",
        ],
        {"[-1, 8, 7, 7]": "[8, 7, 7]"},
    ),
    # 128 channels of 2×2 are 512 numbers
    "a decoder's reshape counted wrong": (
        "input: [100]",
        ["Linear: 512", "reshape: [128, 4, 4]", "ConvTranspose2d: {in_channels: 128, out_channels: 1, kernel_size: 4}"],
        {"[128, 4, 4]": "[128, 2, 2]"},
    ),
    "two vectors joined along the batch": (
        "inputs: {a: [12], b: [8]}",
        ["{name: both, concat: {dim: 0}, from: [a, b]}", "Linear: {in_features: 12, out_features: 3}"],
        {"dim: 0": "dim: 1", "in_features: 12": "in_features: 20"},
    ),
    "two pictures joined along the batch": (
        "inputs: {a: [3, 8, 8], b: [3, 8, 8]}",
        ["{concat: 0, from: [a, b]}", "Conv2d: {in_channels: 3, out_channels: 4, kernel_size: 3}"],
        {"concat: 0": "concat: 1", "in_channels: 3": "in_channels: 6"},
    ),
    "two pictures joined along their columns": (
        "inputs: {a: [3, 8, 8], b: [5, 8, 8]}",
        ["{concat: {dim: -1}, from: [a, b]}", "Conv2d: {in_channels: 8, out_channels: 4, kernel_size: 3}"],
        {"dim: -1": "dim: 1"},
    ),
    "frames stacked along the batch": (
        "inputs: {a: [8], b: [8]}",
        ["{stack: {dim: 0}, from: [a, b]}", "Flatten", "Linear: {in_features: 16, out_features: 2}"],
        {"dim: 0": "dim: 1"},
    ),
    "frames before the channels": (
        "input: [16, 3, 56, 56]",
        ["Conv3d: {in_channels: 3, out_channels: 8, kernel_size: 3}"],
        {"[16, 3, 56, 56]": "[3, 16, 56, 56]"},
    ),
    "a picture as matplotlib reads it": (
        "input: [32, 48, 3]",
        ["Conv2d: {in_channels: 3, out_channels: 8, kernel_size: 3}"],
        {"[32, 48, 3]": "[3, 32, 48]"},
    ),
    "a picture without its channel": (
        "input: [28, 28]",
        ["Conv2d: {in_channels: 1, out_channels: 8, kernel_size: 3}"],
        {"[28, 28]": "[1, 28, 28]"},
    ),
    "factors that do not meet": (
        "inputs: {q: [10, 64], k: [12, 64]}",
        ["{matmul: {}, from: [q, k]}"],
        {
            "- {matmul: {}, from: [q, k]}": "- {name: t, transpose: {dim0: 1, dim1: 2}, from: k}\n"
            "  - {matmul: {}, from: [q, t]}"
        },
    ),
}

ARGUMENTS: dict[str, Case] = {
    "the width of a norm in a list": ("input: [10, 96]", ["LayerNorm: {normalized_shape: [48]}"], {"[48]": "[96]"}),
    "a norm of another picture": (
        "input: [3, 28, 28]",
        ["LayerNorm: {normalized_shape: [3, 32, 32]}"],
        {"[3, 32, 32]": "[3, 28, 28]"},
    ),
    "a norm of the channels, which stand first": (
        "input: [64, 14, 14]",
        ["LayerNorm: {normalized_shape: [64]}"],
        {"LayerNorm: {normalized_shape: [64]}": "GroupNorm: 1"},
    ),
    # three channels out of a shuffle by 2 take 3·2² = 12
    "channels of a shuffle, not multiplied": (
        "input: [16, 8, 8]",
        ["Conv2d: {out_channels: 3, kernel_size: 3, padding: 1}", "PixelShuffle: 2"],
        {"out_channels: 3": "out_channels: 12"},
    ),
    # 64·2² = 256
    "a shuffle that takes channels away": (
        "input: [64, 8, 8]",
        [
            "Conv2d: {out_channels: 64, kernel_size: 3, padding: 1}",
            "PixelShuffle: 2",
            "Conv2d: {in_channels: 64, out_channels: 3, kernel_size: 3}",
        ],
        {"out_channels: 64": "out_channels: 256"},
    ),
    "output_padding for a stride that is not written": (
        "input: [8, 7, 7]\nexpect: {output: [4, 14, 14]}",
        ["ConvTranspose2d: {out_channels: 4, kernel_size: 3, padding: 1, output_padding: 1}"],
        {"padding: 1, output_padding": "stride: 2, padding: 1, output_padding"},
    ),
    "a pool padded by more than half": (
        "input: [8, 16, 16]",
        ["MaxPool2d: {kernel_size: 3, stride: 2, padding: 2}"],
        {"padding: 2": "padding: 1"},
    ),
    "a pool padded too far along one axis": (
        "input: [8, 16, 16]",
        ["AvgPool2d: {kernel_size: [3, 2], padding: [1, 2]}"],
        {"padding: [1, 2]": "padding: [1, 1]"},
    ),
    "same padding with a stride": (
        "input: [3, 32, 32]",
        ["Conv2d: {out_channels: 8, kernel_size: 3, stride: 2, padding: same}"],
        {"padding: same": "padding: 1"},
    ),
    "same padding of a dilated kernel with a stride": (
        "input: [3, 100]",
        ["Conv1d: {out_channels: 8, kernel_size: 3, dilation: 4, stride: 2, padding: same}"],
        {"padding: same": "padding: 4"},  # half of 4·(3 - 1)
    ),
    "groups of a depthwise convolution": (
        "input: [3, 32, 32]",
        ["Conv2d: {out_channels: 24, kernel_size: 1}", "Conv2d: {out_channels: 24, kernel_size: 3, groups: 32}"],
        {"groups: 32": "groups: 24"},
    ),
    # 9 rows hold a kernel dilated to 4·2 + 1 = 9
    "a dilated kernel on a small map": (
        "input: [8, 7, 7]",
        ["Conv2d: {out_channels: 8, kernel_size: 3, dilation: 4}"],
        {"[8, 7, 7]": "[8, 16, 16]"},
    ),
    "a parameter that is used once": (
        "params: {features: 400}\ninput: [3, 8, 8]",
        ["Flatten", "Linear: {in_features: features, out_features: 10}"],
        {"features: 400": "features: 192"},  # 3·8·8
    ),
    "a block that multiplies its width": (
        "input: [3, 8, 8]\nblocks:\n  Up:\n    params: {width}\n    layers:\n"
        "      - Conv2d: {in_channels: width*2, out_channels: width, kernel_size: 3}\n      - BatchNorm2d: width",
        ["Conv2d: {out_channels: 64, kernel_size: 3}", "Up: {width: 64}", "Conv2d: {out_channels: 2, kernel_size: 1}"],
        {"Up: {width: 64}": "Up: {width: 32}"},  # 32·2 = 64
    ),
    "a width that a parameter names": (
        "params: {width: 32}\ninput: [3, 8, 8]",
        [
            "Conv2d: {out_channels: width, kernel_size: 3}",
            "BatchNorm2d: 64",
            "Conv2d: {in_channels: width, out_channels: 2, kernel_size: 1}",
        ],
        {"BatchNorm2d: 64": "BatchNorm2d: width"},
    ),
}

GROUPS = {"too small": TOO_SMALL, "skips": SKIPS, "outputs": OUTPUTS, "rearranged": REARRANGED, "arguments": ARGUMENTS}
