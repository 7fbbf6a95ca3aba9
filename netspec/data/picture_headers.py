"""Files of pictures → what they say of themselves, before any is decoded: a Header, or a PictureError.

A file is refused where it is missing, no picture, cut short, or of more pixels than a picture has. Only formats that
PIL decodes by itself are opened: others start programs, as EPS does.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "JPEG2000", "TGA")
MOST_PIXELS = Image.MAX_IMAGE_PIXELS or 89_478_485
HEAD, TAIL = 4096, 32  # bytes that are read at first of a file's start and of its end
_ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b"\x3b"}
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended and progressive: what libjpeg decodes
_MODES = {1: "L", 3: "RGB"}


class PictureError(Exception):
    """Why a file cannot be used; the message is the end of a sentence that begins with its name."""


class Header(NamedTuple):
    """What the first bytes of a picture say."""

    width: int
    height: int
    mode: str
    format: str

    @property
    def size(self) -> str:
        """`640×480`."""
        return f"{self.width}×{self.height}"


def look(source: Path | bytes) -> Header:
    """What a file, or its bytes, say of the picture in it, which is not decoded.

    Raises:
        PictureError: it is missing or no picture that could be decoded.
    """
    if isinstance(source, Path) and not source.is_file():
        raise PictureError("is no file" if source.exists() else "is not there")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(_readable(source), formats=FORMATS) as picture:
                found = Header(*picture.size, picture.mode, picture.format or "")
    except Image.DecompressionBombError:
        raise PictureError(f"has more than {MOST_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        raise PictureError("is no picture" if size else "is empty") from None
    except Exception as error:  # PIL raises many types for damaged files
        raise PictureError(f"cannot be read: {first_line(error)}") from None
    if found.width * found.height > MOST_PIXELS:
        raise PictureError(f"is {found.size}, which is more than {MOST_PIXELS:,} pixels")
    return found


def decode(source: Path | bytes) -> Image.Image:
    """A picture, once `look` has found nothing wrong with it.

    Raises:
        PictureError: it is damaged.
    """
    try:
        with Image.open(_readable(source), formats=FORMATS) as picture:
            picture.load()
            return picture
    except Exception as error:  # PIL raises many types for damaged files
        raise PictureError(f"cannot be read: {first_line(error)}") from None


def look_closely(path: Path) -> Header:
    """What a file says, once it is known to have the end that its format has; else it is decoded, to see if it can be.

    Of a JPEG file its first and last bytes are read, in a tenth of the time that PIL takes to open it.

    Raises:
        PictureError: it is missing, no picture, or damaged.
    """
    try:
        with path.open("rb", buffering=0) as file:
            head = file.read(HEAD)
            file.seek(-min(TAIL, file.seek(0, os.SEEK_END)), os.SEEK_END)
            tail = file.read(TAIL)
    except OSError:  # of which `look` says more
        head = tail = b""
    return look_at_ends(head, tail, lambda: path)


def look_at_ends(head: bytes, tail: bytes, source: Callable[[], Path | bytes]) -> Header:
    """`look_closely`, of a picture whose first and last bytes are known.

    Args:
        head: up to HEAD bytes.
        tail: up to TAIL bytes.
        source: gives the whole, where the ends do not tell enough.

    Raises:
        PictureError: it is missing, no picture, or damaged.
    """
    found = jpeg_header(head)
    if found is None or found.width * found.height > MOST_PIXELS:
        found = look(source())
    end = _ENDS.get(found.format)
    if end is None or not tail.rstrip(b"\0").endswith(end):
        decode(source())
    return found


def jpeg_header(head: bytes) -> Header | None:
    """What the first bytes of a JPEG file say; None where they are something else, or unusual.

    Args:
        head: the first bytes, up to the frame header (ITU T.81, B.2.2) at least.
    """
    at = 2
    if head[:3] != b"\xff\xd8\xff":
        return None
    while at + 10 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            height, width = (int.from_bytes(head[at + start : at + start + 2], "big") for start in (5, 7))
            mode = _MODES.get(head[at + 9])
            return Header(width, height, mode, "JPEG") if mode and width and height and head[at + 4] == 8 else None
        if not (0xC4 <= marker <= 0xFE) or 0xD0 <= marker <= 0xDA or length < 2:
            return None
        at += 2 + length
    return None


def suffixes() -> tuple[str, ...]:
    """The endings of the files that are opened."""
    Image.init()
    return tuple(suffix for suffix, kind in Image.registered_extensions().items() if kind in FORMATS)


def first_line(error: Exception) -> str:
    """What an error says, in a line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _readable(source: Path | bytes) -> Path | BytesIO:
    return BytesIO(source) if isinstance(source, bytes) else source
