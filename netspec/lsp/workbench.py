"""The open texts and their analyses: of each text only the newest version is checked, and checks never queue up.

A version is checked at once, without fixes, in one thread. What is found goes to the editor, and when nothing was typed
for a moment, a second thread checks again for explanations and verified fixes. A new version makes the checks of older
ones end at their next checkpoint; what they found by then is dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lsprotocol import types
from pygls.uris import to_fs_path

from netspec.core.interruption import Interrupted, interruptible
from netspec.lsp.analysis import Analysis, Document, Options, analyse
from netspec.lsp.positions import Positions

PAUSE = 0.15  # seconds without a change before fixes are sought
TURNS = 3  # of the event loop, in which an answer is written that waited for a check
MOST_OPEN = 1_000  # texts
LARGEST = 2_000_000  # characters of a text that is checked at every change

log = logging.getLogger(__name__)
Publish = Callable[[Analysis], None]


class Workbench:
    """The texts that are open in one editor.

    Args:
        options: how they are checked.
        publish: takes each analysis that has news for the editor; is called in the event loop.
    """

    def __init__(self, options: Options, publish: Publish) -> None:
        self.options = options
        self.publish = publish
        self.documents: dict[str, Document] = {}
        self.readable: dict[str, Analysis] = {}  # the last of each text that has a report,
        self.sound: dict[str, Analysis] = {}  # and the last whose network has no error
        self._quick: dict[str, asyncio.Task[Analysis | None]] = {}
        self._explained: dict[str, asyncio.Task[Analysis | None]] = {}
        self._now = ThreadPoolExecutor(1, "netspec-check")
        self._later = ThreadPoolExecutor(1, "netspec-fixes")
        self._ahead: dict[str, int] = {}  # the versions whose `didChange` is still to come
        self._wrong: set[str] = set()  # the texts of which something was told
        self._closed = False
        self._at_end: list[Callable[[], None]] = []

    def open(self, document: Document) -> None:
        """Take a new text, or a new version of one, and check it.

        Args:
            document: the version.
        """
        if document.uri not in self.documents and len(self.documents) >= MOST_OPEN:
            return
        self.documents[document.uri] = document
        self._check(document)
        self._check_dependents(document)

    def open_text(self, params: types.DidOpenTextDocumentParams, encoding: str) -> None:
        """Take a text that the editor opened.

        Args:
            params: of the protocol.
            encoding: of positions.
        """
        text = params.text_document
        self.open(Document(text.uri, to_fs_path(text.uri), text.text, text.version, text.language_id, encoding))

    def change_text(self, params: types.DidChangeTextDocumentParams) -> None:
        """Take the changes of a text.

        Args:
            params: of the protocol.
        """
        uri, version = params.text_document.uri, params.text_document.version
        if self._ahead.pop(uri, None) != version:
            self._change(uri, version, params.content_changes)

    def change_ahead(self, uri: str, version: int, changes: Sequence[types.TextDocumentContentChangeEvent]) -> None:
        """Take the changes of a text before the editor tells them by `didChange`; once more they do nothing then.

        Args:
            uri: the editor's name of it.
            version: that they lead to; any but the next one is left to `didChange`.
            changes: of the protocol.
        """
        before = self.documents.get(uri)
        if before is not None and version == (before.version or 0) + 1:
            self._ahead[uri] = version
            self._change(uri, version, changes)

    def _change(self, uri: str, version: int, changes: Sequence[types.TextDocumentContentChangeEvent]) -> None:
        before = self.documents.get(uri)
        if before is None:
            return
        text = before.text
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                text = Positions(text, before.encoding).changed(change.range, change.text)
            else:
                text = change.text
        self.open(Document(before.uri, before.path, text, version, before.language, before.encoding))

    def close(self, uri: str) -> None:
        """Forget a text.

        Args:
            uri: the editor's name of it.
        """
        document = self.documents.pop(uri, None)
        self.readable.pop(uri, None)
        self.sound.pop(uri, None)
        self._ahead.pop(uri, None)
        for tasks in (self._quick, self._explained):
            tasks.pop(uri, None)
        if document is not None:
            self._check_dependents(document)

    def on_shut(self, end: Callable[[], None]) -> None:
        """Call a function when the texts are closed for good.

        Args:
            end: the function.
        """
        self._at_end.append(end)

    def shut(self) -> None:
        """End all checks."""
        while self._at_end:
            self._at_end.pop()()
        self._closed = True
        self.documents.clear()
        self._now.shutdown(wait=False, cancel_futures=True)
        self._later.shutdown(wait=False, cancel_futures=True)

    async def current(self, uri: str) -> Analysis | None:
        """The analysis of the newest version of a text, without fixes; None where it is not open.

        Args:
            uri: the editor's name of it.
        """
        return await self._newest(self._quick, uri)

    async def explained(self, uri: str) -> Analysis | None:
        """The same with explanations and fixes.

        Args:
            uri: the editor's name of it.
        """
        return await self._newest(self._explained, uri)

    async def best(self, uri: str) -> Analysis | None:
        """The analysis of the newest version that has a report: of the text as it is, or as it was.

        Args:
            uri: the editor's name of it.
        """
        found = await self.current(uri)
        return found if found is None or found.report is not None else self.readable.get(uri, found)

    async def with_options(self, uri: str, options: Options) -> Analysis | None:
        """The analysis of the newest version with other options, made anew.

        Args:
            uri: the editor's name of it.
            options: the options.
        """
        document = self.documents.get(uri)
        return None if document is None else await self._run(self._now, document, options, explain=False)

    async def _newest(self, tasks: dict[str, asyncio.Task[Analysis | None]], uri: str) -> Analysis | None:
        while (task := tasks.get(uri)) is not None:
            found = await asyncio.shield(task)
            if tasks.get(uri) is task:
                return found
        return None

    def _check(self, document: Document) -> None:
        quick = asyncio.ensure_future(self._quickly(document))
        self._quick[document.uri] = quick
        self._explained[document.uri] = asyncio.ensure_future(self._thoroughly(document, quick))

    async def _quickly(self, document: Document) -> Analysis | None:
        found = await self._run(self._now, document, self.options, explain=False)
        if found is not None and self._is_newest(document) and found.report is not None:
            self.readable[document.uri] = found
            if found.is_whole and found.report.sound:
                self.sound[document.uri] = found
        return found

    async def _thoroughly(self, document: Document, quick: asyncio.Task[Analysis | None]) -> Analysis | None:
        found = await asyncio.shield(quick)
        for _ in range(TURNS):  # what waits for the check, as a picture does, is answered first
            await asyncio.sleep(0)
        if found is not None and self._is_newest(document):
            stays = document.uri in self._wrong and not found.diagnostics and _leaves_out(found)
            if not stays:  # what was wrong, until all has been checked
                self._tell(found)
        if found is None or not _gains(found):
            return found
        await asyncio.sleep(PAUSE)
        if not self._is_newest(document):
            return None
        told = await self._run(self._later, document, self.options, explain=True)
        if told is not None and self._is_newest(document):
            self._tell(told)
        return told

    def _tell(self, analysis: Analysis) -> None:
        (self._wrong.add if analysis.diagnostics else self._wrong.discard)(analysis.document.uri)
        try:
            self.publish(analysis)
        except Exception:
            log.exception("what was found in %s could not be told", analysis.document.uri)

    def _is_newest(self, document: Document) -> bool:
        return self.documents.get(document.uri) is document

    async def _run(
        self, pool: ThreadPoolExecutor, document: Document, options: Options, *, explain: bool
    ) -> Analysis | None:
        """An analysis made in a thread; None where it is not wanted any more, or where it failed."""
        overlay = {each.path: each.text for each in self.documents.values() if each.path is not None}

        def unwanted() -> bool:
            return self.documents.get(document.uri) is not document

        earlier = self.readable.get(document.uri) if options is self.options else None

        def work() -> Analysis | None:
            if unwanted():
                return None
            try:
                with interruptible(unwanted):
                    return analyse(document, overlay, options, explain=explain, earlier=earlier)
            except Interrupted:
                return None
            except Exception:
                log.exception("the check of %s failed", document.uri)
                return None

        if self._closed:
            return None
        if not document.is_spec:
            return Analysis(document, None)
        if len(document.text) > LARGEST:
            return Analysis(document, None, error=f"larger than {LARGEST:,} characters; `netspec check` reads it")
        return await asyncio.get_running_loop().run_in_executor(pool, work)

    def changed_on_disk(self, path: str | None) -> None:
        """Check the texts again that read a file which changed outside of the editor.

        Args:
            path: the file's.
        """
        if path is not None and all(each.path != path for each in self.documents.values()):
            self._check_readers(path)

    def _check_dependents(self, document: Document) -> None:
        """Check the other texts again that read this one."""
        self._check_readers(document.path, but=document.uri)

    def _check_readers(self, path: str | None, but: str = "") -> None:
        for uri, analysis in [*self.readable.items()]:
            other = self.documents.get(uri)
            if other is not None and uri != but and path in analysis.sources:
                again = Document(other.uri, other.path, other.text, other.version, other.language, other.encoding)
                self.documents[uri] = again
                self._check(again)


def _gains(found: Analysis) -> bool:
    """Whether a check with fixes says more than one without."""
    return bool(found.diagnostics) or _leaves_out(found)


def _leaves_out(found: Analysis) -> bool:
    """Whether a check without fixes leaves out promised sizes, or the values of a search."""
    spec = None if found.report is None else found.report.spec
    return spec is not None and (bool(spec.sizes) or spec.document.get("search") is not None)
