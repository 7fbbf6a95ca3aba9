"""The section `search` against the spec: each value, and each end of a range, has to give a right spec (NS631, NS210).

Input: a spec without errors, and a function that checks it with other settings. Output: findings at the section.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, product

from netspec.core.diagnostics import Diagnostic, Findings, Note, errors
from netspec.core.files import COMMAND_LINE
from netspec.core.tree import Node, shorten
from netspec.language.sections.search_keys import Range, read_search
from netspec.language.spec import Spec

MOST_CHECKS = 64  # of a small network
MOST_LAYERS = 5000  # that all checks together look at
_ALONE = ("train.", "data.")  # paths whose values have nothing to do with shapes

Value = tuple[Range, str, Node]
Check = Callable[[tuple[str, ...]], tuple[Diagnostic, ...]]


def search(spec: Spec, layers: int, check: Check | None) -> list[Diagnostic]:
    """What is wrong with a search.

    Args:
        spec: with the section.
        layers: of its network.
        check: gives the diagnostics with further settings; None: the spec has errors already.
    """
    findings = Findings()
    node = spec.document.get("search")
    assert node is not None
    ranges = read_search(node, spec.evaluate, findings)
    if check is None or findings.list():
        return findings.list()
    most = max(8, min(MOST_CHECKS, MOST_LAYERS // max(1, layers)))
    alone: list[tuple[Value, ...]] = [((one, text, at),) for one in ranges for text, at in one.ends]
    wrong: set[str] = set()
    for values in alone[:most]:
        if values[0][0].path not in wrong and _report(values, check, findings):
            wrong.add(values[0][0].path)
    together = [one for one in ranges if not one.path.startswith(_ALONE) and one.path not in wrong]
    if len(together) > 1:
        every = product(*([(one, text, at) for text, at in one.ends] for one in together))
        for values in islice(every, max(0, most - len(alone))):
            if _report(values, check, findings):
                break
    return findings.list()


def _report(values: tuple[Value, ...], check: Check, findings: Findings) -> bool:
    """Check the spec with some values; gives whether it is wrong then, which becomes a finding at the last of them."""
    found = errors(check(tuple(f"{one.path}={text}" for one, text, _ in values)))
    if not found:
        return False
    first, (one, _, at) = found[0], values[-1]
    if first.code == "NS210" and first.span.path == COMMAND_LINE:
        findings.add("NS210", f"search: {first.message}", one.key)
        return True
    told = " and ".join(f"{each.path}: {shorten(text)}" for each, text, _ in values)
    told_there = f"{first.code}, line {first.span.line}: {first.message}"
    note = Note("note", f"{first.code}: {first.message}" if first.span.path == COMMAND_LINE else told_there)
    more = f" ({len(found)} errors)" if len(found) > 1 else ""
    findings.add("NS631", f"{told} gives a wrong spec{more}", at, notes=(note,))
    return True
