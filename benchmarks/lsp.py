"""How fast the language server is: from a change of a text to its diagnostics, and the answers of its features.

    python benchmarks/lsp.py [--rounds 15]

A client speaks to `netspec lsp` over its standard input and output, as an editor does. In each round one digit is typed
behind the first number of a layer's arguments, or removed again (`didChange` → `publishDiagnostics` of that version).
The texts are specs/*.yaml, and one of 2,000 layers that is made here. Median and 95th percentile, in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

ROOT = Path(__file__).parents[1]
PAUSE = 0.4  # seconds between two changes, in which the server seeks fixes
DIGIT = re.compile(r"(?:_features|_channels|kernel_size|Linear): \d+")
Times = dict[str, list[float]]


def large(layers: int) -> str:
    """A spec of so many layers, a line each."""
    kinds = ("Conv2d: {out_channels: 16, kernel_size: 3, padding: 1}", "BatchNorm2d: {}", "ReLU: {}")
    items = (f"  - {{name: layer{index}, {kinds[index % 3]}}}\n" for index in range(layers))
    return "netspec: 1\ninput: [16, 32, 32]\nlayers:\n" + "".join(items)


class Editor(LanguageClient):
    """A client that waits for what the server publishes."""

    def __init__(self) -> None:
        super().__init__("benchmark", "1")
        self.came: dict[tuple[str, int | None], asyncio.Event] = {}

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.event(params.uri, params.version).set()

    def event(self, uri: str, version: int | None) -> asyncio.Event:
        return self.came.setdefault((uri, version), asyncio.Event())


def processor(editor: Editor) -> float:
    """Milliseconds that the server's threads have computed; on Linux, else 0. Other load does not count here."""
    tasks = Path(f"/proc/{editor._server.pid if editor._server else 0}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.glob("*")) / 1e6


async def changes(editor: Editor, path: Path, text: str, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds from a change to its diagnostics, for each round, and those of computing."""
    uri, found, computed = path.as_uri(), [], []
    editor.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "netspec", 0, text)))
    await editor.event(uri, 0).wait()
    line = next((index for index, each in enumerate(text.splitlines()) if DIGIT.search(each)), text.count("\n"))
    found_there = DIGIT.search(text.splitlines()[line]) if line < len(text.splitlines()) else None
    start = types.Position(line, found_there.end() if found_there else 0)
    for version in range(1, rounds + 1):
        await asyncio.sleep(PAUSE)
        place = types.Range(start, start if version % 2 else types.Position(line, start.character + 1))
        change = types.TextDocumentContentChangePartial(place, "1" if version % 2 else "")
        identifier = types.VersionedTextDocumentIdentifier(version, uri)
        before, started = processor(editor), time.perf_counter()
        editor.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        await editor.event(uri, version).wait()
        found.append(1000 * (time.perf_counter() - started))
        computed.append(processor(editor) - before)
    return found, computed


async def answers(editor: Editor, path: Path, text: str, rounds: int) -> Times:
    """Milliseconds of each kind of request, about a text that is open."""
    document = types.TextDocumentIdentifier(path.as_uri())
    line = next((number for number, each in enumerate(text.splitlines()) if "2d:" in each), 2)
    at = types.Position(line, max(0, text.splitlines()[line].find("2d")))
    whole = types.Range(types.Position(0, 0), types.Position(text.count("\n"), 0))
    asked: dict[str, Any] = {
        "completion": lambda: editor.text_document_completion_async(types.CompletionParams(document, at)),
        "hover": lambda: editor.text_document_hover_async(types.HoverParams(document, at)),
        "inlay hints": lambda: editor.text_document_inlay_hint_async(types.InlayHintParams(document, whole)),
        "symbols": lambda: editor.text_document_document_symbol_async(types.DocumentSymbolParams(document)),
        "tokens": lambda: editor.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document)),
        "definition": lambda: editor.text_document_definition_async(types.DefinitionParams(document, at)),
    }
    times: Times = {name: [] for name in asked}
    for _ in range(max(2, rounds // 5)):
        for name, ask in asked.items():
            started = time.perf_counter()
            await ask()
            times[name].append(1000 * (time.perf_counter() - started))
    return times


async def main(rounds: int) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    editor = Editor()
    started = time.perf_counter()
    await editor.start_io(sys.executable, "-m", "netspec", "lsp", cwd=ROOT, env=environment)
    await editor.initialize_async(types.InitializeParams(capabilities=types.ClientCapabilities()))
    editor.initialized(types.InitializedParams())
    print(f"started in {1000 * (time.perf_counter() - started):.0f} ms\n")
    shipped: list[float] = []
    computed: list[float] = []
    features: Times = {}
    slowest = ("", 0.0)
    for path in sorted((ROOT / "specs").glob("*.yaml")):
        text = path.read_text("utf-8")
        times, own = await changes(editor, path, text, rounds)
        shipped += times
        computed += own
        slowest = max(slowest, (path.name, statistics.median(times)), key=lambda pair: pair[1])
        for name, each in (await answers(editor, path, text, rounds)).items():
            features.setdefault(name, []).extend(each)
        editor.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(path.as_uri())))
    big, path = large(2_000), ROOT / "specs" / "of-2000-layers.yaml"
    of_large, large_computed = await changes(editor, path, big, rounds)
    large_features = await answers(editor, path, big, rounds)
    print(f"{'didChange → publishDiagnostics':34}{'median':>10}{'p95':>10}{'worst':>10}   ms")
    row("specs/*.yaml", shipped)
    row("  of this computing", computed)
    row("a spec of 2,000 layers", of_large)
    row("  of this computing", large_computed)
    print(f"slowest of the shipped: {slowest[0]}, {slowest[1]:.0f} ms\n")
    print(f"{'request, answered':34}{'median':>10}{'p95':>10}{'worst':>10}   ms")
    for name, times in features.items():
        row(name, times)
    for name, times in large_features.items():
        row(f"{name}, 2,000 layers", times)
    await editor.shutdown_async(None)
    editor.exit(None)


def row(name: str, times: list[float]) -> None:
    """One line of the table."""
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(f"{name:34}{statistics.median(times):10.1f}{p95:10.1f}{ordered[-1]:10.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    asyncio.run(main(parser.parse_args().rounds))
