"""`auto`, `cpu`, `cuda`, `cuda:1`, `mps` → a torch.device that is really there."""

from __future__ import annotations

import re
import warnings

import torch

from netspec.distributed.process_group import ALONE, World
from netspec.runtime.diagnostics import At, option, problem, torch_says

_WORDS = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")


def choose_device(wanted: str, at: At, world: World = ALONE) -> torch.device:
    """The device for a run; `auto` is a GPU where there is one, of several processes on a machine each takes its own.

    Raises:
        SpecError: NS606, the word is none or the device is not there; another one is never taken silently.
    """
    if not _WORDS.fullmatch(wanted):
        raise problem("NS606", f"{wanted!r} is no device: auto, cpu, cuda, cuda:N or mps", at)
    with warnings.catch_warnings(record=True) as said:  # torch warns of a driver that does not suit it
        warnings.simplefilter("always")
        cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        wanted = "cuda" if cuda else "mps" if mps else "cpu"
    if world.size > 1:
        if wanted not in ("cpu", "cuda"):
            raise problem("NS606", f"several processes train on cpu or cuda, not on {wanted}", at)
        wanted = f"cuda:{world.local}" if wanted == "cuda" else wanted
    there = ["cpu", *(f"cuda:{n}" for n in range(torch.cuda.device_count() if cuda else 0)), *(["mps"] if mps else [])]
    found = wanted in there or (wanted == "cuda" and cuda)
    if not found:
        what = {"m": "no Apple GPU", "c": "no CUDA GPU that torch can use"}[wanted[0]]
        if wanted.startswith("cuda:") and cuda:
            what = f"no {wanted}"
        raise problem(
            "NS606",
            f"{wanted} was asked for and there is {what}",
            at,
            ("fix", f"take one of: auto, {', '.join(there)}"),
            *(torch_says(warning.message) for warning in said if isinstance(warning.message, Warning)),
        )
    return torch.device(wanted)


def device_for(wanted: str | None) -> torch.device:
    """The device that `--device` names; `auto` where it is left out."""
    return choose_device(wanted or "auto", option("--device", wanted or "auto"))
