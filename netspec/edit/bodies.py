"""The bodies of requests and of messages: JSON of a bounded size, with the keys that are wanted."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from netspec.core.files import LARGEST_FILE

LARGEST_BODY = 4 * LARGEST_FILE  # bytes: escapes make JSON longer than its text
LARGEST_UPLOAD = 32_000_000  # bytes of a picture


class BadRequest(Exception):
    """A request that the page does not send; the message says what is wrong with it."""


async def body_of(request: Request, largest: int = LARGEST_BODY) -> bytes:
    """The body of a request.

    Args:
        request: of any length.
        largest: bytes that are read.

    Raises:
        BadRequest: it is larger.
    """
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > largest:
            raise BadRequest(f"more than {largest:,} bytes")
    return bytes(found)


def fields(body: str | bytes, /, **kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """The values of a JSON object.

    Args:
        body: the JSON.
        kinds: the type of each key that is wanted, or several; one that may be None may be left out.

    Raises:
        BadRequest: it is none, or a value is of another type.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("no JSON") from None
    if not isinstance(content, dict):
        raise BadRequest("no object")
    found = {}
    for key, kind in kinds.items():
        value = content.get(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise BadRequest(f"{key} is {type(value).__name__}")
        found[key] = value
    return found


async def fields_of(request: Request, /, **kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """The values of the JSON object in a request's body.

    Args:
        request: of any length.
        kinds: as of `fields`.

    Raises:
        BadRequest: it is none, or a value is of another type.
    """
    return fields(await body_of(request), **kinds)


def texts(value: list[Any], most: int = 100) -> tuple[str, ...]:
    """A list of texts.

    Args:
        value: from JSON.
        most: how many there may be.

    Raises:
        BadRequest: something else is in it.
    """
    if len(value) > most or not all(isinstance(each, str) for each in value):
        raise BadRequest("no list of texts")
    return tuple(value)
