"""`outputs` of a spec → the values that leave the network, and which of them do so in training mode only."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.dataclass import dataclass
from netspec.core.tree import Scalar
from netspec.expansion.context import Context
from netspec.expansion.graph import Local
from netspec.language.evaluate import FAILED
from netspec.language.spec import OutputDecl, Spec

TRAINING = "training"  # in `when` of an output: the mode of the module, as its attribute of that name


@dataclass(frozen=True, slots=True)
class Output:
    """A value that leaves the network, by its name."""

    name: str
    local: Local
    training_only: bool = False


def declared_outputs(spec: Spec, context: Context) -> list[Output]:
    """The outputs that a spec declares and that are not left out by their `when`.

    Those that are there in training mode only come after the others, so that the others keep their places.

    Args:
        spec: the spec.
        context: of the network's own scope, with all its items.
    """
    found: dict[str, Output] = {}
    ordered = True
    for declared, name, local in _each(spec, context):
        here, always = _modes(declared.when, context)
        if name in found:
            context.error("NS209", f"outputs names {name} twice", declared.at)
            continue
        if local is None or not here:
            continue
        late = next((each.name for each in found.values() if each.training_only), None)
        if always and late is not None and ordered:
            message = f"{name} stands after {late}, which is there in training only: such outputs stand last"
            context.error("NS202", message, declared.at)
            ordered = False
        found[name] = Output(name, local, not always)
    if found and all(each.training_only for each in found.values()):
        message = "all outputs are there in training only; one has to be there in evaluation"
        context.error("NS202", message, spec.outputs[0].at)
    return [*found.values()]


def _each(spec: Spec, context: Context) -> Iterator[tuple[OutputDecl, str, Local | None]]:
    """The values that a spec declares as outputs, each with its name; `*` in a reference stands for several.

    In a list these have the names of their items, in a mapping that of the output with their number: `features.0`.
    """
    for declared in spec.outputs:
        values = context.named(declared.reference)
        listed, numbered = declared.at is declared.reference, "*" in declared.reference.text
        numbered = numbered and [text for text, _ in values] != [declared.reference.text.removesuffix(".*")]
        for index, (text, local) in enumerate(values):
            yield declared, text if listed else f"{declared.name}.{index}" if numbered else declared.name, local


def _modes(when: Scalar | None, context: Context) -> tuple[bool, bool]:
    """Whether an output is there in training mode, and in evaluation mode too."""
    if when is None:
        return True, True
    values = [context.with_names({TRAINING: mode, **context.names}).scalar(when) for mode in (True, False)]
    if FAILED in values:
        return True, True
    if not all(isinstance(value, bool) for value in values):
        context.error("NS202", f"when has to be a condition such as training, got {values[0]!r}", when)
        return True, True
    if values == [False, True]:
        context.error("NS202", "an output is there in training mode too, or only there (when: training)", when)
        return True, True
    return bool(values[0]), bool(values[1])
