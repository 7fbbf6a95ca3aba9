"""Names: those that torch.nn.Module has are all refused, and misspelt ones find what was meant."""

from __future__ import annotations

import pytest
from torch import nn

from netspec.core.names import MODULE_ATTRIBUTES, NAME, certain_match, closest, name_fault
from netspec.layers.table import TABLE

OURS = [*dir(nn.Module()), *dir(nn.Sequential())]


@pytest.mark.parametrize("name", sorted({name for name in OURS if NAME.match(name)}))
def test_no_item_can_hide_what_a_module_has(name: str) -> None:
    assert name_fault(name) is not None


def test_no_more_is_refused_than_a_module_has() -> None:
    of_some_versions = {"ipu", "mtia", "xpu"}
    assert MODULE_ATTRIBUTES - set(OURS) <= of_some_versions


def test_an_attribute_that_is_missing_from_the_list_would_show() -> None:
    assert name_fault("features") is None
    assert name_fault("forward") is not None


@pytest.mark.parametrize("name", ["conv1", "layer2", "a", "_", "_a", "fc_out", "Conv", "bn", "relu", "classifier"])
def test_ordinary_names(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "NS207"),
        ("a.b", "NS207"),
        ("1a", "NS207"),
        ("a-b", "NS207"),
        ("größe", "NS207"),
        ("a\n", "NS207"),
        ("class", "NS207"),
        ("None", "NS207"),
        ("input", "NS207"),
        ("__class__", "NS208"),
        ("train", "NS208"),
        ("_parameters", "NS208"),
    ],
)
def test_names_that_cannot_be(name: str, code: str) -> None:
    fault = name_fault(name)
    assert fault is not None
    assert fault[0] == code


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("Conv2D", "Conv2d"),
        ("conv2d", "Conv2d"),
        ("Relu", "ReLU"),
        ("rellu", "relu"),
        ("Flaten", "Flatten"),
        ("flaten", "flatten"),
        ("Linaer", "Linear"),
        ("BachNorm2d", "BatchNorm2d"),
        ("MaxPool", None),
        ("Conv", None),
        ("Quux", None),
        ("", None),
    ],
)
def test_a_misspelt_type(word: str, means: str | None) -> None:
    assert certain_match(word, TABLE) == means


def test_the_closest_come_first_and_are_at_most_three() -> None:
    assert closest("conv3", ["conv1", "conv2", "conv3d", "fc", "conv30", "conv33"])[0] in {"conv3d", "conv30", "conv33"}
    assert len(closest("conv", ["conv1", "conv2", "conv3", "conv4"])) == 3
    assert closest("x" * 10_000, ["conv1"]) == []
