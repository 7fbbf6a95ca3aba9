"""nn.Module → Spec, from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from netspec.core.escapes import safe
from netspec.core.shapes import Tensor
from netspec.importer.failure import ImportFailure, NotSayable
from netspec.importer.fold import folded
from netspec.importer.held import Op, Ref
from netspec.importer.inputs import declared
from netspec.importer.items import network_items
from netspec.importer.layers import is_layer
from netspec.importer.lowering import Lowering
from netspec.importer.scopes import needed, scopes
from netspec.importer.simplify import simplified
from netspec.importer.text import spec_text
from netspec.importer.trace import trace, values_in
from netspec.importer.verify import verify
from netspec.language.load import loads
from netspec.language.spec import Spec


def module_text(module: nn.Module, inputs: Mapping[str, Tensor], name: str) -> str:
    """The text of a module's spec, which is not verified yet.

    Args:
        module: the network.
        inputs: one sample of each input, by its name.
        name: the spec's name.

    Raises:
        ImportFailure: something in it cannot be said.
    """
    ops, refs = _lowered(module, inputs)
    if _unused(module, ops):  # heads that are only there while training
        try:
            more, results = _lowered(module, inputs, training=True)
        except ImportFailure:
            more, results = [], []
        if len(results) >= len(refs) and not _unused(module, more):
            ops, refs = more, results[: len(refs)]
    ops, refs = simplified(ops, refs)
    root = scopes(needed(ops, refs), refs, [*module.state_dict()])
    network, blocks = folded(network_items(root, [*inputs]))
    return spec_text(name, inputs, network, blocks)


def _lowered(module: nn.Module, inputs: Mapping[str, Tensor], *, training: bool = False) -> tuple[list[Op], list[Ref]]:
    """The calls of a module in the spec, and the values that it returns."""
    traced = trace(module, inputs, is_layer, training=training)
    lowering = Lowering(traced)
    lowering.run()
    if lowering.problems:
        count = len(lowering.problems)
        raise ImportFailure(f"a spec cannot say {count} of the module's operations", tuple(lowering.problems))
    try:
        results = [lowering.held(value) for value in values_in(traced.result)]
    except NotSayable as reason:
        raise ImportFailure(f"a result cannot be said: {reason}") from None
    if not results:
        raise ImportFailure("the module gives no tensor")
    if not all(each.usual for each in results):
        raise ImportFailure("in a result the batch is not the first axis, or not alone in it")
    return lowering.ops, [each.ref for each in results]


def _unused(module: nn.Module, ops: Sequence[Op]) -> list[str]:
    """The weights of a module that none of the calls has."""
    held = {op.path for op in ops}
    inside = tuple(f"{op.path}." for op in ops if op.module is not None)
    return [key for key in module.state_dict() if key not in held and not key.startswith(inside)]


def import_module(module: nn.Module, given: object, name: str | None = None, origin: str = "") -> Spec:
    """A module as a Spec, whose network has the same weights and gives the same outputs.

    Args:
        module: the network.
        given: the shape of one sample, `{shape, dtype}`, or a list or mapping of those.
        name: the spec's name; the class's where left out.
        origin: what the module comes from, for the first line.

    Raises:
        ImportFailure: something cannot be said, or the spec's network differs from the module.
        ValueError: `given` is no input.
    """
    inputs = declared(given, module)
    title = f"{origin}, imported" if origin else f"{type(module).__module__}.{type(module).__qualname__}, imported"
    spec = loads(f"# {safe(title)}\n{module_text(module, inputs, name or type(module).__name__)}")
    verify(spec, module, inputs)
    return spec
