"""State ↔ the plain values and tensors that a checkpoint holds. One table says what they are."""

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
    """A part of a State: how it is taken, and how it is put back. `take` may give live tensors."""

    name: str
    take: Callable[[State], Any]
    put: Callable[[State, Any], object]


def _optional(name: str) -> StateEntry:
    """A part that a run may do without: the scheduler, the scaler, the average."""

    def take(state: State) -> Any:
        part = getattr(state, name)
        return None if part is None else plain(part.state_dict())

    def put(state: State, value: Any) -> None:
        part = getattr(state, name)
        if part is not None and value is not None:
            part.load_state_dict(value)

    return StateEntry(name, take, put)


def _number(name: str) -> StateEntry:
    return StateEntry(name, lambda state: getattr(state, name), lambda state, value: setattr(state, name, int(value)))


def _put_losses(state: State, losses: Any) -> None:
    state.losses[: len(losses)] = losses.to(state.losses.device)


PIECES = (
    _number("epoch"),
    _number("step"),
    StateEntry("losses", lambda state: state.losses[: state.step].cpu(), _put_losses),
    StateEntry("history", lambda state: list(state.history), lambda state, rows: setattr(state, "history", list(rows))),
    StateEntry("best", lambda state: state.best, lambda state, row: setattr(state, "best", row)),
    StateEntry(
        "model", lambda state: state.model.state_dict(), lambda state, value: state.model.load_state_dict(value)
    ),
    StateEntry(
        "optimizer",
        lambda state: state.optimizer.state_dict(),
        lambda state, value: state.optimizer.load_state_dict(value),
    ),
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
    """A State with the random generators as they are now; its tensors are the live ones."""
    taken = {piece.name: None if piece.name in without else piece.take(state) for piece in PIECES}
    return {"version": VERSION, **taken}


def load_state_dict(content: dict[str, Any], state: State, without: Container[str] = ()) -> None:
    """Bring a State, and the random generators, to where a `snapshot` was taken.

    Raises:
        KeyError, TypeError, ValueError, RuntimeError, IndexError: it is of another network or training.
    """
    for piece in PIECES:
        if piece.name not in without:
            piece.put(state, content[piece.name])


def plain(value: Any) -> Any:
    """Numbers of numpy and counters as plain Python, which is all that weights_only=True reads back."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value
