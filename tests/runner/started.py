"""Processes for tests, forked from one that has torch and the runner already: what they cost is their own work.

That process is Python's own fork server; nothing ran in it but imports, so that a process is as new as one started
from a shell.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.pictures import draw_quickly

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.runner.imported"])


class Started:
    """A process in `folder` that runs `code`; it prints to `out` and `err`.

    Args:
        arguments: netspec's command line, where there is no code.
        environment: variables that it has besides.
    """

    def __init__(self, folder: Path, *arguments: str, code: str = "", **environment: str) -> None:
        number = len(list(folder.parent.glob(f"{folder.name}-*.out")))
        self.out, self.err = (folder.with_name(f"{folder.name}-{number}.{name}") for name in ("out", "err"))
        self.out.touch()
        files = (str(self.out), str(self.err))
        self._process = CONTEXT.Process(target=_run, args=(folder, files, arguments, code, environment))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def running(self) -> bool:
        return self._process.is_alive()

    def wait_for_output(self) -> None:
        """Until it has printed a line."""
        until = time.monotonic() + 60
        while "\n" not in self.out.read_text():
            assert time.monotonic() < until, "nothing was printed"
            assert self.running(), self.err.read_text()
            time.sleep(0.01)

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def end(self, seconds: float = 60) -> tuple[int, str, str]:
        """Wait for its end: exit code, what it printed to stdout and to stderr."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, f"it does not end: {self.err.read_text()[-500:]}"
        return self._process.exitcode, self.out.read_text(), self.err.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


def _run(
    folder: Path, files: tuple[str, str], arguments: tuple[str, ...], code: str, environment: dict[str, str]
) -> None:
    for number, name in enumerate((os.devnull, *files)):
        opened = os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode) for number, mode in enumerate("rww"))  # noqa: PTH123, SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.update(environment)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    draw_quickly(pytest.MonkeyPatch())  # for as long as the process lives
    sys.argv = ["netspec", *arguments]  # which --nproc starts again
    if code:
        exec(code, {"__name__": "__main__"})
    else:
        from netspec.cli.main import main

        main(arguments)
