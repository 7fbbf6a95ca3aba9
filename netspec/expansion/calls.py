"""Item → what its call is made of: its inputs, also those by name, evaluated arguments, the claimed shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from netspec.core.expressions import Value
from netspec.core.names import certain_match
from netspec.core.tree import Node, Scalar, Sequence, describe, shorten
from netspec.expansion.graph import Local, Ref
from netspec.expansion.scope import Flat, Place
from netspec.language.evaluate import FAILED, param_value
from netspec.language.spec import Block, Item
from netspec.layers.arguments import Bool, Float, Int
from netspec.layers.record import Layer

Sources = tuple[Local, ...] | None


@dataclass(frozen=True, slots=True)
class LayerInputs:
    """What an item takes: the values in the layer's order (None where one is missing, which is noted), the further
    ones by name, and where those are written.
    """

    sources: Sources
    further: dict[str, Local] = field(default_factory=dict)
    places: dict[str, Scalar] = field(default_factory=dict)

    def refs(self, place: Place, path: str) -> dict[str, Ref]:
        """The further values in the flat graph; one that is several is noted."""
        found: dict[str, Ref] = {}
        for name, local in self.further.items():
            flat = place.scope.flat(local)
            if isinstance(flat, Ref):
                found[name] = flat
            else:
                message = f"{name} is one tensor, this gives {len(flat)}: pick one, as in name.0"
                place.error("NS304", message, self.places[name], layer=path)
        return found


def layer_inputs(item: Item, record: Layer, place: Place, last: Local | None, path: str) -> LayerInputs:
    """The values that a layer takes, from whatever form its `from` has."""
    if not item.wires:
        return LayerInputs(place.sources(item, last))
    known = (*record.names, *record.further)
    found: dict[str, Scalar] = {}
    whole = bool(record.names)
    for key, reference in item.wires:
        name = key.text if key.text in known else _meant(key, record, known, found, place)
        if name is not None:
            found[name] = reference
    if item.follows and record.names:
        found.pop(record.names[0], None)
    values = {name: place.lookup(reference) for name, reference in found.items()}
    own = [name for name in record.names if name in values]
    sources = tuple(values[name] for name in own)
    if record.names and record.names[0] not in values:
        before = place.sources(item, last)
        sources, own = (*(before or (None,)), *sources), [record.names[0], *own]
    gap = next((name for name, wants in zip(own, record.names, strict=False) if name != wants), None)
    if gap is not None:
        missing = next(name for name in record.names if name not in own)
        place.error("NS303", f"{record.name} takes {gap} only with {missing}", found[gap], layer=path)
        whole = False
    further = {name: local for name in record.further if (local := values.get(name)) is not None}
    whole = whole and None not in sources
    return LayerInputs(
        tuple(local for local in sources if local is not None) if whole else None,
        further,
        {name: found[name] for name in further},
    )


def identity_inputs(item: Item, place: Place, last: Local | None) -> Sources:
    """The values that an item stands for where it is left out: of named ones the first input's."""
    first = item.record.names[:1] if item.record is not None and not item.follows else ()
    reference = next((reference for key, reference in item.wires if key.text in first), None)
    if reference is None:
        return place.sources(item, last)
    local = place.lookup(reference)
    return None if local is None else (local,)


def _meant(key: Scalar, record: Layer, known: Iterable[str], found: Iterable[str], place: Place) -> str | None:
    """The name that a misspelt one is taken for; either way it is noted."""
    if not record.names:
        wants = "one input: from: name" if record.inputs == (1, 1) else "its inputs in their order: from: [a, b]"
        place.error("NS205", f"{record.name} takes {wants}", key)
        return None
    free = [name for name in known if name not in found]
    message = f"{record.name} has no input {shorten(key.text)!r}"
    place.findings.misspelt("NS205", message, key, free, frames=place.frames)
    return certain_match(key.text, free)


# Switches and real numbers that change a shape: where one of them fails, the shape is not known.
SHAPING = frozenset({"ceil_mode", "keepdim", "scale_factor", "bidirectional", "batch_first"})


def arguments(item: Item, record: Layer, place: Place, path: str) -> tuple[dict[str, Any], dict[str, Node], bool]:
    """The evaluated arguments of a layer, where they stand, and whether all are sound."""
    args: dict[str, Any] = {}
    places: dict[str, Node] = {}
    for key, node in item.args:
        arg = record.arg(key.text)
        assert arg is not None
        places[arg.name] = node
        value = place.argument(node, arg.kind, f"{record.name}.{arg.name}", path)
        if value is not FAILED:
            args[arg.name] = value
        elif not arg.required and isinstance(arg.kind, Float | Bool) and arg.name not in SHAPING:
            args[arg.name] = arg.default  # noted; the shape does not depend on it
    missing = [arg for arg in record.args if arg.required and arg.name not in places]
    for arg in missing if item.whole else ():
        place.error("NS203", f"{record.name} needs {arg.name}: {arg.kind.wants}", item.at, layer=path)
    return args, places, item.whole and not missing and len(args) == len(places)


