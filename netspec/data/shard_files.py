"""Shards, .tar files in the form of WebDataset → Samples, by the headers of their files, of which none is unpacked.

The format: https://github.com/webdataset/webdataset, files with the same path up to the first dot of their name, one
after the other, are one sample.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Node, Scalar
from netspec.data.picture_files import Problems
from netspec.data.picture_headers import HEAD, TAIL, Header, look_at_ends
from netspec.data.split import LoadRequest
from netspec.runtime.diagnostics import spec_error

MOST_SHARDS = 10_000
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


class Member(NamedTuple):
    """A file in a shard."""

    shard: Path
    start: int
    size: int

    def read(self) -> bytes:
        """Its bytes."""
        with self.shard.open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)

    def look(self) -> Header:
        """What it says of the picture that it is.

        Raises:
            PictureError: it is none, or cut short.
        """
        with self.shard.open("rb") as file:
            file.seek(self.start)
            head = file.read(min(HEAD, self.size))
            file.seek(self.start + self.size - min(TAIL, self.size))
            return look_at_ends(head, file.read(min(TAIL, self.size)), self.read)


class Sample(NamedTuple):
    """A sample: its name, and its files by their endings."""

    name: str
    files: dict[str, Member]


def shard_paths(node: Scalar, request: LoadRequest) -> list[Path]:
    """The .tar files of a path, a folder or a pattern, in the order of their names."""
    text, names = str(node.value), list[str]()
    try:
        if match := _RANGE.search(text):
            first, last = int(match[1]), int(match[2])
            if last - first >= MOST_SHARDS:
                raise spec_error("NS601", f"{text} are more than {MOST_SHARDS:,} shards", node)
            width = len(match[1])
            names = [f"{text[: match.start()]}{at:0{width}}{text[match.end() :]}" for at in range(first, last + 1)]
            paths = [_resolved(node, name, request) for name in names]
        elif "*" in text or "?" in text:
            folder, _, pattern = text.rpartition("/")
            root = _resolved(node, folder or ".", request)
            paths = sorted(root.glob(pattern)) if "*" not in folder else []
        else:
            path = _resolved(node, text, request)
            paths = sorted(path.glob("*.tar")) if path.is_dir() else [path]
    except PathRefused as refused:
        raise spec_error("NS601", str(refused), node) from None
    if not paths:
        raise spec_error("NS601", f"{text} matches no .tar file", node)
    problems = Problems(node)
    for path in paths[:MOST_SHARDS]:
        if not path.is_file():
            problems.add(f"there is no file {path}")
    problems.finish()
    return paths[:MOST_SHARDS]


def _resolved(node: Scalar, text: str, request: LoadRequest) -> Path:
    return resolve(Scalar(text, node.span, text), request.folder)


def samples_of(shard: Path, node: Node) -> Iterator[Sample]:
    """The samples of a shard, by the headers of its files."""
    size, name, files, end = shard.stat().st_size, "", dict[str, Member](), 0
    try:
        with tarfile.open(shard, "r:") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # else all of them are kept
                end = _end_of(member)
                folder, _, base = member.name.rpartition("/")
                if not member.isreg() or member.issparse() or base.startswith(".") or "." not in base:
                    continue
                stem, _, ending = base.partition(".")
                key = f"{folder}/{stem}" if folder else stem
                if member.offset_data + member.size > size:
                    raise spec_error("NS601", f"{shard.name} is cut short: {member.name} ends behind its end", node)
                if key != name and files:
                    yield Sample(name, files)
                    files = {}
                name = key
                files[ending.lower()] = Member(shard, member.offset_data, member.size)
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise spec_error("NS601", f"{shard.name} cannot be read as .tar: {reason}", node) from None
    if end and not _ends_at(shard, end):
        raise spec_error("NS601", f"{shard.name} is cut short: nothing marks its end", node)
    if files:
        yield Sample(name, files)


def _end_of(member: tarfile.TarInfo) -> int:
    """Where the blocks of a file end; 0 where its size does not tell."""
    stored = member.size if member.isreg() else 0
    return 0 if member.issparse() else member.offset_data + -(-stored // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _ends_at(shard: Path, end: int) -> bool:
    """Whether the mark of the end of a .tar file, blocks of zeros, is behind its last file."""
    with shard.open("rb") as file:
        file.seek(end)
        return file.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)
