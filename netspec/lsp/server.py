"""The language server: requests of the protocol → the workbench's analyses → the answers of `features/`.

`make_server` gives a server without input and output: `netspec lsp` runs it over stdio and TCP, a web page in its own
process.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method

from netspec.language.plugins import NO_PLUGINS, Plugins
from netspec.lsp.analysis import Analysis, Options
from netspec.lsp.answers import register
from netspec.lsp.commands import register_commands
from netspec.lsp.features.diagnostics import diagnostics
from netspec.lsp.workbench import Workbench
from netspec.translation.languages import ENGLISH, wanted_language

NAME = "netspec"


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

    def speak(self, params: types.InitializeParams) -> None:
        """Take the language of the editor, where the environment names none.

        Args:
            params: of the editor's first request.
        """
        self.bench.options = replace(self.bench.options, lang=wanted_language(editor=params.locale))

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
    lang: str | None = None,
) -> NetspecServer:
    """A language server for specs, for one editor, without input and output of its own.

    Args:
        settings: assignments as of `--set`, made in every spec.
        plugins: which of them may run; none where left out.
        torch: the version to check for; the installed one where left out.
        embedded: whether it runs in a process that goes on when the editor says `exit`.
        lang: the language of findings and fixes; left out: of NETSPEC_LANG, else the editor's, else the locale's.
    """
    server = NetspecServer(Options(settings, plugins, torch, lang=lang or ENGLISH), embedded=embedded)
    if lang is None:
        server.feature(types.INITIALIZE)(lambda params: server.speak(params))
    server.feature(types.SHUTDOWN)(lambda params: server.bench.shut())
    register(server, server.bench)
    register_commands(server, server.bench)
    return server
