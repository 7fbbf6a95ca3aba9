"""The values between the stages: a parsed Spec, the flat Graph it expands to, and the Graph's inferred shapes."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netspec.core.diagnostics import Diagnostic, Frame, Span
from netspec.core.expressions import Value
from netspec.core.shapes import Tensor
from netspec.core.tree import Mapping, Node, Scalar
from netspec.language.emit import emit
from netspec.language.evaluate import param_values, plain_value
from netspec.language.plugins import NO_PLUGINS, Plugins
from netspec.layers.record import Layer


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a `layers` list, as written.

    `kind` is `layer`, `block`, `group`, `branches`, `share` or `unknown` (unreadable, which was noted); `at` is the
    node to point at (the type's key); `node` is the whole item. `args` are the written arguments; `argument_node` is
    what stands after the type.
    `single` marks a group that is one item instead of a list. `wires` are the names and references of a mapping in
    `from`; with `follows` the first input is the item before, whatever they say.
    """

    kind: str
    at: Scalar
    node: Node
    name: Scalar | None = None
    sources: tuple[Scalar, ...] | None = None
    wires: tuple[tuple[Scalar, Scalar], ...] = ()
    follows: bool = False
    claim: Node | None = None
    when: Scalar | None = None
    repeat: Node | None = None
    record: Layer | None = None
    args: tuple[tuple[Scalar, Node], ...] = ()
    argument_node: Node | None = None
    whole: bool = True
    items: tuple[Item, ...] = ()
    single: bool = False
    branches: tuple[tuple[Scalar, tuple[Item, ...], bool], ...] = ()
    merge: Item | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A reusable group: its parameters (None: required), its items, and the outputs it names."""

    name: str
    at: Scalar
    params: Dict[str, Node | None]
    items: tuple[Item, ...]
    outputs: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class InputDecl:
    """One declared input: the nodes of its sizes, and torch's name of its dtype."""

    name: str
    at: Node
    sizes: tuple[Node, ...]
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class SizeDecl:
    """One entry of `sizes`: a size of the input by its name, with the nodes of its `min`, `max` and `multiple_of`."""

    at: Scalar
    node: Mapping
    keys: Dict[str, Node]

    @property
    def name(self) -> str:
        """What the input calls it."""
        return self.at.text


@dataclass(frozen=True, repr=False)
class Spec:
    """A spec as read: located, its structure validated, nothing evaluated.

    `sources` holds every text that was read, by path; `origins` where each further file was named; `plugins` is what
    was allowed of plugins when it was read.
    """

    path: str
    folder: Path
    name: str
    network_name: str
    document: Mapping
    sources: Dict[str, str]
    origins: Dict[str, Span]
    params: Dict[str, Node]
    inputs: tuple[InputDecl, ...]
    blocks: Dict[str, Block]
    layers: tuple[Item, ...]
    outputs: tuple[Scalar, ...]
    weights: Scalar | None
    data: Node | None
    train: Node | None
    expect: Node | None
    diagnostics: tuple[Diagnostic, ...] = ()
    settings: tuple[str, ...] = ()
    plugins: Plugins = NO_PLUGINS
    sizes: tuple[SizeDecl, ...] = ()

    def __repr__(self) -> str:
        return f"<Spec {self.name} from {self.path}>"

    def every_item(self) -> Iterator[Item]:
        """Every item of the spec and of its blocks, as written."""
        queue = [*self.layers, *(item for block in self.blocks.values() for item in block.items)]
        while queue:
            item = queue.pop()
            yield item
            queue += [*item.items, *(inner for _, items, _ in item.branches for inner in items)]

    def to_yaml(self) -> str:
        """The spec as one self-contained YAML text: includes, model and settings resolved, comments gone."""
        return emit(self.document, self.name)

    def evaluate(self, node: Node) -> object:
        """A node of `data`, `train` or `expect` as plain Python, expressions over the spec's parameters resolved."""
        return plain_value(node, param_values(self.params))


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


@dataclass(frozen=True, slots=True)
class Inferred:
    """What inference knows of one call: sample tensors (None: unknown), all arguments, the counts."""

    inputs: tuple[Tensor | None, ...] = ()
    outputs: tuple[Tensor, ...] | None = None
    args: dict[str, Any] = field(default_factory=dict)
    parameters: int | None = 0
    macs: int | None = 0


@dataclass(frozen=True, repr=False)
class Report:
    """What `check` found: the spec, its graph with shapes as far as known, and every diagnostic in file order."""

    spec: Spec
    graph: Graph | None
    inferred: tuple[Inferred, ...]
    diagnostics: tuple[Diagnostic, ...]
    params: Dict[str, Value] = field(default_factory=dict)

    def __repr__(self) -> str:
        found = "ok" if self.ok else "; ".join(f"{d.span.line}:{d.span.column} {d.code}" for d in self.diagnostics[:5])
        return f"<Report on {self.spec.path}: {found}>"

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings are fine."""
        return all(found.severity != "error" for found in self.diagnostics)

    @property
    def sound(self) -> bool:
        """Whether the network itself has no error: what its data and training lack (NS6xx) is left aside."""
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
