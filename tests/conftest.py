"""What all tests share: properties are tried with the same examples every time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("netspec", deadline=None, derandomize=True, database=None)
settings.load_profile("netspec")
