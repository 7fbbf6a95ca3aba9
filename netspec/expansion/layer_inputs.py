"""Item → the values that its layer takes, from whatever form its `from` has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from netspec.core.dataclass import dataclass
from netspec.core.names import certain_match
from netspec.core.tree import Scalar, shorten
from netspec.expansion.context import Context
from netspec.expansion.graph import Local, Ref
from netspec.language.spec import Item
from netspec.layers.record import Layer

Sources = tuple[Local, ...] | None


@dataclass(frozen=True, slots=True)
class LayerInputs:
    """What an item takes: the values in the layer's order (None where one is missing), the further ones by name, and
    the references of those.
    """

    sources: Sources
    further: dict[str, Local] = field(default_factory=dict)
    references: dict[str, Scalar] = field(default_factory=dict)

    def refs(self, context: Context, path: str) -> dict[str, Ref]:
        """The further values in the flat graph; one that is several tensors becomes a finding."""
        found: dict[str, Ref] = {}
        for name, local in self.further.items():
            flat = context.scope.flat(local)
            if isinstance(flat, Ref):
                found[name] = flat
            else:
                message = f"{name} is one tensor, this gives {len(flat)}: pick one, as in name.0"
                context.error("NS304", message, self.references[name], layer=path)
        return found


def layer_inputs(item: Item, record: Layer, context: Context, last: Local | None, path: str) -> LayerInputs:
    """The values that a layer takes, from whatever form its `from` has."""
    if not item.wires:
        return LayerInputs(context.sources(item, last))
    known = (*record.names, *record.further)
    found: dict[str, Scalar] = {}
    whole = bool(record.names)
    for key, reference in item.wires:
        name = key.text if key.text in known else _corrected(key, record, known, found, context)
        if name is not None:
            found[name] = reference
    if item.follows and record.names:
        found.pop(record.names[0], None)
    values = {name: context.lookup(reference) for name, reference in found.items()}
    own = [name for name in record.names if name in values]
    sources = tuple(values[name] for name in own)
    if record.names and record.names[0] not in values:
        before = context.sources(item, last)
        sources, own = (*(before or (None,)), *sources), [record.names[0], *own]
    gap = next((name for name, wants in zip(own, record.names, strict=False) if name != wants), None)
    if gap is not None:
        missing = next(name for name in record.names if name not in own)
        context.error("NS303", f"{record.name} takes {gap} only with {missing}", found[gap], layer=path)
        whole = False
    further = {name: local for name in record.further if (local := values.get(name)) is not None}
    whole = whole and None not in sources
    return LayerInputs(
        tuple(local for local in sources if local is not None) if whole else None,
        further,
        {name: found[name] for name in further},
    )


def identity_inputs(item: Item, context: Context, last: Local | None) -> Sources:
    """The values that replace an item whose `when` does not hold: those of its first input."""
    first = item.record.names[:1] if item.record is not None and not item.follows else ()
    reference = next((reference for key, reference in item.wires if key.text in first), None)
    if reference is None:
        return context.sources(item, last)
    local = context.lookup(reference)
    return None if local is None else (local,)


def _corrected(key: Scalar, record: Layer, known: Iterable[str], found: Iterable[str], context: Context) -> str | None:
    """The name of an input that is certainly meant by an unknown one, which becomes a finding."""
    if not record.names:
        wants = "one input: from: name" if record.inputs == (1, 1) else "its inputs in their order: from: [a, b]"
        context.error("NS205", f"{record.name} takes {wants}", key)
        return None
    free = [name for name in known if name not in found]
    message = f"{record.name} has no input {shorten(key.text)!r}"
    context.findings.misspelt("NS205", message, key, free, frames=context.frames)
    return certain_match(key.text, free)


def takes_inputs(record: Layer, count: int, item: Item, context: Context, path: str) -> bool:
    """Whether a layer takes `count` inputs; if not, that becomes a finding."""
    least, most = record.inputs
    if most is None and any("*" in reference.text for reference in item.sources or ()):
        least = 1  # concat of all so far, the first time of one
    if count >= least and (most is None or count <= most):
        return True
    wants = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} to {most}"
    hint = "; write from: [a, b]" if count < least else ""
    message = f"{record.name} takes {wants} {'input' if wants == '1' else 'inputs'}, gets {count}{hint}"
    context.error("NS303", message, item.at, layer=path)
    return False
