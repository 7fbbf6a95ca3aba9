"""The server itself: a socket on the loopback address, the page's address, and uvicorn until Ctrl-C."""

from __future__ import annotations

import secrets
import socket

import uvicorn

from netspec.core.dataclass import dataclass
from netspec.core.files import ReadError
from netspec.edit.app import Setting, make_app
from netspec.edit.security import Access

LOOPBACK = "127.0.0.1"
LARGEST_MESSAGE = 64_000_000  # bytes of a message: a spec of the greatest size, escaped


@dataclass(frozen=True)
class Served:
    """A server that listens.

    Args:
        access: who may ask; its address is the page's.
        listening: the socket.
        server: uvicorn's.
    """

    access: Access
    listening: socket.socket
    server: uvicorn.Server

    def run(self) -> None:
        """Answer until `server.should_exit`, or Ctrl-C in the main thread."""
        with self.listening:
            self.server.run(sockets=[self.listening])


def make_server(setting: Setting, port: int = 0) -> Served:
    """Listen on the loopback address.

    Args:
        setting: what the command was told.
        port: on which to listen; 0: any that is free.

    Raises:
        ReadError: nothing can listen on that port.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise ReadError(f"port {port} cannot be used: {(error.strerror or str(error)).lower()}") from None
    access = Access(secrets.token_urlsafe(24), listening.getsockname()[1])
    config = uvicorn.Config(
        make_app(setting, access),
        log_level="error",  # the log of requests would have the token
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return Served(access, listening, uvicorn.Server(config))
