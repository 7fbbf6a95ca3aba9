"""What a table of a lower room names of a higher one, by a text: `netspec.data.table:load`.

So one record holds all of a dataset or a metric: its keys, which are checked without torch, and the function that needs
torch, which is imported when it is called for.
"""

from __future__ import annotations

import importlib
from typing import Any


def imported(place: str) -> Any:
    """The function or class that `module:name` names; its module is imported now."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
