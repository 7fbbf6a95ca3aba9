"""The server itself: a socket on the loopback address, the page's address, and uvicorn until Ctrl-C."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable

import uvicorn

from netspec.core.files import ReadError
from netspec.edit.app import Setting, make_app
from netspec.edit.security import Access

LOOPBACK = "127.0.0.1"
LARGEST_MESSAGE = 64_000_000  # bytes of a message: a spec of the greatest size, escaped


def serve(setting: Setting, port: int, ready: Callable[[str], object]) -> None:
    """Serve the page until Ctrl-C.

    Args:
        setting: what the command was told.
        port: on which to listen; 0: any that is free.
        ready: is told the page's address, once it can be opened.

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
        lifespan="on",
        log_level="error",  # the log of requests would have the token
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    with listening:
        ready(access.address)
        uvicorn.Server(config).run(sockets=[listening])
