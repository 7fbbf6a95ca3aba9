"""`--watch`: a new answer after each change of a file, of what it includes, of a folder; Ctrl-C ends it with 130."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from netspec.cli.sources import watch
from tests.cli.commands import RIGHT, WRONG

PATIENCE = 60


class Watching:
    """A `netspec check --watch` in a process of its own, and the lines it prints."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "netspec", "check", "--watch", *arguments],
            cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.put(line)

    def answer(self, wanted: str, unwanted: str = "\0") -> str:
        """The next answer that says one thing and not another; a file that is half written has one too."""
        text = ""
        while True:
            text += self.lines.get(timeout=PATIENCE)
            if text.endswith("Ctrl-C ends\n"):
                if wanted in text and unwanted not in text:
                    return text
                text = ""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Watching]]:
    """Processes to end in any case."""
    processes: list[Watching] = []
    yield processes
    for each in processes:
        each.process.kill()
        each.process.wait()


def test_changes_are_answered_until_ctrl_c(tmp_path: Path, started: list[Watching]) -> None:
    (tmp_path / "part.yaml").write_text("netspec: 1\nblocks: {Head: [{Linear: 3}]}\n")
    (tmp_path / "net.yaml").write_text("netspec: 1\ninclude: part.yaml\ninput: [4]\nlayers: [Head]\n")
    watching = Watching(".", cwd=tmp_path)
    started.append(watching)
    first = watching.answer("net.yaml: ok; input 4 → 3; ")
    assert "watching 2 files" in first
    assert "\x1b" not in first  # nothing is cleared that is no terminal
    (tmp_path / "part.yaml").write_text("netspec: 1\nblocks: {Head: [{Linear: 5}]}\n")
    watching.answer("net.yaml: ok; input 4 → 5; ")
    (tmp_path / "more.yaml").write_text(WRONG)
    watching.answer("more.yaml: 1 error")
    (tmp_path / "more.yaml").unlink()
    watching.answer("net.yaml: ok", unwanted="more.yaml")
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(timeout=PATIENCE) == 130


class Enough(Exception):
    """Ends a watch that would never end."""


def test_a_file_that_comes_and_goes(tmp_path: Path) -> None:
    path, seen = tmp_path / "net.yaml", []
    steps = iter([lambda: None, lambda: path.write_text(RIGHT), lambda: None, path.unlink, lambda: None])

    def wait() -> None:
        try:
            next(steps)()
        except StopIteration:
            raise Enough from None

    def answer() -> list[str]:
        seen.append(path.exists())
        return [str(path)]

    with pytest.raises(Enough):
        watch((str(path),), answer, wait)
    assert seen == [False, True, False]


def test_a_change_during_the_check_is_answered(tmp_path: Path) -> None:
    path, seen = tmp_path / "net.yaml", []
    path.write_text(RIGHT)
    os.utime(path, (1, 1))

    def wait() -> None:
        if len(seen) == 1:
            path.write_text(RIGHT + "# the first change\n")
        else:
            raise Enough

    def answer() -> list[str]:
        seen.append(path.read_text())
        if len(seen) == 2:
            path.write_text(WRONG)  # after it was read
        return [str(path)]

    with pytest.raises(Enough):
        watch((str(path),), answer, wait)
    assert seen[-1] == WRONG
    assert len(seen) == 3


def test_a_change_during_the_first_check_is_answered(tmp_path: Path) -> None:
    path, seen = tmp_path / "net.yaml", []
    path.write_text(RIGHT)
    os.utime(path, (1, 1))

    def wait() -> None:
        raise Enough

    def answer() -> list[str]:
        seen.append(path.read_text())
        if len(seen) == 1:
            path.write_text(WRONG)
        return [str(path)]

    with pytest.raises(Enough):
        watch((str(path),), answer, wait)
    assert seen[-1] == WRONG
