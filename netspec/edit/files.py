"""The specs of the folder that was named: listed, opened, saved, and nothing outside it.

A file is saved only over the text that was opened: each text has a version, and where another program has written the
file meanwhile, `Changed` says what is in it now.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from netspec.core.dataclass import dataclass
from netspec.core.files import LARGEST_FILE, ReadError, read_text
from netspec.core.rewriting import refuse_protected, replace_text
from netspec.core.spec_files import SUFFIXES, is_spec, walk

MOST_LISTED = 1000  # specs
MOST_FOLDERS = 5000  # that are looked into for them
LONGEST_NAME = 1000


class Refused(Exception):
    """A name that is none of a spec in the folder; the message says why."""


@dataclass(frozen=True)
class Text:
    """The text of a file.

    Args:
        name: of the file, relative to the folder, with slashes.
        text: its lines end as the file's do.
        version: of the text; None where there is no such file.
    """

    name: str
    text: str
    version: str | None

    def json(self) -> dict[str, str | None]:
        """It as plain data."""
        return {"name": self.name, "text": self.text, "version": self.version}


class Changed(Exception):
    """A file that is no longer what was opened.

    Args:
        now: what is in it; its version is None where it is gone.
    """

    def __init__(self, now: Text) -> None:
        super().__init__(f"{now.name} has changed")
        self.now = now


def version_of(text: str) -> str:
    """The version of a text: equal for equal texts only."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Folder:
    """A folder of specs.

    Args:
        path: as the user typed it, which messages show.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.root = path, path.resolve()

    def place(self, name: str, suffixes: tuple[str, ...] = SUFFIXES) -> Path:
        """The path of a file in the folder, as messages show it.

        Args:
            name: relative to the folder, with slashes.
            suffixes: that its name may have; empty: it is a folder.

        Raises:
            Refused: it is no such name, or leads out of the folder, a link too.
        """
        parts = PurePosixPath(name).parts
        odd = not name or len(name) > LONGEST_NAME or any(ord(sign) < 32 or sign in '\\:*?"<>|' for sign in name)
        if odd or name.startswith("/") or ".." in parts or any(part.startswith(".") for part in parts):
            raise Refused(f"{name[:80]!r} is no name of a file in the folder")
        if suffixes and not name.endswith(suffixes):
            raise Refused(f"{name}: the name of a spec ends with .yaml or .yml")
        path = self.path.joinpath(*parts)
        try:
            inside = path.resolve().is_relative_to(self.root)
        except (OSError, RuntimeError, ValueError):  # a circle of links, or a name that no file can have
            inside = False
        if not inside:
            raise Refused(f"{name} leads out of the folder")
        return path

    def name_of(self, path: Path) -> str:
        """The name of a file in the folder, with slashes.

        Raises:
            Refused: it is not in the folder.
        """
        try:
            return path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            raise Refused(f"{path} is not in {self.path}") from None

    def names(self) -> list[str]:
        """The names of its specs and of those in its folders, in order."""
        return [*islice(self._specs(), MOST_LISTED)]

    def _specs(self) -> Iterator[str]:
        for below, names in islice(walk(str(self.root)), MOST_FOLDERS):
            for name in names:
                path = Path(below, name)
                if path.is_file() and path.stat().st_size <= LARGEST_FILE and is_spec(path, parts=True):
                    yield path.relative_to(self.root).as_posix()

    def open(self, name: str) -> Text:
        """The text of a spec; an empty file has one too.

        Raises:
            Refused: see `place`.
            ReadError: there is no such file, or it is none with text.
        """
        path = self.place(name)
        text = "" if path.is_file() and not path.stat().st_size else read_text(path)
        return Text(name, text, version_of(text))

    def now(self, name: str) -> Text:
        """The text of a file as it is now; where there is none its version is None."""
        return self.open(name) if os.path.lexists(self.place(name)) else Text(name, "", None)

    def save(self, name: str, text: str, version: str | None) -> Text:
        """Write a spec.

        Args:
            name: of the file.
            text: the new one.
            version: of the text that was opened; None: there is to be no such file.

        Raises:
            Refused: see `place`.
            ReadError: it cannot be written.
            Changed: the file has another text, or there is one.
        """
        path = self.place(name)
        if len(text) > LARGEST_FILE or "\0" in text:
            raise ReadError(f"{name}: no spec is so large, or has such characters")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ReadError(f"{name}: half of a surrogate pair is no character") from None
        now = self.now(name)
        if now.version != version:
            raise Changed(now)
        if version is None:
            self.create(name, text.encode())
        else:
            refuse_protected(path)
            replace_text(path, text)
        return Text(name, text, version_of(text))

    def create(self, name: str, content: bytes) -> None:
        """Write a new file, of any kind, unless there is one by now.

        Args:
            name: of the file.
            content: what is in it.

        Raises:
            Refused: see `place`.
            ReadError: it cannot be written.
            Changed: there is one.
        """
        path = self.place(name, ())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".writing")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).chmod(path.parent.stat().st_mode & 0o666)
                os.link(temporary, path)  # fails where another program has made one
            finally:
                Path(temporary).unlink(missing_ok=True)
        except FileExistsError:
            raise Changed(self.now(name) if name.endswith(SUFFIXES) else Text(name, "", "")) from None
        except OSError as error:
            raise ReadError(f"{name}: cannot be written: {(error.strerror or str(error)).lower()}") from None
