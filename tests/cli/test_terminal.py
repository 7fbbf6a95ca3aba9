"""What goes to a terminal: its width, colours and links; what goes to a pipe has none of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from netspec.cli.output import NARROWEST, columns, look_of
from netspec.render.tables import width
from netspec.render.text import PIPE, Look
from tests.cli.commands import netspec

pty = pytest.importorskip("pty", reason="a terminal to try things on")

LONG = "netspec: 1\ninput: [3, 64, 64]\nlayers:\n" + "".join(
    f"  - {{name: convolution_{n}, Conv2d: {{out_channels: 8, kernel_size: 3}}}}\n" for n in range(6)
) + "  - Flatten\n  - {name: head, Linear: {in_features: 7, out_features: 10}}\n"  # fmt: skip


class Terminal:
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


@pytest.mark.parametrize(
    ("variables", "look"),
    [
        ({}, Look(80, wrap_message=True, color=True, links=True)),
        ({"COLUMNS": "100"}, Look(100, wrap_message=True, color=True, links=True)),
        ({"COLUMNS": "20"}, Look(NARROWEST, wrap_message=True, color=True, links=True)),
        ({"COLUMNS": "wide"}, Look(80, wrap_message=True, color=True, links=True)),
        ({"NO_COLOR": "1"}, Look(80, wrap_message=True)),
        ({"TERM": "dumb"}, Look(80, wrap_message=True)),
    ],
)
def test_the_look_of_a_terminal(variables: dict[str, str], look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert look_of(Terminal()) == look


def test_a_terminal_says_how_wide_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl
    import struct
    import termios

    monkeypatch.delenv("COLUMNS", raising=False)
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 97, 0, 0))
    with os.fdopen(child, "w") as stream:
        assert columns(stream) == 97
        assert look_of(stream).width == 97
    os.close(parent)


def on_a_terminal(*arguments: str, cwd: Path, **variables: str) -> str:
    """What a command writes to a terminal of 80 columns."""
    parent, child = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    env |= {"TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "netspec", *arguments], cwd=cwd, stdout=child, stdin=subprocess.DEVNULL, env=env
    )
    os.close(child)
    parts = []
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        parts.append(part)
    process.wait(timeout=60)
    os.close(parent)
    return b"".join(parts).decode().replace("\r\n", "\n")


def test_colours_links_and_lines_that_fit(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(LONG)
    shown = on_a_terminal("check", "net.yaml", cwd=tmp_path, COLUMNS="70")
    assert "\x1b[1;31merror[NS401]\x1b[0m" in shown
    place = f"net.yaml:11:{LONG.splitlines()[10].index('7,') + 1}"
    assert f"\x1b]8;;{(tmp_path / 'net.yaml').as_uri()}\x1b\\{place}\x1b]8;;\x1b\\" in shown
    plain = re.sub(r"\x1b\[[\d;]*m|\x1b]8;;.*?\x1b\\", "", shown)
    assert max(map(width, plain.splitlines())) <= 70
    assert "\x1b" not in plain
    assert "\x1b" not in on_a_terminal("check", "net.yaml", cwd=tmp_path, NO_COLOR="1")


def test_a_pipe_gets_neither(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.yaml").write_text(LONG)
    out = netspec("check", tmp_path / "net.yaml", capsys=capsys).out
    assert "\x1b" not in out
    assert PIPE.width == 80
    assert all(width(line) <= 80 or "net.yaml" in line for line in out.splitlines())
