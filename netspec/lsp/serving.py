"""A language server for editors: over standard input and output for one, over TCP for any number."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable
from threading import Event

from pygls.io_ import run_async

from netspec.core.garbage import ALLOCATIONS
from netspec.lsp.server import NetspecServer

MakeServer = Callable[[bool], NetspecServer]  # from whether it is one of several in the process
LARGEST_LINE = 2**16  # bytes of a header

log = logging.getLogger(__name__)


def serve_stdio(make: MakeServer) -> None:
    """Serve one editor over standard input and output, until it says `exit` or goes away.

    Args:
        make: makes the server.
    """
    settle()
    sys.stdout.flush()
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")  # its own, which `exit` closes,
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # and which nothing that is printed gets into
    server = make(False)
    try:
        server.start_io(stdout=output)
    finally:  # an editor may go away without a word
        server.bench.shut()


def serve_tcp(make: MakeServer, host: str, port: int, listening: Callable[[int], None]) -> None:
    """Serve editors over TCP, each connection with a server of its own, until Ctrl-C.

    Args:
        make: makes a server.
        host: the address to listen on.
        port: its port; 0 for any free one.
        listening: is called with the port, when connections are taken.

    Raises:
        OSError: the address cannot be listened on.
    """
    settle()
    asyncio.run(_serve(make, host, port, listening))


async def _serve(make: MakeServer, host: str, port: int, listening: Callable[[int], None]) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = make(True)
        server.protocol.set_writer(writer)
        try:
            await run_async(Event(), reader, server.protocol, log, server.report_server_error)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            log.info("a connection ended in the middle of a message")
        finally:
            server.bench.shut()
            server.shutdown()  # type: ignore[no-untyped-call]
            writer.close()

    listener = await asyncio.start_server(connected, host, port, limit=LARGEST_LINE)
    async with listener:
        listening(listener.sockets[0].getsockname()[1])
        await listener.serve_forever()


def settle() -> None:
    """Settle what is imported, and collect garbage seldom: trees of specs come and go in large amounts."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 10, 10)
    sys.setswitchinterval(0.002)  # seconds after which a check lets a request go first
