"""Fixes, applied as an editor would from the JSON: each mends its error and brings no other."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from netspec.checker import check
from netspec.language.load import load, loads
from netspec.render.json import report_json
from netspec.shapes.report import Report
from tests.spec_cases import BAD, name_of, report_on, settings_in, sweep, torch_in

# The words of a message may name the place of another value; what identifies an error across an edit is code and layer.
Errors = Counter[tuple[str, str | None, str]]


def apply(text: str, edits: list[dict[str, Any]]) -> str:
    """A client's own way: offsets from lines and columns, the last edit first."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for edit in sorted(edits, key=lambda e: (e["line"], e["column"]), reverse=True):
        start = starts[edit["line"] - 1] + edit["column"] - 1
        end = starts[edit["end_line"] - 1] + edit["end_column"] - 1
        text = text[:start] + edit["text"] + text[end:]
    return text


def answer(report: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = report_json(report)["diagnostics"]
    return found


def errors(found: list[dict[str, Any]]) -> Errors:
    return Counter(identity(item) for item in found if item["severity"] == "error")


def identity(item: dict[str, Any]) -> tuple[str, str | None, str]:
    """What stays the same of an error: an item that is put in or taken out renumbers those behind it."""
    layer = item["layer"]
    return item["code"], layer and ".".join("#" if p.isdigit() else p for p in layer.split(".")), item["message"]


def codes(found: list[dict[str, Any]]) -> Counter[str]:
    return Counter(item["code"] for item in found)


@pytest.mark.parametrize("path", sweep(BAD, 4, 1), ids=name_of)
def test_every_fix_that_is_offered_mends(path: Path, tmp_path: Path) -> None:
    shutil.copy(path, tmp_path)
    shutil.copytree(path.parent / "parts", tmp_path / "parts")
    text = path.read_text(encoding="utf-8")
    settings, torch = settings_in(text), torch_in(text)
    before = answer(report_on(path))
    for found in before:
        for fix in found["fixes"]:
            by_file: dict[Path, list[dict[str, Any]]] = {}
            for edit in fix["edits"]:
                file = Path(edit.get("path", found.get("path", path)))
                by_file.setdefault(file, []).append(edit)
            copies = {file: tmp_path / file.relative_to(path.parent) for file in by_file}
            for file, edits in by_file.items():
                copies[file].write_text(apply(file.read_text(encoding="utf-8"), edits), encoding="utf-8")
            now = answer(check(load(tmp_path / path.name, settings), torch=torch))
            if found["severity"] == "warning":
                assert codes(now)[found["code"]] < codes(before)[found["code"]], fix["title"]
                assert not codes(now) - codes(before), fix["title"]
            else:
                assert errors(now)[identity(found)] < errors(before)[identity(found)], fix["title"]
                assert not errors(now) - errors(before), fix["title"]
            for file, copy in copies.items():
                shutil.copy(file, copy)


PROMISED = {
    "ns201_top_key": ["layers"],
    "ns201_item_key": ["name", "from", None],
    "ns204_type": ["Conv2d", "ReLU", "BatchNorm2d", None],
    "ns204_block": ["Bottleneck"],
    "ns204_merge": ["concat"],
    "ns205_argument": ["out_channels", "stride", "bias", None],
    "ns205_block_parameter": ["width"],
    "ns210_parameter": ["width", "classes", "width", None],
    "ns216_value": [None, "same", "zeros", "[3, 3]", None, None],
    "ns216_dtype": ["float32"],
    "ns301_reference": ["first", None, None, "first.weight", None],
    "ns401_in_features": ["in_features: 32*12*12"],
    "ns401_no_flatten": ["Flatten before it: 1024 = 64·4·4"],
    "ns401_in_channels": ["in_channels: 3", "in_channels: 8", "in_channels: 16"],
    "ns401_num_features": ["num_features: 32", "num_channels: 8", "num_features: 8"],
    "ns401_used_twice": ["in_features: 8"],
    "ns218_ignores": [None, "NS905", None],
    "ns602_sample": ["input: [1, 28, 28]"],
    "ns602_transform": ["CenterCrop: [256, 256]"],
    "ns602_augment": ["RandomCrop: [28, 28]"],
    "ns603_classes": ["out_features: 100"],
    "ns603_yes_or_no": ["out_features: 3 and loss: CrossEntropyLo"],
    "ns610_one_output": ["out_features: 2"],
    "ns611_no_sigmoid": ["loss: BCEWithLogitsLoss"],
    "ns611_tanh": ["Sigmoid instead of Tanh"],
    "ns612_classes": ["loss: CrossEntropyLoss"],
    "ns612_amounts": ["out_features: 1"],
    "ns612_squeezed": ["without the squeeze"],
    "ns613_one_sample": ["batch_size: 2, the least that has one"],
    "ns614_scores": ["loss: CrossEntropyLoss"],
    "ns614_softmax": ["LogSoftmax instead of Softmax"],
    "ns904_softmax_twice": ["without the Softmax"],
    "ns905_linear_twice": ["ReLU between them"],
    "ns906_bias_before_norm": [None, "bias: false", "bias: false"],
    "ns912_in_place": ["inplace: false", "inplace: false", "inplace: false"],
    "ns914_outputs": ["out_features: 10"],
    "ns402_shape": ["shape: [8, 30, 30]", "shape: [8, 15, 15]", "shape: [10]"],
    "ns402_block": ["shape: [4]"],
    "ns405_concat": ["padding: 1 in Conv2d"],
    "ns405_concat_pool": ["kernel_size: 3, stride: 1, padding: 1 in"],
    "ns405_add": ["out_channels: 16 in b (Conv2d)"],
}


@pytest.mark.parametrize("name", PROMISED)
def test_the_first_fix_is_the_likeliest(name: str) -> None:
    path = BAD[0].parent / f"{name}.yaml"
    titles = [found["fixes"][0]["title"] if found["fixes"] else None for found in answer(report_on(path))]
    assert [title and (title if len(title) < 40 else title[:40]) for title in titles] == PROMISED[name]


def test_a_fix_that_brings_another_error_is_not_offered() -> None:
    text = """netspec: 1
input: [8]
blocks:
  B: [Linear: {in_features: 8, out_features: 8}]
layers:
  - {name: a, B: {}}
  - Linear: 4
  - {name: b, B: {}}
"""
    (found,) = check(loads(text)).diagnostics
    assert found.code == "NS401"
    assert all("in_features: 4" not in fix.title for fix in found.fixes), "it would break the first use"
    assert found.fixes
    assert all(fix.title.startswith("out_features: 8 in Linear") for fix in found.fixes)


def test_no_fix_is_looked_for_among_values_that_no_layer_takes() -> None:
    """A number of groups goes down to 1; of several outputs upstream one is followed."""
    groups = "netspec: 1\ninput: [8]\nlayers: [{GroupNorm: {num_groups: 2, num_channels: 9}}]\n"
    assert "NS401" in {each.code for each in check(loads(groups)).diagnostics}
    text = """netspec: 1
input: [3, 8, 8]
layers:
  - {name: pool, MaxPool2d: {kernel_size: 1, stride: 2, return_indices: true}}
  - {name: part, narrow: {dim: 1, start: 0, length: 1}, from: pool.0}
  - {name: sum, add: {}, from: [input, part]}
outputs: [sum, pool.1]
"""
    assert [each.code for each in check(loads(text)).diagnostics] == ["NS405"]
