"""Running an author's code: in a mode, without torch's own output, and what is said of it where it fails."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from netspec.core.shapes import FLOATS, Tensor

_LIBRARIES = tuple(f"{folder}/" for folder in (Path(torch.__file__).parent, Path(__file__).parents[1]))
RUNS = "trace"  # the function of this package that runs a module and asks for places
_LONG = 200  # characters of a message


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps torch from printing a traceback of its own where a module cannot be run."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def in_mode(module: nn.Module, training: bool = False) -> Iterator[None]:
    """Puts a module into eval or training mode; afterwards its parts have their own modes, and their buffers."""
    modes = {part: part.training for part in module.modules()}
    kept = [(buffer, buffer.clone()) for buffer in module.buffers()] if training else []
    module.train(training)
    try:
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode
        with torch.no_grad():
            for buffer, before in kept:
                buffer.copy_(before)


@contextlib.contextmanager
def buffers_kept(module: nn.Module) -> Iterator[None]:
    """Afterwards the buffers of a module have the numbers that they had; lazy ones, which have none yet, are left."""
    kept = [(buffer, buffer.clone()) for buffer in module.buffers() if not is_lazy(buffer)]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, before in kept:
                buffer.copy_(before)


def author_place() -> str:
    """The file and line of the author's code that is running: the innermost that is neither torch's nor netspec's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_library(frame.f_code.co_filename):
        if frame.f_code.co_name == RUNS and frame.f_globals.get("__package__") == __package__:
            return ""  # what called netspec is not the module's code
        frame = frame.f_back
    return "" if frame is None else f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def _is_library(file: str) -> bool:
    return file.startswith((*_LIBRARIES, "<"))


def said(error: BaseException, batch: int = 0) -> str:
    """The first line of an error, with the place in the author's code; sizes that come from the batch are in N."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0][:_LONG]
    if batch:
        text = re.sub(r"\d+", lambda found: _in_batches(int(found[0]), batch), text)
    places = []
    step = error.__traceback__
    while step is not None:
        if not _is_library(step.tb_frame.f_code.co_filename):
            places.append(f"{Path(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno}")
        step = step.tb_next
    return f"{places[-1]}: {text}" if places else text


def _in_batches(size: int, batch: int) -> str:
    """`N` for the batch, `8·N` for a multiple of it."""
    if size == 0 or size % batch:
        return str(size)
    return "N" if size == batch else f"{size // batch}·N"


def index_hint(error: BaseException, inputs: Mapping[str, Tensor]) -> str:
    """What to do where the numbers of an input are used as indexes, as those of an Embedding are."""
    floats = [name for name, tensor in inputs.items() if tensor.dtype in FLOATS]
    if not floats or not re.search(r"indices|[Ii]nt(eger)?\b.*(Float|float)|Long, Int", str(error)):
        return ""
    sizes = ",".join(map(str, inputs[floats[0]].shape))
    return f"; where it holds numbers of words or classes, its dtype is int64: --input {sizes}:int64"
