"""Completions: at every place that which the tables have, written so that the check takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.checker import check
from netspec.language.item_keys import COMMON_KEYS
from netspec.language.items import GROUP_KEYS
from netspec.language.load import loads
from netspec.language.sections.class_families import LOSS, OPTIMIZER
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.keys import SPEC_KEYS
from netspec.language.sections.metrics import NAMES
from netspec.language.sections.torch_classes import classes_of
from netspec.language.sections.train_keys import TRAIN_KEYS
from netspec.layers.table import TABLE
from netspec.lsp.analysis import Document, Options, analyse
from netspec.lsp.features.completion import completions
from tests.lsp.analysed import applied, at_cursor

HEAD = """\
netspec: 1
params: {classes: 10}
input: [3, 32, 32]
blocks:
  Twice:
    params: {planes, stride: 1}
    layers: [{name: inner, Conv2d: {out_channels: planes, kernel_size: 3}}, ReLU]
"""


def offered(marked: str, *, snippets: bool = False) -> dict[str, str]:
    """The labels that are offered at the mark, each with the text that it makes of the spec."""
    document, position = at_cursor(marked)
    analysis = analyse(document, {}, Options())
    items = completions(document, analysis, position, snippets=snippets)
    return {item.label: applied(document.text, [item.text_edit]) for item in items}


def test_the_keys_of_a_spec_that_are_not_there() -> None:
    assert {*offered(HEAD + "¦")} == {*SPEC_KEYS} - {"netspec", "params", "input", "blocks"}


def test_a_new_item_is_a_block_a_layer_or_a_group() -> None:
    found = offered(HEAD + "layers:\n  - ¦")
    assert found.keys() == {*TABLE, "Twice", *GROUP_KEYS, *COMMON_KEYS}
    assert found["ReLU"].endswith("  - ReLU")
    assert found["Conv2d"].endswith("  - Conv2d: {out_channels: 6, kernel_size: 3}")
    assert found["Twice"].endswith("  - Twice: {planes: planes}")


@pytest.mark.parametrize("start", ["layers:\n  - ", "layers:\n- ", "layers: [", "layers: [{name: a, "])
@pytest.mark.parametrize("typed", ["", "Con"])
def test_an_item_in_every_style_is_one_that_the_check_takes(start: str, typed: str) -> None:
    ends = {"[": "]", "{": "}]"}
    closing = next((ends[sign] for sign in reversed(start) if sign in ends), "")
    for name in ("Conv2d", "BatchNorm2d"):
        text = offered(f"{HEAD}{start}{typed}¦{closing}")[name]
        report = check(loads(text), fixes=False)
        assert report.ok, text
        assert report.graph.calls[0].record.name == name


def test_every_layer_of_a_new_item_has_the_arguments_that_it_needs() -> None:
    found = offered(HEAD + "layers:\n  - ¦")
    for name in TABLE:
        codes = {each.code for each in check(loads(found[name]), fixes=False).diagnostics if each.severity == "error"}
        assert codes.isdisjoint({"NS100", "NS201", "NS202", "NS203", "NS204", "NS205", "NS206", "NS216"}), found[name]


def test_arguments_that_are_not_given_the_needed_ones_first() -> None:
    document, position = at_cursor(HEAD + "layers:\n  - {name: a, Conv2d: {kernel_size: 3, ¦")
    items = completions(document, None, position)
    labels = [item.label for item in sorted(items, key=lambda item: item.sort_text)]
    assert {*labels} == {arg.name for arg in TABLE["Conv2d"].args} - {"kernel_size"}
    assert (labels[0], labels[-1]) == ("out_channels", "in_channels")
    assert offered(HEAD + "layers:\n  - Conv2d:\n      ¦").keys() == {arg.name for arg in TABLE["Conv2d"].args}
    assert {*offered(HEAD + "layers:\n  - {Twice: {¦")} == {"planes", "stride"}


def test_values_of_an_argument() -> None:
    assert {*offered(HEAD + "layers:\n  - {Conv2d: {padding_mode: ¦")} == {"zeros", "circular", "reflect", "replicate"}
    assert {*offered(HEAD + "layers:\n  - {Conv2d: {bias: ¦}}")} == {"true", "false", "classes"}
    assert {*offered(HEAD + "layers:\n  - {Linear: {out_features: 2*cl¦}}")} == {"classes"}
    assert offered(HEAD + "layers:\n  - {Linear: {out_features: 2*cl¦}}")["classes"].endswith("2*classes}}")
    inside = HEAD.replace("kernel_size: 3}}", "kernel_size: ¦}}")
    assert {*offered(inside)} == {"classes", "planes", "stride"}


def test_names_for_from_are_those_before_it_in_its_scope() -> None:
    text = """\
