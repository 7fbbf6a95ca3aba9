"""The outputs and problems of a call whose inputs do not fit or are unknown: other inputs are tried in their place.

`with_other_rank` tries the sample that was probably meant (a vector of 784 as 1×28×28, a picture with an axis for its
channels), or the same layer for another number of axes. `declared` tries samples whose sizes suit all arguments and
differ from one sample to the next: a problem with the same message on all of them is a fault of the arguments, and
sizes that are equal in all outputs are fixed by the arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from math import isqrt, lcm
from typing import Any

from netspec.core.shapes import Shape, Tensor
from netspec.expansion.graph import Call
from netspec.layers.table import TABLE
from netspec.shapes.apply import Outcome, Outputs, Problem, apply, as_if_fitting, split_inputs

OWN_FAULTS = ("NS406", "NS407")
MOST_COMMON = 10**9
SMALLEST_PICTURE = 8 * 8  # numbers of a vector that may have been meant as a picture
DIMENSIONED = re.compile(r"(.*)([123])d\Z")


def apply_to_guess(call: Call, inputs: Outputs) -> Outcome | None:
    """A call on assumed samples, without further inputs; None where its rule fails on them."""
    try:
        return apply(replace(call, broken=False, inputs=call.inputs[: call.own], further=()), inputs)
    except (TypeError, ValueError, IndexError, AttributeError):
        return None


def with_other_rank(call: Call, inputs: Outputs) -> list[Outputs]:
    """The outputs of a call whose input has the wrong number of axes, for each likely meaning that has no problem."""
    found: list[Outputs] = []
    inputs = split_inputs(call, inputs)[0]
    for other, sample in readings_of(call, inputs[0]) if len(inputs) == 1 else ():
        outcome = apply_to_guess(other, (sample,))
        if outcome is not None and outcome.candidates and not outcome.problems and outcome.candidates[0] not in found:
            found.append(outcome.candidates[0])
    return found


def with_right_dtype(call: Call, inputs: Outputs) -> list[Outputs]:
    """The outputs of a call whose inputs have the wrong dtype, as for the right one."""
    kinds = {"float": "float32", "int": "int64", "number": "float32"}
    typed = []
    inputs = split_inputs(call, inputs)[0]
    for index, tensor in enumerate(inputs):
        takes = call.record.takes_of(index, len(inputs))
        typed.append(tensor if takes == "any" else replace(tensor, dtype=kinds.get(takes, takes)))
    outcome = apply_to_guess(call, tuple(typed))
    return outcome.candidates[:1] if outcome is not None and not outcome.problems else []


def readings_of(call: Call, sample: Tensor) -> Iterator[tuple[Call, Tensor]]:
    """The likely meanings of a call on a sample with the wrong number of axes: another layer, or another sample."""
    match = DIMENSIONED.match(call.record.name)
    if match is None:
        return
    shape, axes = sample.shape, int(match[2])
    sibling = TABLE.get(f"{match[1]}{max(len(shape) - 1, 1)}d")
    if sibling is not None:
        yield replace(call, record=sibling), sample
    if len(shape) == axes + 2:
        yield call, replace(sample, shape=shape[1:])  # the batch was written
    if len(shape) == axes:
        yield call, replace(sample, shape=(1, *shape))  # the channels were not
    if len(shape) == 1 and axes < 3:
        written = call.args.get("in_channels", call.args.get("num_features", 1))
        channels = written if isinstance(written, int) else 1
        rest = shape[0] // channels if shape[0] % channels == 0 else 0
        side = rest if axes == 1 else isqrt(rest)
        if rest >= SMALLEST_PICTURE and side**axes == rest:
            yield call, replace(sample, shape=(channels, *(side for _ in range(axes))))


def declared(call: Call, arriving: Outputs | None = None) -> tuple[list[Problem], list[Outputs]]:
    """What is wrong with a call whatever reaches it, and assumed outputs that share only what the layer declares.

    Args:
        call: with all its arguments.
        arriving: samples with the right number of axes, of which only the first axis is reliable; None where nothing
            is known.
    """
    outcomes = [apply_to_guess(call, inputs) for inputs in _assumed(call, arriving and split_inputs(call, arriving)[0])]
    fitting = [outcome for outcome in outcomes if outcome is not None and not _misfits(outcome)]
    if not fitting:
        return [], []
    own = [problem for problem in common_problems(fitting) if problem.code in OWN_FAULTS]
    candidates = [candidate for outcome in fitting for candidate in outcome.candidates[:1]]
    sound = own or not any(outcome.problems for outcome in fitting)
    return own, list(dict.fromkeys(candidates)) if sound and len(candidates) == len(fitting) else []


def common_problems(outcomes: list[Outcome]) -> list[Problem]:
    """The problems that all outcomes have with the same message."""
    shared = set.intersection(*({(each.code, each.message) for each in outcome.problems} for outcome in outcomes))
    return [problem for problem in outcomes[0].problems if (problem.code, problem.message) in shared]


def _misfits(outcome: Outcome) -> bool:
    """Whether assumed inputs had the wrong number of axes or the wrong dtype, which says nothing of the call."""
    return outcome.has("NS403") or outcome.has("NS408")


def _assumed(call: Call, arriving: Outputs | None) -> Iterator[Outputs]:
    """Samples whose sizes suit all arguments: two for each kind of input that the layer takes."""
    unit = _divisible(call.args)
    if unit > MOST_COMMON or call.record.tensors is not None:  # a plugin's module is not run on assumed samples
        return
    kinds = _kinds(call) if arriving is None else [([len(x.shape) for x in arriving], [x.dtype for x in arriving])]
    for ranks, dtypes in kinds:
        for turn in (64, 97):
            shapes = [tuple(unit * (turn + 7 * k + axis) for axis in range(rank)) for k, rank in enumerate(ranks)]
            if arriving is not None:
                shapes = [(known.shape[0], *made[1:]) for known, made in zip(arriving, shapes, strict=True)]
            else:
                shapes = _claimed(call, shapes)
            yield tuple(Tensor(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True))


def _kinds(call: Call) -> list[tuple[list[int], list[str]]]:
    """Numbers of axes and dtypes of the inputs that a layer takes, by the cases of its record."""
    kinds = {}
    for case in call.record.right:
        if not call.own or len(case.inputs) == call.own:
            ranks = [len(shape) for shape in case.inputs]
            kinds[tuple(ranks)] = ranks, [case.dtype_of(index) for index in range(len(ranks))]
    return list(kinds.values())


def _claimed(call: Call, shapes: list[Shape]) -> list[Shape]:
    """Assumed shapes with the sizes that the call's arguments claim."""
    for arg in call.record.args:
        written = call.args.get(arg.name)
        if arg.infer is not None and isinstance(written, int):
            shapes = as_if_fitting(arg.infer, shapes, written) or shapes
        elif arg.infer is not None and isinstance(written, tuple) and shapes:
            kept = max(len(shapes[0]) - len(written), 0)
            shapes = [(*shapes[0][:kept], *written), *shapes[1:]]
    return shapes


def _divisible(args: dict[str, Any]) -> int:
    """A size that every number of the arguments divides."""
    unit = 1
    for value in args.values():
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int) and not isinstance(number, bool) and number > 1 and unit <= MOST_COMMON:
                unit = lcm(unit, number)
    return unit
