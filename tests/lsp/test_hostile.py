"""Texts that are cut off, mangled or made to hurt, and requests without sense: every feature answers, none fails."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from lsprotocol import types

from netspec.lsp.analysis import Analysis, Options, analyse
from netspec.lsp.answers import FEATURES
from netspec.lsp.features.completion import completions
from netspec.lsp.features.diagnostics import diagnostics
from netspec.lsp.features.graph import graph
from netspec.lsp.features.hints import hints
from netspec.lsp.features.lens import COMMANDS, shown_by
from netspec.lsp.features.rename import CannotRename
from tests.check.hostile import TEXTS
from tests.lsp.analysed import document
from tests.lsp.client import Editor, edited
from tests.spec_cases import ROOT

HURTING = (
    "billion laughs", "an alias in itself", "nested flow", "nested lines", "nested dashes", "deep parentheses",
    "a giant number", "many minus signs", "a large repeat",
)  # fmt: skip
SPECS = ("resnet18", "googlenet_aux", "char_gpt", "text_cnn", "tabular", "vae", "digits_search")
SECONDS = 20.0  # an idle machine takes one


def asked(position: types.Position) -> SimpleNamespace:
    """Parameters that suit every request."""
    context = SimpleNamespace(only=None, include_declaration=True)
    place = types.Range(types.Position(0, 0), position)
    return SimpleNamespace(position=position, range=place, new_name="other", context=context)


def every_answer(analysis: Analysis, position: types.Position) -> Iterator[str]:
    """Ask all features; the names of those that answered."""
    diagnostics(analysis)
    hints(analysis)
    completions(analysis.document, analysis, position)
    graph(analysis)
    for command in COMMANDS:
        shown_by(analysis, command)
    for feature in FEATURES:
        if feature.checks and analysis.report is not None and len(analysis.calls) > 50:
            continue  # another check of each
        with contextlib.suppress(CannotRename):
            feature.answer(analysis, asked(position))
        yield feature.method


@pytest.mark.parametrize("name", HURTING)
def test_a_text_that_is_made_to_hurt(name: str) -> None:
    text, _ = TEXTS[name]
    started = time.process_time()
    analysis = analyse(document(text), {}, Options())
    last = analysis.positions.position(len(text))
    assert [*every_answer(analysis, last)]
    assert [*every_answer(analysis, types.Position(0, 0))]
    assert time.process_time() - started < SECONDS


LONG = ("a" + " " * 200_000, "a" * 200_000 + " ", "'" * 99_999, "- " * 50_000, "a: " * 50_000, "[" * 9 + "," * 99_999)


@pytest.mark.parametrize("line", LONG, ids=[each[:3] for each in LONG])
def test_a_long_line_takes_no_time(line: str) -> None:
    text = f"netspec: 1\ninput: [4]\nlayers:\n  - {line}"
    started = time.process_time()
    analysis = analyse(document(text), {}, Options())
    assert [*every_answer(analysis, analysis.positions.position(len(text)))]
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("seed", range(2))
def test_a_text_that_is_cut_or_mangled_anywhere(seed: int) -> None:
    dice = random.Random(seed)
    for name in SPECS:
        text = (ROOT / "specs" / f"{name}.yaml").read_text("utf-8")
        for _ in range(2):
            cut = dice.randrange(len(text))
            pieces = [
                text[:cut],
                text[:cut] + text[cut + dice.randrange(30) :],
                text[:cut] + dice.choice("{[:-,'\"&*|>%@\t🧠\u2028\r") + text[cut:],
            ]
            found = document(dice.choice(pieces))
            analysis = analyse(found, {}, Options())
            position = found.positions.position(min(cut, len(found.text)))
            assert [*every_answer(analysis, position)]


def test_a_feature_that_fails_would_show() -> None:
    analysis = analyse(document("netspec: 1\ninput: [4]\nlayers: [ReLU]\n"), {}, Options())
    with pytest.raises(AttributeError):
        FEATURES[0].answer(analysis, object())


def test_requests_that_make_no_sense_leave_the_server_working() -> None:
    async def test(editor: Editor) -> None:
        far, uri = types.Position(10**6, 10**6), "file:///nowhere/net.yaml"
        unknown = types.TextDocumentIdentifier("file:///never/opened.yaml")
        assert await editor.text_document_hover_async(types.HoverParams(unknown, far)) is None
        assert await editor.text_document_completion_async(types.CompletionParams(unknown, far)) is None
        ask = editor.protocol.send_request_async
        for params in ({}, {"textDocument": 3}, {"textDocument": {"uri": 4}}, {"textDocument": {"uri": uri}}, None):
            assert await ask("netspec/graph", params) is None
        with pytest.raises(Exception, match="Method Not Found"):
            await ask("netspec/nothing", {})
        text = "netspec: 1\ninput: [4]\nlayers: [{name: a, ReLU: {}}]\n"
        editor.open(uri, text)
        assert await editor.text_document_hover_async(types.HoverParams(types.TextDocumentIdentifier(uri), far)) is None
        at = types.Position(2, 16)
        with pytest.raises(Exception, match="'a b' is no name"):
            await editor.text_document_rename_async(types.RenameParams(types.TextDocumentIdentifier(uri), at, "a b"))
        drawn = await ask(
            "netspec/graph", {"textDocument": {"uri": uri}, "settings": ["input=[7]", "no", 3], "depth": -5}
        )
        assert drawn.version == 1
        editor.replace(uri, types.Range(far, types.Position(0, 0)), "# end\n")
        assert await editor.found(uri, 2) == []

    edited(test)
