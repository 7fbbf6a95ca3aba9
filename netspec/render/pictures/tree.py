"""The tree that all pictures are made from: a node a layer, function or box, edges between the nodes of one box.

A box is a scope of the network (the network, a group, a block's use) or a run of equal copies. Values pass its border
only at its numbered inputs and outputs, so that each box can be laid out by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.shapes import Tensor, show
from netspec.core.tree import Span

VERSION = 1
Values = tuple[Tensor | None, ...]  # sample tensors, None where unknown


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding of the check on a node.

    Args:
        code, severity, message: as the diagnostic has them.
        span: the text to change.
    """

    code: str
    severity: str
    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Edge:
    """A value on its way from one node of a box to another.

    Args:
        source: the id of the node that gives it; the box's own id where it enters the box.
        output: which of the source's outputs, or of the box's inputs; None for all of them.
        target: the id of the node that takes it; the box's own id where it leaves the box.
        input: which of the target's inputs, or of the box's outputs.
        values: the sample tensors.
    """

    source: int
    output: int | None
    target: int
    input: int
    values: Values


@dataclass(frozen=True, slots=True)
class Node:
    """A layer, a function, an input or output of the network, or a box of nodes.

    Args:
        id: unique in the picture; a node's id is less than those of the nodes in it.
        kind: `network`, `group`, `block`, `repeat`, `layer`, `function`, `input` or `output`.
        name: of its submodule in the module around it, or of the network, input or output.
        path: the module path, as in the keys of state_dict.
        type: the layer's or function's name, or the block's; of an output `in training` where eval has it not.
        call: its arguments as torch's code has them, those with torch's defaults left out: `3, 64, 7, stride=2`.
        arguments: all arguments that are known, by name, as text.
        outputs: the sample tensor of each output.
        params: trainable numbers; None where unknown.
        macs: multiply-accumulates for one sample; None where unknown.
        shared: whether its weights are those of an earlier node, which counts them.
        span: where the spec has it.
        problems: what is wrong with it.
        period: of a repeat: how many of its nodes make one copy.
        children: the nodes of a box, in the order of execution; of a repeat those of all copies.
        edges: between them.
    """

    id: int
    kind: str
    name: str
    path: str = ""
    type: str = ""
    call: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    outputs: Values = ()
    params: int | None = 0
    macs: int | None = 0
    shared: bool = False
    span: Span | None = None
    problems: tuple[Problem, ...] = ()
    period: int = 0
    children: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    @property
    def is_box(self) -> bool:
        """Whether it has nodes in it, or could have."""
        return self.kind in ("network", "group", "block", "repeat")

    @property
    def times(self) -> int:
        """How many copies a repeat has; 1 of any other node."""
        return len(self.children) // self.period if self.period else 1

    def walk(self) -> Iterator[Node]:
        """This node and all in it, by their ids."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)

    def json(self) -> dict[str, Any]:
        """The node as plain data for JSON; what is empty is left out, shapes are lists of sizes."""
        found: dict[str, Any] = {"id": self.id, "kind": self.kind, "name": self.name}
        found |= {key: value for key in ("path", "type", "call") if (value := getattr(self, key))}
        if self.arguments:
            found["arguments"] = dict(self.arguments)
        found |= {"outputs": tensors_json(self.outputs), "params": self.params, "macs": self.macs}
        if self.shared:
            found["shared"] = True
        if self.span is not None:
            found |= _place(self.span)
        if self.problems:
            found["problems"] = [
                {"code": each.code, "severity": each.severity, "message": each.message, **_place(each.span)}
                for each in self.problems
            ]
        if self.period:
            found["period"] = self.period
        if self.is_box:
            found["nodes"] = [child.json() for child in self.children]
            found["edges"] = [
                {
                    "source": edge.source,
                    "output": edge.output,
                    "target": edge.target,
                    "input": edge.input,
                    "values": tensors_json(edge.values),
                }
                for edge in self.edges
            ]
        return found


def _place(span: Span) -> dict[str, Any]:
    return {"file": span.path, "line": span.line, "column": span.column}


def tensors_json(values: Values) -> list[dict[str, Any] | None]:
    """Sample tensors as plain data.

    Args:
        values: None stands for what is unknown, and becomes null.
    """
    return [None if each is None else {"shape": list(each.shape), "dtype": each.dtype} for each in values]


def shown(values: Values) -> str:
    """Sample tensors in words: `64×56×56`, `197×768, int64 16`, `?` for an unknown one."""
    return ", ".join(
        "?" if each is None else show(each.shape) if each.dtype == "float32" else f"{each.dtype} {show(each.shape)}"
        for each in values
    )
