"""Mistakes of one axis, and of which output is taken: a network, and the edits that a good tutor names first.

A case is as in `picture_cases`; the arithmetic is beside it. A recurrent layer gives its steps as output 0, and its
states, (layers·directions)×hidden_size, as output 1 (the LSTM's cells as output 2).
"""

from __future__ import annotations

from tests.fixes.picture_cases import Case

_CONV = "Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}"

WINDOWS: dict[str, Case] = {
    # 50 - 4 + 2·2 + 1 = 51 steps; 50 - 5 + 2·2 + 1 = 50
    "the average of an even window": (
        "input: [3, 50]",
        ["{name: trend, AvgPool1d: {kernel_size: 4, stride: 1, padding: 2}}", "{sub: {}, from: [input, trend]}"],
        {"kernel_size: 4": "kernel_size: 5"},
    ),
    # the same, and the steps stand first in the sum
    "the average of an even window, turned back": (
        "input: [50, 3]",
        [
            "transpose: {dim0: 1, dim1: 2}",
            "AvgPool1d: {kernel_size: 4, stride: 1, padding: 2}",
            "{name: trend, transpose: {dim0: 1, dim1: 2}}",
            "{sub: {}, from: [input, trend]}",
        ],
        {"kernel_size: 4": "kernel_size: 5"},
    ),
    # floor((15 - 2) / 2) + 1 = 7 rows, ceil((15 - 2) / 2) + 1 = 8 = floor((15 + 2 - 3) / 2) + 1
    "a pool that drops the last row": (
        "input: [4, 15, 15]",
        [
            "{name: pool, MaxPool2d: {kernel_size: 2}, from: input}",
            "{name: conv, Conv2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1}, from: input}",
            "{add: {}, from: [pool, conv]}",
        ],
        {"MaxPool2d: {kernel_size: 2}": "MaxPool2d: {kernel_size: 2, ceil_mode: true}"},
    ),
    # 6 frames to 960 samples are 160 a frame
    "a hop of another length": (
        "inputs: {sound: [960], frames: [20, 6]}",
        [
            "{name: up, Upsample: {scale_factor: 128}, from: frames}",
            "{name: steps, transpose: {dim0: 1, dim1: 2}}",
            "{name: samples, unsqueeze: {dim: 2}, from: sound}",
            "{concat: {dim: 2}, from: [samples, steps]}",
        ],
        {"scale_factor: 128": "scale_factor: 160"},
    ),
    # all of 22 electrodes at once
    "a kernel over more electrodes than there are": (
        "input: [1, 22, 128]",
        [
            "Conv2d: {out_channels: 8, kernel_size: [64, 1]}",
            "Flatten",
            "Linear: {in_features: 8*128, out_features: 4}",
        ],
        {"[64, 1]": "[22, 1]"},
    ),
    # three words are too few for windows of five: the kernel is not made smaller
    "a sentence shorter than a window over all features": (
        "input: [1, 3, 50]",
        ["Conv2d: {out_channels: 8, kernel_size: [5, 50]}"],
        {"[1, 3, 50]": "[1, 5, 50]"},
    ),
}

SIZES: dict[str, Case] = {
    # 8·40 = 320 features of 100 columns; as it stands 8·100 of 40
    "a spectrogram on its side": (
        "input: [1, 100, 40]",
        [
            _CONV,
            "Flatten: {start_dim: 1, end_dim: 2}",
            "transpose: {dim0: 1, dim1: 2}",
            "GRU: {input_size: 320, hidden_size: 16}",
        ],
        {"[1, 100, 40]": "[1, 40, 100]"},
    ),
    # 3000 / 2 = 1500 = 1501 - 1
    "one sample too many": (
        "inputs: {slow: [2, 1500], fast: [2, 3003]}",
        [
            "{name: thin, MaxPool1d: 2, from: fast}",
            "{add: {}, from: [slow, thin]}",
        ],
        {"[2, 3003]": "[2, 3001]"},  # floor(3001 / 2) = 1500, and nearer than 3000
    ),
    # 5000 / 2048 is no whole number, 3·2048 = 6144 is the next one
    "a sound that is halved eleven times": (
        "input: [1, 5000]",
        [
            "{name: d, Conv1d: {out_channels: 2, kernel_size: 32, stride: 32}}",
            "{name: b, Conv1d: {out_channels: 4, kernel_size: 64, stride: 64}}",
            "{name: u, ConvTranspose1d: {out_channels: 2, kernel_size: 64, stride: 64}}",
            "{name: a, add: {}, from: [u, d]}",
            "{name: e, ConvTranspose1d: {out_channels: 1, kernel_size: 32, stride: 32}}",
            "{add: {}, from: [e, input]}",
        ],
        {"[1, 5000]": "[1, 6144]"},
    ),
    # 60 is no multiple of 7: of 6 it is
    "heads that do not divide a width": (
        "params: {dim: 60, heads: 7}\ninput: [10, 60]",
        ["reshape: [10, heads, dim//heads]", "transpose: {dim0: 1, dim1: 2}"],
        {"heads: 7": "heads: 6"},
    ),
}

