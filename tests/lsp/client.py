"""An editor for tests: pygls' client over the real standard input and output of `netspec lsp`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.spec_cases import ROOT

Test = Callable[["Editor"], Awaitable[None]]
SECONDS = 60  # after which a test has failed; a loaded machine is slow


class Editor(LanguageClient):
    """A client that keeps what the server publishes."""

    def __init__(self) -> None:
        super().__init__("tests", "1")
        self.published: list[types.PublishDiagnosticsParams] = []
        self.messages: list[str] = []
        self.news = asyncio.Condition()
        self.versions: dict[str, int] = {}

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        async def published(params: types.PublishDiagnosticsParams) -> None:
            async with self.news:
                self.published.append(params)
                self.news.notify_all()

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def shown(params: types.ShowMessageParams) -> None:
            self.messages.append(params.message)

    async def start(self, *arguments: str, capabilities: types.ClientCapabilities | None = None) -> Any:
        """Start `netspec lsp` and say hello; gives the server's capabilities."""
        await self.start_io(sys.executable, "-m", "netspec", "lsp", *arguments, cwd=ROOT)
        return await self.hello(capabilities)

    async def hello(self, capabilities: types.ClientCapabilities | None = None) -> types.ServerCapabilities:
        """The first request."""
        asked = types.InitializeParams(capabilities=capabilities or types.ClientCapabilities())
        answer = await self.initialize_async(asked)
        self.initialized(types.InitializedParams())
        return answer.capabilities

    def open(self, uri: str, text: str, language: str = "netspec") -> None:
        self.versions[uri] = 1
        self.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, 1, text)))

    def write(self, uri: str, text: str) -> int:
        """Replace a text; gives its new version."""
        self.versions[uri] += 1
        identifier = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        return self.versions[uri]

    def replace(self, uri: str, place: types.Range, text: str) -> int:
        """Replace a part of a text; gives its new version."""
        self.versions[uri] += 1
        identifier = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        change = types.TextDocumentContentChangePartial(place, text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        return self.versions[uri]

    async def found(
        self, uri: str, version: int = 1, where: Callable[[list[types.Diagnostic]], bool] = lambda found: True
    ) -> list[types.Diagnostic]:
        """The first diagnostics of a version, or the first that are as wanted."""

        def answer() -> list[types.Diagnostic] | None:
            every = (each for each in self.published if (each.uri, each.version) == (uri, version))
            return next((list(each.diagnostics) for each in every if where(list(each.diagnostics))), None)

        async with self.news:
            await asyncio.wait_for(self.news.wait_for(lambda: answer() is not None), SECONDS)
        found = answer()
        assert found is not None
        return found

    async def end(self) -> int | None:
        """Say goodbye; gives the server's exit code."""
        await self.shutdown_async(None)
        self.exit(None)
        process = getattr(self, "_server", None)
        code = None if process is None else await asyncio.wait_for(process.wait(), SECONDS)
        await self.stop()
        return code


def edited(test: Test, *arguments: str, capabilities: types.ClientCapabilities | None = None) -> None:
    """Run a test in an editor with a server of its own."""

    async def run() -> None:
        editor = Editor()
        await editor.start(*arguments, capabilities=capabilities)
        await test(editor)
        assert editor.messages == []
        assert await editor.end() == 0

    asyncio.run(asyncio.wait_for(run(), 2 * SECONDS))


def uri_of(path: Path) -> str:
    """What an editor calls a file."""
    return path.as_uri()


def document(uri: str) -> types.TextDocumentIdentifier:
    """A text by its name."""
    return types.TextDocumentIdentifier(uri)


def place(text: str, word: str, after: int = 0) -> types.Position:
    """Where a word of a text begins, and so many characters behind it."""
    start = text.index(word) + after
    return types.Position(text.count("\n", 0, start), start - text.rfind("\n", 0, start) - 1)
