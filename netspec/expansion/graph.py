"""Graph: the flat list of calls that a Spec expands to, with the tree of scopes it came from."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import field
from typing import TYPE_CHECKING, Any

from netspec.core.dataclass import dataclass
from netspec.core.shapes import Tensor
from netspec.core.tree import Frame, Node
from netspec.language.spec import Item
from netspec.language.tensor_sizes import SizedArgument
from netspec.layers.record import Layer

if TYPE_CHECKING:  # tables that only some specs need
    from netspec.layers.inits import Init
    from netspec.layers.parametrizations import Parametrizer


def size_of(reference: str) -> str:
    """The name of the further input that is a tensor of which only the sizes are read."""
    return f"size of {reference}"


EACH = "each"  # the functions around an item that is applied to each index along an axis


@dataclass(frozen=True, slots=True)
class Ref:
    """A value of the flat graph.

    Args:
        node: the index of the call that computes it; -1 - k is the k-th input.
        output: which of the call's outputs it is, where the call has several.
    """

    node: int
    output: int | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """A value inside a scope: that of step `step` (-1 - k is the scope's k-th input), or one of its outputs."""

    step: int
    output: int | None = None


@dataclass(frozen=True, slots=True)
class InitRule:
    """How the parameters whose names a pattern fits are filled.

    Args:
        pattern: of their names below `prefix`, or of `Type.name`.
        prefix: the module path that the pattern starts at.
        init: the function of torch.nn.init.
        args: all its arguments.
        at: where the spec has it.
    """

    pattern: str
    prefix: str
    init: Init
    args: Dict[str, Any]
    at: Node


@dataclass(frozen=True, slots=True)
class Parametrization:
    """What a parameter of a layer is computed by: the function, all its arguments, and where the spec has it."""

    by: Parametrizer
    args: Dict[str, Any]
    at: Node

    @property
    def weight(self) -> str:
        """The name of the parameter."""
        return str(self.args["name"])


@dataclass(frozen=True, slots=True)
class Tie:
    """A parameter that is another one's.

    Args:
        target, source: their paths in the scope around both.
        call, weight: the layer whose parameter is replaced, and its name there.
        other, other_weight: the layer that has it, and its name there.
        at: where the spec has it.
    """

    target: str
    source: str
    call: int
    weight: str
    other: int
    other_weight: str
    at: Node


@dataclass(frozen=True, slots=True)
class Call:
    """One layer or function applied to values: the flat graph's node.

    Args:
        id: its index in the graph.
        path: the module path.
        record: the layer.
        args: the evaluated arguments, without those that were left out.
        arg_nodes: the nodes of the written arguments, of the claimed `shape` and of inputs by name.
        inputs: the values that it takes.
        item: the item that it comes from.
        claim: the claimed shape of one sample.
        frames: the block uses that led to it.
        shares: the id of the call whose module is applied again.
        broken: an input or argument has a finding, so that its shape cannot be inferred.
        further: the names of the last inputs, those that the layer takes only by name.
        sized: the arguments that hold sizes of tensors; these are further inputs, by `size_of`.
        inits: how its parameters are filled: the first rule that fits one.
        parametrized: what its parameters are computed by.
        tied: its parameters that are another layer's.
        weight: of a parameter as a value, the call of the layer that has it, and its name there.
        each: the calls that fold an axis into the batch around it: it is applied to each index along these.
    """

    id: int
    path: str
    record: Layer
    args: dict[str, Any]
    arg_nodes: dict[str, Node]
    inputs: tuple[Ref, ...]
    item: Item
    claim: tuple[int, ...] | None = None
    frames: tuple[Frame, ...] = ()
    shares: int | None = None
    broken: bool = False
    further: tuple[str, ...] = ()
    sized: Dict[str, SizedArgument] = field(default_factory=dict)
    inits: tuple[InitRule, ...] = ()
    parametrized: tuple[Parametrization, ...] = ()
    tied: frozenset[str] = frozenset()
    weight: tuple[int, str] | None = None
    each: tuple[int, ...] = ()

    @property
    def own(self) -> int:
        """How many inputs the layer takes by position; the further ones come after them."""
        return len(self.inputs) - len(self.further)

    @property
    def maker(self) -> int:
        """The id of the call that makes the module, which is its own where it shares none."""
        return self.id if self.shares is None else self.shares

    @property
    def complete(self) -> bool:
        """Whether all arguments are there and could be read."""
        required = {arg.name for arg in self.record.args if arg.required}
        return required | (self.arg_nodes.keys() - {"shape", *self.further}) <= self.args.keys() | self.sized.keys()


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a scope's forward: a call or a submodule, applied to local values. `name` is its attribute.

    `shared` marks a submodule that an earlier step made; `further` are the names of the last sources, those that the
    layer takes only by name; `item` is what a submodule comes from.
    """

    name: str
    sources: tuple[Local, ...]
    call: int | None = None
    scope: Scope | None = None
    shared: bool = False
    further: tuple[str, ...] = ()
    item: Item | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """A module of the compiled network: its steps in order and the local values it returns.

    `ties` are the parameters in it that are one. `counts` are how many values of the flat graph each result is: several
    where it is a block with outputs. `keys` are the results' names, where they are returned as a dict. The last
    `training_only` of them are returned in training mode only. `order` names submodules and tensors in the order in
    which the module holds them; others follow.
    """

    path: str
    title: str
    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    results: tuple[Local, ...]
    chain: bool = False
    counts: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()
    training_only: int = 0
    ties: tuple[Tie, ...] = ()
    order: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Graph:
    """The flat graph, with the tree of scopes it came from.

    Args:
        inputs: one sample of each input, by name; None where it is unknown.
        calls: the layers and functions in the order of execution.
        outputs: the values that leave the network, by name.
        scope: the network's own scope.
        training_only: the names of the outputs that are there in training mode only.
    """

    inputs: Dict[str, Tensor | None]
    calls: tuple[Call, ...]
    outputs: Dict[str, Ref]
    scope: Scope
    training_only: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"<Graph of {len(self.calls)} calls: {', '.join(self.inputs)} → {', '.join(self.outputs)}>"
