"""Documents: the texts of samples before they are tokens; they are read when they are asked for.

Input: paths, or texts in memory. Output: chunks of texts, of a bounded size.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from netspec.core.shapes import Shape
from netspec.data.tables.bounded import OPEN, Bound, TooLarge, bound_of

CHUNK = 2**20  # characters that are encoded together
TEXT_SUFFIXES = (".txt", ".md", ".rst", ".text")


class TextError(Exception):
    """Why a text cannot be used; the message is one line."""


@dataclass(frozen=True)
class Documents:
    """Texts, with the length and the selection of a tensor [N].

    Args:
        texts: those that are in memory.
        files: the files of the others, a text each.
        indexes: int64 [N], of the samples among the texts, or among the files.
    """

    texts: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    indexes: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))

    @staticmethod
    def of(texts: tuple[str, ...] = (), files: tuple[Path, ...] = ()) -> Documents:
        """All of some texts, or of some files."""
        return Documents(texts, files, torch.arange(len(texts) or len(files)))

    def __len__(self) -> int:
        return len(self.indexes)

    @property
    def shape(self) -> Shape:
        """[N]."""
        return (len(self),)

    @property
    def nbytes(self) -> int:
        """Bytes of the texts that are in memory, about."""
        return sum(len(self.texts[index]) for index in self.indexes.tolist()) if self.texts else 0

    @property
    def dtype(self) -> torch.dtype:
        """Of what is taken."""
        return torch.long

    def __getitem__(self, index: torch.Tensor | slice) -> torch.Tensor:
        """int64 [B], which texts some of them are."""
        return self.indexes[index]

    def select(self, index: torch.Tensor) -> Documents:
        """Some of the texts."""
        return replace(self, indexes=self.indexes[index])

    def name(self, sample: int) -> str:
        """What messages call a text: its file, or the row that it is in."""
        index = int(self.indexes[sample])
        return str(self.files[index]) if self.files else f"row {index + 1}"

    def text(self, sample: int) -> str:
        """One text.

        Raises:
            TextError: it cannot be read.
        """
        index = int(self.indexes[sample])
        return read_file(self.files[index]) if self.files else self.texts[index]

    def chunks(self) -> Iterator[list[str]]:
        """The texts in their order, some at a time.

        Raises:
            TextError: one cannot be read.
        """
        held: list[str] = []
        size = 0
        for index in self.indexes.tolist():
            text = read_file(self.files[index]) if self.files else self.texts[index]
            held.append(text)
            size += len(text)
            if size >= CHUNK:
                yield held
                held, size = [], 0
        if held:
            yield held


def read_file(path: Path, most: int = 2**31) -> str:
    """The text of a file.

    Args:
        path: the file; .gz, .bz2 and .xz are unpacked.
        most: bytes that it may have.

    Raises:
        TextError: it is missing, too large, empty or not UTF-8.
    """
    return decoded(read_bytes(path, most), path)


def read_bytes(path: Path, most: int) -> bytes:
    """The bytes of a file.

    Args:
        path, most: as of `read_file`.

    Raises:
        TextError: as of `read_file`.
    """
    try:
        suffix = path.suffix.lower()
        bound = bound_of(path, most) if suffix in OPEN else Bound(most)
        with OPEN.get(suffix, open)(path, "rb") as file:
            content: bytes = file.read(bound.most + 1)
        bound.refuse(len(content))
    except TooLarge as error:
        raise TextError(f"{path} {error}") from None
    except FileNotFoundError:
        raise TextError(f"there is no file {path}") from None
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "it is damaged"
        raise TextError(f"{path} cannot be read: {reason}") from None
    if not content.strip():
        raise TextError(f"{path} is empty")
    return content


def decoded(content: bytes, path: Path | str) -> str:
    """Bytes as text, without a byte order mark, its lines ended by a newline alone.

    Args:
        content: of a file.
        path: of the file, for messages.

    Raises:
        TextError: it is not UTF-8, or binary.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"{path} is not UTF-8: byte 0x{content[error.start]:02x} in line {line}"
        raise TextError(f"{what}; iconv -f latin1 -t utf-8 makes it so, where it is Latin-1") from None
    if "\0" in text:
        raise TextError(f"{path} is a binary file, no text")
    return text.replace("\r\n", "\n")


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text that are not blank."""
    return tuple(line for line in text.split("\n") if line.strip())
