"""Checkpoints, which hold all that is needed to go on, and safetensors files, which hold the weights alone.

Input: the content of a State, or a file. Output: a file that has been read back, or the content. A checkpoint is
torch's zip file; torch does not verify its CRC-32 sums, so they are verified here. Nothing is unpickled: torch.load
runs with weights_only=True.
"""

from __future__ import annotations

import errno
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import torch
from torch import nn

from netspec.checkpoint.gathering import scatter_state
from netspec.checkpoint.state_dict import VERSION
from netspec.core.conforms import conforms
from netspec.core.files import write_atomically
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.render.runs import ROW
from netspec.training.job import State

_OS_ERROR = re.compile(r"(?:\(os error |Os \{ code: )(\d+)")  # as safetensors quotes the system, old versions too


LARGEST_DIRECTORY = 2**26  # bytes: some 500,000 tensors
LONGEST_END = 2**16 + 200  # bytes of the end of a zip file, its comment included


class CheckpointError(Exception):
    """A file that holds no usable state or weights; the message is one line."""


def save_checkpoint(path: Path, content: dict[str, Any], previous: Path | None = None) -> None:
    """Write a checkpoint.

    Args:
        path: the file. It is replaced once the new one is on the disk and has been read back.
        content: as `state_dict` or `gather_state` gives it.
        previous: where the file goes that was there before.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """

    def write(file: Path) -> None:
        with _Sink(file) as sink:
            torch.save(content, sink)
        bad = checksum_fault(file)
        if bad is not None:
            raise OSError(errno.EIO, f"what was written does not read back ({bad})")

    write_atomically(path, write, previous)


class _Sink:
    """A file to write to that remembers the first error: torch's own error of a full disk has no reason."""

    def __init__(self, path: Path) -> None:
        self.file: IO[bytes] = path.open("wb")
        self.error: OSError | None = None

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._try(self.file.close)
        if self.error is not None:
            raise self.error

    def write(self, data: bytes) -> int:
        self._try(lambda: self.file.write(data))
        return len(data)  # torch is let through to its end, where the error is raised

    def flush(self) -> None:
        self._try(self.file.flush)

    def _try(self, call: Callable[[], object]) -> None:
        try:
            if self.error is None:
                call()
        except OSError as error:
            self.error = error


