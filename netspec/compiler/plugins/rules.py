"""A plugin's rules as the table's own are: a refusal is a ShapeError, and so is a failure or an answer that means nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from netspec.core.shapes import Shape, ShapeError, Tensor
from netspec.core.tree import shorten
from netspec.language.plugins import LONGEST, exception_line
from netspec.layers.plugin import PluginError
from netspec.layers.record import Args, Result


def no_count(args: Args, *shapes: Shape) -> None:
    """The count of a layer whose plugin does not say it."""


class WrittenRule:
    """The rule of a `PluginLayer`, with its counts: none of them needs torch."""

    def __init__(
        self, name: str, output: Callable[..., Any], parameters: Callable[..., int] | None,
        macs: Callable[..., int] | None,
    ) -> None:  # fmt: skip
        self.name = name
        self.output, self.parameters, self.macs = output, parameters, macs

    def shape(self, args: Args, *shapes: Shape) -> Result:
        """The sample shape(s) that the layer gives; the counts are tried too, so that they cannot fail later."""
        result = called(self.output, f"the shape rule of {self.name}", self.name, shapes, vars(args))
        found = _shapes(result)
        if found is None:
            answer = shorten(repr(result))
            raise PluginError(
                f"the shape rule of {self.name} gives {answer}; a shape is a tuple of sizes, of 0 or more"
            )
        self._count(self.parameters, "parameters", args, shapes)
        self._count(self.macs, "macs", args, shapes)
        return found

    def counted_parameters(self, args: Args, *shapes: Shape) -> int | None:
        """The number of trainable numbers."""
        return self._count(self.parameters, "parameters", args, shapes)

    def counted_macs(self, args: Args, output: Shape, *shapes: Shape) -> int | None:
        """The multiply-accumulates for one sample."""
        return self._count(self.macs, "macs", args, shapes)

    def _count(
        self, function: Callable[..., int] | None, what: str, args: Args, shapes: tuple[Shape, ...]
    ) -> int | None:
        if function is None:
            return None
        count: object = called(function, f"{what} of {self.name}", self.name, shapes, vars(args))
        if not _is_size(count):
            raise PluginError(f"{what} of {self.name} gives {shorten(repr(count))}, which is no count")
        assert isinstance(count, int)
        return count


def called(
    function: Callable[..., Any], what: str, name: str, shapes: tuple[Shape, ...], args: dict[str, Any]
) -> object:
    """A function of a plugin on sample shapes and arguments; of the arguments it gets those that it names.

    Raises:
        ShapeError: it refuses by a ValueError, or fails.
    """
    try:
        taken = inspect.signature(function).parameters.values()
        if not any(each.kind is each.VAR_KEYWORD for each in taken):
            names = {each.name for each in taken if each.kind is not each.POSITIONAL_ONLY}
            args = {key: value for key, value in args.items() if key in names}
        return function(*shapes, **args)
    except ValueError as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), "it is refused")
        raise ShapeError(f"{name}: {shorten(said, LONGEST)}") from None
    except (Exception, SystemExit) as error:
        raise PluginError(f"{what} fails: {exception_line(error)}") from None


def inferred(name: str, argument: str, function: Callable[..., int]) -> Callable[..., int]:
    """What works an argument out from the shapes of the inputs, as the table's records have it."""

    def infer(*shapes: Shape) -> int:
        value = called(function, f"infer of {name}.{argument}", name, shapes, {})
        if not _is_size(value):
            raise PluginError(f"infer of {name}.{argument} gives {shorten(repr(value))}, which is no size")
        assert isinstance(value, int)
        return value

    return infer


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _shapes(result: object) -> Result | None:
    """What a rule gives as one shape or as several; None where it is neither."""
    if not isinstance(result, list | tuple):
        return None
    if all(map(_is_size, result)):
        return tuple(result)
    if len(result) > 1 and all(isinstance(each, list | tuple) and all(map(_is_size, each)) for each in result):
        return [tuple(each) for each in result]
    return None


class MetaRule:
    """The rule of a module without one: it is made and run on torch's meta device.

    Each combination of arguments and inputs is tried once.
    """

    def __init__(self, name: str, module: type) -> None:
        self.name, self.module = name, module
        self.tried: dict[object, Any] = {}
        self.counts: dict[object, tuple[int, int | None]] = {}

    def tensors(self, args: Args, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The sample tensors that the module gives."""
        key = repr(sorted(vars(args).items())), inputs
        if key not in self.tried:
            from netspec.compiler.plugins.meta import run  # the one place that needs torch

            try:
                self.tried[key] = run(self.name, self.module, vars(args), inputs)
            except ShapeError as fact:
                self.tried[key] = fact
        found = self.tried[key]
        if isinstance(found, ShapeError):
            raise found.with_traceback(None)
        self.counts[key[0], tuple(tensor.shape for tensor in inputs)] = found.parameters, found.macs
        return tuple(found.outputs)

    def shape(self, args: Args, *shapes: Shape) -> Result:
        """The same for float32."""
        found = [tensor.shape for tensor in self.tensors(args, *map(Tensor, shapes))]
        return found[0] if len(found) == 1 else found

    def counted_parameters(self, args: Args, *shapes: Shape) -> int | None:
        """The number of trainable numbers of the module."""
        return self.counts[repr(sorted(vars(args).items())), shapes][0]

    def counted_macs(self, args: Args, output: Shape, *shapes: Shape) -> int | None:
        """The multiply-accumulates for one sample, as far as torch counts them."""
        return self.counts[repr(sorted(vars(args).items())), shapes][1]
