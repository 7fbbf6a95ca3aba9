"""Names: those that torch.nn.Module has are all refused, and misspelt ones find what was meant."""

from __future__ import annotations

import keyword

import pytest
from torch import nn

from netspec.core.names import (
    MODULE_ATTRIBUTES,
    NAME,
    certain_match,
    closest,
    is_attribute,
    item_name_fault,
    name_fault,
    variable,
    variable_fault,
)
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


ALLOWED = [
    "conv1",
    "a",
    "_",
    "_a",
    "Conv",
    "classifier",
    "block1-0",
    "1a",
    "0",
    "a b",
    "größe",
    "class",
    "None",
    "__a",
    '"',
]


@pytest.mark.parametrize("name", ALLOWED)
def test_names_that_torch_takes(name: str) -> None:
    assert name_fault(name) is None
    parent, child = nn.Module(), nn.Identity()
    parent.add_module(name, child)
    assert parent.get_submodule(name) is child


@pytest.mark.parametrize("name", ["", "a.b", "forward", "training", "__class__", "_parameters"])
def test_names_that_torch_refuses(name: str) -> None:
    with pytest.raises(KeyError):
        nn.Module().add_module(name, nn.Identity())
    fault = name_fault(name)
    assert fault is not None
    assert name_fault(fault[2]) is None  # what is offered instead


@pytest.mark.parametrize("name", ["a.b", "convs.0", "a.b-1.c", "0.1"])
def test_an_item_may_lie_in_a_list(name: str) -> None:
    assert item_name_fault(name) is None
    assert name_fault(name) is not None


@pytest.mark.parametrize("name", [".a", "a.", "a..b", "a.forward", "input.0", "a.\n", "", "forward"])
def test_names_in_lists_that_cannot_be(name: str) -> None:
    fault = item_name_fault(name)
    assert fault is not None
    assert item_name_fault(fault[2]) is None


@pytest.mark.parametrize("name", ALLOWED)
def test_an_attribute_is_one_where_python_says_so(name: str) -> None:
    namespace = {"child": nn.Identity(), "nn": nn}
    text = f"class M(nn.Module):\n    def set(self, child):\n        self.{name} = child\nm = M()\nm.set(child)"
    try:
        exec(text, namespace)
    except SyntaxError:
        named = False
    else:
        named = name in namespace["m"]._modules  # type: ignore[attr-defined]
    assert is_attribute(name) == (named and name.isascii())
    assert variable(name).isidentifier()
    assert not keyword.iskeyword(variable(name))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "NS207"),
        ("a.b", "NS207"),
        ("a\n", "NS207"),
        ("a\u202eb", "NS207"),
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
    assert name_fault(fault[2]) is None


@pytest.mark.parametrize("name", ["1a", "a-b", "größe", "class", "a b", "a.b", "train", ""])
def test_an_input_is_a_variable(name: str) -> None:
    fault = variable_fault(name)
    assert fault is not None
    assert variable_fault(fault[2]) is None
    assert variable_fault("image") is None


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("Conv2D", "Conv2d"),
        ("maxpool2d", "MaxPool2d"),
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
