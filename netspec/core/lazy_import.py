"""Import by name: tables that need no torch name functions that do as text, `netspec.data.csv_table:load`.

So one record holds all of a dataset or a metric: its keys, which are checked without torch, and the function that needs
torch, which is imported when it is used.
"""

from __future__ import annotations

import importlib
from typing import Any


def imported(place: str) -> Any:
    """The function or class at `place`, which is `module:name`; its module is imported now.

    Raises:
        ImportError: there is no such module.
        AttributeError: the module has no such name.
    """
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
