"""Graph: the flat list of calls that a Spec expands to, with the tree of scopes it came from."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any

from netspec.core.shapes import Tensor
from netspec.core.tree import Frame, Node
from netspec.language.spec import Item
from netspec.layers.record import Layer


@dataclass(frozen=True, slots=True)
class Ref:
    """A value: what call `node` gives (-1 - k is the k-th input), or one of its outputs."""

    node: int
    output: int | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """A value as its scope sees it: step `step` of the scope (-1: what enters), or one of its outputs."""

    step: int
    output: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One layer or function applied to values: the flat graph's node.

    `path` is the module path; `args` are the evaluated written arguments, `places` where they stand; `further` are
    the names of the last inputs, those that the layer takes by name alone; `shares` is the call whose module is applied
    again.
    """

    id: int
    path: str
    record: Layer
    args: dict[str, Any]
    places: dict[str, Node]
    inputs: tuple[Ref, ...]
    item: Item
    claim: tuple[int, ...] | None = None
    frames: tuple[Frame, ...] = ()
    shares: int | None = None
    broken: bool = False
    further: tuple[str, ...] = ()

    @property
    def own(self) -> int:
        """How many inputs the layer takes in their order; the further ones come after them."""
        return len(self.inputs) - len(self.further)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a scope's forward: a call or a submodule, applied to local values. `name` is its attribute.

    `shared` marks a submodule that an earlier step has made; `further` are the names of the last sources, those that
    the layer takes by name alone.
    """

    name: str
    sources: tuple[Local, ...]
    call: int | None = None
    scope: Scope | None = None
    shared: bool = False
    further: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """A module of the compiled network: its steps in order and the local values it returns."""

    path: str
    title: str
    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    results: tuple[Local, ...]
    chain: bool = False


@dataclass(frozen=True, repr=False)
class Graph:
    """The flat graph, in the order of execution, with the tree of scopes it came from."""

    inputs: Dict[str, Tensor | None]
    calls: tuple[Call, ...]
    outputs: Dict[str, Ref]
    scope: Scope

    def __repr__(self) -> str:
        return f"<Graph of {len(self.calls)} calls: {', '.join(self.inputs)} → {', '.join(self.outputs)}>"
