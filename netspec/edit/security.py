"""What stands before every route: the token in the address, the names of the host, the origin of a request.

The server listens on the loopback address alone. Other pages in the same browser can send requests there all the same,
and other users of the machine too; none of them knows the token, which is the first part of every path.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from netspec.core.dataclass import dataclass

NAMES = ("127.0.0.1", "localhost")
READING = ("GET", "HEAD")
HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),  # the address has the token
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Args:
        token: the first part of every path.
        port: on which the server listens.
    """

    token: str
    port: int

    @property
    def hosts(self) -> tuple[str, ...]:
        """The values of the header Host that are this server's."""
        return tuple(f"{name}:{self.port}" for name in NAMES)

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{self.hosts[0]}/{self.token}/"

    def refusal(self, kind: str, method: str, path: str, headers: Iterable[tuple[bytes, bytes]]) -> tuple[int, str]:
        """The status and the reason for which a request is refused; 0 where it may pass.

        Args:
            kind: `http` or `websocket`.
            method: of HTTP; empty for a websocket.
            path: as it was sent.
            headers: as they were sent, names in lower case.
        """
        sent: dict[str, list[str]] = {"host": [], "origin": []}
        for name, value in headers:
            if name in (b"host", b"origin"):
                sent[name.decode()].append(value.decode("latin-1").lower())
        if len(sent["host"]) != 1 or sent["host"][0] not in self.hosts:  # a name that was made to lead here
            return 421, "not the name of this server"
        origins = [f"http://{host}" for host in self.hosts]
        needs_origin = kind == "websocket" or method not in READING
        if len(sent["origin"]) > 1 or any(each not in origins for each in sent["origin"]):
            return 403, "a request of another page"
        if needs_origin and not sent["origin"]:
            return 403, "a request of no page"
        if not secrets.compare_digest(path.split("/")[1].encode() if "/" in path else b"", self.token.encode()):
            return 404, "not found: the address of the page has a token, which netspec edit has printed"
        return 0, ""


def policy(port: int, nonce: str) -> str:
    """The Content-Security-Policy of the page: nothing but what this server sends.

    Args:
        port: on which it listens.
        nonce: of the style sheets that the editor makes.
    """
    sockets = " ".join(f"ws://{name}:{port}" for name in NAMES)
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
        f"connect-src 'self' {sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class Guard:
    """An ASGI application that lets pass what `Access` allows, without the token in its path.

    Args:
        app: what answers then.
        access: who may ask.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        status, reason = self.access.refusal(scope["type"], scope.get("method", ""), path, scope["headers"])
        if status:
            await _refuse(scope, send, status, reason)
            return
        rest = path[1 + len(self.access.token) :]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _with_headers(message.get("headers", ()))}
            await send(message)

        await self.app({**scope, "path": rest, "raw_path": rest.encode()}, receive, send_with_headers)


def _with_headers(own: Iterable[Sequence[bytes]]) -> list[tuple[bytes, bytes]]:
    more = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
    return [*((name, value) for name, value in own), *more]


async def _refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":  # before it is accepted, which answers 403
        await send({"type": "websocket.close", "code": 1008, "reason": reason})
        return
    body = f"{reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": _with_headers(headers)})
    await send({"type": "http.response.body", "body": body})
