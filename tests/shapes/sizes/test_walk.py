"""The walk agrees with the inference: a size is right for it where `infer` finds no problem, on every shipped spec."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from netspec.checker import check
from netspec.language.load import load
from netspec.shapes.infer import infer
from netspec.shapes.sizes.question import axes_of, family
from netspec.shapes.sizes.walk import Walker, with_inferred_arguments
from tests.spec_cases import RIGHT, name_of, sweep


@pytest.mark.parametrize("path", sweep(RIGHT, 3, 1), ids=name_of)
def test_the_walk_and_the_inference_agree(path: Path) -> None:
    report = check(load(path), fixes=False)
    assert report.graph is not None
    axes = axes_of(report.graph)
    for graph in (report.graph, with_inferred_arguments(report.graph, report.inferred)):
        walker = Walker(graph)
        asked = family(graph, axes, {})
        for axis in axes:
            for size in (1, axis.declared - 1, axis.declared, axis.declared + 1, 2 * axis.declared):
                entering = asked.entering({**asked.start, axis.name: max(size, 1)})
                inputs = dict(zip(graph.inputs, entering, strict=True))
                problems = [each for each in infer(replace(graph, inputs=inputs)).problems if each.kind != "broadcast"]
                assert (len(walker.run(entering)) == len(graph.calls)) == (not problems), (axis.name, size)
