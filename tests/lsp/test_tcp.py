"""`netspec lsp --tcp`: several editors, each with a server of its own, and one that goes away in the middle."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys

import pytest

from tests.cli.commands import netspec
from tests.lsp.client import SECONDS, Editor
from tests.spec_cases import ROOT

TEXT = "netspec: 1\ninput: [4]\nlayers: [{Linear: {in_features: 5, out_features: 2}}]\n"
URI = "file:///nowhere/net.yaml"


def test_two_editors_and_one_that_leaves() -> None:
    command = [sys.executable, "-m", "netspec", "lsp", "--tcp", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stderr is not None
        line = server.stderr.readline()
        port = re.search(r"listening on 127\.0\.0\.1:(\d+); Ctrl-C ends", line)
        assert port, line

        async def speak() -> None:
            first, second = Editor(), Editor()
            for editor in (first, second):
                await editor.start_tcp("127.0.0.1", int(port[1]))
                await editor.hello()
            first.open(URI, TEXT)
            second.open(URI, TEXT.replace("5", "4"))
            assert [each.code for each in await first.found(URI)] == ["NS401"]
            assert await second.found(URI) == []
            _, writer = await asyncio.open_connection("127.0.0.1", int(port[1]))
            writer.write(b"Content-Length: 100\r\n\r\n{half")
            await writer.drain()
            writer.close()
            await first.shutdown_async(None)
            first.exit(None)
            version = second.write(URI, TEXT)
            assert [each.code for each in await second.found(URI, version)] == ["NS401"]

        asyncio.run(asyncio.wait_for(speak(), SECONDS))
        server.send_signal(signal.SIGINT)
        assert server.wait(SECONDS) == 130


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"])
def test_no_address(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("lsp", "--tcp", address, capsys=capsys)
    assert (done.code, done.out) == (2, "")
    assert "is no address, such as 127.0.0.1:2087" in done.err


def test_an_address_that_cannot_be_listened_on(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("lsp", "--tcp", "192.0.2.1:1", capsys=capsys)  # of the addresses for documentation
    assert done.code == 2
    assert "192.0.2.1:1: cannot be listened on: " in done.err
    assert "whoever reaches 192.0.2.1 can read YAML files" in done.err
    assert netspec("lsp", "--stdio", "--tcp", "127.0.0.1:1", capsys=capsys).code == 2
