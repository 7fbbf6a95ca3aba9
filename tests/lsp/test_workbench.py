"""The workbench: only the newest version is checked, checks end when they are not wanted, and faults end nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from lsprotocol import types

from netspec.core.interruption import Interrupted, checkpoint, interruptible
from netspec.lsp import workbench
from netspec.lsp.analysis import Analysis, Document, Options, analyse
from netspec.lsp.workbench import Workbench
from tests.lsp.analysed import URI, document

TEXT = "netspec: 1\ninput: [4]\nlayers: [{Linear: 3}]\n"
WRONG = TEXT.replace("3}", "{in_features: 5, out_features: 3}}")


def version(number: int, text: str = TEXT) -> Document:
    return Document(URI, "/nowhere/net.yaml", text, number)


async def current_and_told(bench: Workbench, uri: str = URI) -> Analysis | None:
    """The analysis of the newest version, after it was told: what waits for the check is answered before."""
    found = await bench.current(uri)
    for _ in range(2 * workbench.TURNS):
        await asyncio.sleep(0)
    return found


def on_bench(test: Callable[[Workbench, list[Analysis]], Awaitable[None]]) -> None:
    """Run a test with a workbench and what it told."""

    async def run() -> None:
        told: list[Analysis] = []
        bench = Workbench(Options(), told.append)
        try:
            await test(bench, told)
        finally:
            bench.shut()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_of_many_versions_the_newest_is_told_and_none_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[int | None] = []
    started, go_on = threading.Event(), threading.Event()

    def slow(document: Document, *rest: object, **more: object) -> Analysis:
        checked.append(document.version)
        started.set()
        while not go_on.wait(0.005):
            checkpoint()
        return analyse(document, {}, Options())

    monkeypatch.setattr(workbench, "analyse", slow)

    async def test(bench: Workbench, told: list[Analysis]) -> None:
        bench.open(version(1))
        await asyncio.to_thread(started.wait, 30)
        for number in range(2, 30):
            bench.open(version(number))
        go_on.set()
        found = await current_and_told(bench)
        assert found is not None
        assert found.document.version == 29
        assert [each.document.version for each in told] == [29]
        assert checked == [1, 29]

    on_bench(test)


def test_fixes_come_after_a_pause_and_not_for_a_version_that_is_over() -> None:
    async def test(bench: Workbench, told: list[Analysis]) -> None:
        bench.open(version(1, WRONG))
        await current_and_told(bench)
        bench.open(version(2, WRONG.replace("5", "6")))
        explained = await bench.explained(URI)
        assert explained is not None
        assert [(each.document.version, each.explained) for each in told] == [(1, False), (2, False), (2, True)]
        assert told[1].diagnostics[0].fixes == ()
        assert explained.diagnostics[0].fixes[0].title == "in_features: 4"

    on_bench(test)


def test_a_text_that_others_include_is_checked_in_them(tmp_path: Path) -> None:
    (tmp_path / "parts.yaml").write_text("blocks:\n  Part: [ReLU]\n")

    async def test(bench: Workbench, told: list[Analysis]) -> None:
        net, parts = tmp_path / "net.yaml", tmp_path / "parts.yaml"
        text = "netspec: 1\ninclude: parts.yaml\ninput: [4]\nlayers: [Part]\n"
        bench.open(Document(net.as_uri(), str(net), text, 1))
        await current_and_told(bench, net.as_uri())
        assert told[-1].diagnostics == ()
        bench.open(Document(parts.as_uri(), str(parts), "blocks:\n  Part: [ReLUU]\n", 1))
        found = await bench.current(net.as_uri())
        assert found is not None
        assert [each.code for each in found.diagnostics] == ["NS204"]
        bench.close(parts.as_uri())
        found = await bench.current(net.as_uri())
        assert found is not None
        assert found.diagnostics == ()
        parts.write_text("blocks:\n  Part: [ReLU, ReLUU]\n")
        bench.changed_on_disk(str(parts))
        found = await bench.current(net.as_uri())
        assert found is not None
        assert [each.code for each in found.diagnostics] == ["NS204"]
        parts.write_text("blocks:\n  Part: [ReLU]\n")
        bench.changed_on_disk(str(parts))
        found = await bench.current(net.as_uri())
        assert found is not None
        assert found.diagnostics == ()

    on_bench(test)


def test_a_fault_is_logged_and_the_next_version_works(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def faulty(document: Document, *rest: object, **more: object) -> Analysis:
        if document.version == 1:
            raise ZeroDivisionError("a fault")
        return analyse(document, {}, Options())

    monkeypatch.setattr(workbench, "analyse", faulty)

    async def test(bench: Workbench, told: list[Analysis]) -> None:
        bench.open(version(1))
        assert await bench.current(URI) is None
        bench.open(version(2))
        assert await current_and_told(bench) is not None
        assert [each.document.version for each in told] == [2]

    with caplog.at_level(logging.ERROR):
        on_bench(test)
    assert "ZeroDivisionError: a fault" in caplog.text


def test_a_check_ends_at_its_next_checkpoint() -> None:
    layers = "".join(f"  - {{name: a{n}, ReLU: {{}}}}\n" for n in range(300))
    text = f"netspec: 1\ninput: [4]\nlayers:\n{layers}"
    asked = 0

    def unwanted() -> bool:
        nonlocal asked
        asked += 1
        return asked > limit

    limit = 10**9
    with interruptible(unwanted):
        analyse(document(text), {}, Options())
    assert asked > 5 * 300  # of YAML's values, of items, of layers
    for limit in (0, 100, asked // 2, asked - 1):
        asked = 0
        with pytest.raises(Interrupted), interruptible(unwanted):
            analyse(document(text), {}, Options())
        assert asked == limit + 1
    checkpoint()  # outside it does nothing


def test_other_yaml_is_left_alone_and_a_large_text_is_told() -> None:
    async def test(bench: Workbench, told: list[Analysis]) -> None:
        bench.open(Document("file:///a.yaml", "/a.yaml", "services: {web: {image: x}}\n", 1, "yaml"))
        bench.open(Document("file:///b.yaml", "/b.yaml", "netspec: 1\n" + "#" * workbench.LARGEST, 1, "yaml"))
        first, second = await bench.current("file:///a.yaml"), await bench.current("file:///b.yaml")
        assert first is not None
        assert (first.report, first.error) == (None, None)
        assert second is not None
        assert "larger than 2,000,000 characters" in (second.error or "")

    on_bench(test)


def test_a_change_that_came_ahead_is_made_once() -> None:
    place = types.Range(types.Position(2, 18), types.Position(2, 18))
    changes = [types.TextDocumentContentChangePartial(place, "1")]

    async def test(bench: Workbench, told: list[Analysis]) -> None:
        bench.open(version(1))
        bench.change_ahead(URI, 3, changes)  # not the next version: what lies between is not known
        assert bench.documents[URI].text == TEXT
        bench.change_ahead(URI, 2, changes)
        ahead = bench.documents[URI]
        assert (ahead.version, ahead.text) == (2, TEXT[: TEXT.index("3}")] + "1" + TEXT[TEXT.index("3}") :])
        later = types.VersionedTextDocumentIdentifier(2, URI)
        bench.change_text(types.DidChangeTextDocumentParams(later, changes))
        assert bench.documents[URI] is ahead
        later = types.VersionedTextDocumentIdentifier(3, URI)
        bench.change_text(types.DidChangeTextDocumentParams(later, changes))
        assert bench.documents[URI].text.count("1") == ahead.text.count("1") + 1

    on_bench(test)
