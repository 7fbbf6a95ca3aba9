"""The text of a spec → the words of `netspec sizes`, from a process of its own: many sizes are tried."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from netspec.core.escapes import safe_lines

SECONDS = 60.0  # that it may take
STDIN = "<stdin>"


async def sizes_of(folder: Path, text: str, options: tuple[str, ...] = ()) -> str:
    """For which input sizes a text is right, in words, or why none is.

    Args:
        folder: of the spec, which its relative paths are relative to.
        text: that of the editor.
        options: that the command gets, such as `--allow-plugins`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "netspec", "sizes", *options, "-", cwd=folder, env={**os.environ, "NO_COLOR": "1"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(text.encode("utf-8", "replace")), SECONDS)
    except TimeoutError:
        return ""
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    told = out.decode("utf-8", "replace") or err.decode("utf-8", "replace")
    return safe_lines(told.replace(f"{STDIN}: ", "").strip())
