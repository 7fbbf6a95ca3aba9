"""The `netspec train` commands that the page starts, one for each run.

A run is stopped as Ctrl-C stops it, so that it can be resumed; so are all at the end of the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from pathlib import Path

from netspec.core.escapes import safe
from netspec.core.files import ReadError

MOST_LINES = 200  # of what a command says
LONGEST_LINE = 2_000
MOST_TRAINING = 8  # at once
PATIENCE = 60.0  # seconds that a run has to end in, after it was told to
NETSPEC = (sys.executable, "-m", "netspec")


def _environment() -> dict[str, str]:
    return {**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", "COLUMNS": "100"}


class Training:
    """One run under way.

    Args:
        name: of the run.
        process: that trains it.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name, self.process = name, process
        self.lines: deque[str] = deque(maxlen=MOST_LINES)
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        rest = ""
        while part := await self.process.stdout.read(65_536):
            *whole, rest = (rest + part.decode("utf-8", "replace")).replace("\r", "\n").split("\n")
            self.lines += [safe(line[:LONGEST_LINE]) for line in whole if line.strip()]
            rest = rest[-LONGEST_LINE:]
        if rest.strip():
            self.lines.append(safe(rest))
        await self.process.wait()

    @property
    def runs(self) -> bool:
        """Whether it is not over."""
        return not self.reading.done()

    def stop(self) -> None:
        """End it as Ctrl-C does: what it has learned is kept."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)


class Trainings:
    """All runs that the page has started.

    Args:
        root: the working directory of the commands.
        options: that each gets, such as `--allow-plugins`.
    """

    def __init__(self, root: Path, options: tuple[str, ...] = ()) -> None:
        self.root, self.options = root, options
        self.started: dict[str, Training] = {}

    @property
    def active(self) -> frozenset[str]:
        """The names of those that are trained now."""
        return frozenset(name for name, training in self.started.items() if training.runs)

    async def start(self, name: str, arguments: tuple[str, ...]) -> Training:
        """Start `netspec train`.

        Args:
            name: of the run.
            arguments: of the command.

        Raises:
            ReadError: the run is trained already, or too many are.
        """
        if name in self.active:
            raise ReadError(f"{name} is being trained")
        if len(self.active) >= MOST_TRAINING:
            raise ReadError(f"{MOST_TRAINING} runs are being trained")
        process = await asyncio.create_subprocess_exec(
            *NETSPEC, "train", *arguments, *self.options, cwd=self.root, env=_environment(),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is the server's, which tells it
        )  # fmt: skip
        self.started[name] = Training(name, process)
        return self.started[name]

    def stop(self, name: str) -> None:
        """Stop a run.

        Args:
            name: of the run.

        Raises:
            ReadError: it is not trained here.
        """
        if name not in self.active:
            raise ReadError(f"{name} is not being trained")
        self.started[name].stop()

    async def end(self) -> None:
        """Stop all runs, and wait until they have kept what they learned."""
        running = [training for training in self.started.values() if training.runs]
        for training in running:
            training.stop()
        if running:
            _, late = await asyncio.wait([training.reading for training in running], timeout=PATIENCE)
            for training in running:
                if training.reading in late:
                    training.process.kill()
