"""The table of requests → the features that answer them, and how each is called.

A request is answered about the newest version of its text. A feature that fails is logged, and its request answered
with nothing, so that an editor goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from netspec.core.dataclass import dataclass
from netspec.lsp.analysis import Analysis, Document, with_settings
from netspec.lsp.features.actions import KINDS, code_actions
from netspec.lsp.features.completion import TRIGGERS, completions
from netspec.lsp.features.definition import definition, highlights, references
from netspec.lsp.features.formatting import formatted
from netspec.lsp.features.graph import GraphQuestion, graph
from netspec.lsp.features.hints import hints
from netspec.lsp.features.hover import hover
from netspec.lsp.features.lens import lenses
from netspec.lsp.features.rename import CannotRename, renamable, rename
from netspec.lsp.features.symbols import folds, symbols
from netspec.lsp.features.tokens import LEGEND, tokens
from netspec.lsp.workbench import Workbench

GRAPH = "netspec/graph"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Feature:
    """How one request is answered.

    Args:
        method: of the protocol.
        answer: from an analysis and the request's parameters.
        otherwise: the answer about a text that is no spec, and where the feature fails.
        options: what the server says of it at first.
        explained: whether it needs notes and fixes.
        checks: whether it makes a check of its own, which is no work for the event loop.
    """

    method: str
    answer: Callable[[Analysis, Any], Any]
    otherwise: Callable[[], Any] = list
    options: Any = None
    explained: bool = False
    checks: bool = False


def nothing() -> None:
    """The answer of a feature that finds none."""


def _actions(analysis: Analysis, params: types.CodeActionParams) -> list[types.CodeAction]:
    only = params.context.only
    kinds = None if only is None else [str(getattr(kind, "value", kind)) for kind in only]
    return code_actions(analysis, params.range, kinds)


FEATURES = (
    Feature(types.TEXT_DOCUMENT_HOVER, lambda a, asked: hover(a, asked.position), nothing),
    Feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, lambda a, asked: symbols(a)),
    Feature(types.TEXT_DOCUMENT_FOLDING_RANGE, lambda a, asked: folds(a)),
    Feature(types.TEXT_DOCUMENT_CODE_LENS, lambda a, asked: lenses(a)),
    Feature(types.TEXT_DOCUMENT_DEFINITION, lambda a, asked: definition(a, asked.position)),
    Feature(
        types.TEXT_DOCUMENT_REFERENCES,
        lambda a, asked: references(a, asked.position, with_definition=asked.context.include_declaration),
    ),
    Feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, lambda a, asked: highlights(a, asked.position)),
    Feature(types.TEXT_DOCUMENT_PREPARE_RENAME, lambda a, asked: renamable(a, asked.position), nothing),
    Feature(
        types.TEXT_DOCUMENT_RENAME,
        lambda a, asked: rename(a, asked.position, asked.new_name),
        nothing,
        types.RenameOptions(prepare_provider=True),
        checks=True,
    ),
    Feature(
        types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL,
        lambda a, asked: tokens(a),
        nothing,
        LEGEND,
    ),
    Feature(types.TEXT_DOCUMENT_FORMATTING, lambda a, asked: formatted(a.document)),
    Feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        _actions,
        list,
        types.CodeActionOptions(code_action_kinds=list(KINDS)),
        explained=True,
        checks=True,
    ),
)


def register(server: LanguageServer, bench: Workbench) -> None:
    """Let a server answer the requests of the table, completions and `netspec/graph`.

    Args:
        server: the server.
        bench: the texts that are open in it.
    """
    for feature in FEATURES:
        server.feature(feature.method, feature.options)(_handler(feature, bench))
    _register_files(server, bench)
    _register_completion(server, bench)
    _register_hints(server, bench)
    _register_graph(server, bench)


def _register_files(server: LanguageServer, bench: Workbench) -> None:
    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def changed(params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            bench.changed_on_disk(to_fs_path(change.uri))


def _handler(feature: Feature, bench: Workbench) -> Callable[[Any], Any]:
    async def handle(params: Any) -> Any:
        uri = params.text_document.uri
        analysis = await (bench.explained(uri) if feature.explained else bench.current(uri))
        if analysis is None or not analysis.document.is_spec:
            return feature.otherwise()
        if feature.checks:
            return await asyncio.to_thread(safely, lambda: feature.answer(analysis, params), feature.otherwise)
        return safely(lambda: feature.answer(analysis, params), feature.otherwise)

    return handle


def _register_completion(server: LanguageServer, bench: Workbench) -> None:
    options = types.CompletionOptions(trigger_characters=list(TRIGGERS))

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, options)
    async def complete(params: types.CompletionParams) -> types.CompletionList | None:
        uri = params.text_document.uri
        document = bench.documents.get(uri)
        if document is None or not _may_be_spec(document):
            return None
        analysis = await bench.best(uri)
        document, snippets = bench.documents.get(uri, document), takes_snippets(server)
        found = safely(lambda: completions(document, analysis, params.position, snippets=snippets), list)
        return types.CompletionList(is_incomplete=False, items=found)


def _register_hints(server: LanguageServer, bench: Workbench) -> None:
    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def hinted(params: types.InlayHintParams) -> list[types.InlayHint]:
        uri = params.text_document.uri
        analysis = await bench.best(uri)
        if analysis is None or not analysis.document.is_spec or uri not in bench.documents:
            return []
        if analysis.document.version != bench.documents[uri].version:  # nothing of the text as it is can be read
            analysis = Analysis(bench.documents[uri], None)
        earlier = bench.sound.get(uri)
        found: list[types.InlayHint] = safely(lambda: hints(analysis, params.range, earlier), list)
        return found


def _register_graph(server: LanguageServer, bench: Workbench) -> None:
    @server.feature(GRAPH)
    async def draw(params: Any) -> dict[str, Any] | None:
        asked = GraphQuestion.read(params)
        if asked is None:
            return None
        if asked.version is not None:
            bench.change_ahead(asked.uri, asked.version, asked.changes)
        options = with_settings(bench.options, asked.settings)
        analysis = await (bench.with_options(asked.uri, options) if asked.settings else bench.current(asked.uri))
        if analysis is None or not analysis.document.is_spec:
            return None
        if asked.version is not None and analysis.document.version != asked.version:
            return None
        found: dict[str, Any] | None = safely(lambda: graph(analysis, asked.depth), nothing)
        return found


def takes_snippets(server: LanguageServer) -> bool:
    """Whether the editor of a server takes snippets.

    Args:
        server: after the first request.
    """
    document = server.client_capabilities.text_document
    item = document.completion.completion_item if document and document.completion else None
    return bool(item and item.snippet_support)


def _may_be_spec(document: Document) -> bool:
    """Whether completions are for a text: it is a spec, or may become one."""
    return document.is_spec or not document.text.strip()


def safely(answer: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """An answer; where a feature fails that is logged, and the editor gets another one.

    Args:
        answer: the feature.
        otherwise: gives the other answer.

    Raises:
        JsonRpcInvalidParams: a name cannot be given; the editor shows why.
    """
    try:
        return answer()
    except CannotRename as refused:
        raise JsonRpcInvalidParams(str(refused)) from None
    except Exception:
        log.exception("a feature failed")
        return otherwise()
