"""The table of formats that `netspec check --format` has for programs; `text`, for people, is shown as it is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from netspec.core.dataclass import dataclass
from netspec.core.escapes import escaped_json
from netspec.render.github import workflow_commands
from netspec.render.json import Answer, answer_json, document


@dataclass(frozen=True)
class Format:
    """One format.

    Args:
        name: what `--format` calls it.
        doc: what it is for, in a few words, for the command's help.
        lines: the answers for all files, and the language that they are in → what is printed, line by line.
    """

    name: str
    doc: str
    lines: Callable[[Iterable[Answer], str], Iterator[str]]


def _json(answers: Iterable[Answer], lang: str) -> Iterator[str]:
    yield escaped_json(json.dumps(document(map(answer_json, answers)), indent=1))


def _sarif(answers: Iterable[Answer], lang: str) -> Iterator[str]:
    from importlib.metadata import version  # here, because it takes as long as a small check

    from netspec.render.sarif import sarif

    yield escaped_json(json.dumps(sarif(answers, version("netspec"), lang), indent=1))


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("json", "all findings with their fixes, for scripts and editors", _json),
        Format("sarif", "for code scanning services", _sarif),
        Format("github", "annotations of a workflow", workflow_commands),
    )
}
