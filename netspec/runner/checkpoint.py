"""A State to disk and back: `last.ckpt` holds all that is needed to go on, safetensors files the weights alone.

Files are written beside their place, flushed to the disk and renamed, so that a reader finds the old one or the new
one, whole. Nothing is unpickled: torch.load runs with weights_only=True.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from netspec.runner.files import write_atomically
from netspec.runner.job import State

VERSION = 1


class CheckpointError(Exception):
    """A file that holds no usable state or weights; the message is one line."""


def random_state() -> dict[str, Any]:
    """The states of all random generators that training draws from, as tensors and plain values."""
    name, keys, position, has_gauss, gauss = np.random.get_state(
        legacy=True
    )  # the global one, which users' layers draw from
    return {
        "python": random.getstate(),
        "numpy": (
            str(name),
            torch.from_numpy(np.asarray(keys, dtype=np.int64)),
            int(position),
            int(has_gauss),
            float(gauss),
        ),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Continue where `random_state` was taken."""
    version, internal, gauss_next = state["python"]
    random.setstate((version, tuple(internal), gauss_next))
    name, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, gauss))
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.device_count() == len(state["cuda"]):
        torch.cuda.set_rng_state_all(state["cuda"])


def snapshot(state: State) -> dict[str, Any]:
    """A State with the random generators as they are now; its tensors are the live ones."""
    return {
        "version": VERSION,
        "epoch": state.epoch,
        "step": state.step,
        "losses": state.losses[: state.step].cpu(),
        "history": list(state.history),
        "best": state.best,
        "model": state.model.state_dict(),
        "average": None if state.average is None else state.average.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "scaler": None if state.scaler is None else state.scaler.state_dict(),
        "scheduler": None if state.scheduler is None else plain(state.scheduler.state_dict()),
        "random": random_state(),
    }


def save_checkpoint(path: Path, state: State) -> None:
    """Store a State, with the random generators as they are now."""
    content = snapshot(state)
    write_atomically(path, lambda file: torch.save(content, file))


def plain(value: Any) -> Any:
    """Numbers of numpy and counters as plain Python, which is all that weights_only=True reads back."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value


def load_checkpoint(path: Path, state: State) -> None:
    """Bring a State, and the random generators, to where `path` was stored.

    Raises:
        CheckpointError: the file is missing, damaged, or of another network or optimizer.
    """
    content = _content(path)
    try:
        restore(content, state)
    except (KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
        raise CheckpointError(f"{path} does not belong to this network and its training: {_line(error)}") from error


def restore(content: dict[str, Any], state: State) -> None:
    """Bring a State, and the random generators, to where a `snapshot` was taken."""
    state.model.load_state_dict(content["model"])
    if state.average is not None:
        state.average.load_state_dict(content["average"])
    state.optimizer.load_state_dict(content["optimizer"])
    if state.scaler is not None and content["scaler"]:  # it is empty before the first step
        state.scaler.load_state_dict(content["scaler"])
    if state.scheduler is not None and content["scheduler"] is not None:
        state.scheduler.load_state_dict(content["scheduler"])
    state.epoch, state.step = int(content["epoch"]), int(content["step"])
    state.losses[: state.step] = content["losses"].to(state.losses.device)
    state.history, state.best = list(content["history"]), content["best"]
    set_random_state(content["random"])


def load_checkpoint_weights(path: Path, model: nn.Module) -> None:
    """Put the weights of a checkpoint alone into a model.

    Raises:
        CheckpointError: as `load_checkpoint`; also where no step was taken, so that they are the initial ones.
    """
    content = _content(path)
    try:
        if not content["epoch"] and not content["step"]:
            raise CheckpointError(f"{path} holds initial weights only: the run was ended before its first checkpoint")
        average = content.get("average")
        weights = content["model"] if average is None else unwrapped(average)
        model.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} does not belong to this network: {_line(error)}") from error


def unwrapped(average: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state_dict of an AveragedModel as that of the model it averages."""
    return {name.removeprefix("module."): value for name, value in average.items() if name.startswith("module.")}


def _content(path: Path) -> dict[str, Any]:
    """What a checkpoint's file holds; nothing in it is run."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no {path}") from None
    except Exception as error:  # zip, pickle and OS errors alike mean that it cannot be read
        raise CheckpointError(f"{path} is damaged: {_line(error)}") from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise CheckpointError(f"{path} is no checkpoint of this netspec")
    return content


def save_weights(path: Path, model: nn.Module, spec: str) -> None:
    """The weights as safetensors, the spec's YAML in the header."""
    from safetensors.torch import save_model

    metadata = {"format": "pt", "netspec": spec}
    write_atomically(path, lambda file: save_model(model, str(file), metadata=metadata))


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
