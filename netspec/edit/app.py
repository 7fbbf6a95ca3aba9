"""The routes of the page: its files, the specs of the folder, the language server; each behind the `Guard`."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from netspec.core.dataclass import dataclass
from netspec.core.files import ReadError
from netspec.edit.bodies import BadRequest, fields_of
from netspec.edit.files import Changed, Folder, Refused
from netspec.edit.language import root_uri, talk
from netspec.edit.security import Access, Guard, policy
from netspec.language.format import format_text
from netspec.language.plugins import Plugins
from netspec.language.shipped import headline, shipped
from netspec.render.pictures.page import script_json, styles

STATIC = Path(__file__).parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Setting:
    """What the command was told.

    Args:
        folder: of the specs.
        plugins: what the user allows.
        allow_plugins: whether the commands that train and predict are told `--allow-plugins`.
        first: the name of the spec that is opened first; empty: none.
    """

    folder: Folder
    plugins: Plugins
    allow_plugins: bool = False
    first: str = ""


def answered(handler: Handler) -> Handler:
    """A handler whose exceptions are answers: 400 what the page does not send, 403 a place outside the folder, 409 a
    file that has changed, 422 one that cannot be read or written.

    Args:
        handler: any.
    """

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except BadRequest as error:
            return _fault(400, str(error))
        except Refused as error:
            return _fault(403, str(error))
        except Changed as changed:
            return JSONResponse({"error": str(changed), "now": changed.now.json()}, 409)
        except ReadError as error:
            return _fault(422, str(error))

    return answer


def _fault(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)


class Specs:
    """The routes of the files.

    Args:
        folder: of the specs.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    async def listed(self, request: Request) -> Response:
        """GET: the names of the specs."""
        return JSONResponse({"folder": str(self.folder.path), "names": self.folder.names()})

    async def opened(self, request: Request) -> Response:
        """GET: a spec's text and its version."""
        return JSONResponse(self.folder.open(request.path_params["name"]).json())

    async def saved(self, request: Request) -> Response:
        """PUT: its new text, with the version of the one that was opened."""
        asked = await fields_of(request, text=str, version=(str, type(None)))
        return JSONResponse(self.folder.save(request.path_params["name"], asked["text"], asked["version"]).json())

    async def shipped(self, request: Request) -> Response:
        """GET: the specs that netspec ships."""
        return JSONResponse({name: headline(path) for name, path in shipped().items()})

    async def shipped_text(self, request: Request) -> Response:
        """GET: the text of one of them."""
        name = request.path_params["name"]
        path = shipped().get(name)
        if path is None:
            raise Refused(f"netspec ships no spec {name[:80]!r}")
        return JSONResponse({"name": f"{name}.yaml", "text": format_text(path.read_text("utf-8"), path.name)})


class Page:
    """The routes of the page's own files, which are read once.

    Args:
        port: on which the server listens.
        start: what the page begins with, as plain data.
    """

    def __init__(self, port: int, start: dict[str, Any]) -> None:
        self.port, self.start = port, start
        self.files = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}

    async def index(self, request: Request) -> Response:
        """GET: the page."""
        nonce = secrets.token_urlsafe(16)
        text = self.files["index.html"].read_text("utf-8")
        text = text.replace("{{start}}", script_json({**self.start, "nonce": nonce}))
        headers = {"Content-Security-Policy": policy(self.port, nonce)}
        return Response(text, media_type="text/html", headers=headers)

    async def theme(self, request: Request) -> Response:
        """GET: the colours and rules of pictures."""
        return Response(styles(), media_type="text/css")

    async def file(self, request: Request) -> Response:
        """GET: a script or a style sheet."""
        path = self.files.get(f"assets/{request.path_params['name']}")
        if path is None:
            raise Refused("no file of the page")
        return Response(path.read_bytes(), media_type=TYPES.get(path.suffix, "application/octet-stream"))


def make_app(setting: Setting, access: Access) -> ASGIApp:
    """The application.

    Args:
        setting: what the command was told.
        access: who may ask.
    """
    specs = Specs(setting.folder)
    folder = setting.folder
    page = Page(
        access.port,
        {"folder": folder.root.name, "path": str(folder.root), "root": root_uri(folder), "first": setting.first},
    )

    async def language(socket: WebSocket) -> None:
        await talk(socket, folder, setting.plugins)

    get, put = partial(_route, method="GET"), partial(_route, method="PUT")
    app = Starlette(
        routes=[
            get("/", page.index),
            get("/theme.css", page.theme),
            get("/assets/{name}", page.file),
            get("/files", specs.listed),
            get("/files/{name:path}", specs.opened),
            put("/files/{name:path}", specs.saved),
            get("/shipped", specs.shipped),
            get("/shipped/{name}", specs.shipped_text),
            WebSocketRoute("/language", language),
        ]
    )
    return Guard(app, access)


def _route(path: str, handler: Handler, method: str) -> Route:
    return Route(path, answered(handler), methods=[method])
