"""Targets in the dtype and shape that each loss of torch.nn takes, and outputs as probabilities."""

from __future__ import annotations

import torch

from netspec.core.shapes import Shape, show
from netspec.language.sections.losses import OF_EMBEDDINGS, WITHOUT_TARGETS, kind_of

DENSE = frozenset({"CrossEntropyLoss", "NLLLoss"})  # take a class for each pixel


class TargetError(Exception):
    """Why targets do not suit a loss; `index` is the first sample that shows it, `advice` what to do."""

    def __init__(self, message: str, *, index: int | None = None, advice: str = "") -> None:
        super().__init__(message)
        self.index = index
        self.advice = advice


def prepare_targets(
    targets: torch.Tensor, loss: str, output: Shape, ignore: int | None = None, further: bool = False
) -> torch.Tensor:
    """The targets in the dtype and shape that the loss takes.

    Args:
        targets: [N] int64 or float, or [N, K]; masks are uint8 [N, H, W] too.
        loss: its name in torch.nn.
        output: the output's sample shape.
        ignore: the class number that the loss leaves out, its `ignore_index`.
        further: whether the loss takes further outputs, so that pairs and triplets are given.

    Returns:
        int64 [N] for class indexes, [N, *size] for outputs [C, *size], where masks stay uint8 as they are stored; else
        float32 [N, *output].

    Raises:
        TargetError: they do not fit, or torch would broadcast them.
    """
    kind = kind_of(loss, further)
    if kind == "classes":
        return _classes(targets, loss, output, ignore)
    if kind == "own":
        return targets
    if kind in WITHOUT_TARGETS:
        return targets.float()
    if kind == "pairs":
        return _of_pairs(targets, loss)
    if kind in OF_EMBEDDINGS:
        return _labels_of_pairs(targets, loss)
    if targets.ndim == 1 and output == (1,):
        targets = targets[:, None]  # [N] → [N, 1]: against [N, 1] outputs torch would broadcast it to N×N
    if tuple(targets.shape[1:]) != output:
        got = f"{show(tuple(targets.shape[1:]))} numbers" if targets.ndim > 1 else "one number"
        several = targets.ndim == 1 and len(output) == 1
        advice = "CrossEntropyLoss takes one class number a sample" if several else f"let the network end in {got}"
        raise TargetError(f"the output is {show(output)}, a target is {got}; {loss} wants them alike", advice=advice)
    if kind == "labels":
        return targets.long()
    targets = targets.float()
    if kind in ("probabilities", "logits"):
        bad = (targets < 0) | (targets > 1)
        _refuse(bad, targets, f"{loss} wants targets from 0 to 1")
    if kind == "signs" and bool(((targets == 0) | (targets == 1)).all()):
        return targets * 2 - 1
    return targets


def _of_pairs(targets: torch.Tensor, loss: str) -> torch.Tensor:
    """1 or -1 [N] for each given pair, as float32."""
    targets = targets[:, 0] if tuple(targets.shape[1:]) == (1,) else targets
    if targets.ndim != 1:
        what = f"{loss} takes 1 or -1 for each pair, a target is {show(tuple(targets.shape[1:]))}"
        raise TargetError(what)
    if bool(((targets == 0) | (targets == 1)).all()):
        return targets.float() * 2 - 1
    _refuse((targets != 1) & (targets != -1), targets, f"{loss} takes 1 or -1 (or 0) for each pair")
    return targets.float()


def _labels_of_pairs(targets: torch.Tensor, loss: str) -> torch.Tensor:
    """Class numbers [N] by which pairs are drawn."""
    targets = targets[:, 0] if tuple(targets.shape[1:]) == (1,) else targets
    if targets.ndim != 1:
        raise TargetError(
            f"{loss} draws pairs by one class number a sample, a target is {show(tuple(targets.shape[1:]))}"
        )
    if targets.is_floating_point():
        _refuse(targets != targets.round(), targets, f"{loss} draws pairs by class numbers")
    return targets.long()


def _classes(targets: torch.Tensor, loss: str, output: Shape, ignore: int | None) -> torch.Tensor:
    got, size = tuple(targets.shape[1:]), output[1:]
    if got == output and got != (1,) and loss == "CrossEntropyLoss":
        return targets.float()  # a probability for each class
    if got == (1,) and len(output) == 1:
        targets, got = targets[:, 0], ()
    if not output or (size and not (got and loss in DENSE)):
        raise TargetError(f"{loss} wants one number for each class, the output is {show(output)}", advice="add Flatten")
    if got != size:
        wanted = f"a class number for each of {show(size)} places" if size else "one class number a sample"
        advice = ""
        if got == output[:-1]:
            rank = len(output)
            order = ", ".join(map(str, (0, rank, *range(1, rank))))
            layer = "transpose: {dim0: 1, dim1: 2}" if rank == 2 else f"permute: {{dims: [{order}]}}"
            advice = (
                f"{layer} at the end: {loss} takes the classes along dim 1, the output has {output[-1]} along the last"
            )
        raise TargetError(f"{loss} wants {wanted}, a target is {show(got)}", advice=advice)
    if targets.is_floating_point():
        _refuse(targets != targets.round(), targets, f"{loss} wants class numbers")
        targets = targets.long()
    classes = output[0]
    advice = "number the classes from 0, or give the network as many outputs as there are classes"
    if classes == 1:
        advice = "with one output take BCEWithLogitsLoss; with two classes and CrossEntropyLoss give two outputs"
    bad = (targets < 0) | (targets >= classes)
    if ignore is not None:
        bad &= targets != ignore
    _refuse(bad, targets, f"{classes} outputs are for classes 0 to {classes - 1}", advice)
    return targets


def _refuse(bad: torch.Tensor, targets: torch.Tensor, rule: str, advice: str = "") -> None:
    if bool(bad.any()):
        index = int(bad.nonzero()[0, 0])
        raise TargetError(f"{rule}, and there is a target {targets[bad][0].item():g}", index=index, advice=advice)


def probabilities(output: torch.Tensor, loss: str, last: str) -> torch.Tensor | None:
    """The probability of each class, or of each label, from the outputs [N, C] of a network.

    Args:
        output: of the network.
        loss: the name of the loss that it was trained with.
        last: the type of its last layer.

    Returns:
        [N, C]; None where the outputs are no classes or labels.
    """
    kind = kind_of(loss)
    if kind == "classes":
        if last == "Softmax":
            return output
        return output.exp() if loss == "NLLLoss" else output.softmax(1)
    if kind == "probabilities":
        return output
    return output.sigmoid() if kind in ("logits", "signs", "labels") else None
