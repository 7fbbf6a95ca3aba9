"""Files of torch.save → their tensors by name, mapped into memory.

torch's own reader for untrusted files makes tensors, lists and mappings and no object of another class
(https://pytorch.org/docs/stable/generated/torch.load.html, `weights_only`). What it would have to unpack is refused
before: torch.save compresses nothing.
"""

from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path

import torch

TORCH_SUFFIXES = (".pt", ".pth")
LONGEST_PICKLE = 4_000_000  # bytes that describe the tensors; each takes about 200


class ArrayError(Exception):
    """Why an array cannot be read; the message is one line."""


def saved_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file: those of a mapping have its names, those of a list or tuple their numbers from 0.

    Args:
        path: of the file.

    Raises:
        ArrayError: torch.save has not written it, or it holds more than tensors.
    """
    if not zipfile.is_zipfile(path):
        raise ArrayError(f"{path.name} is no file that torch.save writes since torch 1.6")
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ArrayError(f"{path.name} is compressed, which no file of torch.save is")
    if any(entry.filename.endswith(".pkl") and entry.file_size > LONGEST_PICKLE for entry in entries):
        raise ArrayError(f"{path.name} holds too many objects: save few tensors, as {{'x': x, 'y': y}}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sparse tensors, which are refused below
            found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError:
        what = "objects of classes, which are not read: save its tensors, as torch.save({'x': x, 'y': y}, path)"
        raise ArrayError(f"{path.name} holds {what}") from None
    if isinstance(found, torch.Tensor):
        found = [found]
    named = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list | tuple) else ()
    return {str(name): value for name, value in named if isinstance(value, torch.Tensor)}


def plain(tensor: torch.Tensor, memory: int) -> torch.Tensor:
    """A tensor whose numbers lie one after the other; one that does already is not copied.

    Args:
        tensor: any, [...].
        memory: bytes that a copy may take.

    Raises:
        ArrayError: it is sparse or quantized, on no device, or its copy would take more.
    """
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        raise ArrayError("it is sparse, quantized or without values; a plain tensor is needed")
    if not tensor.is_contiguous() and tensor.nbytes > memory:
        raise ArrayError("it is a view that takes more than `memory` allows; save tensor.contiguous()")
    return tensor.detach().contiguous()
