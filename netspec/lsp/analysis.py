"""One version of a text → Analysis: what the check knows of it, made once and read by every feature.

Where the text is no YAML, findings are of the text as it is, all else of what can be read of it (recovery.py).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from netspec.checker import check
from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic
from netspec.core.files import ReadError, check_text
from netspec.core.tree import Mapping as Tree
from netspec.core.tree import Span
from netspec.expansion.graph import Call
from netspec.language.load import INCLUDED_KEYS, TEXT, load, loads
from netspec.language.plugins import NO_PLUGINS, Plugins
from netspec.language.source import compose
from netspec.language.spec import Item
from netspec.lsp.edited import edited
from netspec.lsp.occurrences import Occurrence, occurrences
from netspec.lsp.positions import UTF16, Positions
from netspec.lsp.recovery import readable
from netspec.render.pictures.build import network_tree
from netspec.render.pictures.tree import Node
from netspec.shapes.report import Report
from netspec.translation.languages import ENGLISH

LANGUAGE = "netspec"  # the editor's name of it
_UNUSED = "NS902"  # which a block is in a file that other specs include
_IS_SPEC = re.compile(r"^[\"']?netspec[\"']?[ \t]*:", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """One version of a text in an editor.

    Args:
        uri: what the editor calls it.
        path: of its file; None where it has none yet.
        text: the text.
        version: the editor's number of it.
        language: the editor's name of its language.
        encoding: of positions.
    """

    uri: str
    path: str | None
    text: str
    version: int | None = None
    language: str = LANGUAGE
    encoding: str = UTF16

    @cached_property
    def positions(self) -> Positions:
        """Converts positions in it."""
        return Positions(self.text, self.encoding)

    @property
    def is_spec(self) -> bool:
        """Whether it is a spec: its editor says so, or it has a key of one. Editors hand over any YAML file."""
        return self.language == LANGUAGE or _IS_SPEC.search(self.text) is not None

    @property
    def shown(self) -> str:
        """What spans call it."""
        return TEXT if self.path is None else self.path


@dataclass(frozen=True)
class Options:
    """How texts are checked.

    Args:
        settings: assignments as of `--set`.
        plugins: which of them may run.
        torch: the version to check for.
        folder: of a text without a file: what its relative paths are relative to.
        lang: the language of findings and fixes.
    """

    settings: tuple[str, ...] = ()
    plugins: Plugins = NO_PLUGINS
    torch: str | None = None
    folder: Path | None = None
    lang: str = ENGLISH


@dataclass(frozen=True)
class Analysis:
    """What is known of one version of a text.

    Args:
        document: that version.
        report: of what can be read of it; None where nothing can.
        diagnostics: what is wrong with the text as it is.
        is_whole: whether the report is of the text as it is.
        error: why the text is not read at all.
        explained: whether the diagnostics have notes and fixes.
        text: what the report is of.
        lang: the language in which an editor is told of it.
    """

    document: Document
    report: Report | None
    diagnostics: tuple[Diagnostic, ...] = ()
    is_whole: bool = True
    error: str | None = None
    explained: bool = False
    text: str = ""
    lang: str = ENGLISH

    @property
    def positions(self) -> Positions:
        """Converts positions in the text."""
        return self.document.positions

    @cached_property
    def tree(self) -> Tree:
        """The text's own tree: without includes, model and settings."""
        spec = None if self.report is None else self.report.spec
        if spec is not None and not spec.settings and not spec.origins:  # no other file was read
            return spec.document
        root, _ = compose(self.text, self.document.shown)
        return root if isinstance(root, Tree) else Tree((), Span(self.document.shown, 1, 1, 1, 1))

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls of the network."""
        return self.report.graph.calls if self.report is not None and self.report.graph is not None else ()

    @property
    def sources(self) -> Collection[str]:
        """The paths of all files that were read for it."""
        return self.report.spec.sources.keys() if self.report is not None else ()

    def is_here(self, span: Span) -> bool:
        """Whether a span lies in this text.

        Args:
            span: of a spec.
        """
        return span.path == self.document.shown

    @cached_property
    def calls_of(self) -> Mapping[Span, tuple[Call, ...]]:
        """The calls that come from an item, by the span of its type."""
        found: defaultdict[Span, list[Call]] = defaultdict(list)
        for call in self.calls:
            found[call.item.at.span].append(call)
        return {span: tuple(calls) for span, calls in found.items()}

    @cached_property
    def network(self) -> Node | None:
        """The tree of the network that pictures are drawn from."""
        return None if self.report is None else network_tree(self.report)

    @cached_property
    def boxes(self) -> Mapping[Span, tuple[Node, ...]]:
        """The boxes of the network that come from an item, by the span of its type."""
        found: defaultdict[Span, list[Node]] = defaultdict(list)
        for node in self.network.walk() if self.network is not None else ():
            if node.kind in ("group", "block") and node.span is not None:
                found[node.span].append(node)
        return {span: tuple(nodes) for span, nodes in found.items()}

    @cached_property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """The places at which its names stand, in all its files."""
        return () if self.report is None else occurrences(self.report.spec)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The items that stand in this text, in its order."""
        if self.report is None:
            return ()
        found = {item.at.span: item for item in self.report.spec.every_item() if self.is_here(item.at.span)}
        return tuple(found[span] for span in sorted(found))


