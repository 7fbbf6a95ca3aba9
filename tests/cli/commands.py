"""Running the command line: in a process of its own, as people do, or in this one, which is quicker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from netspec.cli.main import main
from tests.spec_cases import ROOT

RIGHT = "netspec: 1\nparams: {classes: 3}\ninput: [4]\nlayers:\n  - {name: fc, Linear: classes}\n"
WRONG = "netspec: 1\ninput: [4]\nlayers:\n  - {name: fc, Linear: {in_features: 5, out_features: 3}}  # kept\n"
WARNS = "netspec: 1\nparams: {unused: 3}\ninput: [4]\nlayers: [ReLU]\n"


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


def netspec(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> Done:
    """Run a command in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    code = ended.value.code
    assert isinstance(code, int | None)
    return Done(code or 0, captured.out, captured.err)


def process(
    *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT, stdin: str | bytes = ""
) -> Done:
    """Run a command as `python -m netspec` in a process of its own."""
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run(
        [sys.executable, "-m", "netspec", *map(str, arguments)],
        capture_output=True, check=False, cwd=cwd, input=data, env={**os.environ, **(env or {})}, timeout=120,
    )  # fmt: skip
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
