"""Report → LintContext: what lint rules ask of a network, its losses and its data; and how they make a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic, Fix, Note
from netspec.core.names import certain_match
from netspec.core.shapes import Shape, Tensor
from netspec.core.tree import Mapping, Node, Scalar
from netspec.expansion.graph import Call, Graph, Ref
from netspec.language.sections.losses import KINDS, Kind, Written, kind_of, written_losses
from netspec.language.spec import Spec
from netspec.shapes.report import Inferred, Report

if TYPE_CHECKING:
    from netspec.lint.datasets import DatasetFacts

FURTHEST = 100  # layers upstream or downstream that are considered
_FUNCTIONS = {  # the layer that computes the same as a function of torch
    "relu": "ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
}


def kind(call: Call) -> str:
    """The layer's type; for a function the type of the layer that computes the same."""
    return _FUNCTIONS.get(call.record.name, call.record.name)


@dataclass(frozen=True)
class Head:
    """An output with a loss.

    Args:
        output: the name of the output.
        tensor: its sample shape and dtype.
        ref: where it comes from.
        loss: the node of the loss's name.
        samples: what is known of the dataset; None where nothing is.
        further: the nodes of the further outputs that the loss takes, by its names of them.
    """

    output: str
    tensor: Tensor
    ref: Ref
    loss: Scalar
    samples: DatasetFacts | None
    further: tuple[tuple[Scalar, Node], ...] = ()

    @property
    def kind(self) -> Kind:
        """What the loss compares."""
        return kind_of(str(self.loss.value), bool(self.further))


