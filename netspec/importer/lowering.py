"""Trace → the calls of a spec: layers by their records, functions by the table of `functions.py`."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from netspec.importer.aligning import aligned
from netspec.importer.calls import frames_of
from netspec.importer.constants import constant, long_constant, weight
from netspec.importer.failure import NotSayable, Unsayable
from netspec.importer.functions import lower_function
from netspec.importer.held import Held, Op, Ref, held
from netspec.importer.layers import layer_arguments, record_of, takes_any_axes
from netspec.importer.masks import without_causal
from netspec.importer.traced import Frame, Trace, TracedCall, Value, values_in
from netspec.layers.record import Layer
from netspec.layers.table import TABLE


class Lowering:
    """The calls of a spec so far, and the values that they give."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.ops: list[Op] = []
        self.problems: list[Unsayable] = []
        self.values: dict[Value, Held] = {value: held(Ref(name), value.shape) for name, value in trace.inputs.items()}
        self.first: dict[str, Op] = {}
        self.failed: set[Value] = set()
        self.made_in: dict[Value, Frame] = {}
        self.again: dict[tuple[Value, Frame], Held] = {}
        self.frame: Frame = trace.root
        self.place = ""
        self.state = {*trace.root.module.state_dict()}

    def held(self, value: Value) -> Held:
        """The spec's value of a traced tensor; a weight or fixed tensor becomes an item where it is first used.

        Raises:
            NotSayable: it is a fixed tensor that a spec cannot say.
        """
        if value not in self.values:
            if value.learned:
                self.values[value] = weight(self, value)
            elif value.constant:
                self.fixed(value)
            else:
                raise NotSayable("it takes what cannot be said")
            self.made_in[value] = self.frame
        elif value.path and self.frame.again and self.made_in.get(value) not in (None, self.frame):
            return self.in_this_call(value)
        return self.values[value]

    def in_this_call(self, value: Value) -> Held:
        """A module's own tensor in a further call of the module, which does not take it from the first one."""
        first = self.values[value]
        if (
            not isinstance(first.ref.op, Op)
            or not TABLE[first.ref.op.type].tensor
            or not value.path.startswith(f"{self.frame.path}.")
        ):
            return first
        if (value, self.frame) not in self.again:
            op = replace(first.ref.op, frame=self.frame, shares=first.ref.op)
            self.ops.append(op)
            self.again[value, self.frame] = Held(Ref(op), first.shape, first.at)
        return self.again[value, self.frame]

    def fixed(self, value: Value) -> None:
        """A fixed tensor: by its numbers where they have a short form, else by the calls that computed it."""
        with self.where_made(value):
            found = constant(self, value)
            if found is not None:
                self.values[value] = found
                return
            assert value.origin is not None
            try:
                lower_function(self, value.origin)
            except NotSayable:
                said = long_constant(self, value)
                if said is None:
                    raise
                self.values[value] = said

    @contextlib.contextmanager
    def where_made(self, value: Value) -> Iterator[None]:
        """Add calls where the module around the current one computed a fixed tensor, before the call that takes it."""
        outer, inner = self.frame, self.frame
        target = None if value.origin is None else value.origin.frame
        while outer is not target and outer.inside is not None:
            outer, inner = outer.inside, outer
        if outer is not target or outer is self.frame:
            yield
            return
        place = next((at for at, op in enumerate(self.ops) if inner in [*frames_of(op)]), len(self.ops))
        frame, rest = self.frame, self.ops[place:]
        self.frame, self.ops[place:] = outer, []
        try:
            yield
        finally:
            self.frame = frame
            self.ops += rest

    def emit(
        self, type_: str, inputs: Sequence[Held], args: dict[str, Any], shapes: Sequence[tuple[int, ...]], **fields: Any
    ) -> list[Held]:
        """Add a call; `shapes` are the traced shapes of its outputs, which lie as the first input does."""
        record = TABLE[type_]
        like = inputs[0] if inputs else None
        several = fields.pop("several", len(shapes) > 1 or bool(record.outputs))
        refs = tuple(each.ref for each in inputs)
        folded = bool(inputs) and all(each.fold and each.at == 0 for each in inputs)
        op = Op(type_, args, refs, self.frame, (), several=several, place=self.place, folded=folded, **fields)
        outputs = [held(Ref(op, index if several else None), shape, like=like) for index, shape in enumerate(shapes)]
        op.shapes = tuple(each.sample for each in outputs)
        self.ops.append(op)
        return outputs

    def give(self, call: TracedCall, outputs: Sequence[Held]) -> None:
        """Store what a call gives."""
        for value, each in zip(values_in(call.result), outputs, strict=True):
            self.values[value] = each

    def run(self) -> None:
        """Lower every call; what cannot be said is noted, and what only follows from it is not."""
        for call in self.trace.calls:
            self.frame, self.place = call.frame, call.place
            if self.failed & {*values_in((call.args, call.kwargs))}:
                self.failed |= {*values_in(call.result)}
                continue
            try:
                if call.module is not None:
                    self.layer(call)
                else:
                    lower_function(self, call)
            except NotSayable as found:
                operation, reason = call.function or type(call.module).__name__, str(found)
                if operation.startswith("aten."):
                    reason = "torch.jit compiled what calls it: give the function that it was made of"
                self.problems.append(Unsayable(call.path or call.frame.path, operation, reason, call.place))
                self.failed |= {*values_in(call.result)}

    def layer(self, call: TracedCall) -> None:
        """A layer's module, applied."""
        module = call.module
        assert module is not None
        record = record_of(module)
        assert record is not None
        if not call.path and any(True for _ in module.state_dict()) and module is not self.trace.root.module:
            raise NotSayable("no attribute holds it: modules in a plain list belong in an nn.ModuleList")
        args = layer_arguments(module, record)
        inputs, wires = self.bind(call, record, args)
        inputs = [with_batch(self, each, record) for each in inputs]
        if inputs and not inputs[0].usual and takes_any_axes(record) and isinstance(dim := args.get("dim"), int):
            args["dim"] = inputs[0].axis(dim)
        shapes = [value.shape for value in values_in(call.result)]
        fields: dict[str, Any] = {"path": call.path, "module": module, "wires": wires}
        if inputs and inputs[0].fold and not takes_any_axes(record):
            if inputs[0].at != 0 or len(inputs) > 1 or len(shapes) > 1:
                raise NotSayable("the batch with an axis folded into it is not the only thing that it takes and gives")
            fields["each"] = 1
        if call.path in self.first:
            fields["shares"] = self.first[call.path]
        outputs = self.emit(record.name, inputs, args, shapes, **fields)
        if call.path:  # one that forward makes itself is used once
            self.first.setdefault(call.path, self.ops[-1])
        self.give(call, outputs)

    def bind(self, call: TracedCall, record: Layer, args: dict[str, Any]) -> tuple[list[Held], dict[str, Ref]]:
        """The inputs of a layer by position and by name; switches of its forward become arguments."""
        assert call.module is not None
        signature = inspect.signature(call.module.forward)
        inputs: list[Held] = []
        further: dict[str, Value] = {}
        for name, given in signature.bind(*call.args, **call.kwargs).arguments.items():
            tensors = values_in(given)
            arg = record.arg(name)
            if name in record.further and tensors:
                further[name] = tensors[0]
            elif tensors:
                inputs += [self.held(value) for value in tensors]
            elif arg is not None and arg.forward:
                if given != arg.default:
                    args[name] = [*given] if isinstance(given, tuple) else given
            elif given is not None and given != signature.parameters[name].default:
                raise NotSayable(f"its forward takes {name}={given!r}")
        further = without_causal(record, args, further)
        wires = {name: self.held(value).ref for name, value in further.items()}
        if record.name == "MultiheadAttention":
            refs = [each.ref for each in inputs]
            inputs = inputs[:1] if refs == [refs[0]] * 3 else inputs[:2] if refs[1:2] == refs[2:] else inputs
        return inputs, wires


def with_batch(lowering: Lowering, x: Held, record: Layer) -> Held:
    """What a layer takes that counts its axes: the first one, of size 1, of a fixed tensor is the batch."""
    if not takes_any_axes(record) and x.at is None and x.rank > 1 and x.shape[0] == 1:
        return aligned(lowering, x, x.rank, 0, False)
    return x
