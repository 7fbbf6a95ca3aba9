"""Search for the first non-finite value: a run that became NaN or infinite is repeated from its last good state.

Input: the Job and the last good State. Output: the layer and the step, in a sentence. Training repeats itself exactly,
so the same happens again; this time every layer's output, every gradient and every weight is checked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
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

LIMIT = 60.0  # seconds after which the search is given up


def first_nonfinite(report: Report, job: Job, state: State, limit: float = LIMIT) -> str | None:
    """The layer whose values were the first that were not finite, and where it stands, in a sentence.

    Args:
        report: of the checked network.
        job: what was done.
        state: the last good one; it is changed.
        limit: seconds to search for it.

    Returns:
        None where it did not happen again, or not within the time.
    """
    search = NonfiniteWatcher(report, state, time.monotonic() + limit)
    state.net = state.model  # a compiled one would not call the hooks of its layers
    with search.hooked(state.model), suppress(NotFiniteError, RuntimeError, ValueError):  # it ends as the run did
        fit(replace(job, early_stopping=None), state, search, search.over, search)
    return search.found


class NonfiniteWatcher:
    """Notes the first value that is not finite; the loop's Watcher and Store, which show and store nothing."""

    def __init__(self, report: Report, state: State, end: float) -> None:
        graph = report.graph
        self.calls = graph.calls if graph is not None else ()
        self.output = next(iter(graph.outputs.values())) if graph is not None else None
        self.by_path = {call.path: call for call in reversed(self.calls)}
        self.state, self.end = state, end
        self.found: str | None = None

    def due(self) -> bool:
        """Nothing is shown or stored."""
        return False

    def step(self, *_: Any) -> None:
        """Never due."""

    def epoch(self, *_: Any) -> None:
        """An epoch is over."""

    def over(self) -> bool:
        """After a step: whether it is found, or the time is over."""
        state = self.state
        if self.found is None and not state.losses[state.step - 1].isfinite():
            self._note("the loss of finite outputs was not finite", after_step=True)
        for name, weight in state.model.named_parameters():
            if self.found is None and weight.requires_grad and not weight.isfinite().all():
                self._note(f"{self._owner(name)} got weights that are not finite", after_step=True)
        return self.found is not None or time.monotonic() >= self.end

    @contextmanager
    def hooked(self, model: nn.Module) -> Iterator[None]:
        """Check what enters and leaves each layer, and the gradients as they come."""
        hooks: list[Any] = [model.register_forward_hook(lambda _, inputs, outputs: self._check(outputs, self.output))]
        for path, module in model.named_modules():
            if path in self.by_path:
                call = self.by_path[path]
                hooks.append(module.register_forward_pre_hook(self._input_hook(call)))
                hooks.append(module.register_forward_hook(self._output_hook(call)))
        if self.state.scaler is None:  # which makes gradients infinite at times, and leaves such steps out
            for name, weight in model.named_parameters():
                if weight.requires_grad:
                    hook: Any = weight.register_post_accumulate_grad_hook  # torch has no types for it
                    hooks.append(hook(self._gradient_hook(name)))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _input_hook(self, call: Call) -> Callable[[nn.Module, Any], None]:
        """What is not finite where it enters a layer comes from a function, which is no module, or from the samples."""
        return lambda module, inputs: self._check(inputs, call.inputs[0] if call.inputs else None)

    def _output_hook(self, call: Call) -> Callable[[nn.Module, Any, Any], None]:
        def check(module: nn.Module, inputs: Any, outputs: Any) -> None:
            if self.found is None and not _finite(outputs):
                self._note(f"{_described(call)} gave what is not finite")

        return check

    def _gradient_hook(self, name: str) -> Callable[[torch.Tensor], None]:
        def check(weight: torch.Tensor) -> None:
            if self.found is None and weight.grad is not None and not weight.grad.isfinite().all():
                self._note(f"{self._owner(name)} got a gradient that is not finite")

        return check

    def _check(self, values: Any, ref: Ref | None) -> None:
        """Check values that the call `ref` gave, or that are samples."""
        if self.found is None and ref is not None and not _finite(values):
            source = f"{_described(self.calls[ref.node])} gave what" if ref.node >= 0 else "a sample"
            self._note(f"{source} is not finite")

    def _owner(self, parameter: str) -> str:
        """The layer that a parameter belongs to; its own path may be deeper than the layer's."""
        path = parameter
        while path and path not in self.by_path:
            path = path.rpartition(".")[0]
        return _described(self.by_path[path]) if path else parameter

    def _note(self, what: str, after_step: bool = False) -> None:
        """Keep what was found; `after_step`: the loop has counted the step already."""
        state = self.state
        step = state.step if after_step else state.step + 1
        where = f"step {step}" if state.model.training or after_step else "evaluation"
        self.found = f"{what} (epoch {state.epoch + 1}, {where}, learning rate {state.lr:g})"


def _described(call: Call) -> str:
    return f"{call_name(call)} at {call_span(call).span}"


def _finite(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return not value.is_floating_point() or bool(value.isfinite().all())
    return all(_finite(item) for item in value) if isinstance(value, tuple | list) else True
