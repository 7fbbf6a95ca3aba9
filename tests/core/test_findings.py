"""Of each code only so many findings are kept, and none hides a finding of another code."""

from __future__ import annotations

from netspec.core.diagnostics import MOST_OF_A_CODE, UNLISTED, Findings
from netspec.core.tree import Span


def test_the_last_that_is_kept_says_so_and_other_codes_stay() -> None:
    findings = Findings()
    for line in range(1, MOST_OF_A_CODE + 100):
        findings.add("NS905", "two layers", Span("net.yaml", line, 1, line, 2))
    findings.add("NS401", "an error", Span("net.yaml", 1, 1, 1, 2))
    *kept, last, error = findings.list()
    assert len(kept) == MOST_OF_A_CODE - 1
    assert last.notes == (UNLISTED,)
    assert not any(found.notes for found in kept)
    assert error.code == "NS401"


def test_the_same_finding_is_kept_once() -> None:
    findings = Findings()
    for _ in range(3):
        findings.add("NS401", "an error", Span("net.yaml", 1, 1, 1, 2))
    assert len(findings.list()) == 1
