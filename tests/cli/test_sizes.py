"""`netspec sizes`: published sizes, the JSON, and what it does where no size is right."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.commands import WRONG, netspec
from tests.spec_cases import ROOT

RUNS = {"type": "array", "items": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}}
BOX = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"text": {"type": "string"}, "ranges": RUNS},
        "required": ["text", "ranges"],
        "additionalProperties": False,
    },
}
ANSWER = {
    "type": "object",
    "properties": {
        "version": {"const": 1},
        "path": {"type": "string"},
        "ok": {"type": "boolean"},
        "declared": {"type": "boolean"},
        "axes": {"type": "object"},
        "examined": {"type": "object", "additionalProperties": RUNS["items"]},
        "valid": {"type": "array", "items": BOX},
        "remade": {"anyOf": [{"type": "null"}, {"type": "array", "items": BOX}]},
        "diagnostics": {"type": "array"},
    },
    "required": ["version", "path", "ok", "diagnostics"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("spec", "lines"),
    [
        ("vgg16", ["  H at least 32", "  W at least 32"]),  # five halvings
        ("unet", ["  H multiples of 16", "  W multiples of 16"]),  # four
        ("inception_mnist", ["  H 28 or 29", "  W 28 or 29"]),  # 1408 = 88·4·4
        ("mnist_cnn", ["  H 28 to 31 with W 28 to 31"]),  # 320 = 20·4·4
    ],
)
def test_sizes_that_are_known(spec: str, lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("sizes", ROOT / f"specs/{spec}.yaml", capsys=capsys)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1 : 1 + len(lines)] == lines
    assert "Examined: sizes from 1 to 512." in done.out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("sizes", "--format", "json", "--max", "64", ROOT / "specs/inception_mnist.yaml", capsys=capsys)
    answer = json.loads(done.out)
    jsonschema.validate(answer, ANSWER)
    assert answer["valid"] == [{name: {"text": "28 or 29", "ranges": [[28, 29]]} for name in "HW"}]
    assert answer["examined"] == {"H": [1, 64], "W": [1, 64]}
    assert answer["axes"]["W"] == {"declared": 28, "of": [{"input": "input", "axis": 2}]}


def test_weights_that_follow_the_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("netspec: 1\ninput: [1, 8, 8]\nlayers: [{MaxPool2d: 4}, Flatten, {Linear: 2}]\n")
    answer = json.loads(netspec("sizes", "--format", "json", path, capsys=capsys).out)
    assert {name: {"text": "8 to 11", "ranges": [[8, 11]]} for name in "HW"} in answer["valid"]
    assert [box["H"]["text"] for box in answer["remade"]] == ["at least 4"]
    assert "Made anew for each size (in_features of 2)" in netspec("sizes", path, "--max", "32", capsys=capsys).out


def test_a_declared_size_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("sizes", ROOT / "tests/corpus/unet_on_700_pixels.yaml", "--max", "200", capsys=capsys)
    assert done.code == 0
    assert "  H multiples of 16\n  W multiples of 16\n" in done.out
    assert "H = 700, W = 700, is not among them" in done.out


def test_several_inputs_are_taken_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("netspec: 1\ninputs: {a: [3, 8, 8], b: [1, 8, 8]}\nlayers: [{concat: {dim: 1}, from: [a, b]}]\n")
    done = netspec("sizes", path, "--max", "16", capsys=capsys)
    assert "a 3×H×W, b 1×H×W is right for" in done.out
    assert "Taken together: H of a and b; W of a and b." in done.out


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ("[{Conv2d: {in_channels: 3, out_channels: 4, kernel_size: 1}}]", "NS401"),
        ("[{Conv2D: {out_channels: 4, kernel_size: 1}}]", "NS204"),
        ("3", "NS202"),
    ],
)
def test_what_is_not_the_size(layers: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"netspec: 1\ninput: [1, 8, 8]\nlayers: {layers}\n")
    done = netspec("sizes", path, capsys=capsys)
    assert (done.code, done.out) == (1, "")
    assert f"error[{code}]" in done.err
    answer = json.loads(netspec("sizes", "--format", "json", path, capsys=capsys).out)
    jsonschema.validate(answer, ANSWER)
    assert answer["ok"] is False


def test_a_width_that_is_declared_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(WRONG)
    done = netspec("sizes", path, capsys=capsys)
    assert done.out.splitlines()[1] == "  L 5"


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert netspec("sizes", "nowhere.yaml", capsys=capsys).code == 2
    assert netspec("sizes", ROOT / "specs/unet.yaml", "--max", "0", capsys=capsys).code == 2
