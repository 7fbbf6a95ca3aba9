"""The states of the random generators that training draws from: Python's, NumPy's, torch's and the device's."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

CPU = torch.device("cpu")


def random_state(device: torch.device = CPU) -> dict[str, Any]:
    """The states of all random generators that training draws from, as tensors and plain values.

    Args:
        device: that is trained on.
    """
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    words = torch.from_numpy(np.asarray(keys, dtype=np.int64))
    return {
        "python": random.getstate(),
        "numpy": (str(name), words, int(position), int(has_gauss), float(gauss)),
        "torch": torch.get_rng_state(),
        "device": None
        if device.type == "cpu"
        else (device.type, torch.get_device_module(device).get_rng_state(*_device_argument(device))),
    }


def set_random_state(state: dict[str, Any], device: torch.device = CPU) -> None:
    """Restore the states of all random generators; the generator of another type of device stays as it is.

    Args:
        state: from `random_state`.
        device: that is trained on.
    """
    version, internal, gauss_next = state["python"]
    random.setstate((version, tuple(internal), gauss_next))
    name, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, gauss))
    torch.set_rng_state(state["torch"])
    if state["device"] is not None and state["device"][0] == device.type:
        torch.get_device_module(device).set_rng_state(state["device"][1], *_device_argument(device))


def _device_argument(device: torch.device) -> tuple[torch.device, ...]:
    return (device,) if device.type == "cuda" else ()  # torch.mps has one generator, and no such parameter
