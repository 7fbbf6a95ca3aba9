"""JSON for a stream of any encoding."""

from __future__ import annotations

import json
from typing import TextIO


def json_text(content: object, stream: TextIO, indent: int | None = None) -> str:
    """JSON as `stream` can take it: what is not ASCII stands as it is where that is UTF-8, and is escaped elsewhere."""
    encoding = getattr(stream, "encoding", None) or "utf-8"  # text in memory has none
    ascii_only = encoding.lower().replace("-", "").replace("_", "") != "utf8"
    return json.dumps(content, indent=indent, ensure_ascii=ascii_only)
