"""`netspec summary`: the table, the JSON of the contract, and what it does with a wrong spec."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from netspec.render.summary import _tree_cells
from tests.cli.commands import WRONG, netspec, process
from tests.spec_cases import RIGHT, ROOT, name_of, report_on, sweep

SHAPE = {"type": "array", "items": {"type": "integer", "minimum": 0}}
ROW = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "type": {"type": "string", "minLength": 1},
        "inputs": {"type": "array", "items": SHAPE},
        "output": {"anyOf": [SHAPE, {"type": "array", "items": SHAPE, "minItems": 2}]},
        "params": {"type": "integer", "minimum": 0},
        "macs": {"type": "integer", "minimum": 0},
    },
    "required": ["name", "type", "inputs", "output", "params", "macs"],
    "additionalProperties": False,
}
TOTAL = {
    "type": "object",
    "properties": {"params": {"type": "integer"}, "macs": {"type": "integer"}},
    "required": ["params", "macs"],
    "additionalProperties": False,
}
SUMMARY = {
    "type": "object",
    "properties": {"version": {"const": 1}, "layers": {"type": "array", "items": ROW}, "total": TOTAL},
    "required": ["version", "layers", "total"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("path", sweep(RIGHT, 4, 2), ids=name_of)
def test_json(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("summary", "--format", "json", path, capsys=capsys)
    assert (done.code, done.err) == (0, "")
    jsonschema.validate(json.loads(done.out), SUMMARY)


def test_the_row_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("summary", "--format", "json", ROOT / "specs/inception_mnist.yaml", capsys=capsys)
    (row,) = (row for row in json.loads(done.out)["layers"] if row["name"] == "incep1.branch5x5.1")
    assert row == {
        "name": "incep1.branch5x5.1",
        "type": "Conv2d",
        "inputs": [[16, 12, 12]],
        "output": [24, 12, 12],
        "params": 9624,
        "macs": 1382400,
    }


def test_text_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("summary", ROOT / "tests/specs/ok/share.yaml", capsys=capsys)
    assert done.out == (
        "share\n"
        "\n"
        "name   type    output  parameters  MACs\n"
        "---------------------------------------\n"
        "fc     Linear  8               72    64\n"
        "1      ReLU    8\n"
        "2      Linear  8                     64\n"
        "third  Linear  8                     64\n"
        "sum    add     8\n"
        "last   Linear  8                     64\n"
        "---------------------------------------\n"
        "total                          72   256\n"
        "\n"
        "input 8 → sum 8, last 8; 72 parameters (288 B as float32), 256 MACs a sample\n"
    )


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import netspec as package
    from netspec.render.summary import summary_rich

    monkeypatch.setenv("COLUMNS", "60")
    summary_rich(
        package.check(package.loads("netspec: 1\nname: '[red]x[/red] \\e'\ninput: [4]\nlayers: [Linear: 3]\n"))
    )
    shown = capsys.readouterr().out
    assert "[red]x[/red]" in shown
    assert "Linear" in shown
    assert max(map(len, shown.splitlines())) <= 60


def test_a_wrong_spec_has_no_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.yaml").write_text(WRONG)
    done = netspec("summary", tmp_path / "net.yaml", capsys=capsys)
    assert (done.code, done.out) == (1, "")
    assert "error[NS401]" in done.err


def test_a_file_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("summary", tmp_path / "none.yaml", capsys=capsys)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"netspec: {tmp_path / 'none.yaml'}: no such file\n"


def test_settings(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("summary", ROOT / "specs/vgg16.yaml", "--set", "classes=7", capsys=capsys)
    assert "classifier.6 " in done.out
    assert "input 3×224×224 → classifier 7;" in done.out


def test_the_process() -> None:
    assert process("summary", "specs/vgg16.yaml").out.rstrip().endswith("15,470,264,320 MACs a sample")


def test_the_tree_of_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("summary", ROOT / "specs/resnet18.yaml", "--depth", "2", capsys=capsys)
    lines = done.out.splitlines()
    assert done.code == 0
    assert "layer1   group              64×56×56       147,968    462,422,016" in lines
    assert "  0 … 1  BasicBlock ×2      64×56×56       147,968    462,422,016" in lines
    assert "  0      BasicBlock         128×28×28      230,144    179,830,784" in lines
    assert not any("downsample" in line for line in lines)
    flat = netspec("summary", ROOT / "specs/resnet18.yaml", capsys=capsys).out.splitlines()
    assert [line.split() for line in lines[-3:]] == [line.split() for line in flat[-3:]]  # the totals


@pytest.mark.parametrize("path", sweep(RIGHT, 4, 2), ids=name_of)
def test_the_rows_of_the_first_level_add_up(path: Path) -> None:
    report = report_on(path)
    rows = [line for line in _tree_cells(report, 3) if not line[0].startswith(" ")]
    for column, total in ((3, report.parameters), (4, report.macs)):
        assert sum(int(row[column].replace(",", "") or 0) for row in rows) == total


def test_the_json_has_no_depth(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("summary", ROOT / "specs/digits.yaml", "--depth", "1", "--format", "json", capsys=capsys)
    assert (done.code, done.out) == (2, "")
    assert "--depth is for the text: the JSON has every layer" in done.err
