"""One call on sample tensors: its rule is applied, what is written is held against what arrives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from netspec.core.shapes import (
    DTYPES,
    FLOATS,
    INDEXES,
    MOST_AXES,
    DtypeError,
    RankError,
    Shape,
    ShapeError,
    Tensor,
    show,
    size,
)
from netspec.expansion.graph import Call
from netspec.layers.record import Layer, no_parameters

Outputs = tuple[Tensor, ...]
LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one call. `kind` is `size` (a written size differs from the arriving one), `shape` (a
    claimed shape differs from the computed one), `fact` (the rule refuses) or `broadcast` (a warning).

    `argument` names what to look at; `written` and `actual` are the two sizes or shapes; `inputs` what arrived;
    `cause` an earlier problem that this one may only be a consequence of.
    """

    call: Call
    kind: str
    code: str
    message: str
    inputs: Outputs
    argument: str | None = None
    written: Any = None
    actual: Any = None
    cause: Problem | None = None


@dataclass(slots=True)
class Outcome:
    """A call in one world."""

    worlds: list[Outputs]
    problems: list[Problem]
    args: dict[str, Any]

    def said(self, code: str) -> bool:
        """Whether one of the problems has that code."""
        return any(problem.code == code for problem in self.problems)


def with_defaults(record: Layer, given: dict[str, Any]) -> dict[str, Any]:
    """The given arguments and the defaults of the others; inferred ones are missing."""
    args = {arg.name: arg.default for arg in record.args if arg.infer is None and not arg.required}
    args.update(given)
    return args


def _check_dtypes(record: Layer, inputs: Outputs) -> None:
    for index, tensor in enumerate(inputs):
        takes = record.takes_of(index, len(inputs))
        if takes == "number" and tensor.dtype == "bool":
            raise DtypeError(f"{record.name} takes numbers, gets bool")
        if takes == "float" and tensor.dtype not in FLOATS:
            raise DtypeError(f"{record.name} takes floating point, gets {tensor.dtype}")
        if takes == "float" and record.parameters is not no_parameters and tensor.dtype != "float32":
            raise DtypeError(f"the weights of {record.name} are float32, it gets {tensor.dtype}")
        if takes == "int" and tensor.dtype not in INDEXES:
            raise DtypeError(f"{record.name} takes int64 or int32, gets {tensor.dtype}")
        if takes in DTYPES and tensor.dtype != takes:
            raise DtypeError(f"{record.name} takes {takes} for input {index + 1}, gets {tensor.dtype}")


def _outputs(record: Layer, args: dict[str, Any], inputs: Outputs) -> Outputs:
    """What a layer gives: its rule applied."""
    namespace = SimpleNamespace(**args)
    if record.tensors is not None:
        outputs = record.tensors(namespace, *inputs)
    else:
        result = record.shape(namespace, *(tensor.shape for tensor in inputs))
        dtypes = tuple(tensor.dtype for tensor in inputs)
        shapes = result if isinstance(result, list) else [result]
        outputs = tuple(Tensor(shape, record.gives_of(index, dtypes)) for index, shape in enumerate(shapes))
    for shape in (tensor.shape for tensor in outputs):
        if len(shape) > MOST_AXES:
            raise ShapeError(f"the tensor would have more than {MOST_AXES} axes")
        if any(size > LARGEST for size in shape):
            raise ShapeError("the tensor would be larger than 2^62")
    return outputs


def as_if_fitting(infer: Callable[..., Any], shapes: list[Shape], written: int) -> list[Shape] | None:
    """The inputs flattened, or with the one size changed, that would make a written size right."""
    if len(shapes) == 1 and len(shapes[0]) > 1 and size(shapes[0]) == written:
        shapes, flat = [(written,)], shapes
        try:
            if infer(*shapes) == written:
                return shapes
        except ShapeError:
            shapes = flat
    for index, shape in enumerate(shapes):
        for axis in range(len(shape)):
            changed = [*shapes]
            changed[index] = (*shape[:axis], written, *shape[axis + 1 :])
            try:
                if infer(*changed) == written:
                    return changed
            except ShapeError:
                continue
    return None


def _compare(
    call: Call, args: dict[str, Any], inputs: Outputs, arriving: Outputs, problems: list[Problem]
) -> list[Shape] | None:
    """Fill in the inferred arguments and hold the written ones against what arrives.

    Returns the input shapes for which the last wrong one would be right, if there are such.
    """
    record, shapes = call.record, [tensor.shape for tensor in inputs]
    other: list[Shape] | None = None
    _check_dtypes(record, inputs)
    for arg in record.args:
        if arg.infer is None or (arg.name in call.args and call.args[arg.name] is None):
            continue  # null is written on purpose
        actual = arg.infer(*shapes)
        written = args.setdefault(arg.name, actual)
        if arg.idle is not None and arg.idle(SimpleNamespace(**args)):
            continue  # NS918 speaks of it
        if written != actual and not isinstance(written, tuple):  # a list is held against the input by the rule
            unit = (arg.unit or arg.name).removesuffix("s" if written == 1 else "")
            message = f"{record.name} expects {_sizes(written)} {unit}, gets {_sizes(actual)}"
            problems.append(Problem(call, "size", "NS401", message, arriving, arg.name, written, actual))
            other = as_if_fitting(arg.infer, shapes, written) if isinstance(written, int) else None
    return other


def split_inputs(call: Call, inputs: Outputs) -> tuple[Outputs, dict[str, Tensor]]:
    """What a call's layer takes in its order, and the further inputs by name."""
    count = len(inputs) - len(call.further)
    return inputs[:count], dict(zip(call.further, inputs[count:], strict=True))


def apply(call: Call, arriving: Outputs) -> Outcome:
    """One call on sample tensors. Of one whose other arguments failed only the written sizes are looked at."""
    record, args = call.record, with_defaults(call.record, call.args)
    outcome = Outcome([], [], args)
    inputs, further = split_inputs(call, arriving)
    try:
        other = _compare(call, args, inputs, arriving, outcome.problems)
        if call.broken:
            return outcome
        outcome.worlds.append(_outputs(record, args, inputs))
        if other is not None:
            changed = (replace(tensor, shape=shape) for tensor, shape in zip(inputs, other, strict=True))
            pretended = _outputs(record, args, tuple(changed))
            if pretended != outcome.worlds[0]:
                outcome.worlds.append(pretended)
    except ShapeError as fact:
        if not outcome.worlds:
            outcome.worlds = [(Tensor(guess, inputs[0].dtype if inputs else "float32"),) for guess in fact.guesses]
            noted = {problem.argument for problem in outcome.problems}
            swapped = any(problem.written in inputs[0].shape[1:] for problem in outcome.problems)
            echo = fact.argument in noted or isinstance(fact, RankError) or swapped
            if not noted or not echo:
                message = fact.message if fact.message.startswith(record.name) else f"{record.name}: {fact.message}"
                outcome.problems.append(Problem(call, "fact", fact.code, message, arriving, fact.argument))
    if outcome.worlds and not outcome.problems and record.suits is not None:
        for name, tensor in further.items():
            try:
                record.suits(SimpleNamespace(**args), tuple(each.shape for each in inputs), {name: tensor})
            except ShapeError as fact:  # what comes out is known all the same
                outcome.problems.append(Problem(call, "fact", fact.code, fact.message, arriving, fact.argument))
    return outcome


def _sizes(value: object) -> str:
    return show(value) if isinstance(value, tuple) else str(value)
