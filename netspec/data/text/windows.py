"""`TextWindows` → LoadedData: windows of a long text, whose targets are the tokens one further on.

The text of bytes stays in its file, which is mapped into memory; other tokens are encoded piece by piece, into an array
of the smallest integers that hold them. With `val: 0.1` the last tenth of the text validates, of which the training
part, the tokenizer among it, knows nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from netspec.core.tree import Node
from netspec.data.split import LoadedData, LoadRequest, Split, Target
from netspec.data.tables.bounded import OPEN
from netspec.data.text import python_texts
from netspec.data.text.documents import path_and_values, text_file, text_path
from netspec.data.text.encoding import with_tokenizer
from netspec.data.text.format import WINDOWS, TextFormat, padding_of, wanted_tokenizer
from netspec.data.text.learning import learn
from netspec.data.text.sources import CHUNK, TextError, decoded, read_bytes
from netspec.data.text.tokenizer import Tokenizer, TokenizerError
from netspec.data.text.tokens import Padding, Tokens, compact
from netspec.language.sections.text_keys import BYTES, MOST_LENGTH, PYTHON, TOPICS, WINDOW_KEYS
from netspec.runtime.diagnostics import spec_error, unknown_name

Bytes = NDArray[np.uint8]
_CUT = re.compile(rb"[^ \t\n\r\f\v][ \t\n\r\f\v]")  # between these no tokenizer of netspec makes one token


def load(request: LoadRequest) -> LoadedData:
    """`{TextWindows: {path: book.txt, tokenizer: characters, length: 64, stride: 32}}`.

    Args:
        request: of the spec.

    Raises:
        SpecError: NS601, a file is missing, empty or not UTF-8, or shorter than a window; the tokenizer cannot be used.
    """
    node, values = path_and_values(request, *(key.name for key in WINDOW_KEYS))
    at = request.argument("tokenizer") or node
    name = next(iter(request.inputs))
    padding = padding_of(values.get("length"), request.inputs[name], request.lengths.get(name))
    if padding.most == MOST_LENGTH:
        raise spec_error("NS203", "TextWindows needs length, the tokens of a window", node)
    padding = Padding(padding.most, padding.most)
    try:
        text = _read(request, node)
    except TextError as error:
        raise spec_error("NS601", str(error), node) from None
    wanted = wanted_tokenizer(request.argument("tokenizer"), values.get("tokenizer"), request.folder)
    form = TextFormat(WINDOWS, wanted, padding, node=at)
    train, *held = _divided(text, request.fractions, wanted.kind == BYTES)
    try:
        known = learn(wanted, _chunks(train, node.text), special=False) if request.text is None else request.text.known
        form = with_tokenizer(form, known)
        limit, stride = request.memory, values.get("stride", padding.most)
        cuts = [
            None if part is None else _windows(part, known, padding, stride, limit, node) for part in (train, *held)
        ]
    except TokenizerError as error:
        raise spec_error("NS601", f"the tokenizer cannot be used: {error}", at) from None
    except TextError as error:
        raise spec_error("NS601", str(error), node) from None
    for part, what in zip(cuts, ("training", "validation", "test"), strict=True):
        if part is not None and not len(part):
            raise _too_short(
                request,
                node,
                part,
                padding,
                f"the {what} part" if any(each is not None for each in held) else "the text",
            )
    whole, val, test = cuts
    assert whole is not None
    return LoadedData(whole, targets=(Target(count=form.vocabulary),), text=form, divided=(val, test))


def _divided(
    text: Bytes, fractions: tuple[float | None, float | None], anywhere: bool
) -> tuple[Bytes, Bytes | None, Bytes | None]:
    """The parts of a text that train, validate and test, one behind the other."""
    val, test = (fraction or 0.0 for fraction in fractions)
    first = _boundary(text, round(len(text) * (1 - val - test)), anywhere)
    second = _boundary(text, round(len(text) * (1 - test)), anywhere)
    parts = (text[first:second] if val else None, text[second:] if test else None)
    return text[: first if val else second], *parts


def _too_short(request: LoadRequest, node: Node, split: Split, padding: Padding, part: str) -> Exception:
    (tokens,) = split.inputs
    count = len(tokens.ids) if isinstance(tokens, Tokens) else 0
    what = f"{part} has {count:,} tokens, and a window of {padding.most:,} takes one more than it is long"
    shorter = [("fix", f"length: {count - 1}, or less")] if count > 1 else []
    return spec_error("NS601", what, request.argument("length") or node, *shorter)


def _read(request: LoadRequest, node: Node) -> Bytes:
    """The bytes of the text, in memory or mapped into it."""
    written = str(getattr(node, "value", ""))
    if written.startswith(PYTHON):
        name = written.removeprefix(PYTHON)
        if name != TOPICS:
            raise unknown_name("NS604", f"Python brings no long text {name!r}", node, name, [TOPICS])
        return _writable(python_texts.topics().encode())
    path = text_path(node, request.folder)  # type: ignore[arg-type]  # a scalar
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if text_file(each))
        if not files:
            raise TextError(f"{path} holds no text files")
        parts, left = [], request.memory
        for each in files:
            parts.append(read_bytes(each, left))
            left -= len(parts[-1])
        return _writable(b"\n".join(parts))
    if path.suffix.lower() in OPEN:
        return _writable(read_bytes(path, request.memory))
    return mapped(path)


def _writable(content: bytes) -> Bytes:
    return np.frombuffer(bytearray(content), np.uint8)  # as torch wants it


def mapped(path: Path) -> Bytes:
    """The bytes of a file, mapped into memory.

    Args:
        path: of the file.

    Raises:
        TextError: it cannot be read, or is empty.
    """
    try:
        if not os.stat(path).st_size:  # noqa: PTH116 - a path that is known to exist
            raise TextError(f"{path} is empty")
        return np.memmap(path, np.uint8, "c")  # private to us: torch wants arrays that may be written
    except OSError as error:
        raise TextError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None


def _boundary(text: Bytes, at: int, anywhere: bool) -> int:
    """A place near `at` where a text can be cut: between a character and a blank, if there is one near."""
    if anywhere or at >= len(text):
        return at
    found = _CUT.search(text[at : at + 2**16].tobytes())
    if found is not None:
        return at + found.start() + 1
    while at < len(text) and text[at] & 0xC0 == 0x80:  # within a character
        at += 1
    return at


def _chunks(text: Bytes, name: str) -> Iterator[list[str]]:
    """The text in pieces, cut where no token goes on.

    Raises:
        TextError: it is not UTF-8.
    """
    start = 0
    while start < len(text):
        end = _boundary(text, min(start + CHUNK, len(text)), anywhere=False)
        piece = text[start:end].tobytes()
        try:
            yield [decoded(piece, name)]
        except TextError:
            decoded(text[:end].tobytes(), name)  # names the line in the whole file
            raise
        start = end


def _windows(text: Bytes, tokenizer: Tokenizer, padding: Padding, stride: int, memory: int, node: Node) -> Split:
    """The windows of a part of the text, and their targets."""
    ids = torch.from_numpy(_ids(text, tokenizer, memory, node))
    count = max(0, (len(ids) - padding.most - 1) // stride + 1)
    starts = torch.arange(0, count * stride, stride)
    tokens = Tokens(ids, starts, None, padding)
    return Split((tokens,), (replace(tokens, ids=ids[1:]),), torch.arange(count))


def _ids(text: Bytes, tokenizer: Tokenizer, memory: int, node: Node) -> NDArray[np.integer]:
    """The tokens of a text, compact.

    Raises:
        TextError: they take more than `memory`, or none is known.
    """
    if tokenizer.kind == BYTES:
        return text
    parts: list[NDArray[np.integer]] = []
    known, size = False, 0
    for texts in _chunks(text, str(getattr(node, "value", "the text"))):
        ids, _ = tokenizer.encode(texts)
        known = known or tokenizer.unknown is None or bool((ids != tokenizer.unknown).any())
        parts.append(compact(ids, tokenizer.size))
        size += parts[-1].nbytes
        if size > memory:
            raise TextError(f"its tokens take more than the {memory:,} bytes that `memory` allows; `tokenizer: bytes` "
                            "leaves them in the file")  # fmt: skip
    if not known:
        raise TextError("the text holds no token that the tokenizer knows")
    return np.concatenate(parts)
