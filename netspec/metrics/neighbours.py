"""The metric of embeddings: whether the nearest other sample is of the same class."""

from __future__ import annotations

from math import prod

import torch
from torch.nn import functional

from netspec.core.shapes import Shape
from netspec.distributed.process_group import ProcessGroup
from netspec.metrics.metric import MetricRequest

AT_ONCE = 1024  # samples whose distances from all others are held


class NearestNeighbour:
    """Recall at 1, as Song et al., Deep Metric Learning via Lifted Structured Feature Embedding (2016) measure it.

    It is the accuracy of scikit-learn's KNeighborsClassifier with one neighbour, each sample left out in turn.

    Args:
        angles: whether nearness is that of directions, as for CosineEmbeddingLoss, else the Euclidean distance.
        output: the output's sample shape.
        device: where the batches are.
    """

    def __init__(self, angles: bool, output: Shape, device: torch.device) -> None:
        self.angles = angles
        self.outputs = [torch.zeros(0, prod(output), device=device)]
        self.targets = [torch.zeros(0, dtype=torch.long, device=device)]

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch: output [B, *output], class numbers [B]."""
        x = output.flatten(1).float()
        self.outputs.append(functional.normalize(x) if self.angles else x)
        self.targets.append(target.long())

    def join(self, group: ProcessGroup) -> None:
        """Put together what each process has seen."""
        self.outputs, self.targets = [group.gather(torch.cat(self.outputs))], [group.gather(torch.cat(self.targets))]

    def result(self) -> dict[str, float]:
        """recall_at_1; nothing of less than two samples."""
        x, labels = torch.cat(self.outputs), torch.cat(self.targets)
        if len(x) < 2:
            return {}
        right = 0
        for start in range(0, len(x), AT_ONCE):
            part = x[start : start + AT_ONCE]
            distances = torch.cdist(part, x, compute_mode="donot_use_mm_for_euclid_dist")  # [P, N]
            places = torch.arange(len(part), device=x.device)
            distances[places, start + places] = torch.inf
            right += int((labels[distances.argmin(1)] == labels[start : start + AT_ONCE]).sum())
        return {"recall_at_1": right / len(x)}


def make_neighbour(request: MetricRequest) -> NearestNeighbour:
    """recall_at_1."""
    return NearestNeighbour(request.kind == "angles", request.output, request.device)
