"""The tensors of a network by name, and which of those of another network it can start from. Without torch."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.core.dataclass import dataclass
from netspec.core.shapes import Shape
from netspec.layers.state import state_of
from netspec.shapes.report import Report


@dataclass(frozen=True, slots=True)
class TensorMatch:
    """Which tensors of a network another one's fit: by name and by shape.

    Args:
        fitting: have the name and shape of one of the other's.
        mismatched: have the name of one, and another shape.
        missing: are not among the other's.
        extra: the other's that have no place in the network.
    """

    fitting: tuple[str, ...]
    mismatched: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]


def match_tensors(own: Mapping[str, Shape], other: Mapping[str, Shape]) -> TensorMatch:
    """Match the tensors of two networks as `train.weights` does.

    Args:
        own: the shapes of a network's tensors, by name.
        other: those of the network, or of the file, that it starts from.
    """
    there = [key for key in own if key in other]
    return TensorMatch(
        fitting=tuple(key for key in there if tuple(own[key]) == tuple(other[key])),
        mismatched=tuple(key for key in there if tuple(own[key]) != tuple(other[key])),
        missing=tuple(key for key in own if key not in other),
        extra=tuple(key for key in other if key not in own),
    )


def network_state(report: Report) -> tuple[dict[str, Shape], tuple[str, ...]]:
    """The shapes of a network's parameters and buffers by their names in its state_dict.

    Args:
        report: of a spec whose network has no errors.

    Returns:
        The shapes, and the paths of the layers whose tensors are not known without torch: those of plugins, and
        those that are parametrized.
    """
    found: dict[str, Shape] = {}
    unknown: list[str] = []
    for call in report.graph.calls if report.graph else ():
        if call.shares is not None:
            continue
        state = state_of(call.record, report.inferred[call.id].args)
        if state is None or call.parametrized:
            unknown.append(call.path)
        else:
            found |= {f"{call.path}.{key}" if key else call.path: shape for key, shape in state.items()}
    return found, tuple(unknown)
