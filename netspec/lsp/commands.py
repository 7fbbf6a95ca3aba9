"""The commands of code lenses: the table of a network, or the page that draws it, written to a file and shown."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from netspec.core.dataclass import dataclass
from netspec.lsp.answers import safely
from netspec.lsp.features.lens import COMMANDS, shown_by
from netspec.lsp.workbench import Workbench

LONGEST_NAME = 100  # characters


@dataclass
class _Folder:
    """A folder for what commands write, made when the first does."""

    path: Path | None = None

    def write(self, name: str, text: str) -> Path:
        """Write a text to a file of the folder."""
        if self.path is None:
            self.path = Path(tempfile.mkdtemp(prefix="netspec-"))
        path = self.path / name
        path.write_text(text, encoding="utf-8")
        return path

    def remove(self) -> None:
        """Remove the folder with its files."""
        if self.path is not None:
            shutil.rmtree(self.path, ignore_errors=True)


def register_commands(server: LanguageServer, bench: Workbench) -> None:
    """Let a server run the commands of its lenses: each takes the URI of a text, and gives the path of what it shows.

    Args:
        server: the server.
        bench: the texts that are open in it.
    """
    folder = _Folder()
    bench.on_shut(folder.remove)
    for name in COMMANDS:
        _register(server, bench, folder, name)


def _register(server: LanguageServer, bench: Workbench, folder: _Folder, name: str) -> None:
    @server.command(name)
    async def run(uri: str) -> str | None:
        analysis = await bench.current(uri)
        if analysis is None or not analysis.document.is_spec:
            return None
        shown: tuple[str, str] | None = safely(lambda: shown_by(analysis, name), lambda: None)
        if shown is None:
            return None
        ending, text = shown
        stem = Path(analysis.document.path or "spec").stem[:LONGEST_NAME]
        path = folder.write(f"{stem}{ending}", text)
        _show(server, path, external=ending == ".html")
        return str(path)


def _show(server: LanguageServer, path: Path, *, external: bool) -> None:
    """Let the editor show a file, or say where it is where it cannot."""
    window = server.client_capabilities.window
    if window is not None and window.show_document is not None and window.show_document.support:
        server.window_show_document(types.ShowDocumentParams(path.as_uri(), external=external, take_focus=True))
    else:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, f"written to {path}"))
