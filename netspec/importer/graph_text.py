"""What a module does → the text of its spec, with blocks and repeats, and the Spec in its canonical form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from netspec.core.escapes import safe
from netspec.core.shapes import Tensor
from netspec.importer.each import with_each
from netspec.importer.fold import folded
from netspec.importer.items import Item, network_items
from netspec.importer.results import names_of
from netspec.importer.scope import Scope
from netspec.importer.scopes import needed, scopes
from netspec.importer.text import spec_text
from netspec.importer.training import Graph
from netspec.importer.verify import tied
from netspec.language.load import loads
from netspec.language.spec import Spec


@dataclass(frozen=True)
class Title:
    """What stands at the head of a spec: its comment, its name, and one sample of each input by its name."""

    comment: str
    name: str
    inputs: Mapping[str, Tensor]


def root_of(graph: Graph, module: nn.Module) -> Scope:
    """The modules in which a graph's calls happen, as a tree; the calls are changed by it.

    Args:
        graph: what the module does.
        module: the network.

    Raises:
        ImportFailure: the modules of two containers are used by turns.
    """
    root = scopes(needed(graph.ops, graph.results), graph.results, [*module.state_dict()])
    with_each(root)
    return root


def graph_text(graph: Graph, root: Scope, extra: int, module: nn.Module, title: Title, merged: bool = True) -> str:
    """The text of a module's spec, which is not verified yet.

    Args:
        graph: what the module does.
        root: `root_of` it.
        extra: how many of its last results are there in training mode alone.
        module: the network.
        title: the inputs and the name of the spec.
        merged: equal parts are blocks and repeats.

    Raises:
        ImportFailure: something in it cannot be said.
    """
    names, refs = names_of(graph.returned), graph.results
    network = network_items(root, [*title.inputs], sorted(tied(module)), named=bool(names))
    if not network.items:  # it gives what it takes
        network.items = [Item("Identity")]
    order = [*dict.fromkeys(refs)]  # one value may be returned more than once
    given = [network.outputs[order.index(ref)] for ref in refs] if network.outputs else []
    outputs = _outputs(given, extra, names)
    network.outputs = ()
    network, blocks = folded(network, given) if merged else (network, {})
    return spec_text(title.name, title.inputs, outputs, network, blocks)


def _outputs(found: Sequence[str], extra: int, names: Sequence[str]) -> object:
    """What a spec's `outputs` says: a list, or a mapping where the module gives a dict; the last ones in training."""
    kept = len(found) - extra
    late = [{"from": reference, "when": "training"} for reference in found[kept:]]
    if not names:
        return [*found[:kept], *late]
    return dict(zip(names, [*found[:kept], *late], strict=True))


def written(
    graph: Graph,
    root: Scope,
    extra: int,
    module: nn.Module,
    title: Title,
    notes: Sequence[str] = (),
    merged: bool = True,
) -> Spec:
    """The spec of a graph, in its canonical form.

    Args:
        graph: what the module does.
        root: `root_of` it.
        extra: how many of its last results are there in training mode alone.
        module: the network.
        title: the inputs and the name of the spec.
        notes: what of the module the spec does not say.
        merged: equal parts are blocks and repeats.

    Raises:
        ImportFailure: something in it cannot be said.
    """
    head = "".join(f"# {safe(line)}\n" for line in (title.comment, *notes))
    text = f"{head}{graph_text(graph, root, extra, module, title, merged)}"
    return loads(loads(text).to_yaml())
