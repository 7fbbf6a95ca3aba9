"""The shipped table of torch's classes against the torch that is installed."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
import pytest
import torch

from netspec.core.diagnostics import SpecError
from netspec.core.installed import NEWEST, release
from netspec.core.tree import Mapping, Node
from netspec.language.evaluate import Values
from netspec.language.sections.class_families import DATASET, FAMILIES, HOLDERS, LOSS, MIXER, ClassFamily
from netspec.language.sections.torch_classes import TorchClass, classes_of
from netspec.language.source import compose
from netspec.objective.divergence import KLDivergence
from netspec.render.schema_classes import family_schema
from netspec.runtime import torch_tables
from netspec.runtime.families import choose_loss, choose_optimizer, choose_scheduler, choose_transform
from netspec.runtime.registry import choose, parameters
from netspec.training.optim import make_scheduler, try_optimizer
from tests.rounds import sample

HERE = release(torch.__version__)
ALL = [(family, one) for family in FAMILIES.values() for one in classes_of(family).values()]


def has(since: str | None) -> bool:
    return since is None or release(since) <= HERE


FORMULAS = {"KLDivergence": KLDivergence}  # of netspec, not of torch


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.what)
def test_nothing_is_missing(family: ClassFamily) -> None:
    here, known = torch_tables.classes(family), classes_of(family)
    assert {name for name, one in known.items() if has(one.since)} - set(here) <= set(FORMULAS)
    if release(NEWEST) >= HERE:
        assert set(here) - set(known) == set()


@pytest.mark.parametrize(("family", "one"), ALL, ids=lambda each: getattr(each, "name", ""))
def test_arguments_and_defaults_are_those_of_torch(family: ClassFamily, one: TorchClass) -> None:
    if not has(one.since):
        return
    own = parameters((torch_tables.classes(family) | (FORMULAS if family is LOSS else {}))[one.name])
    here = {name: each for name, each in own.items() if name not in family.hidden}
    assert [name for name, each in one.arguments.items() if has(each.since)] == list(here)
    for name, each in here.items():
        argument = one.arguments[name]
        assert argument.required == (each.default is each.empty)
        assert argument.required or torch_tables.plain_default(each.default) == argument.default


@pytest.mark.skipif(release(NEWEST) != HERE, reason="the table is made from the newest torch")
def test_ranges_and_lengths_are_those_of_torch() -> None:
    """Made anew by trying the constructors; an older torch refuses less."""
    assert torch_tables.text(torch_tables.tables()) == torch_tables.FILE.read_text("utf-8"), "run `make docs`"


def test_a_wrong_range_would_show() -> None:
    changed = torch_tables.bounds(lambda value: 0 <= value < 1, integer=False)
    assert (changed, torch_tables.bounds(lambda value: value % 2 == 1, integer=True)) == (
        "number [0, 1)",
        "odd integer",
    )


def node(value: Any) -> Node:
    root, _ = compose(f"at: {json.dumps(value)}", "net.yaml")
    assert isinstance(root, Mapping)
    return root.entries[0][1]


@cache
def validator(what: str) -> jsonschema.Draft202012Validator:
    """The JSON Schema of a family; to see that it is one takes longer than all that is validated by it."""
    own = family_schema(FAMILIES[what])
    schema = {**own, "$defs": {what: own, "expression": {"type": "string"}}}
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(("family", "one"), sample(ALL, 4), ids=lambda each: getattr(each, "name", ""))
def test_each_class_is_constructed_with_its_required_arguments(family: ClassFamily, one: TorchClass) -> None:
    if not has(one.since):
        return
    needed = {name: each.example for name, each in one.arguments.items() if each.required and each.example is not None}
    if one.name == "ImageFolder":
        needed["root"] = "pictures"  # of all datasets the only one that needs it
    written, values = node({one.name: needed}), Values({})
    validator(family.what).validate({one.name: needed})
    if family.what == "loss":
        choose_loss(written, values).make()
    elif family.what == "optimizer":
        try_optimizer(choose_optimizer(written, values))
    elif family.what == "scheduler":
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
        make_scheduler(choose_scheduler(written, values), optimizer, steps=10)
    elif family.what == "transform":
        choose_transform(written, values).make()
    elif family is MIXER:
        choose(written, family, values).make(num_classes=3)
    else:
        assert family is DATASET
        choose(written, family, values)  # its files are not there


def test_every_holder_is_a_class() -> None:
    known = {one.name: one for _, one in ALL}
    assert all(known[name].arguments[key].holds for name, key in HOLDERS.items())


# What the check leaves to the constructors: arguments that do not go together. What only the data tell is in
# tests/runner/test_contract.py and test_data.py.
TOGETHER = [
    ("optimizer", "{SGD: {nesterov: true}}", "Nesterov"),
    ("optimizer", "{SGD: {fused: true, foreach: true}}", "fused"),
    ("optimizer", "Muon", "2D"),
    ("scheduler", "{OneCycleLR: {max_lr: 0.1, epochs: 2}}", "steps_per_epoch"),
    ("transform", "{RandomZoomOut: {side_range: [3, 2]}}", "side range"),
    ("transform", "{ColorJitter: {hue: [0.3, -0.3]}}", "hue"),
    ("transform", "{Resize: null}", "size"),
]


def make(what: str, written: Node) -> None:
    """Construct a class as the runner does."""
    if what == "optimizer":
        choose_optimizer(written, Values({})).make([torch.zeros(3, requires_grad=True)])
    elif what == "scheduler":
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
        make_scheduler(choose_scheduler(written, Values({})), optimizer, steps=10)
    else:
        choose_transform(written, Values({})).make()


@pytest.mark.parametrize(("what", "text", "said"), TOGETHER)
def test_what_is_left_to_the_constructor(what: str, text: str, said: str) -> None:
    root, _ = compose(f"at: {text}", "net.yaml")
    assert isinstance(root, Mapping)
    if text == "Muon" and not has("2.9"):
        return
    with pytest.raises(SpecError) as caught:
        make(what, root.entries[0][1])
    (found,) = caught.value.diagnostics
    assert found.code == "NS605"
    assert said in " ".join([found.message, *(note.text for note in found.notes)])
