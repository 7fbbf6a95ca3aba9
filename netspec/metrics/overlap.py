"""Metrics of segmentation: how far predicted and true regions overlap, IoU (the Jaccard index) and Dice.

Both are counted over all pixels of all samples, and averaged over the classes: IoU = |P∩T| / |P∪T| as in Pascal VOC
(Everingham et al., 2010, section 4.3), Dice = 2|P∩T| / (|P| + |T|), for the pixels P that are predicted as a class and
its true ones T.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import torch

from netspec.core.shapes import Shape
from netspec.distributed.process_group import ProcessGroup
from netspec.language.sections.losses import Kind
from netspec.metrics.classification import predicted_labels, true_labels
from netspec.metrics.metric import MetricRequest


class Overlap:
    """IoU and Dice, macro averages over the classes, or over the labels.

    Classes that neither occur nor are ever predicted are left out. Labels are along the first axis of outputs of one or
    three axes, [labels] or [labels, H, W]; an output [H, W] is one label.
    """

    def __init__(self, kind: Kind, output: Shape, device: torch.device, names: Sequence[str]) -> None:
        self.kind, self.names = kind, names
        self.classes = 1 if kind != "classes" and len(output) == 2 else output[0]
        self.counts = torch.zeros(3, self.classes, dtype=torch.long, device=device)  # of both, predicted, true

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch."""
        predicted, true = predicted_labels(output, self.kind), true_labels(target, self.kind)
        if self.kind == "classes":
            regions = (predicted[predicted == true], predicted, true)
            each = [torch.bincount(region.flatten(), minlength=self.classes) for region in regions]
        else:
            shape = (len(output), self.classes, -1)
            each = [region.reshape(shape).sum((0, 2)) for region in (predicted & true, predicted, true)]
        self.counts += torch.stack(each)

    def join(self, group: ProcessGroup) -> None:
        """Sum over the processes."""
        self.counts = group.sum(self.counts)

    def result(self) -> dict[str, float]:
        """iou and dice, as far as they are asked for; nan where no class occurs."""
        both, predicted, true = self.counts.cpu().double()
        occurs = predicted + true > 0
        both, sizes = both[occurs], (predicted + true)[occurs]
        values = {"iou": both / (sizes - both), "dice": 2 * both / sizes}
        return {name: float(values[name].mean()) if len(both) else nan for name in self.names}


def make_overlap(request: MetricRequest) -> Overlap:
    """Those of iou and dice that are asked for."""
    return Overlap(request.kind, request.output, request.device, request.names)