AXES: dict[str, Case] = {
    "a transpose too many": (
        "input: [12, 30]",
        ["transpose: {dim0: 1, dim1: 2}", "ReLU", "Conv1d: {in_channels: 12, out_channels: 4, kernel_size: 3}"],
        {"  - transpose: {dim0: 1, dim1: 2}\n": ""},
    ),
    # one channel of nine places, which nine channels were written for
    "the columns of a table as channels": (
        "input: [9]",
        ["Conv1d: {in_channels: 9, out_channels: 4, kernel_size: 3}"],
        {
            "Conv1d: {in_channels: 9, out_channels: 4, kernel_size: 3}": "unsqueeze: {dim: 1}\n"
            "  - Conv1d: {in_channels: 1, out_channels: 4, kernel_size: 3}"
        },
    ),
    "an unsqueeze too many": (
        "input: [5, 12]",
        ["unsqueeze: {dim: 1}", "LSTM: 8"],
        {"  - unsqueeze: {dim: 1}\n": ""},
    ),
    "an axis of one between": (
        "input: [5, 1, 12]",
        ["ReLU", "LSTM: 8"],
        {"ReLU": "ReLU\n  - squeeze: {dim: 2}"},
    ),
    # a picture of one channel, for which the other layers are written
    "a layer for signals on a grey picture": (
        "input: [1, 28, 28]",
        ["ReLU", "Conv1d: {out_channels: 8, kernel_size: 3}", "BatchNorm2d: 8"],
        {"Conv1d": "Conv2d"},
    ),
    # four of the six features are to be had from a Linear
    "features that are not projected": (
        "input: [5, 2]",
        [
            "{name: places, parameter: {shape: [5, 6]}}",
            "{name: both, add: {}, from: [input, places]}",
            "TransformerEncoderLayer: {d_model: 6, nhead: 2, dim_feedforward: 8}",
        ],
        {
            "{name: both, add: {}, from: [input, places]}": "{name: p, Linear: 6, from: input}\n"
            "  - {name: both, add: {}, from: [p, places]}"
        },
    ),
}

