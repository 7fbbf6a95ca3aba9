"""The process that keeps the network of the run that was asked last: only the first question waits for torch."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from netspec.core.files import ReadError

ASKED = (sys.executable, "-m", "netspec.edit.asked")
IDLE = 600.0  # seconds after which the network is let go
LONGEST_ANSWER = 2**24  # bytes


class Networks:
    """The network of one run at a time.

    Args:
        root: the working directory of its process.
        options: that it gets, such as `--allow-plugins`.
    """

    def __init__(self, root: Path, options: tuple[str, ...] = ()) -> None:
        self.root, self.options = root, options
        self.one_at_a_time = asyncio.Lock()
        self.process: asyncio.subprocess.Process | None = None
        self.of: tuple[str, int] | None = None
        self.idle: asyncio.Task[None] | None = None

    async def ask(self, run: Path, **question: object) -> Any:
        """What a run answers.

        Args:
            run: its folder.
            question: `file`, a picture, table or text that it is to say something of; or `scores`.

        Returns:
            the JSON of `netspec predict`, or of `netspec eval`.

        Raises:
            ReadError: the run cannot be used, or not for that.
        """
        async with self.one_at_a_time:
            process = await self._for(run)
            assert process.stdin is not None
            assert process.stdout is not None
            with contextlib.suppress(ConnectionError):
                process.stdin.write(f"{json.dumps(question)}\n".encode())
            line = await process.stdout.readline()
            answer = json.loads(line) if line else {"error": f"{run.name} cannot be used", "fatal": True}
            if answer.get("fatal"):
                await self.end()
            else:
                self._let_go_later()
            if "error" in answer:
                raise ReadError(str(answer["error"]))
            return answer

    async def _for(self, run: Path) -> asyncio.subprocess.Process:
        weights = run / "best.safetensors"
        wanted = (str(run), weights.stat().st_mtime_ns if weights.is_file() else 0)
        if self.process is None or self.process.returncode is not None or self.of != wanted:
            await self.end()
            self.process = await asyncio.create_subprocess_exec(
                *ASKED, str(run), *self.options, cwd=self.root, start_new_session=True,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                limit=LONGEST_ANSWER,
            )  # fmt: skip
            self.of = wanted
        return self.process

    def _let_go_later(self) -> None:
        if self.idle is not None:
            self.idle.cancel()
        self.idle = asyncio.create_task(self._let_go())

    async def _let_go(self) -> None:
        await asyncio.sleep(IDLE)
        async with self.one_at_a_time:
            self.idle = None
            await self.end()

    async def end(self) -> None:
        """Let the network go."""
        process, self.process, self.of = self.process, None, None
        if self.idle is not None:
            self.idle.cancel()
            self.idle = None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
