"""One call on sample tensors: its rule is applied, and what is written is compared with what arrives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from netspec.core.dataclass import dataclass
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
from netspec.expansion.graph import Call, size_of
from netspec.layers.record import Layer, no_parameters

Outputs = tuple[Tensor, ...]
LARGEST = 2**62  # numbers along an axis


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one call.

    Args:
        call: the call.
        kind: `size` (a written size differs from the arriving one), `shape` (a claimed shape differs from the computed
            one), `fact` (the rule refuses) or `broadcast` (a warning).
        code: the code of the diagnostic, NS….
        message: what is wrong, in a sentence.
        inputs: the sample tensors that arrived.
        argument: the argument to look at, or the further input.
        written: the size or shape in the spec.
        actual: the size or shape in its place.
        cause: an earlier problem that this one may only be a consequence of.
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
    """The result of a call on the tensors that arrive.

    Args:
        candidates: the outputs that it may give: one entry where it is right, several where a written size contradicts
            the arriving one, none where nothing is known.
        problems: what is wrong.
        args: all arguments, defaults and inferred ones included.
    """

    candidates: list[Outputs]
    problems: list[Problem]
    args: dict[str, Any]

    def has(self, code: str) -> bool:
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
    if record.unbatched and len(kinds := {tensor.dtype for tensor in inputs} & FLOATS) > 1:
        raise DtypeError(f"{record.name} and its weights are of one dtype, here are {' and '.join(sorted(kinds))}")


def _outputs(record: Layer, args: dict[str, Any], inputs: Outputs) -> Outputs:
    """The outputs of a layer by its rule."""
    namespace = SimpleNamespace(**args)
    if record.tensors is not None:
        outputs = record.tensors(namespace, *inputs)
    else:
        result = record.shape(namespace, *(tensor.shape for tensor in inputs))
        dtypes = tuple(tensor.dtype for tensor in inputs)
        shapes = result if isinstance(result, list) else [result]
        outputs = tuple(Tensor(shape, record.gives_of(index, dtypes, namespace)) for index, shape in enumerate(shapes))
    for tensor in outputs:
        if len(tensor.shape) > MOST_AXES:
            raise ShapeError(f"the tensor would have more than {MOST_AXES} axes")
        if any(size > LARGEST for size in tensor.shape):
            raise ShapeError("the tensor would be larger than 2^62")
    return outputs


def as_if_fitting(infer: Callable[..., Any], shapes: list[Shape], written: int) -> list[Shape] | None:
    """The inputs flattened, or with the one size changed, that would make a written size right."""
    tried: list[list[Shape]] = (
        [[(written,)]] if len(shapes) == 1 and len(shapes[0]) > 1 and size(shapes[0]) == written else []
    )
    for index, shape in enumerate(shapes):
        for axis in range(len(shape)):
            tried.append([*shapes[:index], (*shape[:axis], written, *shape[axis + 1 :]), *shapes[index + 1 :]])
    for changed in tried:
        try:
            if infer(*changed) == written:
                return changed
        except ShapeError:
            continue
    return None


def _compare(
    call: Call, args: dict[str, Any], inputs: Outputs, arriving: Outputs, problems: list[Problem]
) -> list[Shape] | None:
    """Fill in the inferred arguments and compare the written ones with what arrives.

    Returns:
        The input shapes for which the last wrong one would be right, if there are such.
    """
    record, shapes = call.record, [tensor.shape for tensor in inputs]
    other: list[Shape] | None = None
    _check_dtypes(record, inputs)
    for arg in record.args:
        if arg.infer is None or (arg.name in call.args and call.args[arg.name] is None):
            continue  # null is written on purpose
        actual = arg.infer(*shapes)
        if actual == 0 and arg.unit:  # most of torch's modules refuse it, and nobody means it
            raise ShapeError(f"{record.name} takes 1 {arg.unit.removesuffix('s')} or more, gets 0")
        written = args.setdefault(arg.name, actual)
        if arg.idle is not None and arg.idle(SimpleNamespace(**args)):
            continue  # NS918 warns of it
        if written != actual and not isinstance(written, tuple):  # a list is compared by the rule
            unit = (arg.unit or arg.name).removesuffix("s" if written == 1 else "")
            message = f"{record.name} expects {_sizes(written)} {unit}, gets {_sizes(actual)}"
            problems.append(Problem(call, "size", "NS401", message, arriving, arg.name, written, actual))
            other = as_if_fitting(arg.infer, shapes, written) if isinstance(written, int) else None
    return other


def split_inputs(call: Call, inputs: Outputs) -> tuple[Outputs, dict[str, Tensor]]:
    """The inputs of a call by position, and the further inputs by name."""
    count = len(inputs) - len(call.further)
    return inputs[:count], dict(zip(call.further, inputs[count:], strict=True))


def sizes_of(call: Call, further: dict[str, Tensor]) -> dict[str, Any]:
    """The arguments of a call that hold sizes of tensors, with their values."""
    found: dict[str, Any] = {}
    for name, argument in call.sized.items():
        arg = call.record.arg(name)
        assert arg is not None
        shapes = {reference: further[size_of(reference)].shape for reference in argument.references}
        found[name] = argument.at(shapes, arg.kind, name)
    return found


def apply(call: Call, arriving: Outputs) -> Outcome:
    """Apply the rule of one call to sample tensors.

    Args:
        call: the call. Where some of its arguments could not be read (`broken`), only its written sizes are compared.
        arriving: the sample tensors that reach it, the further inputs last.

    Returns:
        The outputs that it may give, and what is wrong.
    """
    record, args = call.record, with_defaults(call.record, call.args)
    outcome = Outcome([], [], args)
    inputs, further = split_inputs(call, arriving)
    if any(size_of(reference) not in further for argument in call.sized.values() for reference in argument.references):
        return outcome  # the tensors whose sizes it reads are not known
    try:
        args |= sizes_of(call, further)
        other = _compare(call, args, inputs, arriving, outcome.problems)
        if call.broken:
            return outcome
        outcome.candidates.append(_outputs(record, args, inputs))
        if other is not None:
            changed = (replace(tensor, shape=shape) for tensor, shape in zip(inputs, other, strict=True))
            pretended = _outputs(record, args, tuple(changed))
            if pretended != outcome.candidates[0]:
                outcome.candidates.append(pretended)
    except ShapeError as fact:
        if not outcome.candidates:
            outcome.candidates = [(Tensor(guess, inputs[0].dtype if inputs else "float32"),) for guess in fact.guesses]
            noted = {problem.argument for problem in outcome.problems}
            swapped = any(problem.written in inputs[0].shape[1:] for problem in outcome.problems)
            echo = fact.argument in noted or isinstance(fact, RankError) or swapped
            if not noted or not echo:
                message = fact.message if fact.message.startswith(record.name) else f"{record.name}: {fact.message}"
                outcome.problems.append(Problem(call, "fact", fact.code, message, arriving, fact.argument))
    if outcome.candidates and not outcome.problems and record.suits is not None:
        for name in record.further:
            if name not in further:
                continue
            tensor = further[name]
            try:
                record.suits(SimpleNamespace(**args), tuple(each.shape for each in inputs), {name: tensor})
            except ShapeError as fact:  # the output is known even so
                outcome.problems.append(Problem(call, "fact", fact.code, fact.message, arriving, fact.argument))
    return outcome


def _sizes(value: object) -> str:
    return show(value) if isinstance(value, tuple) else str(value)
