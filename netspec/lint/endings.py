"""The end of a network: the layer that decides how many outputs there are; the edits that add one to an output."""

from __future__ import annotations

from netspec.core.diagnostics import Edit
from netspec.core.tree import Mapping, Node, Scalar
from netspec.expansion.graph import Call
from netspec.fixes.edits import insert_after
from netspec.language.sections.losses import written_losses
from netspec.layers.table import ACTIVATIONS, DROPOUTS, RESHAPES
from netspec.lint.context import Head, LintContext
from netspec.lint.datasets import dataset_nodes

TURNING = frozenset({"transpose", "permute"})


def last_linear(context: LintContext, head: Head, further: frozenset[str] = frozenset()) -> tuple[Node, Call] | None:
    """The node of the `out_features` that decide the size of an output, with the layer.

    Args:
        context: the network.
        head: the output.
        further: kinds of layers behind it that may be there.
    """
    last = context.producer(head.ref, RESHAPES | ACTIVATIONS | DROPOUTS | further)
    if last is None or last.record.name != "Linear" or "out_features" not in last.arg_nodes:
        return None
    node = context.source(last.arg_nodes["out_features"], last.args.get("out_features"))
    return None if node is None else (node, last)


def last_convolution(context: LintContext, head: Head) -> tuple[Node, Call] | None:
    """The node of the `out_channels` that decide how many channels an output has, with the layer.

    Args:
        context: the network.
        head: the output.
    """
    last = context.producer(head.ref, ACTIVATIONS | DROPOUTS)
    if last is None or "out_channels" not in last.arg_nodes:
        return None
    node = context.source(last.arg_nodes["out_channels"], last.args.get("out_channels"))
    return None if node is None else (node, last)


def at_the_end(context: LintContext, head: Head, *layers: str) -> tuple[Edit | None, ...]:
    """The edits that put layers after the one that gives an output, which keeps its name where something asks for it.

    One of the edits is None where they cannot be made.

    Args:
        context: the network.
        head: the output.
        layers: the new items, `transpose: {dim0: 1, dim1: 2}`.
    """
    if head.ref.node < 0 or head.ref.output is not None:
        return (None,)
    last = context.graph.calls[head.ref.node]
    name, lines = last.item.name, list(layers)
    renamed: list[Edit] = []
    if name is not None and _asked_for(context, name.text):
        if context.users[last.id]:
            return (None,)
        lines[-1] = f"{{name: {name.text}, {lines[-1]}}}"
        renamed.append(Edit(name.span, f"{name.text}_before"))
    after = [insert_after(last, line, context.spec.sources) for line in lines]
    if after[0] is None:
        return (None,)
    text = "".join(edit.text for edit in after if edit is not None)
    return (Edit(after[0].span, text), *renamed)


def _asked_for(context: LintContext, name: str) -> bool:
    """Whether the outputs, a loss or the targets of the spec name an output."""
    train = context.train
    losses = written_losses(None if train is None else train.get("loss"))
    named = {loss.output.text for loss in losses if loss.output is not None}
    named |= {str(node.value) for loss in losses for _, node in loss.further if isinstance(node, Scalar)}
    named |= {output.reference.text for output in context.spec.outputs}
    found = dataset_nodes(context.spec.data)
    for key in ("y", "target"):
        node = found[1].get(key) if found is not None and isinstance(found[1], Mapping) else None
        named |= {each.text for each, _ in node} if isinstance(node, Mapping) else set()
    return name in named
