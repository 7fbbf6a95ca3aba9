"""Which layer first went bad: a run that became NaN or infinite is repeated from its last good state, watched closely.

Training repeats itself exactly, so the same thing happens again; this time every layer's output, every gradient and
every weight is looked at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from netspec.expansion.graph import Call, Ref
from netspec.runtime.diagnostics import call_name, call_span
from netspec.shapes.report import Report
from netspec.training.job import Job, NotFiniteError, State
from netspec.training.loop import fit
from netspec.training.step import rate

LIMIT = 60.0  # seconds after which the search is given up


def first_nonfinite(report: Report, job: Job, state: State, limit: float = LIMIT) -> str | None:
    """The layer whose numbers were the first that were not finite, with its place, in a sentence.

    Args:
        report: of the checked network.
        job: what was done.
        state: the last good one; it is changed.
        limit: seconds to search for it.

    Returns:
        None where it did not happen again, or not within the time.
    """
    search = NonfiniteWatcher(report, job, state, time.monotonic() + limit)
    state.net = state.model  # a compiled one would not tell of its layers
    with search.watching(state.model), suppress(NotFiniteError, RuntimeError, ValueError):  # it ends as the run did
        fit(replace(job, early_stopping=None), state, search, search.over, search)
    return search.found


class NonfiniteWatcher:
    """Notes the first number that is not finite; the loop's Watcher and Store, which show and keep nothing."""

    def __init__(self, report: Report, job: Job, state: State, end: float) -> None:
        self.report, self.job, self.state, self.end = report, job, state, end
        self.calls = {call.path: call for call in reversed(report.graph.calls)} if report.graph is not None else {}
        self.found: str | None = None

    def over(self) -> bool:
        """After a step: whether it is found, or the time is over."""
        state = self.state
        if self.found is None and not state.losses[state.step - 1].isfinite():
            self._note("the loss of finite outputs was not finite", before=True)
        for name, weight in state.model.named_parameters():
            if self.found is None and weight.requires_grad and not weight.isfinite().all():
                self._note(f"{self._owner(name)} got weights that are not finite", before=True)
        return self.found is not None or time.monotonic() >= self.end

    def due(self) -> bool:
        """Nothing is shown or stored."""
        return False

    def step(self, *_: Any) -> None:
        """Never due."""

    def epoch(self, *_: Any) -> None:
        """An epoch is over."""

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Look at what each layer takes and gives, and at the gradients as they come."""
        hooks: list[Any] = [model.register_forward_hook(lambda _, taken, given: self._outputs(given))]
        for path, module in model.named_modules():
            if path in self.calls:
                hooks.append(module.register_forward_pre_hook(self._taker(self.calls[path])))
                hooks.append(module.register_forward_hook(self._giver(self.calls[path])))
        if self.state.scaler is None:  # which makes gradients infinite at times, and leaves such steps out
            for name, weight in model.named_parameters():
                if weight.requires_grad:
                    hooks.append(_hook_gradient(weight, self._gradient(name)))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _taker(self, call: Call) -> Any:
        """What enters a layer was given by a function, which is no module, where no layer before it went bad."""

        def look(module: nn.Module, taken: tuple[Any, ...]) -> None:
            if self.found is None and call.inputs and not _finite(taken):
                self._given(call.inputs[0])

        return look

    def _giver(self, call: Call) -> Any:
        def look(module: nn.Module, taken: Any, given: Any) -> None:
            if self.found is None and not _finite(given):
                self._note(f"{self._named(call)} gave what is not finite")

        return look

    def _outputs(self, given: Any) -> None:
        if self.found is None and not _finite(given) and self.report.graph is not None:
            self._given(next(iter(self.report.graph.outputs.values())))

    def _given(self, ref: Ref) -> None:
        calls = self.report.graph.calls if self.report.graph is not None else ()
        self._note(
            f"{self._named(calls[ref.node])} gave what is not finite" if ref.node >= 0 else "a sample is not finite"
        )

    def _gradient(self, name: str) -> Any:
        def look(weight: torch.Tensor) -> None:
            if self.found is None and weight.grad is not None and not weight.grad.isfinite().all():
                self._note(f"{self._owner(name)} got a gradient that is not finite")

        return look

    def _owner(self, parameter: str) -> str:
        """The layer that a parameter belongs to; its own path may be deeper than the layer's."""
        path = parameter
        while path and path not in self.calls:
            path = path.rpartition(".")[0]
        return self._named(self.calls[path]) if path else parameter

    def _named(self, call: Call) -> str:
        return f"{call_name(call)} at {call_span(call).span}"

    def _note(self, what: str, before: bool = False) -> None:
        """`before`: the loop has counted the step already."""
        state = self.state
        step = state.step if before else state.step + 1
        where = f"step {step}" if state.model.training or before else "evaluation"
        self.found = f"{what} (epoch {state.epoch + 1}, {where}, learning rate {rate(state):g})"


def _hook_gradient(weight: Any, look: Any) -> Any:  # torch has no types for it
    return weight.register_post_accumulate_grad_hook(look)


def _finite(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return not value.is_floating_point() or bool(value.isfinite().all())
    return all(_finite(item) for item in value) if isinstance(value, tuple | list) else True
