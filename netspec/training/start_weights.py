"""The weights that training starts from.

Input: `weights` of a spec: a run, a file or a name of torchvision's. Output: a model with the tensors that fit it, and
which did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from netspec.compiler.weights import from_file, read_tensors, refuse, with_tied
from netspec.core.diagnostics import Note
from netspec.core.files import PathRefused, resolve
from netspec.core.tree import Mapping, Node, Scalar
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import counted
from netspec.shapes.state import match_tensors

MOST_NAMED = 5  # tensors that a line lists


@dataclass(frozen=True)
class StartWeights:
    """What training starts from: the node of `source`, and whether every tensor has to fit."""

    source: Scalar
    strict: bool = False


def read_start(node: Node, spec: Spec) -> StartWeights | None:
    """The `weights` of `train`; None where they are not written as they should be, which the check says."""
    source = node.get("from") if isinstance(node, Mapping) else node
    strict = node.get("strict") if isinstance(node, Mapping) else None
    wanted = strict is not None and spec.evaluate(strict) is True
    return StartWeights(source, wanted) if isinstance(source, Scalar) and isinstance(source.value, str) else None


def load_start_weights(start: StartWeights, model: nn.Module, spec: Spec) -> tuple[str, ...]:
    """Load the tensors that fit a model by name and shape.

    Args:
        start: where they are.
        model: is changed.
        spec: for the locations of messages.

    Returns:
        Lines that say what was loaded, and what does not fit.

    Raises:
        SpecError: NS608, they cannot be read; none of them fits; one does not, and `strict` wants all.
    """
    name = str(start.source.value)
    state, own = with_tied(model, _read(start.source, spec)), model.state_dict()
    match = match_tensors({key: own[key].shape for key in own}, {key: state[key].shape for key in state})
    others = {
        "of another shape": [
            f"{key} {[*state[key].shape]} there, {[*own[key].shape]} here" for key in match.mismatched
        ],
        "not there, so that they start at random": match.missing,
        "without a place in the network": match.extra,
    }
    lines = [f"{label}: {_listed(names)}" for label, names in others.items() if names]
    notes = [Note("note", line) for line in lines]
    if not match.fitting:
        raise refuse(spec, start.source, f"{name} has no tensor that fits this network", *notes)
    if start.strict and lines:
        raise refuse(spec, start.source, f"{name} does not fit, and strict wants every tensor", *notes)
    model.load_state_dict({key: state[key] for key in match.fitting}, strict=False)
    found = f"weights of {name}: {len(match.fitting)} of {counted(len(own), 'tensor')} loaded"
    return (found, *(f"  {line}" for line in lines))


def _read(source: Scalar, spec: Spec) -> dict[str, torch.Tensor]:
    """The tensors of a run's folder (of its best epoch), of a file, or of torchvision."""
    text = str(source.value)
    if text.endswith(".safetensors"):
        return read_tensors(spec, source)
    try:
        path = resolve(source, spec.folder)
    except PathRefused as refused:
        if "/" in text:
            raise refuse(spec, source, str(refused)) from None
        return read_tensors(spec, source)
    if path.is_dir():
        best = path / "best.safetensors"
        if not best.is_file():
            raise refuse(spec, source, f"{text} holds no best.safetensors: it is no run, or none of an epoch yet")
        return from_file(spec, source, best)
    if "/" in text:
        raise refuse(spec, source, f"{text} cannot be read: there is no such folder")
    return read_tensors(spec, source)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
