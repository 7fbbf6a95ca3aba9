"""How a module is run: in which mode, and without torch's own words where it cannot be."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from torch import nn


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
    """Puts a module into eval or training mode, and each of its parts back into its own mode afterwards."""
    modes = {part: part.training for part in module.modules()}
    module.train(training)
    try:
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode
