"""What notebooks show of a Spec and of a Report: HTML that loads nothing, with every text of the spec escaped."""

from __future__ import annotations

from html import escape

from netspec.checker import check
from netspec.core.escapes import safe, safe_lines
from netspec.language.spec import Spec
from netspec.render.pictures.build import network_tree
from netspec.render.pictures.svg import draw
from netspec.render.summary import totals
from netspec.render.text import render
from netspec.shapes.report import Report

_SCROLLS = "max-height:80vh;overflow:auto"


def spec_html(spec: Spec) -> str:
    """The picture of a spec's network, its totals, and what is wrong with it.

    Args:
        spec: any spec.
    """
    report = check(spec)
    return f'<div style="{_SCROLLS}">{draw(network_tree(report))}</div>{report_html(report)}'


def report_html(report: Report) -> str:
    """The findings of a report as text; its totals where the network is right.

    Args:
        report: of any spec.
    """
    head = f"<b>{escape(safe(report.spec.path))}</b>: {'ok' if report.ok else 'wrong'}"
    if report.sound and report.graph is not None:
        head += f"; {escape(safe(totals(report)))}"
    found = render(report.diagnostics, report.spec.sources)
    return f"<div>{head}</div>" + (f"<pre>{escape(safe_lines(found))}</pre>" if found else "")
