"""Every error once: independent ones all show, what only follows from another is a note that is not counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from netspec.checker import check
from netspec.cli.main import cli
from netspec.language.load import loads
from netspec.render.github import annotation
from netspec.render.json import report_json
from netspec.render.sarif import sarif
from netspec.shapes.report import Report

# Four halvings of 700 drop a row twice on the way down: one fault, seen at two joints.
UNET = """netspec: 1
input: [3, 700, 700]
layers:
  - {name: e1, Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}
  - MaxPool2d: 4
  - {name: e2, Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}
  - MaxPool2d: 2
  - {name: e3, Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}
  - MaxPool2d: 2
  - {name: u3, Upsample: {scale_factor: 2}}
  - {name: c3, concat: {dim: 1}, from: [e3, u3]}
  - {name: u2, Upsample: {scale_factor: 2}}
  - {name: c2, concat: {dim: 1}, from: [e2, u2]}
  - {name: last, Conv2d: {in_channels: 99, out_channels: 2, kernel_size: 1}}
"""
# The width is a parameter of the block: mended where the block is used, both places are right.
GATE = """netspec: 1
input: [64, 8, 8]
blocks:
  Gate:
    params: {width}
    layers:
      - AdaptiveAvgPool2d: 1
      - Flatten
      - Linear: {in_features: width, out_features: width}
      - {name: y, Unflatten: {dim: 1, unflattened_size: [-1, 1, 1]}}
      - {mul: {}, from: [input, y]}
layers:
  - {name: gate, Gate: {width: 16}}
"""


WINDOW = "Conv2d: {out_channels: 8, kernel_size: 11}"  # does not fit into 8×8


def linear(features: int) -> str:
    return f"Linear: {{in_features: {features}, out_features: 4}}"


def kinds(report: Report) -> list[tuple[str, str, int]]:
    return [(found.severity, found.code, found.span.line) for found in report.diagnostics]


def test_what_a_later_joint_meets_follows_from_the_first_one() -> None:
    report = check(loads(UNET))
    assert kinds(report) == [("error", "NS405", 11), ("note", "NS405", 13), ("error", "NS401", 14)]
    follows = report.diagnostics[1].follows
    assert follows is not None
    assert (follows.code, follows.span.line) == ("NS405", 11)
    assert not report.diagnostics[1].fixes


def test_it_follows_without_explanations_too() -> None:
    assert ("note", "NS405", 13) in kinds(check(loads(UNET), fixes=False))


def test_what_goes_with_the_first_fix_follows() -> None:
    report = check(loads(GATE))
    assert kinds(report) == [("error", "NS401", 9), ("note", "NS405", 11)]
    assert report.diagnostics[0].fixes[0].title == "width: 64 where the block is used"


def test_an_error_of_its_own_stays_one() -> None:
    first = "layers:\n  - Conv2d: {in_channels: 65, out_channels: 64, kernel_size: 1}"
    text = GATE.replace("layers:\n  - {name: gate", f"{first}\n  - {{name: gate")
    assert [kind for kind, _, _ in kinds(check(loads(text)))] == ["error", "note", "error"]


def test_notes_are_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(UNET, encoding="utf-8")
    shown = CliRunner().invoke(cli, ["check", "net.yaml"])
    assert shown.exit_code == 1
    assert shown.output.endswith("net.yaml: 2 errors; 2 fixable with --fix --unsafe\n")
    assert "note[NS405]" in shown.output
    assert "= follows  from NS405 at line 11: not counted" in shown.output


def test_every_format_names_the_cause() -> None:
    report = check(loads(UNET))
    one, note, another = report_json(report)["diagnostics"]
    assert note["severity"] == "note"
    assert (note["follows"]["code"], note["follows"]["line"]) == ("NS405", 11)
    assert "follows" not in one
    assert "follows" not in another
    assert sarif([report], "0")["runs"][0]["results"][1]["level"] == "note"
    assert annotation(report.diagnostics[1]).startswith("::notice ")


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # The sizes behind the window are unknown, the channels are not.
        (
            [WINDOW, "Conv2d: {in_channels: 8, out_channels: 4, kernel_size: 3}"],
            [],
        ),
        (
            [WINDOW, "Conv2d: {in_channels: 9, out_channels: 4, kernel_size: 3}"],
            [5],
        ),
        ([WINDOW, "Flatten", "Linear: {in_features: 8, out_features: 4}"], []),
        (
            [
                WINDOW,
                "AdaptiveAvgPool2d: 2",
                "Flatten",
                linear(32),
            ],
            [],
        ),
        (
            [
                WINDOW,
                "AdaptiveAvgPool2d: 2",
                "Flatten",
                linear(31),
            ],
            [7],
        ),
        # Groups of channels that nobody knows may divide them; those of written ones do not.
        (["reshape: [7, 7]", "Conv2d: {out_channels: 4, kernel_size: 1, groups: 4}"], [5]),
        (["Whatever", "Conv2d: {out_channels: 4, kernel_size: 1, groups: 4}"], []),
        (["Whatever", "Conv2d: {in_channels: 6, out_channels: 4, kernel_size: 1, groups: 4}"], [5]),
        (["Whatever", "Linear: 16", "ReLU", "Linear: {in_features: 17, out_features: 4}"], [7]),
        (["Whatever", "softmax: {dim: 0}"], [5]),
        (["Whatever", "softmax: {dim: -2}"], []),
        # A layer for another number of axes gives what its sibling gives.
        (["BatchNorm1d: 3", "Conv2d: {in_channels: 3, out_channels: 4, kernel_size: 3}"], []),
        (["BatchNorm1d: 3", "Conv2d: {in_channels: 5, out_channels: 4, kernel_size: 3}"], [5]),
    ],
)
def test_behind_an_error_only_what_is_wrong_whatever_comes_is_said(layers: list[str], expected: list[int]) -> None:
    text = "netspec: 1\ninput: [3, 8, 8]\nlayers:\n" + "".join(f"  - {layer}\n" for layer in layers)
    lines = [found.span.line for found in check(loads(text)).diagnostics]
    assert lines[0] == 4
    assert lines[1:] == expected
