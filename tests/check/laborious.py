"""Specs of at most 100 lines whose check could take long: many inputs, deep repeats, many errors, many fixes."""

from __future__ import annotations


def spec(layers: str, head: str = "input: [8]") -> str:
    return f"netspec: 1\n{head}\nlayers:\n{layers}"


def joined(inputs: str, merge: str = "add", count: int = 1) -> str:
    names = ", ".join(part.partition(":")[0].strip() for part in inputs.split(";"))
    return spec(f"  - {{{merge}: {{}}, from: [{names}]}}\n" * count, f"inputs: {{{inputs.replace(';', ',')}}}")


UP_AND_DOWN = "{branches: {low: [{MaxPool2d: 2}, {Upsample: {scale_factor: 2}}], same: []}, merge: add}"
RESIDUAL = "[{name: a, Linear: 8}, {name: b, ReLU: {}}, {add: {}, from: [input, b]}]"
CONVOLUTION = "{Conv2d: {out_channels: 3, kernel_size: 3, padding: 1}}"
AXES = ", ".join(["2"] * 20)
LETTERS = "abcdefghijklmopqrstu"
LABORIOUS = {
    "inputs that differ in an axis": joined("a: [3, 8, 8]; b: [3, 8, 7]"),
    "inputs that differ in two axes": joined("a: [3, 8, 8]; b: [3, 7, 7]"),
    "inputs that differ again and again": joined("a: [3, 8, 8]; b: [3, 8, 7]", count=90),
    "three inputs": joined("a: [3, 32, 32]; b: [3, 30, 32]; c: [3, 32, 30]", "concat"),
    "eight inputs": joined("; ".join(f"i{k}: [3, {8 + k}, {20 + k}]" for k in range(8)), "concat"),
    "volumes": joined("a: [1, 40, 40, 41]; b: [1, 40, 41, 41]"),
    "flattened inputs": spec(
        "  - {Flatten: {}, from: a, name: x}\n  - {Flatten: {}, from: b, name: y}\n  - {add: {}, from: [x, y]}\n",
        "inputs: {a: [3, 31, 31], b: [3, 30, 31]}",
    ),
    "attention of other tokens": spec(
        "  - {name: t, transpose: {dim0: 1, dim1: 2}, from: b}\n  - {name: s, matmul: {}, from: [a, t]}\n"
        "  - {add: {}, from: [s, a]}\n",
        "inputs: {a: [50, 64], b: [49, 64]}",
    ),
    "a name that no copy knows": spec(
        "  - repeat: 1000\n    layers:\n      - {name: a, from: fine, Linear: 8}\n      - {name: label, Linear: 8}\n"
    ),
    "copies of copies that share a name": spec(
        "  - repeat: 1000\n    layers:\n      - repeat: 1000\n        layers:\n"
        "          - {name: first, Linear: 8, tie: {weight: held.weight}}\n          - {ReLU: {}, from: frist}\n"
        "          - {share: secnd, when: width == 64}\n"
    ),
    "as many copies as there may be": spec(
        f"  - {{repeat: 4000, layers: [{CONVOLUTION}, BatchNorm2d]}}\n  - Linear: {{in_features: 7}}\n",
        "input: [3, 32, 32]",
    ),
    "residual blocks without end": spec("  - {repeat: 5000, B: {}}\n", f"input: [8]\nblocks: {{B: {RESIDUAL}}}"),
    "odd sizes again and again": spec(f"  - {UP_AND_DOWN}\n" * 90, "input: [3, 57, 57]"),
    "an odd size at the end": spec(
        f"  - {{repeat: 300, layers: [{CONVOLUTION}, ReLU]}}\n  - {UP_AND_DOWN}\n", "input: [3, 57, 57]"
    ),
    "sizes of two flattened inputs": spec(
        "  - {Flatten: {}, from: a, name: x}\n  - {Flatten: {}, from: b, name: y}\n  - {add: {}, from: [x, y]}\n",
        "inputs: {a: [3, H, W], b: [3, K, L]}\n"
        f"sizes: {{{', '.join(f'{name}: {{min: 8, max: 500}}' for name in 'HWKL')}}}",
    ),
    "misspelt names": spec("  - Linaer: 8\n" * 97),
    "wrong widths": spec("".join(f"  - Linear: {{in_features: {100 + k}, out_features: 8}}\n" for k in range(97))),
    "long names": spec("".join(f"  - {{name: {'n' * 900}{k}, Linear: {{in_features: {k + 9}}}}}\n" for k in range(90))),
    "many references": spec(f"  - {{add: {{}}, from: [{', '.join(f'no{k}' for k in range(100))}]}}\n" * 90),
    "huge windows": spec("  - MaxPool2d: {kernel_size: 99999999}\n" * 40, "input: [3, 100000, 100000]"),
    "huge inputs": joined("a: [3, 1000000, 1000000]; b: [3, 1000000, 9]"),
    "many letters": spec(
        f"  - {{einsum: 'n{LETTERS},n{LETTERS}->na', from: [a, b]}}\n",
        f"inputs: {{a: [{AXES}], b: [{AXES.replace('2', '3')}]}}",
    ),
    "a long permutation": spec(f"  - permute: [{', '.join(map(str, range(22)))}]\n", f"input: [{AXES}]"),
    "reshapes": spec("  - reshape: [4, 4, 4, 3]\n  - reshape: [2, 2, 2, 24, -1]\n  - reshape: [7, -1]\n" * 30),
    "blocks in blocks": "netspec: 1\ninput: [3, 8, 8]\nblocks:\n"
    + "".join(f"  B{k}: [B{k + 1}, B{k + 1}]\n" for k in range(12))
    + "  B12: [{Conv2d: {in_channels: 4, out_channels: 3, kernel_size: 3, padding: 1}}, ReLU]\nlayers: [B0]\n",
}
