"""The random generators that training draws from: python's, numpy's, torch's and the device's."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

CPU = torch.device("cpu")


def random_state(device: torch.device = CPU) -> dict[str, Any]:
    """The states of all random generators that training on `device` draws from, as tensors and plain values."""
    # numpy's global generator is the one that users' layers draw from
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    words = torch.from_numpy(np.asarray(keys, dtype=np.int64))
    return {
        "python": random.getstate(),
        "numpy": (str(name), words, int(position), int(has_gauss), float(gauss)),
        "torch": torch.get_rng_state(),
        "device": None if device.type == "cpu" else (device.type, _module(device).get_rng_state(*_which(device))),
    }


def set_random_state(state: dict[str, Any], device: torch.device = CPU) -> None:
    """Continue where `random_state` was taken; the generator of another kind of device stays as it is."""
    version, internal, gauss_next = state["python"]
    random.setstate((version, tuple(internal), gauss_next))
    name, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, gauss))
    torch.set_rng_state(state["torch"])
    if state["device"] is not None and state["device"][0] == device.type:
        _module(device).set_rng_state(state["device"][1], *_which(device))


def _module(device: torch.device) -> Any:
    return torch.get_device_module(device)


def _which(device: torch.device) -> tuple[torch.device, ...]:
    return (device,) if device.type == "cuda" else ()  # there is one generator for all of mps
