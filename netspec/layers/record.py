"""The record of a layer: its arguments, its rules and its examples.

The checker, the compiler, the JSON Schema, the reference page and the tests read it: to add a layer is to add a record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.installed import Release, release
from netspec.core.shapes import FLOATS, Shape, Tensor, promoted
from netspec.layers.arguments import Kind

Args = SimpleNamespace  # the arguments by name, defaults and inferred ones included
Result = Shape | list[Shape]  # a list where the layer has several outputs
ShapeRule = Callable[..., Result]  # (args, *sample shapes)
Count = Callable[..., int | None]  # (args, *sample shapes) or, for MACs, (args, output shape, *sample shapes)
Tensors = dict[str, Shape]  # shapes by torch's names: `weight`, `in_proj_bias`, `layers.0.linear1.weight`


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()


@dataclass(frozen=True)
class Arg:
    """One argument of a layer.

    Args:
        name: torch's keyword.
        kind: what it accepts.
        default: torch's default; REQUIRED where there is none.
        infer: for an argument that follows from the input: called with the sample shapes, returns the value. A number
            in the spec is then compared with it; a list (LayerNorm's normalized_shape) is compared by the rule.
        unit: what an inferred size counts, for messages: `features`, `channels`.
        idle: of an inferred size: whether torch ignores it with these arguments.
        forward: whether it is an argument of the module's forward rather than of its constructor.
        always: whether generated code gives it even where it has our default, because torch's default differs.
        since: the version of torch that it came with; none where the oldest that is supported has it.
        sized: whether sizes of tensors may stand in it: of a function, whose code takes it as it is.
    """

    name: str
    kind: Kind
    default: Any = REQUIRED
    infer: Callable[..., int] | None = None
    unit: str = ""
    idle: Callable[[Any], bool] | None = None
    forward: bool = False
    always: bool = False
    since: str | None = None
    sized: bool = False

    @property
    def required(self) -> bool:
        """Whether a spec has to give it."""
        return self.default is REQUIRED and self.infer is None


@dataclass(frozen=True)
class Case:
    """Arguments with the sample shapes that they are applied to; the tests compare the outcome with torch's.

    Args:
        inputs: the sample shape of each input.
        args: the written arguments, by name.
        dtype: the dtype of all inputs, or of each; the last one holds for all further ones.
        further: the sample tensors of further inputs (masks), by name.
    """

    inputs: tuple[Shape, ...]
    args: dict[str, Any]
    dtype: str | tuple[str, ...] = "float32"
    further: dict[str, Tensor] = field(default_factory=dict)

    def dtype_of(self, index: int) -> str:
        """The dtype of one of the inputs."""
        return self.dtype if isinstance(self.dtype, str) else self.dtype[min(index, len(self.dtype) - 1)]


def case(
    *inputs: Shape, dtype: str | tuple[str, ...] = "float32", further: dict[str, Tensor] | None = None, **args: Any
) -> Case:
    """Make a Case: `case((3, 8, 8), out_channels=4, kernel_size=3)`.

    Args:
        inputs: the sample shape of each input.
        dtype: the dtype of all inputs, or of each.
        further: the sample tensors of further inputs, by name.
        args: the written arguments.
    """
    return Case(inputs, args, dtype, further or {})


@dataclass(frozen=True)
class OlderBehavior:
    """How torch treated a layer before a version, where that differs from today.

    Args:
        until: the version that changed it.
        shape: the rule that held before.
        matters: whether it makes a difference, from the written arguments by name.
    """

    until: str
    shape: ShapeRule
    matters: Callable[[dict[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class FurtherInput:
    """A further input in generated code: its expression, and the sample that it stands for."""

    text: str
    tensor: Tensor


def same_shape(args: Args, x: Shape) -> Shape:
    """The shape rule of a layer that keeps the shape of its input."""
    return x


def no_parameters(args: Args, *inputs: Shape) -> int:
    """The count of a layer without weights: 0, whatever its `args` and `inputs` are."""
    return 0


def no_macs(args: Args, output: Shape, *inputs: Shape) -> int:
    """The count of a layer without multiply-accumulates."""
    return 0


def no_tensors(args: Args) -> Tensors:
    """The parameters, or the buffers, of a layer that has none, whatever its `args` are."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer of torch.nn, or one function of torch.

    A layer is a submodule, made by `nn.name(arguments)` and called with its inputs; `module`, `make`, `call`,
    `outputs` and `tensor` describe those that differ.

    Args:
        name: torch's name: `Conv2d`, `concat`.
        doc: one sentence for the reference page.
        args: in the order of torch's signature.
        shape: output sample shape(s) from arguments and input sample shapes; raises `ShapeError`. Where left out the
            output has the shape of the input.
        parameters: number of trainable numbers.
        weights: its parameters by torch's names, from the arguments, for what names single ones (`tie`, `init`,
            `parametrize`, references); a tensor is its own, called ``. Of a plugin's layer they are not known.
        buffers: likewise what else its state_dict holds.
        macs: multiply-accumulates for one sample, bias not counted.
        inputs: how many tensors it takes, least and most (None: any number).
        names: the inputs' names in torch's forward, where a mapping in `from` may use them.
        further: torch's names of its further inputs, which are given by name only: masks.
        suits: raises `ShapeError` where a further input does not suit, from arguments, the sample shapes of the inputs,
            and one further sample tensor or several by name. The error's `argument` is the name of the wrong one.
        takes: `float`, `int`, `any` or a dtype: the kind of number it accepts; several for several inputs. `number` is
            any but bool; `pair` and `numbers` are `any` and `number` for two inputs or more, of one they are `float`;
            `triple` is `any` for three inputs, of fewer `float`.
        gives: dtype of the output, or `same` as the first input's, or `promoted` from all; `real` is that with float32
            for integers, `wide` is int64 for integers, `chosen` is `promoted` without the first; several for
            several outputs. Or a function that gives it from the arguments.
        broadcasts: whether sizes of one are repeated to fit the other inputs.
        fixed_axes: how many of the last axes do not broadcast.
        unbatched: of a function: the names of inputs that are weights, one tensor for all samples, which `code` gets as
            it is, without the batch; all inputs of floating point then have one dtype.
        constant: whether every sample gets the same: `code` or `call` gives it once, with an axis of size 1 in front.
        code: for functions: the Python expression, from arguments (`input_shapes`, the sample shapes of the inputs,
            among them) and the input expressions; the further inputs come by name, as `FurtherInput`.
        module: where generated code finds the class: `nn`, or a name that `netspec.compiler.python` imports.
        make: the expression that makes the submodule, from the arguments; lines before the last one prepare it.
        call: the expression that applies it, from arguments, the submodule's expression and the input expressions;
            the further inputs come by name, as `FurtherInput`.
        outputs: how each output is read where a call returns neither a tensor nor a plain tuple of several: `{0}` is
            its result, `{1}` the output's number; the last one holds for all further ones.
        held: the layer whose module is made and not applied; `unapplied.py` makes such records.
        tensor: `parameter` or `buffer` where it is a tensor of the module around it rather than a submodule.
        origin: of a plugin's layer: the module that its class is imported from, and the class's name in it.
        tensors: of a plugin's layer: sample tensors from arguments and sample tensors, in place of `shape`, `takes`
            and `gives`; raises `ShapeError`.
        since: the version of torch that it came with; none where the oldest that is supported has it.
        earlier: how older versions differ, the oldest change first.
        right, wrong: cases that torch accepts and refuses.
    """

    name: str
    doc: str
    shape: ShapeRule = same_shape
    args: tuple[Arg, ...] = ()
    parameters: Count = no_parameters
    weights: Callable[[Args], Tensors] = no_tensors
    buffers: Callable[[Args], Tensors] = no_tensors
    macs: Count = no_macs
    inputs: tuple[int, int | None] = (1, 1)
    names: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    suits: Callable[..., None] | None = None
    takes: str | tuple[str, ...] = "float"
    gives: str | tuple[str, ...] | Callable[[Args], str] = "same"
    broadcasts: bool = False
    fixed_axes: int = 0
    unbatched: tuple[str, ...] = ()
    constant: bool = False
    code: Callable[..., str] | None = None
    module: str = "nn"
    make: Callable[[Args], str] | None = None
    call: Callable[..., str] | None = None
    outputs: tuple[str, ...] = ()
    held: Layer | None = None
    tensor: str = ""
    origin: tuple[str, str] | None = None
    tensors: Callable[..., tuple[Tensor, ...]] | None = None
    since: str | None = None
    earlier: tuple[OlderBehavior, ...] = ()
    right: tuple[Case, ...]
    wrong: tuple[Case, ...] = ()

    @property
    def is_function(self) -> bool:
        """Whether it is a function of tensors, which makes no submodule."""
        return self.code is not None

    @property
    def chains(self) -> bool:
        """Whether nn.Sequential can hold it: a submodule that is called with one tensor and gives one."""
        return self.code is None and self.call is None and not (self.outputs or self.tensor or self.held)

    def is_unbatched(self, index: int) -> bool:
        """Whether an input is one tensor for all samples."""
        return bool(self.unbatched) and self.names[index : index + 1] != () and self.names[index] in self.unbatched

    def sets_forward(self, args: dict[str, Any]) -> bool:
        """Whether some of the written arguments go to the module's forward."""
        return any(arg.forward and arg.name in args for arg in self.args)

    def takes_of(self, index: int, count: int = 1) -> str:
        """The kind of number that an input, one of `count`, has to be."""
        takes = self.takes if isinstance(self.takes, str) else self.takes[min(index, len(self.takes) - 1)]
        if takes in ("pair", "numbers"):
            return "float" if count == 1 else {"pair": "any", "numbers": "number"}[takes]
        if takes == "triple":
            return "any" if count > 2 else "float"
        return takes

    def gives_of(self, index: int, dtypes: tuple[str, ...], args: Args) -> str:
        """The dtype of an output, where `dtypes` are the inputs'."""
        if not isinstance(self.gives, str | tuple):
            return self.gives(args)
        dtype = self.gives if isinstance(self.gives, str) else self.gives[min(index, len(self.gives) - 1)]
        if dtype in ("promoted", "real", "wide"):
            together = promoted(dtypes)
            whole = {"promoted": together, "real": "float32", "wide": "int64"}[dtype]
            return together if together in FLOATS else whole
        if dtype == "chosen":
            return promoted(dtypes[1:])
        return dtype if dtype != "same" else dtypes[0]

    @property
    def scalar(self) -> Arg | None:
        """The argument of `{Type: scalar}`: the only required one, else torch's first (`BatchNorm2d: 64`)."""
        required = [arg for arg in self.args if arg.required]
        if len(required) > 1:
            return None
        return required[0] if required else next(iter(self.args), None)

    @cached_property
    def dated(self) -> dict[str, str]:
        """The arguments that came later than the layer, each with its version of torch."""
        return {arg.name: arg.since for arg in self.args if arg.since is not None}

    def as_of(self, torch: Release) -> Layer:
        """The layer as a version of torch treats it. What came later than this version stays: see `since`."""
        older = next((each for each in self.earlier if torch < release(each.until)), None)
        return self if older is None else replace(self, shape=older.shape)

    def arg(self, name: str) -> Arg | None:
        """The argument of that name."""
        return next((arg for arg in self.args if arg.name == name), None)
