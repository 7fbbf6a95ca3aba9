"""The specs under tests/specs: where they lie, and what the wrong ones say of themselves.

In a wrong spec a comment stands on each line that a diagnostic must point at: `# !NS401`, or `# !NS205 !NS203` for
two. Where YAML leaves no room for it the head says `# (# !line 6: NS100)`, for the command line `# (# !--set: NS210)`;
`# set: width=3` is a setting that the spec is loaded with, `# torch: 2.9` the version that it is checked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from netspec.checker import check
from netspec.core.diagnostics import Diagnostic
from netspec.core.files import COMMAND_LINE, split_lines
from netspec.language.load import load, loads
from netspec.shapes.report import Report
from tests.rounds import left_out, sample

ROOT = Path(__file__).resolve().parents[1]
OK = sorted((ROOT / "tests/specs/ok").glob("*.yaml"))
BAD = sorted((ROOT / "tests/specs/bad").glob("*.yaml"))
SHIPPED = sorted((ROOT / "specs").glob("*.yaml"))
RIGHT = [*OK, *SHIPPED]
# Large networks of the same layers as the others; googlenet, resnet18 and unet stand for them in the default suite.
LARGE = ("convnext_tiny", "densenet121", "efficientnet_b0", "googlenet_aux", "shufflenet_v2_x1_0", "vit_b_16")

_INLINE = re.compile(r"# (!NS\d+(?: !NS\d+)*)\s*$")
_ELSEWHERE = re.compile(r"# !line (\d+): (NS\d+)")
_COMMAND_LINE = re.compile(r"# !--set: (NS\d+)")
_SETTING = re.compile(r"# set: (.+)$", re.MULTILINE)
_TORCH = re.compile(r"# torch: (\S+)$", re.MULTILINE)

Marks = set[tuple[str, int, str]]


def sweep(paths: Sequence[Path], every: int = 1, start: int = 0) -> list[Any]:
    """Parameters of a test: one of `every` specs, none of them large; the others are exhaustive."""
    small = [path for path in paths if path.stem not in LARGE]
    return [*sample(small, every, start=start), *(left_out(path) for path in paths if path.stem in LARGE)]


def name_of(path: Path) -> str:
    """A case's name in pytest's output."""
    return path.stem


def settings_in(text: str) -> tuple[str, ...]:
    """The settings that a spec's head asks for."""
    return tuple(_SETTING.findall(text))


def torch_in(text: str) -> str | None:
    """The version of torch that a spec's head asks for."""
    found = _TORCH.search(text)
    return None if found is None else found[1]


@cache
def report_on(path: Path) -> Report:
    """What a check finds in a spec; each is checked once, for all tests that only read what was found."""
    text = path.read_text(encoding="utf-8")
    return check(load(path, settings_in(text)), torch=torch_in(text))


def marked(sources: Mapping[str, str]) -> Marks:
    """The (file, line, code) of every mark in the texts of one spec; those of the command line have line 0."""
    marks: Marks = set()
    for path, text in sources.items():
        for number, line in enumerate(split_lines(text), 1):
            if match := _INLINE.search(line):
                marks |= {(path, number, code.lstrip("!")) for code in match[1].split()}
            marks |= {(path, int(at), code) for at, code in _ELSEWHERE.findall(line)}
            marks |= {(COMMAND_LINE, 0, code) for code in _COMMAND_LINE.findall(line)}
    return marks


def found(diagnostics: Iterable[Diagnostic]) -> Marks:
    """The same of diagnostics."""
    places = ((item.span, item.code) for item in diagnostics)
    return {(span.path, 0 if span.path == COMMAND_LINE else span.line, code) for span, code in places}


def check_says(text: str, code: str, words: str) -> None:
    """Assert that a check finds a diagnostic of `code` with `words`; where `code` is empty, that the text is right."""
    report = check(loads(text))
    said = [item for item in report.diagnostics if item.code == code and words in item.message]
    assert said if code else report.ok, report.diagnostics
