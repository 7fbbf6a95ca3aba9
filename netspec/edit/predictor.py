"""A process that keeps the network of a run and answers each file with a line of JSON.

It is `python -m netspec.edit.predictor RUN`. The server starts it with the first picture that is dropped, so that the
next ones need no start of torch.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from netspec.core.files import ReadError

MODULE = "netspec.edit.predictor"
TOP = 5  # classes
MOST_ROWS = 100  # of a table
IDLE = 600.0  # seconds after which the network is let go
LONGEST_ANSWER = 2**24  # bytes


class Predictors:
    """The process of the run that was asked last.

    Args:
        root: its working directory.
        options: that it gets, such as `--allow-plugins`.
    """

    def __init__(self, root: Path, options: tuple[str, ...] = ()) -> None:
        self.root, self.options = root, options
        self.one_at_a_time = asyncio.Lock()
        self.process: asyncio.subprocess.Process | None = None
        self.of: tuple[str, int] | None = None
        self.idle: asyncio.TimerHandle | None = None

    async def predict(self, run: Path, file: Path) -> Any:
        """What a run says of a file.

        Args:
            run: its folder.
            file: a picture, table or text.

        Returns:
            `predictions` and `errors`, as of `netspec predict --format json`.

        Raises:
            ReadError: the run cannot be used.
        """
        async with self.one_at_a_time:
            process = await self._for(run)
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{json.dumps(str(file))}\n".encode())
            line = await process.stdout.readline()
            if not line:
                self.end()
                raise ReadError(f"{run.name} cannot be used to predict")
            self._let_go_later()
            answer = json.loads(line)
            if "error" in answer:
                self.end()
                raise ReadError(answer["error"])
            return answer

    async def _for(self, run: Path) -> asyncio.subprocess.Process:
        weights = run / "best.safetensors"
        wanted = (str(run), weights.stat().st_mtime_ns if weights.is_file() else 0)
        if self.process is None or self.process.returncode is not None or self.of != wanted:
            self.end()
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", MODULE, str(run), *self.options, cwd=self.root, start_new_session=True,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                limit=LONGEST_ANSWER,
            )  # fmt: skip
            self.of = wanted
        return self.process

    def _let_go_later(self) -> None:
        if self.idle is not None:
            self.idle.cancel()
        self.idle = asyncio.get_running_loop().call_later(IDLE, self.end)

    def end(self) -> None:
        """Let the network go."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        self.process = self.of = None


def main(run: str, allow_plugins: bool) -> None:
    """Answer each line of standard input, the name of a file in JSON, with a line.

    Args:
        run: its folder.
        allow_plugins: whether its plugins may run.
    """
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that is printed gets into the answers
    try:
        from netspec.inference.loaded_run import load_run
        from netspec.inference.predict import make_predictor
        from netspec.inference.results import Fault

        predictor = make_predictor(load_run(run, allow_plugins=allow_plugins))
    except Exception as error:
        out.write(json.dumps({"error": (str(error).splitlines() or ["it failed"])[0]}) + "\n")
        out.flush()
        return
    for line in sys.stdin:
        predictions: list[Any] = []
        errors: list[Any] = []
        try:
            for answer in predictor.stream([json.loads(line)], TOP):
                (errors if isinstance(answer, Fault) else predictions).append(answer.plain())
                if len(predictions) >= MOST_ROWS:
                    break
        except Exception as error:  # of this file; the next one may be right
            errors.append({"error": (str(error).splitlines() or [type(error).__name__])[0]})
        out.write(json.dumps({"predictions": predictions, "errors": errors}) + "\n")
        out.flush()


if __name__ == "__main__":
    main(sys.argv[1], "--allow-plugins" in sys.argv[2:])
