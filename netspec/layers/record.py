"""What netspec knows about a layer: one frozen record holds its arguments, its rules and its examples.

The checker, the compiler, the JSON Schema, the reference page and the tests all read the same record, so adding a
layer is adding one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from netspec.ground.shapes import Shape
from netspec.layers.arguments import Arg

Args = SimpleNamespace  # the arguments by name, defaults and inferred ones included
Result = Shape | list[Shape]  # a list where the layer has several outputs
ShapeRule = Callable[..., Result]  # (args, *sample shapes)
Count = Callable[..., int]  # (args, *sample shapes) or, for MACs, (args, output shape, *sample shapes)


@dataclass(frozen=True)
class Case:
    """Arguments with the sample shapes they are applied to; the tests hold it against torch."""

    inputs: tuple[Shape, ...]
    args: dict[str, Any]
    dtype: str = "float32"


def case(*inputs: Shape, dtype: str = "float32", **args: Any) -> Case:
    """`case((3, 8, 8), out_channels=4, kernel_size=3)`."""
    return Case(inputs, args, dtype)


def no_parameters(args: Args, *inputs: Shape) -> int:
    """The count of a layer without weights."""
    return 0


def no_macs(args: Args, output: Shape, *inputs: Shape) -> int:
    """The count of a layer without multiply-accumulates."""
    return 0


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer of torch.nn, or one function of torch.

    Args:
        name: torch's name: `Conv2d`, `concat`.
        doc: one sentence for the reference page.
        args: in the order of torch's signature.
        shape: output sample shape(s) from arguments and input sample shapes; raises `Fact`.
        parameters: number of trainable numbers.
        macs: multiply-accumulates for one sample, bias not counted.
        inputs: how many tensors it takes, least and most (None: any number).
        takes: `float`, `int` or `any`: the kind of number it accepts.
        gives: dtype of the output, or `same`.
        broadcasts: whether sizes of one are repeated to fit the other inputs.
        code: for functions: the Python expression, from arguments and the input expressions.
        right, wrong: cases that torch accepts and refuses.
    """

    name: str
    doc: str
    shape: ShapeRule
    args: tuple[Arg, ...] = ()
    parameters: Count = no_parameters
    macs: Count = no_macs
    inputs: tuple[int, int | None] = (1, 1)
    takes: str = "float"
    gives: str = "same"
    broadcasts: bool = False
    code: Callable[..., str] | None = None
    right: tuple[Case, ...]
    wrong: tuple[Case, ...] = ()

    @property
    def is_function(self) -> bool:
        """Whether it is a function of tensors, which makes no submodule."""
        return self.code is not None

    @property
    def scalar(self) -> Arg | None:
        """The argument that `{Type: scalar}` gives: the only required one, else torch's first (`BatchNorm2d: 64`)."""
        required = [arg for arg in self.args if arg.required]
        if len(required) > 1:
            return None
        return required[0] if required else next(iter(self.args), None)

    def arg(self, name: str) -> Arg | None:
        """The argument of that name."""
        return next((arg for arg in self.args if arg.name == name), None)
