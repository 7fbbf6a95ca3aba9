"""`from` with names: a layer's inputs by the names that torch's forward has for them, as references to values.

`from: {query: x, key_padding_mask: pad}` is `layer(query=x, key_padding_mask=pad)`. The first input that is not named
is the item before, as it is without `from`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from netspec.core.names import meant
from netspec.core.tree import Scalar, shorten
from netspec.expansion.scope import Place
from netspec.language.spec import Item, Local, Ref
from netspec.layers.record import Layer

Sources = tuple[Local, ...] | None


@dataclass(frozen=True, slots=True)
class Wired:
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


def wired(item: Item, record: Layer, place: Place, last: Local | None, path: str) -> Wired:
    """The values that a layer takes, from whatever form its `from` has."""
    if not item.wires:
        return Wired(place.sources(item, last))
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
    return Wired(
        tuple(local for local in sources if local is not None) if whole else None,
        further,
        {name: found[name] for name in further},
    )


def entering(item: Item, place: Place, last: Local | None) -> Sources:
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
    return meant(key.text, free)
