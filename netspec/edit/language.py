"""The socket of the language server: the messages of the editor in the page go to a server of their own and back.

The page may ask for what it shows, about texts that have a name in the folder; for nothing else.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from pygls.uris import from_fs_path, to_fs_path
from starlette.websockets import WebSocket, WebSocketDisconnect

from netspec.edit.files import Folder, Refused
from netspec.language.plugins import Plugins
from netspec.lsp.answers import GRAPH
from netspec.lsp.server import make_server
from netspec.translation.languages import ENGLISH

OPEN = "textDocument/didOpen"
METHODS = {
    *("initialize", "initialized", "shutdown", "exit", "$/cancelRequest", OPEN, GRAPH),
    *(f"textDocument/{name}" for name in ("didChange", "didClose", "completion", "hover", "inlayHint", "codeAction")),
    *(f"textDocument/{name}" for name in ("formatting", "definition", "rename")),
}
FOLDERS = ("rootUri", "rootPath", "workspaceFolders")


class _Writer:
    """Takes what the server writes, in its order."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[str] = asyncio.Queue()

    def write(self, data: bytes) -> None:
        self.waiting.put_nowait(data.decode())

    def close(self) -> None:
        """Nothing is open."""


def allowed(message: Any, folder: Folder) -> bool:
    """Whether a message of the protocol may pass: the page asks for such, and names no text outside the folder.

    Args:
        message: from JSON.
        folder: of the specs.
    """
    if not isinstance(message, dict) or "method" not in message:
        return isinstance(message, dict)  # an answer
    if message["method"] not in METHODS:
        return False
    if message["method"] != OPEN:
        return True
    try:
        path = to_fs_path(message["params"]["textDocument"]["uri"])
        name = Path(path or "").relative_to(folder.root).as_posix()
        return folder.place(name).resolve() == Path(path or "").resolve()
    except (KeyError, TypeError, ValueError, Refused):
        return False


async def talk(socket: WebSocket, folder: Folder, plugins: Plugins) -> None:
    """Answer the editor of one page until it goes.

    Args:
        socket: to it.
        folder: of the specs.
        plugins: what the user allows.
    """
    await socket.accept()
    # The page puts what is said in English into its own language, which a button changes.
    server, writer = make_server(plugins=plugins, embedded=True, lang=ENGLISH), _Writer()
    server.protocol.set_writer(writer, include_headers=False)

    async def send() -> None:
        while True:
            await socket.send_text(await writer.waiting.get())

    sending = asyncio.create_task(send())
    try:
        while True:
            text = await socket.receive_text()
            try:
                message = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if not allowed(message, folder):
                if isinstance(message, dict) and "id" in message:
                    refused = {"code": -32601, "message": "the page does not ask for this"}
                    writer.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": refused}).encode())
                continue
            if message.get("method") == "initialize" and isinstance(message.get("params"), dict):
                message["params"] |= dict.fromkeys(FOLDERS)
                text = json.dumps(message)
            server.protocol.handle_message(json.loads(text, object_hook=server.protocol.structure_message))
    except (WebSocketDisconnect, KeyError):  # KeyError: bytes, which no page sends
        pass
    finally:
        sending.cancel()
        server.bench.shut()
        server.shutdown()  # type: ignore[no-untyped-call]


def root_uri(folder: Folder) -> str:
    """The folder's address in the messages of the protocol.

    Args:
        folder: of the specs.
    """
    return str(from_fs_path(str(folder.root)))
