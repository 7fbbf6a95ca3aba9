"""Names from torch, Keras and others lead to netspec's, by fixes that are checked."""

from __future__ import annotations

import pytest

import netspec
from netspec.fixes.verify import edited
from netspec.language.known_names import _ARGUMENTS, _TYPES, known_types, layers_with_weights, short_name
from netspec.layers.table import TABLE

KERAS = """netspec: 1
input: [3, 32, 32]
layers:
  - Conv2D: {filters: 16, kernel_size: 3, strides: 2, padding: 1}
  - BatchNormalization
  - F.relu
  - {name: a, F.max_pool2d: 2}
  - {name: b, nn.Conv2d: {out_channels: 16, kernel_size: 1}}
  - {name: c, torch.cat: {axis: 1}, from: [a, b]}
  - GlobalAveragePooling2D: 1
  - view: [-1, 32]
  - nn.Dropout()
  - Dense: {units: 10}
  - torch.nn.functional.log_softmax: {axis: -1}
"""
NETSPEC = """netspec: 1
input: [3, 32, 32]
layers:
  - Conv2d: {out_channels: 16, kernel_size: 3, stride: 2, padding: 1}
  - BatchNorm2d
  - relu
  - {name: a, MaxPool2d: 2}
  - {name: b, Conv2d: {out_channels: 16, kernel_size: 1}}
  - {name: c, concat: {dim: 1}, from: [a, b]}
  - AdaptiveAvgPool2d: 1
  - reshape: [32]
  - Dropout
  - Linear: {out_features: 10}
  - log_softmax: {dim: -1}
"""


def test_a_network_in_other_words_is_mended_word_by_word() -> None:
    text = KERAS
    for _ in range(4):  # fixes on one line may follow each other
        report = netspec.check(netspec.loads(text))
        wrong = [found for found in report.diagnostics if found.severity == "error"]
        edits = {edit.span: edit for found in wrong for fix in found.fixes[:1] for edit in fix.edits}
        assert all(found.fixes for found in wrong), report
        if not wrong:
            break
        text = edited(report.spec, list(edits.values()))["<text>"]
    assert text == NETSPEC


@pytest.mark.parametrize("name", _TYPES)
def test_every_name_leads_to_what_there_is(name: str) -> None:
    assert name not in TABLE
    assert set(_TYPES[name]) <= set(TABLE)
    assert known_types(f"torch.{name}", TABLE)


WITH_WEIGHTS = [layer.name for layer in TABLE.values() if layer.unbatched]


@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_a_function_without_its_weights_is_the_layer(name: str) -> None:
    assert layers_with_weights(name, TABLE)
    text = "netspec: 1\ninput: [3, 8, 8]\nlayers:\n  - conv2d: {out_channels: 4, kernel_size: 3}\n  - F.linear: 2\n"
    found = netspec.check(netspec.loads(text)).diagnostics
    assert [(each.code, each.fixes[0].title) for each in found] == [("NS204", "Conv2d"), ("NS204", "Linear")]


def test_every_argument_leads_to_what_there_is() -> None:
    known = {arg.name for layer in TABLE.values() for arg in layer.args}
    assert {each for found in _ARGUMENTS.values() for each in found} <= known


def test_a_normalization_is_that_of_the_axes() -> None:
    text = "netspec: 1\ninput: [8, 16]\nlayers: [BatchNormalization]\n"
    (found,) = netspec.check(netspec.loads(text)).diagnostics
    assert (found.code, found.fixes[0].title) == ("NS204", "BatchNorm1d")


def test_a_name_of_nothing_stays_unknown() -> None:
    (found,) = netspec.check(netspec.loads("netspec: 1\ninput: [8]\nlayers: [torch.frobnicate]\n")).diagnostics
    assert (found.code, found.fixes) == ("NS204", ())


def test_a_block_of_that_name_is_the_block() -> None:
    text = "netspec: 1\ninput: [8]\nblocks: {Dense: [{Linear: 4}]}\nlayers: [{Dense: {}}]\n"
    assert netspec.check(netspec.loads(text)).ok


@pytest.mark.parametrize(
    ("written", "short"), [("F.relu", "relu"), ("nn.ReLU()", "ReLU"), ("tf.keras.layers.Dense", "Dense")]
)
def test_short_names(written: str, short: str) -> None:
    assert short_name(written) == short
