"""Analysis → the picture of its network as data: what the page of `netspec graph --format html` draws."""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from netspec.core.dataclass import dataclass
from netspec.lsp.analysis import Analysis
from netspec.render.pictures.tree import VERSION
from netspec.render.pictures.view import opened
from netspec.render.summary import totals

DEEPEST = 1_000
MOST_SETTINGS = 100


@dataclass(frozen=True)
class GraphQuestion:
    """What `netspec/graph` is asked: `{textDocument: {uri}, settings?: ["classes=3"], depth?: 2}`.

    `settings` are assignments as of `--set`, made for this answer alone, after those of the server. With a `version` of
    `textDocument` and the `contentChanges` that lead to it, as of `didChange`, the change comes with the question: an
    editor asks before it draws the change itself, and may still send the `didChange`. The answer is null then, where a
    newer version has come meanwhile.
    """

    uri: str
    settings: tuple[str, ...] = ()
    depth: int | None = None
    version: int | None = None
    changes: tuple[types.TextDocumentContentChangePartial, ...] = ()

    @staticmethod
    def read(params: Any) -> GraphQuestion | None:
        """The parameters of a request.

        Args:
            params: as pygls hands them over.

        Returns:
            None where they are none.
        """
        uri = getattr(getattr(params, "textDocument", None), "uri", None)
        settings, depth = getattr(params, "settings", None) or (), getattr(params, "depth", None)
        if not isinstance(uri, str) or not isinstance(settings, list | tuple):
            return None
        texts = tuple(each for each in settings if isinstance(each, str))[:MOST_SETTINGS]
        depth = depth if isinstance(depth, int) and not isinstance(depth, bool) else None
        version, changes = getattr(params.textDocument, "version", None), getattr(params, "contentChanges", None)
        if not isinstance(version, int) or not isinstance(changes, list | tuple):
            return GraphQuestion(uri, texts, depth)
        return GraphQuestion(uri, texts, depth, version, tuple(map(_change, changes)))


def _change(given: Any) -> types.TextDocumentContentChangePartial:
    """A change as pygls hands it over in the parameters of a request that it does not know.

    Raises:
        JsonRpcInvalidParams: it is none.
    """
    try:
        start, end, text = given.range.start, given.range.end, given.text
        numbers = (start.line, start.character, end.line, end.character)
        if isinstance(text, str) and all(isinstance(each, int) and each >= 0 for each in numbers):
            first, last = types.Position(*numbers[:2]), types.Position(*numbers[2:])
            return types.TextDocumentContentChangePartial(types.Range(first, last), text)
    except AttributeError:
        pass
    raise JsonRpcInvalidParams("contentChanges: a range and its text are wanted")


def graph(analysis: Analysis, depth: int | None = None) -> dict[str, Any]:
    """The answer to the request `netspec/graph`.

    Args:
        analysis: of the text, or of the text with further settings.
        depth: how many levels of boxes are open; where left out, as many as make a picture of about a hundred nodes.

    Returns:
        `version` of the document; `ok`, whether the check found no error; `sound`, whether the network has none;
        `totals`, one line, or null where the network has errors; `error`, why the text is not read at all, where it is
        not; and `picture`, null where nothing of the text can be read as it is:

            {"version": 1, "open": [0, 3], "network": {"id": 0, "kind": "network", "name": "lenet", "outputs": [],
             "params": 61706, "macs": 416520, "nodes": [{"id": 1, "kind": "layer", "path": "conv1", "type": "Conv2d",
             "call": "1, 6, 5", "arguments": {…}, "outputs": [{"shape": [6, 24, 24], "dtype": "float32"}],
             "file": "/home/me/lenet.yaml", "line": 9, "column": 5, "problems": [{"code": "NS401", "severity": "error",
             "message": "…", "file": "…", "line": 9, "column": 30}], …}], "edges": [{"source": 1, "output": null,
             "target": 2, "input": 0, "values": [{"shape": […], "dtype": "float32"}]}]}}

        `open` are the ids of the boxes that are open at first. `line` and `column` count from 1, in characters.
    """
    report = analysis.report if analysis.is_whole else None
    found: dict[str, Any] = {
        "version": analysis.document.version,
        "ok": report is not None and report.ok,
        "sound": report is not None and report.sound,
        "totals": totals(report) if report is not None and report.sound and report.graph is not None else None,
        "picture": None,
    }
    if analysis.error is not None:
        found["error"] = analysis.error
    network = analysis.network if report is not None and report.graph is not None else None
    if network is not None:
        levels = None if depth is None else max(0, min(depth, DEEPEST))
        found["picture"] = {"version": VERSION, "open": opened(network, levels), "network": network.json()}
    return found
