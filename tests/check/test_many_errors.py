"""Specs with many errors, or values far off: what is said of each, and where the search for fixes ends."""

from __future__ import annotations

import netspec
from netspec.core.diagnostics import UNSOUGHT, Diagnostic
from netspec.fixes import verify as fix
from netspec.fixes.diagnose import MOST_WITH_FIXES, diagnose
from netspec.shapes.infer import infer


def found(layers: str, *, head: str = "input: [8]") -> tuple[Diagnostic, ...]:
    return netspec.check(netspec.loads(f"netspec: 1\n{head}\nlayers:\n{layers}")).diagnostics


def wrong(count: int) -> str:
    return "".join(f"  - Linear: {{in_features: {100 + index}, out_features: 8}}\n" for index in range(count))


def test_few_errors_all_get_their_fix() -> None:
    diagnostics = found(wrong(10))
    assert all(each.fixes and UNSOUGHT not in each.notes for each in diagnostics)


def test_it_is_said_once_where_fixes_are_no_longer_sought() -> None:
    diagnostics = found(wrong(60))
    (told,) = [index for index, each in enumerate(diagnostics) if UNSOUGHT in each.notes]
    assert 0 < told < fix.MOST_TRIALS
    assert all(each.fixes for each in diagnostics[:told])
    assert not any(each.fixes for each in diagnostics[told:])


def test_candidates_are_made_for_the_first_errors_only() -> None:
    spec = netspec.loads(f"netspec: 1\ninput: [8]\nlayers:\n{wrong(MOST_WITH_FIXES + 10)}")
    graph = netspec.check(spec).graph
    assert graph is not None
    diagnostics = diagnose(spec, graph, infer(graph))
    assert [bool(each.fixes) for each in diagnostics] == [True] * MOST_WITH_FIXES + [False] * 10
    assert [index for index, each in enumerate(diagnostics) if UNSOUGHT in each.notes] == [MOST_WITH_FIXES]


def test_every_error_has_its_way_however_far_it_goes() -> None:
    diagnostics = found("  - Linear: 4\n" + "  - ReLU\n" * 1_500 + "  - Linear: {in_features: 9, out_features: 8}\n")
    (error,) = [each for each in diagnostics if each.severity == "error"]
    assert [note.text for note in error.notes if note.label == "input"] == ["8 → Linear 4"]


def test_a_width_that_is_written_again_is_one_fix() -> None:
    layers = (
        "  - {Linear: {in_features: 9, out_features: 8}}\n  - ReLU\n  - {Linear: {in_features: 9, out_features: 8}}\n"
    )
    first = found(layers)[0].fixes
    assert any(len(each.edits) == 2 and {edit.text for edit in each.edits} == {"8"} for each in first)


def test_a_value_far_beyond_what_fits_is_fixed_too() -> None:
    (error,) = [
        each
        for each in found("  - MaxPool2d: {kernel_size: 3, stride: 1, padding: 2147483647}\n", head="input: [3, 8, 8]")
        if each.severity == "error"
    ]
    assert error.fixes[0].title == "padding: 1"  # torch: at most half the kernel
