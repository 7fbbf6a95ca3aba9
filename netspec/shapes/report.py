"""Report: what a check found, with what inference knows of each call."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import field
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic, Findings
from netspec.core.expressions import Value
from netspec.core.lazy_import import imported
from netspec.core.shapes import Tensor
from netspec.expansion.graph import Graph, Ref
from netspec.language.ranges import Range, ranges
from netspec.language.spec import Spec


@dataclass(frozen=True, slots=True)
class Inferred:
    """What inference knows of one call; None stands for what is unknown.

    Args:
        inputs: the sample tensor of each input.
        outputs: the sample tensor of each output.
        args: all arguments by name, defaults and inferred ones included.
        parameters: the number of trainable numbers.
        macs: multiply-accumulates for one sample.
    """

    inputs: tuple[Tensor | None, ...] = ()
    outputs: tuple[Tensor, ...] | None = None
    args: dict[str, Any] = field(default_factory=dict)
    parameters: int | None = 0
    macs: int | None = 0


@dataclass(frozen=True, repr=False)
class Report:
    """What `check` found.

    Args:
        spec: the spec.
        graph: its flat graph; None where the network cannot be expanded.
        inferred: what is known of each call of the graph, in its order; empty where there is none.
        diagnostics: all findings, in the order of the file.
        params: the values of the spec's parameters, by name.
        expanded: what the spec expanded to, before a version of torch and shapes changed it; None where something was
            wrong up to there. The check of a text with a small change starts from it,
        steady: the graph and what was inferred, where nothing was wrong with that; and from this.
    """

    spec: Spec
    graph: Graph | None
    inferred: tuple[Inferred, ...]
    diagnostics: tuple[Diagnostic, ...]
    params: Dict[str, Value] = field(default_factory=dict)
    expanded: Graph | None = None
    steady: tuple[Graph, tuple[Inferred, ...]] | None = None

    def __repr__(self) -> str:
        found = "ok" if self.ok else "; ".join(f"{d.span.line}:{d.span.column} {d.code}" for d in self.diagnostics[:5])
        return f"<Report on {self.spec.path}: {found}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the findings, or the totals."""
        return str(imported("netspec.render.pictures.notebook:report_html")(self))

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings are fine."""
        return all(found.severity != "error" for found in self.diagnostics)

    @property
    def sound(self) -> bool:
        """Whether the network itself has no error; those of its data and training (NS6xx) do not count."""
        return all(found.severity != "error" or found.code.startswith("NS6") for found in self.diagnostics)

    @property
    def inputs(self) -> dict[str, Tensor | None]:
        """The network's inputs: sample shape and dtype by name."""
        return dict(self.graph.inputs) if self.graph else {}

    def tensor(self, ref: Ref) -> Tensor | None:
        """What is known of a value."""
        if self.graph is None:
            return None
        if ref.node < 0:
            return list(self.graph.inputs.values())[-1 - ref.node]
        outputs = self.inferred[ref.node].outputs
        if outputs is None or (ref.output or 0) >= len(outputs):
            return None
        return outputs[ref.output or 0]

    @property
    def outputs(self) -> dict[str, Tensor | None]:
        """The network's outputs: sample shape and dtype by name, None where unknown."""
        named: dict[str, Tensor | None] = {}
        for name, ref in self.graph.outputs.items() if self.graph else ():
            outputs = self.inferred[ref.node].outputs if ref.node >= 0 and ref.output is None else None
            if outputs is not None and len(outputs) > 1:
                named |= {f"{name}.{index}": tensor for index, tensor in enumerate(outputs)}
            else:
                named[name] = self.tensor(ref)
        return named

    @property
    def training_only(self) -> frozenset[str]:
        """The names of the outputs that are there in training mode only."""
        only = frozenset() if self.graph is None else self.graph.training_only
        return frozenset(name for name in self.outputs if name in only or name.rpartition(".")[0] in only)

    @property
    def last_types(self) -> dict[str, str]:
        """The type of the layer that gives each output."""
        if self.graph is None:
            return {}
        calls = self.graph.calls
        return {
            name: calls[ref.node].record.name if ref.node >= 0 else "input" for name, ref in self.graph.outputs.items()
        }

    @property
    def parameters(self) -> int:
        """Trainable numbers of the whole network, as far as known."""
        return sum(known.parameters or 0 for known in self.inferred)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole network for one sample, as far as known."""
        return sum(known.macs or 0 for known in self.inferred)


def size_ranges(report: Report) -> dict[str, Range]:
    """The ranges of the sizes that the inputs name, by name."""
    found = ranges(report.spec, report.params, Findings()) if report.spec.sizes else {}
    return {name: each for name, each in found.items() if each is not None}


def promised(report: Report) -> str:
    """The sizes that a spec promises, in words; empty where its input is fixed."""
    return " and ".join(map(str, size_ranges(report).values()))


def shown_sizes(report: Report) -> dict[str, int]:
    """The sizes at which shapes and counts are shown, by name; empty where the input is fixed."""
    return {name: each.at for name, each in size_ranges(report).items()}
