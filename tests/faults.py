"""Rules that are broken on purpose, and faults that are reported as a user sees them instead of raised."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netspec.core.faults import RAISE
from netspec.layers.table import TABLE


def broken_layer(name: str, monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> None:
    """Let the shape rule of a layer raise what no rule should."""

    def shape(*everything: object) -> tuple[int, ...]:
        raise error or KeyError("broken on purpose")

    monkeypatch.setitem(TABLE, name, replace(TABLE[name], shape=shape))


def reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let faults of netspec become diagnostics, as they do outside of tests."""
    monkeypatch.delenv(RAISE)
