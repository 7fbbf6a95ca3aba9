"""The language server: requests of the protocol → the workbench's analyses → the answers of `features/`.

`make_server` gives a server without input and output: `netspec lsp` runs it over stdio and TCP, a web page in its own
process. A feature that fails is logged, and its request answered with nothing, so that an editor goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method

from netspec.core.dataclass import dataclass
from netspec.language.plugins import NO_PLUGINS, Plugins
from netspec.lsp.analysis import Analysis, Document, Options, with_settings
from netspec.lsp.features.actions import KINDS, code_actions
from netspec.lsp.features.completion import TRIGGERS, completions
from netspec.lsp.features.diagnostics import diagnostics
from netspec.lsp.features.formatting import formatted
from netspec.lsp.features.graph import graph
from netspec.lsp.features.hints import hints
from netspec.lsp.features.hover import hover
from netspec.lsp.features.symbols import folds, symbols
from netspec.lsp.workbench import Workbench

NAME = "netspec"
GRAPH = "netspec/graph"
MOST_SETTINGS = 100

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class _Protocol(LanguageServerProtocol):
    """The protocol, with the texts kept by the workbench alone: pygls' own breaks lines where the protocol has none."""

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Take a new text."""
        _bench(self).open_text(params, str(self.workspace.position_encoding or "utf-16"))

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Take a change of a text."""
        _bench(self).change_text(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget a text."""
        uri = params.text_document.uri
        _bench(self).close(uri)
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def _send_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        """Plain data, as a picture of some 40 kB, goes as it is: pygls would look through all of it for its classes."""
        if error is not None or not isinstance(result, dict):
            super()._send_response(msg_id, result, error)
            return
        self._result_types.pop(msg_id, None)
        self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "result": result})


class _Embedded(_Protocol):
    """The same for a server that is not a process of its own: `exit` does not end this one."""

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: object) -> None:  # type: ignore[override]  # pygls' own is a generator
        """Forget all texts."""
        _bench(self).shut()


def _bench(protocol: LanguageServerProtocol) -> Workbench:
    server = protocol._server
    assert isinstance(server, NetspecServer)
    return server.bench


class NetspecServer(LanguageServer):
    """A language server for specs; `bench` holds the texts that are open.

    Args:
        options: how texts are checked.
        embedded: whether it is not a process of its own.
    """

    def __init__(self, options: Options, *, embedded: bool = False) -> None:
        protocol = _Embedded if embedded else _Protocol
        super().__init__(
            NAME, version("netspec"), protocol_cls=protocol, converter_factory=default_converter, max_workers=2
        )
        self.bench = Workbench(options, self._publish)

    @property
    def takes_snippets(self) -> bool:
        """Whether the editor takes snippets."""
        document = self.client_capabilities.text_document
        item = document.completion.completion_item if document and document.completion else None
        return bool(item and item.snippet_support)

    def _publish(self, analysis: Analysis) -> None:
        document = analysis.document
        found = types.PublishDiagnosticsParams(document.uri, diagnostics(analysis), version=document.version)
        self.text_document_publish_diagnostics(found)


def make_server(
    *,
    settings: tuple[str, ...] = (),
    plugins: Plugins = NO_PLUGINS,
    torch: str | None = None,
    embedded: bool = False,
) -> NetspecServer:
    """A language server for specs, for one editor, without input and output of its own.

    Args:
        settings: assignments as of `--set`, made in every spec.
        plugins: which of them may run; none where left out.
        torch: the version to check for; the installed one where left out.
        embedded: whether it runs in a process that goes on when the editor says `exit`.
    """
    server = NetspecServer(Options(settings, plugins, torch), embedded=embedded)
    server.feature(types.SHUTDOWN)(lambda params: server.bench.shut())
    _register_features(server)
    _register_graph(server)
    return server


def _register_features(server: NetspecServer) -> None:
    bench = server.bench

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=list(TRIGGERS)))
    async def complete(params: types.CompletionParams) -> types.CompletionList | None:
        uri = params.text_document.uri
        document = bench.documents.get(uri)
        if document is None or not _may_be_spec(document):
            return None
        analysis = await bench.best(uri)
        document = bench.documents.get(uri, document)
        snippets = server.takes_snippets
        none: list[types.CompletionItem] = []
        found = _safely(lambda: completions(document, analysis, params.position, snippets=snippets), none)
        return types.CompletionList(is_incomplete=False, items=found)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def told(params: types.HoverParams) -> types.Hover | None:
        return await _with(bench.current(params.text_document.uri), lambda a: hover(a, params.position), None)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def hinted(params: types.InlayHintParams) -> list[types.InlayHint]:
        return await _with(bench.current(params.text_document.uri), lambda a: hints(a, params.range), [])

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def outlined(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        return await _with(bench.current(params.text_document.uri), symbols, [])

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folded(params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        return await _with(bench.current(params.text_document.uri), folds, [])

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def format_all(params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        document = bench.documents.get(params.text_document.uri)
        if document is None or not document.is_spec:
            return []
        return _safely(lambda: formatted(document), [])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=list(KINDS)))
    async def act(params: types.CodeActionParams) -> list[types.CodeAction]:
        only = (
            None if params.context.only is None else [str(getattr(kind, "value", kind)) for kind in params.context.only]
        )
        analysis = bench.explained(params.text_document.uri)
        return await _with(analysis, lambda a: code_actions(a, params.range, only), [])


def _register_graph(server: NetspecServer) -> None:
    bench = server.bench

    @server.feature(GRAPH)
    async def draw(params: Any) -> dict[str, Any] | None:
        """The network's picture as data: see `features/graph.py`."""
        asked = GraphParams.read(params)
        if asked is None:
            return None
        if asked.settings:
            analysis = bench.with_options(asked.uri, with_settings(bench.options, asked.settings))
        else:
            analysis = bench.current(asked.uri)
        return await _with(analysis, lambda a: graph(a, asked.depth), None)


@dataclass(frozen=True)
class GraphParams:
    """What `netspec/graph` is asked: `{textDocument: {uri}, settings?: ["classes=3"], depth?: 2}`."""

    uri: str
    settings: tuple[str, ...] = ()
    depth: int | None = None

    @staticmethod
    def read(params: Any) -> GraphParams | None:
        """The parameters of a request, as pygls hands them over; None where they are none."""
        document = getattr(params, "textDocument", None)
        uri = getattr(document, "uri", None)
        settings, depth = getattr(params, "settings", None) or (), getattr(params, "depth", None)
        if not isinstance(uri, str) or not isinstance(settings, list | tuple):
            return None
        texts = tuple(each for each in settings if isinstance(each, str))[:MOST_SETTINGS]
        return GraphParams(uri, texts, depth if isinstance(depth, int) and not isinstance(depth, bool) else None)


def _may_be_spec(document: Document) -> bool:
    """Whether completions are for a text: it is a spec, or may become one."""
    return document.is_spec or not document.text.strip()


async def _with(
    analysis: Awaitable[Analysis | None], answer: Callable[[Analysis], Answer], otherwise: Answer
) -> Answer:
    """The answer of a feature about an analysis."""
    found = await analysis
    return otherwise if found is None or not found.document.is_spec else _safely(lambda: answer(found), otherwise)


def _safely(answer: Callable[[], Answer], otherwise: Answer) -> Answer:
    """An answer; where a feature fails that is logged, and the editor gets another one."""
    try:
        return answer()
    except Exception:
        log.exception("a feature failed")
        return otherwise
