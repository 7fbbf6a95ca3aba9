"""Versions of torch: which one is installed, read from its metadata without importing it, and which one is meant."""

from __future__ import annotations

import re
from functools import cache

OLDEST, NEWEST = "2.6", "2.15"  # of those that the layer table knows

Release = tuple[int, int]
_NUMBER = r"(0|[1-9][0-9]{0,3})"
_REST = r"(?:\.[0-9]+)*(?:(?:a|b|rc|\.?post|\.?dev)[0-9]+)*(?:\+[0-9a-z._-]+)?"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}{_REST}", re.ASCII | re.IGNORECASE)


def release(version: str) -> Release:
    """What arguments come and go with: `2.9.1.post2`, `2.9.0+cpu` and `2.9.0a0+git1` are all (2, 9).

    Raises:
        ValueError: it is not a version.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ValueError(f"{version!r} is not a version of torch, such as {NEWEST}")
    return int(match[1]), int(match[2])


def supported(version: str) -> str:
    """`version`, where it is one that netspec knows the layers of.

    Raises:
        ValueError: it is not a version, or older than the oldest that is supported.
    """
    if release(version) < release(OLDEST):
        raise ValueError(f"torch {version} is older than {OLDEST}, the oldest that netspec knows")
    return version


@cache
def installed() -> str:
    """The version of torch that is installed, without its local suffix; where none can be told, the newest."""
    from importlib.metadata import PackageNotFoundError, version  # here, because it takes as long as a small check

    try:
        found = (version("torch") or "").partition("+")[0]  # None of an installation that was cut off
    except (PackageNotFoundError, KeyError):
        return NEWEST
    return found if _VERSION.fullmatch(found) else NEWEST