@dataclass(frozen=True)
class LintContext:
    """What a lint rule looks at.

    Args:
        report: of the check so far.
        graph: the report's graph.
    """

    report: Report
    graph: Graph

    @property
    def spec(self) -> Spec:
        """The spec that is checked."""
        return self.report.spec

    @property
    def train(self) -> Mapping | None:
        """The section `train`, if it is a mapping."""
        return self.spec.train if isinstance(self.spec.train, Mapping) else None

    @cached_property
    def windows(self) -> dict[int, Any]:
        """What `lint/windows.py` has found, by the ids of calls."""
        return {}

    @cached_property
    def users(self) -> dict[int, list[Call]]:
        """The calls that take the value of each node, which is the id of a call, or negative for an input."""
        users: dict[int, list[Call]] = {node: [] for node in range(-len(self.graph.inputs), len(self.graph.calls))}
        for call in self.graph.calls:
            for node in {ref.node for ref in call.inputs}:
                users[node].append(call)
        return users

    @cached_property
    def results(self) -> frozenset[int]:
        """The calls that give the network's outputs."""
        return frozenset(ref.node for ref in self.graph.outputs.values())

    @cached_property
    def shared(self) -> frozenset[int]:
        """The calls whose weights are used more than once."""
        again = [call for call in self.graph.calls if call.shares is not None]
        return frozenset(id for call in again for id in (call.id, call.shares or 0))

    def known(self, call: Call) -> Inferred:
        """What inference knows of a call."""
        return self.report.inferred[call.id]

    def arriving(self, call: Call) -> Shape | None:
        """The sample shape of a call's first input."""
        inputs = self.known(call).inputs
        return inputs[0].shape if inputs and inputs[0] is not None else None

    def leaving(self, call: Call) -> Shape | None:
        """The sample shape of a call's first output."""
        outputs = self.known(call).outputs
        return outputs[0].shape if outputs else None

    def before(self, call: Call, skipped: frozenset[str] = frozenset({"Identity"})) -> Call | None:
        """The call before one with a single input; layers of the kinds `skipped` do not count."""
        return self.producer(call.inputs[0], skipped) if len(call.inputs) == 1 else None

    def producer(self, ref: Ref, skipped: frozenset[str]) -> Call | None:
        """The call that a value comes from; layers of the kinds `skipped` do not count.

        None where the value is an input of the network, or comes from more than FURTHEST layers before.
        """
        for _ in range(FURTHEST):
            if ref.node < 0:
                return None
            call = self.graph.calls[ref.node]
            if kind(call) not in skipped or len(call.inputs) != 1:
                return call
            ref = call.inputs[0]
        return None

    def only_user(self, call: Call) -> Call | None:
        """The one call that takes the output of a call, Identity left out; None where there are more, or none."""
        for _ in range(FURTHEST):
            if len(self.users[call.id]) != 1 or call.id in self.results:
                return None
            call = self.users[call.id][0]
            if call.record.name != "Identity":
                return call
        return None

    @cached_property
    def refs(self) -> dict[str, Ref]:
        """Where each output comes from, by the names that the report gives the outputs."""
        found: dict[str, Ref] = {}
        for name, ref in self.graph.outputs.items():
            known = self.known(self.graph.calls[ref.node]).outputs if ref.node >= 0 and ref.output is None else None
            several = known is not None and len(known) > 1
            found |= {f"{name}.{i}": Ref(ref.node, i) for i in range(len(known or ()))} if several else {name: ref}
        return found

    @cached_property
    def losses(self) -> tuple[Written, ...]:
        """The losses that `train` writes, a misspelt one by the name that it certainly means."""
        written = written_losses(None if self.train is None else self.train.get("loss"))
        return tuple(map(_as_meant, written))

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """The known outputs with a known loss, in the order of the losses."""
        heads = []
        for written in self.losses:
            only = next(iter(self.refs)) if len(self.refs) == 1 else None
            output = only if written.output is None else written.output.text
            tensor = self.report.tensor(self.refs[output]) if output in self.refs else None
            known = written.name is not None and written.name.value in KINDS
            if output is not None and tensor is not None and written.name is not None and known:
                samples = self.samples_for(output)
                heads.append(Head(output, tensor, self.refs[output], written.name, samples, written.further))
        return tuple(heads)

    def samples_for(self, output: str | None, input: str | None = None) -> DatasetFacts | None:
        """What is known of the dataset for one output and one input; the first input where left out."""
        from netspec.lint.datasets import dataset_facts

        input = next(iter(self.graph.inputs), None) if input is None else input
        tensor = None if input is None else self.graph.inputs.get(input)
        return None if input is None or tensor is None else dataset_facts(self.spec, tensor, input, output)

    def source(self, node: Node, value: object) -> Node | None:
        """The node to edit for another `value`: the parameter's, where only the name of a parameter is written.

        None where it is in another file, which other specs may use.
        """
        name = node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None
        if name in self.spec.params and self.report.params.get(str(name)) == value:
            node = self.spec.params[str(name)]
        return node if node.span.path not in self.spec.origins else None


Rule = Callable[[LintContext], Iterator[Diagnostic]]
HeadRule = Callable[[LintContext, Head], Iterator[Diagnostic]]


def _as_meant(written: Written) -> Written:
    """A loss with its name corrected."""
    if written.name is None or written.name.value in KINDS:
        return written
    name = replace(written.name, value=certain_match(str(written.name.value), KINDS) or written.name.value)
    if isinstance(written.node, Mapping):
        return replace(written, node=replace(written.node, entries=((name, written.node.entries[0][1]),)))
    return replace(written, node=name)


def finding(
    code: str,
    message: str,
    node: Node,
    call: Call | None = None,
    *,
    notes: tuple[Note, ...] = (),
    fixes: tuple[Fix, ...] = (),
) -> Diagnostic:
    """A finding at a node.

    Args:
        code: such as NS905.
        message: one line.
        node: what to point at.
        call: the layer that the finding is about.
        notes: lines below the excerpt.
        fixes: candidates, the likeliest first.
    """
    frames = node.frames if call is None else tuple(dict.fromkeys((*node.frames, *call.frames)))
    return Diagnostic(code, message, node.span, None if call is None else call.path, notes, fixes, frames)
