"""The text of a spec → what the page shows of it: the picture's tree, what is wrong, and which sizes its input has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netspec.checker import check
from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import SpecError
from netspec.core.files import ReadError
from netspec.language.load import load
from netspec.language.plugins import Plugins
from netspec.render.json import diagnostic_json
from netspec.render.pictures.build import network_tree
from netspec.render.pictures.view import view_of
from netspec.render.summary import totals
from netspec.shapes.report import Report

MOST_FINDINGS = 500  # that the page is sent


@dataclass(frozen=True)
class Question:
    """What the page asks about.

    Args:
        path: the file, as messages show it.
        text: that of the editor, which goes before the file's.
        settings: assignments as those of `--set`.
    """

    path: Path
    text: str
    settings: tuple[str, ...] = ()


def report_on(question: Question, plugins: Plugins, *, fixes: bool = False) -> Report:
    """The check of a text.

    Args:
        question: see there.
        plugins: what the user allows.
        fixes: whether fixes are sought, which takes longer.

    Raises:
        ReadError: it is empty, binary or too large.
    """
    path = str(question.path)
    if not question.text.strip():
        raise ReadError(f"{path}: is empty")
    spec = load(path, question.settings, overlay={path: question.text}, plugins=plugins)
    return check(spec, fixes=fixes)


def picture_json(question: Question, plugins: Plugins) -> dict[str, Any]:
    """The picture of a text as plain data.

    Args:
        question: see there.
        plugins: what the user allows.

    Returns:
        `ok`; `error` where there is nothing to draw, else `network` and `open` as the page of `netspec graph` has
        them, `totals`, `inputs` (name → shape), and `findings`, those of this file.
    """
    try:
        report = report_on(question, plugins)
    except (ReadError, SpecError) as error:
        return {"ok": False, "error": str(error), "findings": []}
    path = str(question.path)
    found = [diagnostic_json(each, path) for each in report.diagnostics[:MOST_FINDINGS]]
    if report.graph is None:
        message = report.diagnostics[0].message if report.diagnostics else ""
        return {"ok": False, "error": message, "findings": found}
    root = network_tree(report)
    return {
        "ok": report.ok,
        "path": path,
        "network": root.json(),
        "open": [view.node.id for view in view_of(root).walk() if view.is_open],
        "totals": totals(report) if report.sound else "",
        "inputs": {name: list(each.shape) for name, each in report.graph.inputs.items() if each is not None},
        "findings": found,
    }
