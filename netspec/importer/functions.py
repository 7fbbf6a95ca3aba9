"""A function of torch → calls of the spec: those with shapes of their own by a table, all others by their record.

A record is found by torch's name: a function's, or that of the layer without weights that does the same
(F.max_pool2d is MaxPool2d). So a new record is known here without further code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from netspec.importer import arithmetic, indexing, products, reductions, shaping, weighted
from netspec.importer.aligning import together
from netspec.importer.binding import Given, bound, given, records_of_function, short_name
from netspec.importer.constants import filled
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held, Ref
from netspec.importer.layers import plain, takes
from netspec.importer.traced import TracedCall, values_in
from netspec.layers.record import REQUIRED, Layer
from netspec.layers.table import TABLE

if TYPE_CHECKING:
    from netspec.importer.lowering import Lowering

Lower = Callable[["Lowering", TracedCall], list[Held]]

AXES = frozenset({"dim", "dim0", "dim1", "start_dim", "end_dim", "dims", "dimension", "source", "destination"})
# torch's own defaults, where the record has another one because torch's would be the batch.
BATCH_DEFAULTS = {"concat": 0, "stack": 0, "chunk": 0, "split": 0, "unbind": 0}
IGNORED = frozenset({"inplace", "out", "_stacklevel", "training", "memory_format", "non_blocking", "copy"})


def _filled(number: float) -> Lower:
    def lower(lowering: Lowering, call: TracedCall) -> list[Held]:
        """A tensor of one number, whose shape has the batch in it."""
        return [filled(lowering, call.result, number)]

    return lower


def _full(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`full_like` and `new_full`: one number in the shape of the result."""
    number = bound(call)["fill_value"]
    if not isinstance(number, int | float):
        raise NotSayable("it is filled with what is no number")
    if call.result.dtype != "float32":
        raise NotSayable(f"it gives {call.result.dtype}")
    return [filled(lowering, call.result, number)]


def _fill(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`zero_` and `fill_`: one number in the shape of what is overwritten."""
    number = 0 if short_name(call.function) == "zero" else call.args[1]
    if not isinstance(number, int | float) or call.result.dtype != "float32":
        raise NotSayable("it is filled with what is no number")
    return [filled(lowering, call.result, number)]


def _pad(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`pad`; widths of 0 change nothing."""
    if not any(bound(call)["pad"]):
        return [lowering.held(bound(call)["input"])]
    return by_record(lowering, call, TABLE["pad"])


HANDLERS: dict[str, Lower] = {
    "pad": _pad,
    **{name: _filled(number) for number, word in enumerate(("zeros", "ones")) for name in (word, f"new_{word}")},
    **dict.fromkeys(("zero", "fill"), _fill),
    **dict.fromkeys(("full", "full_like", "new_full"), _full),
    **shaping.HANDLERS,
    **indexing.HANDLERS,
    **arithmetic.HANDLERS,
    **products.HANDLERS,
    **reductions.HANDLERS,
    **weighted.HANDLERS,
}


def lower_function(lowering: Lowering, call: TracedCall) -> None:
    """Add the calls of a function of torch.

    Raises:
        NotSayable: a spec has no function of that name, or not with these arguments.
    """
    name = short_name(call.function)
    handler = HANDLERS.get(name)
    if handler is not None:
        lowering.give(call, handler(lowering, call))
        return
    records = records_of_function(name)
    if not records:
        raise NotSayable("a spec has no such function")
    said = given(call)
    record = next((each for each in records if not _refused(said, each)), records[0])
    lowering.give(call, by_record(lowering, call, record))


def _refused(said: Given, record: Layer) -> list[str]:
    """The arguments of a call that its record does not have."""
    return [
        name
        for name, value in said.args.items()
        if not values_in(value)
        and record.arg(name) is None
        and (name, record.name) != ("y", "where")
        and name not in IGNORED | {"dtype"}
        and said.says(name)
    ]


def by_record(lowering: Lowering, call: TracedCall, record: Layer) -> list[Held]:
    """A function whose arguments have torch's names in its record."""
    said = given(call)
    for name in _refused(said, record):
        raise NotSayable(f"a spec's {record.name} has no {name}, here it is {said.args[name]!r}")
    inputs: list[Held] = []
    wires: dict[str, Ref] = {}
    args: dict[str, Any] = {}
    results = values_in(call.result)
    for name, value in said.args.items():
        tensors = values_in(value)
        if tensors and name in record.further:
            wires[name] = lowering.held(tensors[0]).ref
        elif tensors:
            inputs += [lowering.held(each) for each in tensors]
        elif record.arg(name) is not None:
            args[name] = value
        elif name == "y" and record.name == "where":
            args["other"] = value
        elif name == "dtype" and value is not None:
            dtype = str(value).removeprefix("torch.")
            if dtype != results[0].dtype or not inputs:
                raise NotSayable(f"it is called with dtype={value}")
            if any(each.dtype != dtype for each in values_in(call.args)):  # torch converts what it takes
                inputs = [*lowering.emit("to", inputs[:1], {"dtype": dtype}, [inputs[0].shape]), *inputs[1:]]
    if "dim" not in args and record.name in BATCH_DEFAULTS:
        args["dim"] = BATCH_DEFAULTS[record.name]
    if len(inputs) > 1 and record.name != "scaled_dot_product_attention":
        shape = inputs[0].shape if record.name in ("concat", "stack") else _common(inputs, results[0].shape)
        inputs = together(lowering, inputs, shape)
    if not inputs:
        raise NotSayable("it takes no tensor")
    if record.name == "concat" and len(inputs) == 1:
        return inputs
    written = written_args(record, args, inputs[0])
    return lowering.emit(record.name, inputs, written, [value.shape for value in results], wires=wires)


def _common(inputs: list[Held], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which inputs are broadcast, which a function may then reduce; else that of its result."""
    try:
        return tuple(torch.broadcast_shapes(*(x.shape for x in inputs)))  # type: ignore[no-untyped-call]
    except RuntimeError:  # as of gather, whose inputs have sizes of their own
        return shape


def written_args(record: Layer, args: dict[str, Any], x: Held) -> dict[str, Any]:
    """The arguments that a spec writes: axes as they lie there, defaults left out."""
    written: dict[str, Any] = {}
    for name, value in args.items():
        arg = record.arg(name)
        assert arg is not None
        if name in AXES and value is not None:
            value = [x.axis(each) for each in value] if isinstance(value, tuple | list) else x.axis(value)
        value = plain(value, arg.kind)
        frozen = tuple(value) if isinstance(value, list) else value
        if isinstance(value, torch.dtype):
            value = frozen = str(value).removeprefix("torch.")
        if arg.default is not REQUIRED and frozen == arg.default:
            continue
        if value is None and arg.default is None:
            continue
        if not takes(arg.kind, frozen):
            raise NotSayable(f"{name} is {arg.kind.wants} in a spec, here it is {value!r}")
        written[name] = value
    return written
