"""What the exception of a plugin, or of torch, says."""

from __future__ import annotations

from netspec.core.tree import shorten

LONGEST = 300  # characters of what a plugin or torch says


def told(error: BaseException) -> str:
    """What an exception says, on one line."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return shorten(f"{type(error).__name__}: {first}" if first else type(error).__name__, LONGEST)