def takes_inputs(record: Layer, count: int, item: Item, place: Place, path: str) -> bool:
    """Whether a layer takes so many inputs; noted if not."""
    least, most = record.inputs
    if count >= least and (most is None or count <= most):
        return True
    wants = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} to {most}"
    hint = "; write from: [a, b]" if count < least else ""
    message = f"{record.name} takes {wants} {'input' if wants == '1' else 'inputs'}, gets {count}{hint}"
    place.error("NS303", message, item.at, layer=path)
    return False


def flatten(flats: Iterable[Flat]) -> Flat:
    """Several values as one tuple of references; one alone as itself."""
    refs = tuple(ref for flat in flats for ref in (flat if isinstance(flat, tuple) else (flat,)))
    return refs[0] if len(refs) == 1 else refs


def condition_holds(when: Scalar, place: Place) -> bool:
    """Whether an item's condition holds; one that fails to evaluate counts as holding."""
    value = place.scalar(when)
    if not isinstance(value, bool) and value is not FAILED:
        place.error("NS202", f"when has to be a condition such as stride > 1, got {value!r}", when)
    return value is not False


def claim_of(item: Item, place: Place) -> tuple[int, ...] | None:
    """The sizes that an item's `shape` claims."""
    if item.claim is None:
        return None
    if not isinstance(item.claim, Sequence):
        place.error("NS202", f"shape has to be a list of sizes, got {describe(item.claim)}", item.claim)
        return None
    sizes = tuple(place.argument(node, Int(0), "a size of shape") for node in item.claim.items)
    return tuple(size for size in sizes if isinstance(size, int)) if FAILED not in sizes else None


def is_its_item(group: Item) -> bool:
    """Whether a named group is one item in place of a list, and so is that item itself."""
    if not group.single or len(group.items) != 1:
        return False
    item = group.items[0]
    enters = item.sources is None or [reference.text for reference in item.sources] == ["input"]
    return enters and not item.wires and item.name is None and item.repeat is None


def only_item(group: Item) -> Item:
    """The one item that a named group is, with the group's keys."""
    item = group.items[0]
    return replace(item, name=group.name, sources=group.sources, claim=group.claim or item.claim)


def with_claim(places: dict[str, Node], item: Item) -> dict[str, Node]:
    """Where arguments stand, and where the claimed `shape` does."""
    return places if item.claim is None else {**places, "shape": item.claim}


def weight(item: Item) -> int:
    """How much work an item is: itself, and a fraction for each value in it, but nothing for the items below it."""
    nodes = (*(node for _, node in item.args), item.claim, item.repeat)
    return (
        1 + (len(item.sources or ()) + len(item.wires) + sum(_scalars(node) for node in nodes if node is not None)) // 4
    )


def _scalars(node: Node) -> int:
    if isinstance(node, Scalar):
        return 1
    return sum(map(_scalars, node.items if isinstance(node, Sequence) else (value for _, value in node)))


def block_params(
    block: Block, item: Item, place: Place, path: str, params: Mapping[str, Value]
) -> dict[str, Value] | None:
    """The parameters inside a block's use: the spec's, and its own; None where one is missing or wrong."""
    given = {key.text: value for key, value in item.args}
    values = dict(params)
    whole = True
    for param, default in block.params.items():
        node = given.get(param, default)
        if node is None:
            if item.whole:
                place.error("NS203", f"the block {block.name} needs {param}", item.at, layer=path)
            whole = False
        elif param not in given:
            values[param] = param_value(node, values)
        elif isinstance(node, Scalar):
            value: Any = param_value(node, place.names) if _may_be_word(node, default) else place.scalar(node)
            whole = whole and value is not FAILED
            values[param] = value
        else:
            place.error("NS202", f"{param} has to be a number or a word, got {describe(node)}", node, layer=path)
            whole = False
    return values if whole else None


def _may_be_word(node: Scalar, default: Node | None) -> bool:
    """Whether text that is given for a block's parameter may stand for itself: it is quoted, or the default is text."""
    return not node.plain or (isinstance(default, Scalar) and isinstance(default.value, str))
