"""The socket of the picture: each change of the text comes in, its picture goes out, the newest one first.

The check runs in a thread, one at a time for each page; what came in while it ran is skipped but for the last.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from netspec.core.escapes import escaped_json
from netspec.core.faults import place_of, words_of
from netspec.edit.bodies import BadRequest, fields, texts
from netspec.edit.files import Folder, Refused
from netspec.edit.picture import Question, picture_json
from netspec.language.plugins import Plugins


class Live:
    """Answers one page.

    Args:
        socket: to it.
        folder: of the specs.
        plugins: what the user allows.
    """

    def __init__(self, socket: WebSocket, folder: Folder, plugins: Plugins) -> None:
        self.socket, self.folder, self.plugins = socket, folder, plugins
        self.waiting: str | None = None
        self.arrived = asyncio.Event()

    async def run(self) -> None:
        """Answer until the page goes."""
        await self.socket.accept()
        answering = asyncio.create_task(self._answer())
        try:
            while True:
                self.waiting = await self.socket.receive_text()
                self.arrived.set()
        except (WebSocketDisconnect, KeyError):  # KeyError: bytes, which no page sends
            pass
        finally:
            answering.cancel()

    async def _answer(self) -> None:
        while True:
            await self.arrived.wait()
            self.arrived.clear()
            message, self.waiting = self.waiting, None
            if message is not None:
                await self.socket.send_text(await asyncio.to_thread(self.answer, message))

    def answer(self, message: str) -> str:
        """The answer to a message.

        Args:
            message: JSON with `id`, which the answer repeats, `name` of the file, `text` and `settings`.

        Returns:
            JSON as `picture_json` says, or with `error`.
        """
        content: dict[str, Any]
        number: int | None = None
        try:
            asked = fields(message, id=int, name=str, text=str, settings=list)
            number = asked["id"]
            path = self.folder.place(asked["name"])
            text = asked["text"].encode("utf-8", "replace").decode()  # half of a surrogate pair is in no file
            question = Question(path, text, texts(asked["settings"]))
            content = picture_json(question, self.plugins)
        except (BadRequest, Refused) as error:
            content = {"ok": False, "error": str(error), "findings": []}
        except Exception as error:  # a fault of netspec: the page says so, and the next change is answered again
            content = {"ok": False, "error": f"{words_of(error)} ({place_of(error)})", "findings": []}
        return escaped_json(json.dumps({"id": number, **content}, separators=(",", ":")))