def directory_size(path: Path) -> int:
    """The bytes of a zip file's list of contents, which zipfile reads at once; 0 where there is none."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LONGEST_END))
        end = file.read()
    at, large = end.rfind(b"PK\x05\x06"), end.rfind(b"PK\x06\x06")  # the records of a small and of a large file
    small_size = int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0
    large_size = int.from_bytes(end[large + 40 : large + 48], "little") if large >= 0 else 0
    return large_size if small_size == 2**32 - 1 else max(small_size, large_size)


def checksum_fault(path: Path) -> str | None:
    """What the checksums say is wrong with a checkpoint's file; None where it is whole."""
    try:
        size = path.stat().st_size
        if directory_size(path) > LARGEST_DIRECTORY:
            return "its list of contents is too long"
        with zipfile.ZipFile(path) as file:
            if sum(each.file_size for each in file.infolist()) > size:  # torch compresses nothing
                return "its contents are larger than the file"
            bad = file.testzip()
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged zip file makes zipfile raise errors of many kinds
        return _line(error)
    return None if bad is None else f"the checksum of {bad.rpartition('/')[2]} is wrong"


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, its checksums verified.

    Args:
        path: the file.

    Raises:
        CheckpointError: the file is missing, damaged or none of this netspec's.
    """
    try:
        bad = checksum_fault(path)
        if bad is not None:
            raise CheckpointError(f"{path} is damaged: {bad}")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no {path}") from None
    except CheckpointError:
        raise
    except Exception as error:  # pickle and OS errors alike mean that it cannot be read
        raise CheckpointError(f"{path} is damaged: {_line(error)}") from error
    if not isinstance(content, dict) or content.get("version") != VERSION or not _well_formed(content):
        raise CheckpointError(f"{path} is no checkpoint of this netspec")
    return content


def _well_formed(content: dict[str, Any]) -> bool:
    """Whether the parts that are read before a State takes them are what they have to be."""
    optional = (dict, type(None))
    kinds: dict[str, Any] = {
        "epoch": int,
        "step": int,
        "history": list,
        **dict.fromkeys(("best", "average", "scheduler"), optional),
    }
    rows = content.get("history")
    return all(name in content and isinstance(content[name], kind) for name, kind in kinds.items()) and all(
        conforms(row, ROW) for row in rows or ()
    )


def read_newest(*paths: Path) -> tuple[dict[str, Any], CheckpointError | None]:
    """The content of the first checkpoint that can be read.

    Args:
        paths: the files, the newest first.

    Returns:
        The content, and what is wrong with the newest file, if anything is.

    Raises:
        CheckpointError: none can be read; the message is about the newest.
    """
    first: CheckpointError | None = None
    for path in paths:
        try:
            return read_checkpoint(path), first
        except CheckpointError as error:
            first = first or error
    assert first is not None  # there was a path
    raise first


def restore_checkpoint(content: dict[str, Any], state: State, path: Path, group: ProcessGroup = ALONE) -> None:
    """Bring a State, and the random generators, to where a checkpoint was stored.

    Args:
        content: of the checkpoint.
        state: is changed.
        path: the checkpoint's file, beside which shards lie.
        group: the processes that train together.

    Raises:
        CheckpointError: it is of another network or optimizer.
    """
    with _belongs(path, "this network and its training"):
        scatter_state(content, state, path.parent, group)


def load_checkpoint_weights(path: Path, model: nn.Module, previous: Path | None = None) -> None:
    """Load the weights of a checkpoint.

    Args:
        path: the file.
        model: is changed.
        previous: the file that is taken where the first is damaged.

    Raises:
        CheckpointError: there is none, or it holds initial weights only.
    """
    content, _ = read_newest(path, *([previous] if previous is not None else []))
    with _belongs(path, "this network"):
        if not content["epoch"] and not content["step"]:
            raise CheckpointError(f"{path} holds initial weights only: the run was ended before its first checkpoint")
        weights = content["model"]
        if content["average"] is not None:  # torch's AveragedModel has the model as `module`, and a count beside it
            named = content["average"].items()
            weights = {name.removeprefix("module."): value for name, value in named if name.startswith("module.")}
        model.load_state_dict(weights)


@contextmanager
def _belongs(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, RuntimeError, IndexError, AttributeError) as error:
        raise CheckpointError(f"{path} does not belong to {what}: {_line(error)}") from error


def save_weights(path: Path, model: nn.Module, spec: str) -> None:
    """Write the weights of a model as safetensors.

    Args:
        path: the file.
        model: the network.
        spec: its YAML, which goes into the header.

    Raises:
        OSError: they cannot be written; the old file is still there.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_model

    def write(file: Path) -> None:
        try:
            save_model(model, str(file), metadata={"format": "pt", "netspec": spec})
        except SafetensorError as error:
            quoted = _OS_ERROR.search(str(error))
            number = int(quoted[1]) if quoted else errno.EIO
            raise OSError(number, os.strerror(number) if quoted else _line(error)) from error

    write_atomically(path, write)


def load_weights(path: Path, model: nn.Module) -> None:
    """Load the weights of a safetensors file; every name and shape has to agree.

    Args:
        path: the file.
        model: is changed.

    Raises:
        CheckpointError: the file is missing, damaged, or of another network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_model

    try:
        load_model(model, path)
    except FileNotFoundError:
        raise CheckpointError(f"there is no {path}") from None
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged: {_line(error)}") from error
    except (OSError, RuntimeError) as error:
        raise CheckpointError(f"{path} does not hold this network's weights: {_line(error)}") from error


def _line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