layers:
  - {name: a, ReLU: {}}
  - {name: g, layers: [{name: hidden, ReLU: {}}, ReLU]}
  - {name: b, ReLU: {}}
  - add: {}
    from: [a, ¦]
  - {name: later, ReLU: {}}
"""
    assert [*offered(HEAD + text)] == ["b", "g", "a", "input"]
    inside = HEAD.replace(", ReLU]\n", ", {add: {}, from: [¦]}]\n").replace("layers: [", "layers:\n      - ", 1)
    inside = inside.replace("}}, {add", "}}\n      - {add").replace("}]\n", "}\n")
    assert [*offered(inside + "layers: [ReLU]\n")] == ["inner", "input"]


def test_merges_are_of_what_joins() -> None:
    found = offered(HEAD + "layers:\n  - branches: {a: [ReLU], b: []}\n    merge: ¦")
    assert found.keys() - {"Twice"} == {name for name, layer in TABLE.items() if layer.inputs[1] != 1}
    assert check(loads(found["concat"]), fixes=False).ok


def test_sections_come_from_their_tables() -> None:
    layers = HEAD + "layers: [ReLU]\n"
    assert offered(layers + "train:\n  ¦").keys() == {key.name for key in TRAIN_KEYS}
    assert offered(layers + "train:\n  optimizer: ¦").keys() == classes_of(OPTIMIZER).keys()
    assert offered(layers + "train:\n  loss: {¦").keys() == classes_of(LOSS).keys()
    assert {*NAMES} <= offered(layers + "train:\n  metrics: [¦").keys()
    assert {*DATASETS} - {"dataset"} <= offered(layers + "data:\n  ¦").keys()
    adam = classes_of(OPTIMIZER)["Adam"].arguments.keys()
    assert offered(layers + "train:\n  optimizer: {Adam: {lr: 0.1, ¦").keys() == adam - {"lr"}
    assert offered(layers + "train:\n  ¦")["epochs"].endswith("train:\n  epochs: ")
    assert offered(layers + "train:\n  optimizer: ¦")["SGD"].endswith("optimizer: SGD")
    assert "true" in offered(layers + "train:\n  compile: ¦")


def test_nothing_is_offered_in_comments_nor_names_of_what_cannot_be_read() -> None:
    assert offered(HEAD + "layers:\n  - ReLU  # a ¦") == {}
    assert offered(HEAD + "# ¦") == {}


def test_a_first_spec_is_a_snippet_that_is_one() -> None:
    found = offered("¦")["netspec"]
    assert check(loads(found.replace("- \n", "- ReLU\n")), fixes=False).ok
    document, position = at_cursor("¦")
    assert "$0" in next(item for item in completions(document, None, position)).text_edit.new_text


def test_files_that_a_spec_may_name(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    for name in ("net.yaml", "blocks.yaml", "parts/more.yml", "other.txt"):
        (tmp_path / name).write_text("blocks: {}\n")
    path = tmp_path / "net.yaml"
    for start, end in (("include: [", "]"), ("include:\n  - ", ""), ("model: pa", "")):
        text = f"netspec: 1\n{start}"
        document = Document(path.as_uri(), str(path), f"{text}{end}\n", 1)
        items = completions(document, None, document.positions.position(len(text)))
        assert {item.label for item in items} == {"blocks.yaml", "parts/more.yml"}
        texts = {applied(document.text, [item.text_edit]) for item in items}
        assert f"{text.removesuffix('pa')}parts/more.yml{end}\n" in texts
