"""Spec: the parsed document, with its items, blocks and inputs; what the parser leaves and the expansion takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import field
from functools import cached_property
from pathlib import Path

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic
from netspec.core.lazy_import import imported
from netspec.core.tree import Mapping, Node, Scalar, Span
from netspec.language.evaluate import Values, param_values
from netspec.language.plugins import NO_PLUGINS, Plugins, Types
from netspec.layers.record import Layer


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a `layers` list, as written.

    Args:
        kind: `layer`, `block`, `group`, `sequential`, `branches`, `share`, `order` (whose names are its `sources`),
            `parameter` (whose value is its type) or `unknown` (unreadable, which has a finding).
        at: the node that findings point to: the type's key.
        node: the whole item.
        name: its `name`.
        sources: the references of its `from`.
        wires: the names and references of a mapping in `from`.
        follows: the first input is the item before, whatever `sources` and `wires` are.
        claim: its `shape`.
        when: its condition.
        repeat: how often, or with which values it is repeated.
        each: the axis to whose indexes it is applied one by one.
        record: the record of its layer.
        args: the arguments that could be read.
        argument_node: the node after the type.
        whole: whether all arguments could be read.
        items: the items of a group.
        single: the group is one item instead of a list.
        branches: each branch: its name, its items, and whether it is one item instead of a list.
        merge: the item that joins the branches.
        tie: parameters of it that are another item's.
        init: how its parameters are filled.
        parametrize: what its parameters are computed by.
        applied: whether it is applied; its module is made even where it is not.
        guessed: its type is misspelt, and the layer that it is read as is not certain: nothing is wrong with that.
        outputs: the references of its `outputs`: what a group gives, in place of its last item.
        copies: it is the submodule that the copies of a repeat fill; `items` is the one that is copied.
        hands_on: how many values it takes from the copy of a repeat before it, one by one; 0 for no such copy.
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
    tie: Mapping | None = None
    init: Mapping | None = None
    parametrize: Node | None = None
    applied: bool = True
    guessed: bool = False
    outputs: tuple[Scalar, ...] = ()
    copies: bool = False
    hands_on: int = 0
    each: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A reusable group: its parameters (None: required), its items, and the outputs it names.

    `types` are the parameters that are types of items in it.
    """

    name: str
    at: Scalar
    params: Dict[str, Node | None]
    items: tuple[Item, ...]
    outputs: tuple[Scalar, ...] = ()
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class InputDecl:
    """One declared input: the nodes of its sizes, and torch's name of its dtype."""

    name: str
    at: Node
    sizes: tuple[Node, ...]
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class OutputDecl:
    """One declared output: its name, the reference of the item, and the condition under which it is there."""

    name: str
    at: Scalar
    reference: Scalar
    when: Scalar | None = None


@dataclass(frozen=True, slots=True)
class SizeDecl:
    """One entry of `sizes`: a size of the input by its name, with the nodes of its `min`, `max` and `multiple_of`."""

    at: Scalar
    node: Mapping
    keys: Dict[str, Node]

    @property
    def name(self) -> str:
        """Its name in the input."""
        return self.at.text


@dataclass(frozen=True, repr=False)
class Spec:
    """A spec as read: located, its structure validated, nothing evaluated.

    Args:
        path: the file as the user named it.
        folder: what relative paths in the spec are relative to.
        name: the spec's name.
        network_name: the name of the file that the network comes from.
        document: its tree, with includes, model and settings resolved.
        sources: every text that was read, by path.
        origins: where each further file was named, by path.
        params, inputs, blocks, layers, outputs: the parts of the network.
        weights, data, train, expect, init: the nodes of these keys.
        diagnostics: what is wrong with its structure.
        settings: the assignments that were made, such as `classes=100`.
        plugins: what the user allowed of plugins.
        sizes: the ranges of the inputs' sizes.
        self_contained: it may name no other file for its network, as a run has stored it.
        types: the layers and functions that it may use.
        gives_dict: its outputs are a mapping, so that the network gives a dict.
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
    outputs: tuple[OutputDecl, ...]
    weights: Scalar | None
    data: Node | None
    train: Node | None
    expect: Node | None
    diagnostics: tuple[Diagnostic, ...] = ()
    settings: tuple[str, ...] = ()
    plugins: Plugins = NO_PLUGINS
    sizes: tuple[SizeDecl, ...] = ()
    self_contained: bool = False
    types: Types = field(default_factory=Types)
    gives_dict: bool = False
    init: Node | None = None

    def __repr__(self) -> str:
        return f"<Spec {self.name} from {self.path}>"

    def _repr_html_(self) -> str:
        """The picture that a notebook shows, with what is wrong."""
        return str(imported("netspec.render.pictures.notebook:spec_html")(self))

    def every_item(self) -> Iterator[Item]:
        """Every item of the spec and of its blocks, as written."""
        yield from every_item_of([*self.layers, *(item for block in self.blocks.values() for item in block.items)])

    def reading_order(self, span: Span) -> tuple[bool, str, int, int]:
        """A sort key: the spec's own text first, then the other files.

        Args:
            span: of a finding.
        """
        return (span.path != self.path, span.path, span.line, span.column)

    def to_yaml(self) -> str:
        """The spec as one self-contained YAML text: includes, model and settings resolved.

        It is in the canonical form of `netspec fmt`; comments, numbers and expressions stay as they are written.
        """
        return self._yaml

    @cached_property
    def _yaml(self) -> str:
        from netspec.language.emit import emit

        return emit(self.document, self.name, self.sources)

    def evaluate(self, node: Node) -> object:
        """A node of `data`, `train` or `expect` as plain Python, with expressions over the parameters evaluated."""
        return self.values(node)

    @property
    def values(self) -> Values:
        """Gives the values of nodes, with the parameters' values."""
        return Values(param_values(self.params), self._own)

    def _own(self, node: Scalar) -> object:
        """The code of one's own that a node names; see `own_object` of netspec/runtime/own.py."""
        load: Callable[..., object] = imported("netspec.runtime.own:own_object")
        return load(str(node.value), node, self.folder, self.plugins)


def every_item_of(items: Iterable[Item]) -> Iterator[Item]:
    """Every item of a list, and of the lists in its items.

    Args:
        items: as written.
    """
    queue = [*items]
    while queue:
        item = queue.pop()
        yield item
        queue += [*item.items, *(inner for _, body, _ in item.branches for inner in body)]
        queue += [] if item.merge is None else [item.merge]


def require_spec(spec: object, function: str) -> None:
    """Say where a path or a text was given instead of a Spec.

    Args:
        spec: what was given.
        function: that takes it, as `netspec.check`.

    Raises:
        TypeError: it is no Spec.
    """
    if not isinstance(spec, Spec):
        advice = "netspec.load(path) or netspec.loads(text) reads one"
        raise TypeError(f"{function} takes a Spec, got {type(spec).__name__}; {advice}")
