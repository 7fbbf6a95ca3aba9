"""A metric of one's own, as torchmetrics has them: `update(output, target)`, then `compute()`.

Input: a class that a spec names. Output: a Metric.
"""

from __future__ import annotations

import torch

from netspec.core.diagnostics import SpecError
from netspec.distributed.process_group import ProcessGroup
from netspec.language.sections.metrics import shown
from netspec.runtime.diagnostics import spec_error
from netspec.runtime.own import own_says
from netspec.runtime.registry import Choice


class OwnMetric:
    """One metric.

    Args:
        choice: its class, made anew for each evaluation.
        device: where the batches are.
    """

    def __init__(self, choice: Choice, device: torch.device) -> None:
        self.choice = choice
        self.metric = choice.make()
        missing = [name for name in ("update", "compute") if not callable(getattr(self.metric, name, None))]
        if missing:
            what = (
                f"{choice.name} has no method {' and '.join(missing)}: a metric has update(output, target), compute()"
            )
            raise spec_error("NS702", what, choice.node)
        if isinstance(self.metric, torch.nn.Module):
            self.metric.to(device)

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: output [B, *output], target as the loss gets it."""
        try:
            self.metric.update(output, target)
        except Exception as error:  # whatever the code of a person raises
            raise self._failed(error) from error

    def join(self, group: ProcessGroup) -> None:
        """Nothing: several processes are refused before they train."""

    def result(self) -> dict[str, float]:
        """Its value, a number."""
        try:
            return {shown(self.choice.name): float(self.metric.compute())}
        except Exception as error:  # whatever the code of a person raises
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> SpecError:
        return spec_error("NS609", f"{self.choice.name} fails", self.choice.node, own_says(error))
