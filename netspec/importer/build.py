"""nn.Module → Spec, from top to bottom."""

from __future__ import annotations

import os
from collections.abc import Mapping

from torch import nn

from netspec.core.faults import RAISE, place_of, where_to_report, words_of
from netspec.core.shapes import Tensor
from netspec.importer.failure import ImportFailure, NotSayable
from netspec.importer.graph_text import Title, graph_text, root_of, written
from netspec.importer.inputs import declared
from netspec.importer.layers import is_layer
from netspec.importer.lowering import Lowering
from netspec.importer.results import backward_note, form_notes, frozen_note
from netspec.importer.running import buffers_kept
from netspec.importer.scope import Scope
from netspec.importer.simplify import simplified
from netspec.importer.trace import trace
from netspec.importer.traced import values_in
from netspec.importer.training import Graph, noise_of_training, only_in, same_graph
from netspec.importer.unused import held_only, refuse_old_hooks, unused
from netspec.importer.verify import initialise, verify
from netspec.language.spec import Spec


def module_text(module: nn.Module, inputs: Mapping[str, Tensor], name: str) -> str:
    """The text of the spec of what a module does in eval mode, which is not verified yet.

    Args:
        module: the network.
        inputs: one sample of each input, by its name.
        name: the spec's name.

    Raises:
        ImportFailure: something in it cannot be said.
    """
    graph = _graph(module, inputs)
    return graph_text(graph, root_of(graph, module), 0, module, Title("", name, inputs))


def _graph(module: nn.Module, inputs: Mapping[str, Tensor], *, training: bool = False) -> Graph:
    """The calls of a module in the spec, and the values that it returns.

    Raises:
        ImportFailure: it cannot be run, or does what a spec cannot say.
    """
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
    ops, refs = simplified(lowering.ops, [each.ref for each in results])
    return Graph(ops, refs, traced.result, traced.calls, lowering, traced.backwards)


def import_module(
    module: nn.Module, given: object, name: str | None = None, origin: str = ""
) -> tuple[Spec, tuple[str, ...]]:
    """A module as a Spec, whose network has the same weights and gives the same outputs.

    Args:
        module: the network.
        given: the shape of one sample, `{shape, dtype}`, or a list or mapping of those.
        name: the spec's name; the class's where left out.
        origin: what the module comes from, for the first line.

    Returns:
        The Spec, and what of the module it does not say, a sentence each, which its first lines say too.

    Raises:
        ImportFailure: something cannot be said, or the spec's network differs from the module.
        ValueError: `given` is no input.
    """
    inputs = declared(given, module)
    if is_layer(module):
        raise ImportFailure("a single layer has no name of its own in a spec; it has in nn.Sequential(layer)")
    try:
        with buffers_kept(module):
            return _imported(module, inputs, name, origin)
    except ImportFailure:
        raise
    except Exception as error:  # of netspec itself
        if os.environ.get(RAISE):
            raise
        said = f"a fault of netspec at {place_of(error)}, {words_of(error)}"
        raise ImportFailure(f"{said}; please report it {where_to_report()}") from error


def _imported(
    module: nn.Module, inputs: dict[str, Tensor], name: str | None, origin: str
) -> tuple[Spec, tuple[str, ...]]:
    """The spec of a module in the mode that tells more, verified, and its notes."""
    initialise(module, inputs)
    head = f"{origin}, imported" if origin else f"{type(module).__module__}.{type(module).__qualname__}, imported"
    title = Title(head, name or type(module).__name__, inputs)
    evaluated = _graph(module, inputs)
    notes = [*form_notes(evaluated.returned), *frozen_note(module), *backward_note(evaluated.backwards)]
    trained: Graph | None = None
    try:
        trained = _graph(module, inputs, training=True)
    except ImportFailure as failure:
        what = "; ".join(map(str, failure.found))
        difference = f"in training mode the module also does what a spec cannot say: {what}"
        difference = difference if what else f"in training mode {failure.message}"
    if trained is not None:
        noise_of_training(trained.ops, evaluated.ops)
        same = same_graph(trained, evaluated)
        extra = len(trained.results) - len(evaluated.results)
        if not same and extra >= 0 and not unused(module, trained.ops):
            try:
                root = root_of(trained, module)
                merged, found, rounding = _proved(trained, root, extra, module, title, inputs)
                if not found:
                    notes += [*_rounding(rounding), *_unmerged(merged)]
                    return written(trained, root, extra, module, title, notes, merged), tuple(notes)
            except ImportFailure:
                pass  # what it does in training mode alone changes what it gives in eval mode
        difference = "" if same else _difference(trained, evaluated)
    refuse_old_hooks(module)
    notes += held_only(evaluated.lowering, evaluated.ops)
    root = root_of(evaluated, module)
    merged, found, rounding = _proved(evaluated, root, 0, module, title, inputs)
    if difference or found:
        notes.append(f"{difference}; the spec does as in eval mode" if difference else found)
    notes += [*_rounding(rounding), *_unmerged(merged)]
    return written(evaluated, root, 0, module, title, notes, merged), tuple(notes)


def _proved(
    graph: Graph, root: Scope, extra: int, module: nn.Module, title: Title, inputs: Mapping[str, Tensor]
) -> tuple[bool, str, float]:
    """Whether equal parts are merged in the spec that proves to be the module's, and what `verify` says of it.

    Raises:
        ImportFailure: merged or not, the spec's network differs from the module.
    """
    try:
        return True, *verify(written(graph, root, extra, module, title), module, inputs)
    except ImportFailure as failure:
        if os.environ.get(RAISE):
            raise
        try:
            return False, *verify(written(graph, root, extra, module, title, merged=False), module, inputs)
        except ImportFailure:
            raise failure from None


def _unmerged(merged: bool) -> list[str]:
    """What the spec says where its blocks and repeats would not have been the module's."""
    what = "equal parts are written one by one: merged they were another network, a fault of netspec"
    return [] if merged else [f"{what}; please report it {where_to_report()}"]


def _rounding(rounding: float) -> list[str]:
    """What the spec says where its outputs differ from the module's by rounding."""
    return [f"the outputs differ from the module's by rounding, up to {rounding:.1g} of the largest number."] * (
        rounding > 0
    )


def _difference(trained: Graph, evaluated: Graph) -> str:
    more, less = only_in(trained.calls, evaluated.calls), only_in(evaluated.calls, trained.calls)
    if more:
        return f"in training mode the module also calls {more}"
    return f"in training mode the module does not call {less}" if less else ""
