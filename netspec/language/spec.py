"""The values between the stages: a parsed Spec, the flat Graph it expands to, and the Graph's inferred shapes."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from pathlib import Path

from netspec.core.diagnostics import Diagnostic
from netspec.core.tree import Mapping, Node, Scalar, Span
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
