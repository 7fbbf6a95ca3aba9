"""The plain values and tensors that a checkpoint holds of a State, listed in one table.

Input: a State. Output: its content; and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

import numpy as np

from netspec.runtime.randomness import random_state, set_random_state
from netspec.training.job import State

VERSION = 2


@dataclass(frozen=True)
class StateEntry:
    """A part of a State: how it is saved, maybe as live tensors, and how it is loaded again."""

    name: str
    save: Callable[[State], Any]
    load: Callable[[State, Any], object]


def _attribute(name: str) -> StateEntry:
    """An attribute that is saved as it is: numbers, and the rows of the epochs."""
    return StateEntry(name, lambda state: getattr(state, name), lambda state, value: setattr(state, name, value))


def _stateful(name: str) -> StateEntry:
    """A part with a state_dict of its own."""
    return StateEntry(
        name,
        lambda state: getattr(state, name).state_dict(),
        lambda state, value: getattr(state, name).load_state_dict(value),
    )


def _optional(name: str) -> StateEntry:
    """A part with a state_dict of its own that a run may do without."""

    def save(state: State) -> Any:
        part = getattr(state, name)
        return None if part is None else plain(part.state_dict())

    def load(state: State, value: Any) -> None:
        part = getattr(state, name)
        if part is not None and value is not None:
            part.load_state_dict(value)

    return StateEntry(name, save, load)


def _load_losses(state: State, losses: Any) -> None:
    state.losses[: len(losses)] = losses.to(state.losses.device)


ENTRIES = (
    _attribute("epoch"),
    _attribute("step"),
    StateEntry("losses", lambda state: state.losses[: state.step].cpu(), _load_losses),
    StateEntry("history", lambda state: list(state.history), lambda state, rows: setattr(state, "history", list(rows))),
    _attribute("best"),
    _stateful("model"),
    _stateful("optimizer"),
    _optional("average"),
    _optional("scheduler"),
    _optional("scaler"),
    StateEntry(
        "random",
        lambda state: random_state(state.losses.device),
        lambda state, value: set_random_state(value, state.losses.device),
    ),
)


def state_dict(state: State, without: Container[str] = ()) -> dict[str, Any]:
    """The content of a State, and the random generators as they are now.

    Args:
        state: its tensors are not copied.
        without: the names of entries that are left out, as None.
    """
    saved = {entry.name: None if entry.name in without else entry.save(state) for entry in ENTRIES}
    return {"version": VERSION, **saved}


def load_state_dict(content: dict[str, Any], state: State, without: Container[str] = ()) -> None:
    """Bring a State, and the random generators, to where `state_dict` took it.

    Args:
        content: as `state_dict` gives it.
        state: is changed.
        without: the names of entries that are left as they are.

    Raises:
        KeyError, TypeError, ValueError, RuntimeError, IndexError: it is of another network or training.
    """
    for entry in ENTRIES:
        if entry.name not in without:
            entry.load(state, content[entry.name])


def plain(value: Any) -> Any:
    """Numbers of numpy and counters as plain Python, which is all that weights_only=True reads back."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value
