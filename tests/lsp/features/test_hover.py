"""Hover: what stands at a place, with shapes, values and the arithmetic of torch's formulas."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lsprotocol import types

from netspec.lsp.features.hover import hover
from tests.lsp.analysed import with_cursor

SPEC = """\
netspec: 1
params: {classes: 10, width: 8}
input: [3, 32, 32]
blocks:
  Twice:
    params: {planes, stride: 1}
    layers:
      - {name: conv, Conv2d: {out_channels: planes, kernel_size: 3, stride: stride, padding: 1}}
      - ReLU
layers:
  - {name: first, Conv2d: {out_channels: width*2, kernel_size: 5, dilation: 2}}
  - {name: one, Twice: {planes: 16}}
  - {name: two, Twice: {planes: 32, stride: 2}}
  - {name: sum, add: {}, from: [two, two]}
  - Flatten
  - {name: fc, Linear: classes}
train:
  epochs: 3
  loss: CrossEntropyLoss
  optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
"""


def told(word: str, mark: str) -> str:
    """What is told where the mark is in a word, of which `mark` is the text with it."""
    assert SPEC.count(word) == 1
    analysis, position = with_cursor(SPEC.replace(word, mark))
    found = hover(analysis, position)
    return "" if found is None else found.contents.value


@pytest.mark.parametrize(
    ("word", "mark", "says"),
    [
        # floor((32 + 2·0 - 2·(5 - 1) - 1) / 1) + 1 = 24, of torch's Conv2d; 16·3·5·5 + 16 numbers.
        ("first, Conv2d", "first, Con¦v2d", ["**3×32×32 → 16×24×24**", "- 24 = 32 - 2·(5 - 1) - 1 + 1",
         "1,216 parameters = weight 16×3×5×5 + bias 16", "nn.Conv2d(in_channels, out_channels", "`padding_mode`"]),
        ("name: first", "name: fi¦rst", ["**3×32×32 → 16×24×24**"]),
        ("conv, Conv2d", "conv, ¦Conv2d", ["16×24×24 → 16×24×24 … 32×12×12", "- 24 = 24 + 2·1 - 3 + 1",
         "- 12 = ⌊(24 + 2·1 - 3) / 2⌋ + 1", "the module `one.conv`, `two.conv`"]),
        ("width*2", "wid¦th*2", ["`out_channels`", "required", "here `16`", "`width*2 = 16`"]),
        ("stride: stride", "stride: stri¦de", ["`stride`", "default `1`", "here `1`, `2`", "parameter `stride`: 1"]),
        ("dilation", "dila¦tion", ["`dilation`", "default `1`"]),
        ("Twice: {planes: 32", "Twi¦ce: {planes: 32", ["32×12×12", "4,640 parameters", "`Twice`", "planes, stride: 1"]),
        ("[two, two]", "[t¦wo, two]", ["`two`: Twice → 32×12×12, line 13"]),
        ("Flatten", "Flatt¦en", ["**32×12×12 → 4608**", "4608 = 32·12·12"]),
        ("Linear: classes", "Linear: cla¦sses", ["`out_features`", "`classes = 10`"]),
        ("classes: 10", "cla¦sses: 10", ["parameter `classes` = `10`"]),
        ("params: {planes", "params: {pla¦nes", ["parameter `planes` of the block `Twice`: required"]),
        ("stride: 1}", "stri¦de: 1}", ["parameter `stride` of the block `Twice`: 1"]),
        ("epochs", "epo¦chs", ["How many times the training samples are gone through."]),
        ("momentum", "momen¦tum", ["`momentum`", "Default `0`"]),
        ("SGD", "S¦GD", ["`lr`: A number ≥ 0. (default `0.001`)", "`nesterov`: True or false. (default `false`)"]),
        ("loss", "lo¦ss", ["The loss that is minimised"]),
    ],
)  # fmt: skip
def test_what_is_told(word: str, mark: str, says: list[str]) -> None:
    text = told(word, mark)
    assert [each for each in says if each not in text] == [], text


def test_arithmetic_that_does_not_hold_is_not_told() -> None:
    """A transposed convolution has another formula, and ceil_mode another rounding."""
    text = """\
netspec: 1
input: [3, 8, 8]
layers:
  - {¦ConvTranspose2d: {out_channels: 4, kernel_size: 3, stride: 2}}
  - {MaxPool2d: {kernel_size: 2, ceil_mode: true}}
"""
    analysis, position = with_cursor(text)
    found = hover(analysis, position)
    assert "**3×8×8 → 4×17×17**" in found.contents.value
    assert "⌊" not in found.contents.value
    analysis, position = with_cursor(text.replace("¦", "").replace("MaxPool2d", "¦MaxPool2d"))
    found = hover(analysis, position)
    assert "4×17×17 → 4×9×9" in found.contents.value
    assert "⌊" not in found.contents.value


def test_nothing_is_told_of_comments_and_numbers_of_yaml() -> None:
    analysis, position = with_cursor("netspec: 1\n# Con¦v2d\ninput: [4]\nlayers: [ReLU]\n")
    assert hover(analysis, position) is None


def test_a_hover_is_in_the_language_of_the_editor() -> None:
    analysis, position = with_cursor(
        "netspec: 1\ninput: [3, 8, 8]\nlayers:\n  - Con¦v2d: {out_channels: 6, kernel_size: 5}\n"
    )
    found = hover(replace(analysis, lang="zh"), position)
    assert found is not None
    assert isinstance(found.contents, types.MarkupContent)
    assert "个参数 = weight 6×3×5×5 + bias 6" in found.contents.value
    assert "`stride`：正整数或 2 个整数 ≥ 1 的列表；默认值 `1`" in found.contents.value
    assert "required" not in found.contents.value