def analyse(
    document: Document,
    overlay: Mapping[str, str],
    options: Options,
    *,
    explain: bool = False,
    earlier: Analysis | None = None,
) -> Analysis:
    """Check one version of a text.

    Args:
        document: the version.
        overlay: the texts of other files that are open in the editor, by path; they go before those on the disk.
        options: how.
        explain: with every size that is promised, and with notes and fixes, which takes longer: each is verified.
        earlier: of an earlier version of the text with these options, from which what did not change is taken.
    """
    again = None if explain or earlier is None else _edited(document, earlier, options)
    return replace(again or _analysed(document, overlay, options, explain), lang=options.lang)


def _edited(document: Document, earlier: Analysis, options: Options) -> Analysis | None:
    """The analysis by way of the earlier one; None where the text is to be read anew."""
    if earlier.report is None or not earlier.is_whole or earlier.explained:
        return None
    try:
        check_text(document.text, document.shown)
    except ReadError:
        return None
    found = edited(earlier.report, document.text)
    if found is None:
        return None
    spec, expanded = found
    before = earlier.report
    report = check(spec, fixes=False, torch=options.torch, all_sizes=False, expanded=expanded, before=before)
    return Analysis(document, report, _own(report), text=document.text)


def _analysed(document: Document, overlay: Mapping[str, str], options: Options, explain: bool) -> Analysis:
    try:
        check_text(document.text, document.shown)
        report = _report(document, document.text, overlay, options, explain)
    except ReadError as error:
        return Analysis(document, None, error=None if not document.text.strip() else str(error))
    if report.spec.document.entries:
        return Analysis(document, report, _own(report), explained=explain, text=document.text)
    text = readable(document.text)
    if text is None or text == document.text or not text.strip():
        return Analysis(document, None, report.diagnostics, is_whole=False, explained=explain)
    try:
        partial = _report(document, text, overlay, options, explain=False)
    except ReadError:
        return Analysis(document, None, report.diagnostics, is_whole=False, explained=explain)
    return Analysis(document, partial, report.diagnostics, is_whole=False, explained=explain, text=text)


def _report(document: Document, text: str, overlay: Mapping[str, str], options: Options, explain: bool) -> Report:
    texts = {**overlay, document.shown: text}
    if document.path is None:
        spec = loads(
            text, options.settings, folder=options.folder, overlay=texts, plugins=options.plugins,
            self_contained=options.folder is None,
        )  # fmt: skip
    else:
        spec = load(document.path, options.settings, overlay=texts, plugins=options.plugins)
    return check(spec, fixes=explain, torch=options.torch, all_sizes=explain)


def _own(report: Report) -> tuple[Diagnostic, ...]:
    """The findings of a report; of a file of blocks, which other specs include, without those about a whole spec."""
    entries = report.spec.document.entries
    keys = {key.text for key, _ in entries}
    if "blocks" not in keys or keys - set(INCLUDED_KEYS):
        return report.diagnostics
    start = entries[0][0].span
    return tuple(
        each for each in report.diagnostics if each.code != _UNUSED and (each.code, each.span) != ("NS203", start)
    )


def with_settings(options: Options, settings: tuple[str, ...]) -> Options:
    """The options with further assignments.

    Args:
        options: of a server.
        settings: as of `--set`, made after those of the options.
    """
    return replace(options, settings=(*options.settings, *settings))