MERGES: dict[str, Case] = {
    # 8·4·4 + 3 = 131
    "a map beside a vector that the next layer counts flat": (
        "inputs: {picture: [8, 4, 4], more: [3]}",
        ["{concat: {dim: 1}, from: [picture, more]}", "Linear: {in_features: 131, out_features: 2}"],
        {
            "{concat: {dim: 1}, from: [picture, more]}": "{name: flat, Flatten: {}, from: picture}\n"
            "  - {concat: {dim: 1}, from: [flat, more]}"
        },
    ),
    # one place is left of the map: 8 + 3 numbers
    "a pooled map beside a vector": (
        "inputs: {picture: [8, 4, 4], more: [3]}",
        ["{name: pooled, AdaptiveAvgPool2d: 1, from: picture}", "{concat: {dim: 1}, from: [pooled, more]}"],
        {
            "{concat: {dim: 1}, from: [pooled, more]}": "{name: flat, Flatten: {}, from: pooled}\n"
            "  - {concat: {dim: 1}, from: [flat, more]}"
        },
    ),
    # a gate for each of 8 channels
    "a gate for the channels of a picture": (
        "inputs: {picture: [8, 4, 4], gate: [8]}",
        ["{mul: {}, from: [picture, gate]}"],
        {
            "{mul: {}, from: [picture, gate]}": "{name: wide, reshape: [8, 1, 1], from: gate}\n"
            "  - {mul: {}, from: [picture, wide]}"
        },
    ),
    "a shift for the features of all steps": (
        "inputs: {steps: [5, 12], shift: [12]}",
        ["{add: {}, from: [shift, steps]}"],
        {
            "{add: {}, from: [shift, steps]}": "{name: wide, unsqueeze: {dim: 1}, from: shift}\n"
            "  - {add: {}, from: [wide, steps]}"
        },
    ),
    # 1×30 · 30×64 = 1×64
    "weights of steps that stand upright": (
        "input: [30, 64]",
        ["Linear: 1", "{name: weights, Softmax: 1}", "{matmul: {}, from: [weights, input]}"],
        {
            "{matmul: {}, from: [weights, input]}": "{name: flat, transpose: {dim0: 1, dim1: 2}, from: weights}\n"
            "  - {matmul: {}, from: [flat, input]}"
        },
    ),
    # 8 heads do not divide 7 features, and 512 is not theirs
    "raw features before an encoder": (
        "input: [96, 7]",
        ["TransformerEncoderLayer: {d_model: 512, nhead: 8}"],
        {"TransformerEncoderLayer": "Linear: 512\n  - TransformerEncoderLayer"},
    ),
    "raw features before attention": (
        "input: [96, 7]",
        ["{name: a, MultiheadAttention: {embed_dim: 32, num_heads: 4}, from: [input, input, input]}"],
        {
            "{name: a,": "{name: e, Linear: 32, from: input}\n  - {name: a,",
            "[input, input, input]": "[e, e, e]",
        },
    ),
    # 28 → 14 → 7, and back (7 - 1)·2 - 2 + 3 = 13 instead of 14
    "an autoencoder that comes back smaller": (
        "input: [1, 28, 28]",
        [
            "Conv2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1}",
            "Conv2d: {out_channels: 8, kernel_size: 3, stride: 2, padding: 1}",
            "ConvTranspose2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1}",
            "{name: back, ConvTranspose2d: {out_channels: 1, kernel_size: 3, stride: 2, padding: 1}}",
            "{sub: {}, from: [back, input]}",
        ],
        {
            "ConvTranspose2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1": "ConvTranspose2d: "
            "{out_channels: 4, kernel_size: 3, stride: 2, padding: 1, output_padding: 1",
            "ConvTranspose2d: {out_channels: 1, kernel_size: 3, stride: 2, padding: 1": "ConvTranspose2d: "
            "{out_channels: 1, kernel_size: 3, stride: 2, padding: 1, output_padding: 1",
        },
    ),
    # the lower level is 4×4, the upper one 8×8
    "two levels in a sum": (
        "input: [3, 8, 8]",
        [
            "{name: upper, Conv2d: {out_channels: 4, kernel_size: 1}}",
            "MaxPool2d: 2",
            "{name: lower, Conv2d: {out_channels: 4, kernel_size: 1}}",
            "{name: side, Conv2d: {out_channels: 4, kernel_size: 1}, from: upper}",
            "{name: both, add: {}, from: [lower, side]}",
            "{mul: {}, from: [both, upper]}",
        ],
        {
            "{name: both, add: {}, from: [lower, side]}": "{name: up, Upsample: {scale_factor: 2}, from: lower}\n"
            "  - {name: both, add: {}, from: [up, side]}"
        },
    ),
}

_ENCODER = "{name: enc, GRU: {hidden_size: 16}, from: source}"
_PAIR = "inputs: {source: [9, 12], target: [5, 12]}"

STATES: dict[str, Case] = {
    "steps for a state": (
        _PAIR,
        [_ENCODER, "{name: dec, GRU: {hidden_size: 16}, from: [target, enc.0]}"],
        {"enc.0]": "enc.1]"},
    ),
    "steps for both states of an LSTM": (
        _PAIR,
        [
            "{name: enc, LSTM: {hidden_size: 16}, from: source}",
            "{name: dec, LSTM: {hidden_size: 16}, from: [target, enc.0, enc.0]}",
        ],
        {"enc.0, enc.0]": "enc.1, enc.2]"},
    ),
    "a state with an axis too many": (
        "inputs: {words: [7, 12], z: [4]}",
        [
            "{name: wide, Linear: 32, from: z}",
            "{name: first, reshape: [2, 16]}",
            "{name: state, unsqueeze: {dim: 1}}",
            "{name: dec, GRU: {hidden_size: 16, bidirectional: true}, from: [words, state]}",
        ],
        {"  - {name: state, unsqueeze: {dim: 1}}\n": "", "[words, state]": "[words, first]"},
    ),
    # the states of two layers are 2×12, the steps 7×12
    "the states of all layers": (
        "input: [7, 12]",
        [
            "{name: rnn, GRU: {hidden_size: 12, num_layers: 2}}",
            "{name: query, Linear: 12, from: rnn.1}",
            "{name: score, add: {}, from: [query, rnn.0]}",
        ],
        {
            "{name: query, Linear: 12, from: rnn.1}": "{name: last, slice: {dim: 1, start: -1}, from: rnn.1}\n"
            "  - {name: query, Linear: 12, from: last}"
        },
    ),
}

GROUPS = {"windows": WINDOWS, "sizes": SIZES, "axes": AXES, "merges": MERGES, "states": STATES}
