"""The table of layers → what the page lets insert: each layer and function with the text of an item of it."""

from __future__ import annotations

from netspec.layers.record import Layer
from netspec.layers.table import FAMILIES
from netspec.lsp.features.snippets import layer_snippet, plain_text


def palette() -> list[dict[str, str]]:
    """All layers and functions as plain data: `name`, `text` of an item, `group` and `doc`, family by family."""
    found = []
    for family in FAMILIES:
        group = (family.__doc__ or "").splitlines()[0].rstrip(".")
        for layer in family.LAYERS:
            found.append({"name": layer.name, "text": item_of(layer), "group": group, "doc": layer.doc})
    return found


def item_of(layer: Layer) -> str:
    """The text of an item; what takes several tensors says where they come from, to be changed by whoever writes.

    Args:
        layer: its record.
    """
    least = layer.inputs[0]
    if least < 2:
        return plain_text(layer_snippet(layer, bare=True, braces=False))
    return f"{{{plain_text(layer_snippet(layer, bare=False, braces=False))}, from: [{', '.join(['input'] * least)}]}}"
