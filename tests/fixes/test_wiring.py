"""A layer is inserted before one that names what it takes, in every way of writing it; for several heads at once.

The sizes: 16·6·6 = 576, 8·8·8 = 512, 3·4·4 = 48.
"""

from __future__ import annotations

import pytest

from netspec.checker import check
from netspec.fixes.verify import edited
from netspec.language.load import loads
from netspec.shapes.report import Report

_HEAD = "input: [16, 6, 6]"
_CONV = "  - {name: conv, ReLU: {}}\n"

# head, layers, layers after the first fix, its title
CASES = {
    "in flow style": (
        _HEAD,
        _CONV + "  - {name: fc, Linear: {in_features: 16*6*6, out_features: 10}, from: conv}\n",
        _CONV
        + "  - {name: conv_flat, Flatten: {}, from: conv}\n"
        + "  - {name: fc, Linear: {in_features: 16*6*6, out_features: 10}, from: conv_flat}\n",
        "Flatten before it: 576 = 16·6·6",
    ),
    "in block style": (
        _HEAD,
        _CONV + "  - name: fc\n    Linear:\n      in_features: 576\n      out_features: 10\n    from: conv\n",
        _CONV
        + "  - {name: conv_flat, Flatten: {}, from: conv}\n"
        + "  - name: fc\n    Linear:\n      in_features: 576\n      out_features: 10\n    from: conv_flat\n",
        "Flatten before it: 576 = 16·6·6",
    ),
    "of the network's input": (
        _HEAD,
        "  - {Linear: {in_features: 576, out_features: 10}, from: input}\n",
        "  - {name: input_flat, Flatten: {}, from: input}\n"
        "  - {Linear: {in_features: 576, out_features: 10}, from: input_flat}\n",
        "Flatten before it: 576 = 16·6·6",
    ),
    "with a name that is taken": (
        _HEAD,
        "  - {name: conv_flat, Identity: {}}\n"
        + _CONV
        + "  - {Linear: {in_features: 576, out_features: 10}, from: conv}\n",
        "  - {name: conv_flat, Identity: {}}\n"
        + _CONV
        + "  - {name: conv_flat2, Flatten: {}, from: conv}\n"
        + "  - {Linear: {in_features: 576, out_features: 10}, from: conv_flat2}\n",
        "Flatten before it: 576 = 16·6·6",
    ),
    "in one line": (
        "input: [3, 4, 4]",
        "  [{name: a, ReLU: {}}, {Linear: {in_features: 48, out_features: 2}, from: a}]\n",
        "  [{name: a, ReLU: {}}, {name: a_flat, Flatten: {}, from: a}, "
        "{Linear: {in_features: 48, out_features: 2}, from: a_flat}]\n",
        "Flatten before it: 48 = 3·4·4",
    ),
    "a transpose of features and steps": (
        "input: [50, 128]",
        "  - {name: words, ReLU: {}}\n  - {Conv1d: {in_channels: 128, out_channels: 8, kernel_size: 3}, from: words}\n",
        "  - {name: words, ReLU: {}}\n"
        "  - {name: words_turned, transpose: {dim0: 1, dim1: 2}, from: words}\n"
        "  - {Conv1d: {in_channels: 128, out_channels: 8, kernel_size: 3}, from: words_turned}\n",
        "transpose before it: 128×50",
    ),
    "an axis for slices": (
        "input: [3, 8, 8]",
        "  - {name: a, ReLU: {}}\n  - {Conv3d: {in_channels: 3, out_channels: 3, kernel_size: [1, 3, 3]}, from: a}\n",
        "  - {name: a, ReLU: {}}\n"
        "  - {name: a_axis, unsqueeze: {dim: 2}, from: a}\n"
        "  - {Conv3d: {in_channels: 3, out_channels: 3, kernel_size: [1, 3, 3]}, from: a_axis}\n",
        "unsqueeze before it: 3×1×8×8",
    ),
}

_HEADS = """netspec: 1
input: [3, 16, 16]
layers:
  - {name: body, Conv2d: {out_channels: 8, kernel_size: 3, stride: 2, padding: 1}}
  - {name: value, Linear: {in_features: 8*8*8, out_features: 1}, from: body}
  - {name: policy, Linear: {in_features: 8*8*8, out_features: 4}, from: body}
outputs: [value, policy]
"""

_BRANCHES = """netspec: 1
input: [3, 4, 4]
layers:
  - branches:
      value:
        - Linear: {in_features: 48, out_features: 2}
      policy:
        - Linear: {in_features: 48, out_features: 4}
    merge: concat
"""


def _after(report: Report) -> str:
    fixes = report.diagnostics[0].fixes
    (text,) = edited(report.spec, fixes[0].edits).values() if fixes else ("",)
    return text


@pytest.mark.parametrize("name", CASES)
def test_a_new_item_takes_what_the_layer_named(name: str) -> None:
    head, layers, expected, title = CASES[name]
    report = check(loads(f"netspec: 1\n{head}\nlayers:\n{layers}"))
    assert [fix.title for fix in report.diagnostics[0].fixes][:1] == [title]
    text = _after(report)
    assert text == f"netspec: 1\n{head}\nlayers:\n{expected}"
    assert check(loads(text)).ok


def test_two_heads_take_one_flatten() -> None:
    report = check(loads(_HEADS))
    assert [found.severity for found in report.diagnostics] == ["error", "note"]
    text = _after(report)
    assert text.count("Flatten") == 1
    assert text.count("from: body_flat") == 2
    assert check(loads(text)).ok


def test_heads_in_branches_take_one_each() -> None:
    report = check(loads(_BRANCHES))
    assert [found.severity for found in report.diagnostics] == ["error", "note"]
    text = _after(report)
    assert text.count("- Flatten\n") == 2
    assert check(loads(text)).ok


def test_a_head_that_is_right_is_left_alone() -> None:
    right = _HEADS.replace("{in_features: 8*8*8, out_features: 4}, from", "{in_features: 8, out_features: 4}, from")
    text = _after(check(loads(right)))
    assert text.count("from: body_flat}") == 1
    assert "{name: policy, Linear: {in_features: 8, out_features: 4}, from: body}" in text
