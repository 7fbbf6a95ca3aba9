"""A State to disk and back: `last.ckpt` holds all that is needed to go on, safetensors files the weights alone.

A checkpoint is torch's zip file, whose records carry CRC-32 sums. torch does not look at them; here they are verified
when the file was written and before it is loaded. Nothing is unpickled: torch.load runs with weights_only=True.
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
from netspec.checkpoint.state_dict import VERSION, state_dict
from netspec.core.files import write_atomically
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.training.job import State

_OS_ERROR = re.compile(r"(?:\(os error |Os \{ code: )(\d+)")  # as safetensors, of today and before, quotes the system


class CheckpointError(Exception):
    """A file that holds no usable state or weights; the message is one line."""


def save_checkpoint(path: Path, state: State, previous: Path | None = None) -> None:
    """Store a State, with the random generators as they are now.

    Args:
        path: the file. It is replaced once the new one is on the disk and has been read back.
        state: what is stored.
        previous: where the file goes that was there before.

    Raises:
        OSError: it cannot be written; what was there is there still.
    """
    write_checkpoint(path, state_dict(state), previous)


def write_checkpoint(path: Path, content: dict[str, Any], previous: Path | None = None) -> None:
    """Store what `snapshot` gave; see `save_checkpoint`."""

    def write(file: Path) -> None:
        with _Sink(file) as sink:
            torch.save(content, sink)
        bad = checksum_fault(file)
        if bad is not None:
            raise OSError(errno.EIO, f"what was written does not read back ({bad})")

    write_atomically(path, write, previous)


class _Sink:
    """A file to write to that remembers what went wrong: torch makes an error without a reason of a full disk."""

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


def checksum_fault(path: Path) -> str | None:
    """What is wrong with a checkpoint's file by its checksums; None where it is whole."""
    try:
        with zipfile.ZipFile(path) as file:
            bad = file.testzip()
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged zip file makes zipfile raise errors of many kinds
        return _line(error)
    return None if bad is None else f"the checksum of {bad.rpartition('/')[2]} is wrong"


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint's file holds, its checksums verified; nothing in it is run.

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
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise CheckpointError(f"{path} is no checkpoint of this netspec")
    return content


def read_newest(*paths: Path) -> tuple[dict[str, Any], CheckpointError | None]:
    """The first checkpoint of `paths` that can be read, and what is wrong with the one before it.

    Raises:
        CheckpointError: none can be; what is said is about the first.
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
    """Bring a State, and the random generators, to where a checkpoint was stored, in the file `path`.

    Raises:
        CheckpointError: it is of another network or optimizer.
    """
    with _belongs(path, "this network and its training"):
        scatter_state(content, state, path.parent, group)


def load_checkpoint_weights(path: Path, model: nn.Module, previous: Path | None = None) -> None:
    """Put the weights of a checkpoint, or where that is damaged of the one before it, into a model.

    Raises:
        CheckpointError: there is none; also where no step was taken, so that they are the initial ones.
    """
    content, _ = read_newest(path, *([previous] if previous is not None else []))
    with _belongs(path, "this network"):
        if not content["epoch"] and not content["step"]:
            raise CheckpointError(f"{path} holds initial weights only: the run was ended before its first checkpoint")
        average = content["average"]
        model.load_state_dict(content["model"] if average is None else averaged_weights(average))


def averaged_weights(average: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state_dict of an AveragedModel as that of the model it averages."""
    return {name.removeprefix("module."): value for name, value in average.items() if name.startswith("module.")}


@contextmanager
def _belongs(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, RuntimeError, IndexError, AttributeError) as error:
        raise CheckpointError(f"{path} does not belong to {what}: {_line(error)}") from error


def save_weights(path: Path, model: nn.Module, spec: str) -> None:
    """The weights as safetensors, the spec's YAML in the header.

    Raises:
        OSError: they cannot be written; what was there is there still.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_model

    def write(file: Path) -> None:
        try:
            save_model(model, str(file), metadata={"format": "pt", "netspec": spec})
        except SafetensorError as error:
            said = _OS_ERROR.search(str(error))
            number = int(said[1]) if said else errno.EIO
            raise OSError(number, os.strerror(number) if said else _line(error)) from error

    write_atomically(path, write)


def load_weights(path: Path, model: nn.Module) -> None:
    """Put the weights of a safetensors file into a model; every name and shape has to agree.

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
