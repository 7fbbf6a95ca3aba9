"""Requests as a page sends them, and as one does that is not this page."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspec.edit.security import Access


@dataclass
class Reply:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as plain data."""
        return json.loads(self.body)


@dataclass
class Page:
    """A page that is served.

    Args:
        access: who may ask.
        home: its folder.
    """

    access: Access
    home: Path

    @property
    def host(self) -> str:
        """The header Host of its requests."""
        return self.access.hosts[0]

    def ask(self, method: str, path: str, content: object = None, **headers: str | None) -> Reply:
        """A request to a path below the token; a header that is None is left out."""
        return self.raw(method, f"/{self.access.token}{path}", content, **headers)

    def raw(self, method: str, path: str, content: object = None, **headers: str | None) -> Reply:
        """A request to any path."""
        sent = {"Host": self.host, "Origin": f"http://{self.host}", **headers}
        body = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.access.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            reply = connection.getresponse()
            return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()
