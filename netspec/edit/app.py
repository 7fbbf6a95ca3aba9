"""The routes of the page: its files, the specs of the folder, the language server; each behind the `Guard`."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from netspec.core.dataclass import dataclass
from netspec.edit.answers import route
from netspec.edit.bodies import fields_of, texts
from netspec.edit.files import Changed, Folder, Refused
from netspec.edit.language import root_uri, talk
from netspec.edit.palette import palette
from netspec.edit.security import Access, Guard, policy
from netspec.edit.sizes import sizes_of
from netspec.edit.training import TrainingRoutes
from netspec.language.format import format_text
from netspec.language.plugins import Plugins
from netspec.language.shipped import files_of, headline, shipped
from netspec.render.pictures.page import script_json, styles
from netspec.translation.languages import ENGLISH, known_language, translate

STATIC = Path(__file__).parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


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


class Specs:
    """The routes of the files.

    Args:
        folder: of the specs.
        options: that commands get, such as `--allow-plugins`.
    """

    def __init__(self, folder: Folder, options: tuple[str, ...]) -> None:
        self.folder, self.options = folder, options

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            route("GET", "/files", self.listed),
            route("GET", "/files/{name:path}", self.opened),
            route("PUT", "/files/{name:path}", self.saved),
            route("GET", "/shipped", self.shipped),
            route("POST", "/shipped/{name}", self.begun),
            route("GET", "/layers", self.layers),
            route("POST", "/sizes", self.sizes),
        ]

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

    async def begun(self, request: Request) -> Response:
        """POST: write one of them, with the files that it names, as `netspec init` does; what is there stays."""
        name, target = request.path_params["name"], (await fields_of(request, name=str))["name"]
        path = shipped().get(name)
        if path is None:
            raise Refused(f"netspec ships no spec {name[:80]!r}")
        first, *others = files_of(path)
        opened = self.folder.save(target, format_text(first.read_text("utf-8"), target), None)
        for other in others:
            beside = PurePosixPath(target).parent / other.relative_to(first.parent).as_posix()
            with contextlib.suppress(Changed):
                self.folder.create(str(beside), other.read_bytes())
        return JSONResponse(opened.json())

    async def layers(self, request: Request) -> Response:
        """GET: the layers and functions that can be inserted."""
        return JSONResponse(palette())

    async def sizes(self, request: Request) -> Response:
        """POST: for which input sizes a text is right, in words."""
        asked = await fields_of(request, name=str, text=str)
        home = self.folder.place(asked["name"]).resolve().parent
        told = await sizes_of(home if home.is_dir() else self.folder.root, asked["text"], self.options)
        return JSONResponse({"told": told})


async def translations(request: Request) -> Response:
    """POST: messages of netspec in another language.

    Args:
        request: with `texts`, and the `language`.
    """
    asked = await fields_of(request, texts=list, language=str)
    lang = known_language(asked["language"]) or ENGLISH
    return JSONResponse({"texts": [translate(text, lang) for text in texts(asked["texts"])]})


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
    options = ("--allow-plugins",) if setting.allow_plugins else ()
    specs = Specs(setting.folder, options)
    folder = setting.folder
    page = Page(
        access.port,
        {"folder": folder.root.name, "path": str(folder.root), "root": root_uri(folder), "first": setting.first},
    )

    async def language(socket: WebSocket) -> None:
        await talk(socket, folder, setting.plugins)

    training = TrainingRoutes(folder, options)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await training.end()

    routes = [
        route("GET", "/", page.index),
        route("GET", "/theme.css", page.theme),
        route("GET", "/assets/{name}", page.file),
        route("POST", "/translations", translations),
        *specs.routes(),
        *training.routes(),
        WebSocketRoute("/language", language),
    ]
    return Guard(Starlette(routes=routes, lifespan=lifespan), access)
