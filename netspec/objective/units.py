"""The unit of targets that are scaled for training: what the network gives → the original unit."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Unit:
    """Targets t become (t - shift) / scale; of one column there is one of each, of several one a column, the last axis.

    Args:
        shift, scale: of each column.
    """

    shift: tuple[float, ...]
    scale: tuple[float, ...]

    def scaled(self, targets: torch.Tensor) -> torch.Tensor:
        """Targets as the loss takes them.

        Args:
            targets: [..., K] of K columns, or [...] of one.
        """
        return (targets - targets.new_tensor(self.shift)) / targets.new_tensor(self.scale)

    def restored_variance(self, variances: torch.Tensor) -> torch.Tensor:
        """Variances of scaled targets in the original unit, squared.

        Args:
            variances: [..., K] of K columns, or [...] of one.
        """
        return variances * variances.new_tensor(self.scale).square()

    def restored(self, outputs: torch.Tensor) -> torch.Tensor:
        """Outputs in the original unit.

        Args:
            outputs: [..., K] of K columns, or [...] of one.
        """
        return outputs * outputs.new_tensor(self.scale) + outputs.new_tensor(self.shift)
