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
from netspec.importer.items import Item, network_items
from netspec.importer.layers import is_layer
from netspec.importer.lowering import Lowering
from netspec.importer.scopes import needed, scopes
from netspec.importer.simplify import simplified
from netspec.importer.text import spec_text
from netspec.importer.trace import Value, trace, values_in
from netspec.importer.verify import tied, verify
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
    ops, refs, names = _lowered(module, inputs)
    extra: list[Ref] = []
    if _unused(module, ops):  # heads that are only there while training
        try:
            more, results, _ = _lowered(module, inputs, training=True)
        except ImportFailure:
            more, results = [], []
        if len(results) >= len(refs) and not _unused(module, more):
            ops, refs, extra = more, results[: len(refs)], results[len(refs) :]
    ops, refs = simplified(ops, [*refs, *extra])
    root = scopes(needed(ops, refs), refs, [*module.state_dict()])
    network = network_items(root, [*inputs], [*tied(module)], named=bool(names))
    if not network.items:  # it gives what it takes
        network.items = [Item("Identity")]
    outputs = _outputs(network.outputs, len(extra), names)
    network.outputs = ()
    network, blocks = folded(network)
    return spec_text(name, inputs, outputs, network, blocks)


def _outputs(found: Sequence[str], extra: int, names: Sequence[str]) -> object:
    """What a spec's `outputs` says: a list, or a mapping where the module gives a dict; the last ones in training."""
    kept = len(found) - extra
    late = [{"from": reference, "when": "training"} for reference in found[kept:]]
    if not names:
        return [*found[:kept], *late]
    return dict(zip(names, found[:kept], strict=True)) | {str(each["from"]): each for each in late}


def _lowered(
    module: nn.Module, inputs: Mapping[str, Tensor], *, training: bool = False
) -> tuple[list[Op], list[Ref], list[str]]:
    """The calls of a module in the spec, the values that it returns, and their names where that is a dict."""
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
    returned = traced.result
    by_name = isinstance(returned, dict) and all(isinstance(value, Value) for value in returned.values())
    names = [str(key) for key in returned] if by_name else []
    return lowering.ops, [each.ref for each in results], names


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
    text = f"# {safe(title)}\n{module_text(module, inputs, name or type(module).__name__)}"
    spec = loads(loads(text).to_yaml())
    rounding = verify(spec, module, inputs)
    if rounding:
        first, _, rest = spec.to_yaml().partition("\n")
        note = f"# Its outputs differ from the module's by rounding, up to {rounding:.1g} of the largest number."
        spec = loads(f"{first}\n{note}\n{rest}")
    return spec
