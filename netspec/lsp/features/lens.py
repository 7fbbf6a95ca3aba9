"""A network → code lenses above its layers: its totals, `summary` and `graph`, and what these two show."""

from __future__ import annotations

from lsprotocol import types

from netspec.lsp.analysis import Analysis
from netspec.render.pictures.page import draw
from netspec.render.summary import summary_text
from netspec.translation.languages import translate

SUMMARY, GRAPH = "netspec.summary", "netspec.graph"  # commands, which take the text's URI
COMMANDS = (SUMMARY, GRAPH)


def lenses(analysis: Analysis) -> list[types.CodeLens]:
    """The lenses of a text.

    Args:
        analysis: of the text.
    """
    key = analysis.tree.key("layers") or analysis.tree.key("model")
    report = analysis.report
    if key is None or report is None or report.graph is None:
        return []
    place, uri = analysis.positions.range(key.span), analysis.document.uri
    title = "summary of the network"
    if report.sound:
        title = f"{report.parameters:,} parameters · summary"
        if any(known.parameters is None for known in report.inferred):
            title = f"at least {report.parameters:,} parameters · summary"
    return [
        types.CodeLens(place, types.Command(translate(title, analysis.lang), SUMMARY, arguments=[uri])),
        types.CodeLens(place, types.Command(translate("graph of the network", analysis.lang), GRAPH, arguments=[uri])),
    ]


def shown_by(analysis: Analysis, command: str) -> tuple[str, str]:
    """What a command shows: the ending of a file's name, and its text.

    Args:
        analysis: of the text.
        command: one of COMMANDS.
    """
    report = analysis.report
    if command == GRAPH and analysis.network is not None:
        return ".html", draw(analysis.network)
    if report is None or report.graph is None:
        return ".txt", translate("nothing of the spec can be read yet", analysis.lang) + "\n"
    if not report.sound:
        first = next(found for found in report.diagnostics if found.severity == "error")
        message = translate(first.message, analysis.lang)
        told = translate(f"the network has errors, the first at line {first.span.line}:", analysis.lang)
        return ".txt", f"{told} {message}\n"
    return ".txt", summary_text(report) + "\n"
