"""Python expressions that make and apply layers and functions.

Input: a record and its arguments. Output: source text with only the arguments that differ from torch's defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from types import SimpleNamespace

from netspec.core.dataclass import dataclass
from netspec.layers.record import Arg, Args, Case, FurtherInput, Layer, ShapeRule


class SourceSize(int):
    """A size in generated code: its value at the sizes that are shown, and the expression that reads it.

    It equals no number, as it is none that stays.
    """

    source: str

    def __new__(cls, value: int, source: str) -> SourceSize:
        """A size with its expression."""
        made = super().__new__(cls, value)
        made.source = source
        return made

    def __repr__(self) -> str:
        return self.source

    __str__ = __repr__
    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __bool__(self) -> bool:
        return True


def literal(value: object) -> str:
    """`value` as Python source; infinities and nan have no literal of their own."""
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, float) and not isfinite(value):
        return f"float('{value}')"
    return repr(value)


def quoted(text: str) -> str:
    """`text` as a string of Python, in double quotes where it has none itself."""
    written = repr(text)
    return f'"{written[1:-1]}"' if written[0] == "'" and '"' not in text else written


def call(function: str, *positional: str, **keywords: object) -> str:
    """`function(x, y, dim=1)`; keywords that are None are left out."""
    given = (f"{name}={literal(value)}" for name, value in keywords.items() if value is not None)
    return f"{function}({', '.join((*positional, *given))})"


def method(
    name: str, doc: str, args: tuple[Arg, ...], shape: ShapeRule, right: tuple[Case, ...], wrong: tuple[Case, ...]
) -> Layer:
    """The record of a method that takes numbers of any kind: `x.name(2, (3, 4))`, its arguments by position."""

    def code(a: Args, x: str) -> str:
        return call(f"{x}.{name}", *(literal(getattr(a, arg.name)) for arg in args))

    return Layer(name=name, doc=doc, args=args, shape=shape, takes="any", code=code, right=right, wrong=wrong)


@dataclass(frozen=True, slots=True)
class WrittenArgument:
    """An argument of a constructor: its name, its value as source, and whether it is given by name.

    `default` is its default as source; empty where it has to be given.
    """

    name: str
    value: str
    by_name: bool
    default: str = ""

    def __str__(self) -> str:
        return f"{self.name}={self.value}" if self.by_name else self.value


def arguments(args: Iterable[Arg], values: Mapping[str, object]) -> str:
    """A constructor's arguments: leading required ones by position, others by name where they are not the default."""
    return ", ".join(str(each) for each in argument_list(args, values) if each.value != each.default)


def argument_list(args: Iterable[Arg], values: Mapping[str, object]) -> Iterator[WrittenArgument]:
    """A constructor's arguments with those that are the default, in the order of its signature."""
    positional = True
    for arg in args:
        if arg.forward:
            continue
        needed = arg.required or arg.infer is not None or arg.always
        positional = positional and needed and not arg.always
        if arg.name not in values:
            positional = False
            continue
        value = literal(values[arg.name])
        if needed:
            yield WrittenArgument(arg.name, value, not positional)
            continue
        positional = False
        default = value if _same(values[arg.name], arg.default) else literal(arg.default)
        if default == value and not _same(values[arg.name], arg.default):
            default = ""  # as 1 and True are written: not the same, whatever they look like
        yield WrittenArgument(arg.name, value, True, default)


def _same(value: object, default: object) -> bool:
    return (type(value) is type(default) and value == default) or value is default


def constructor(record: Layer, args: dict[str, object]) -> str:
    """`nn.Conv2d(3, 64, 3, padding=1)`: leading required arguments by position, others by name where not default."""
    if record.make is not None:
        return record.make(SimpleNamespace(**args))
    return f"{constructed(record)}({arguments(record.args, args)})"


def constructed(record: Layer) -> str:
    """The expression of a layer's class."""
    module, name = record.origin or (record.module, record.name)
    return f"{module}.{name}"


def application(
    record: Layer,
    args: dict[str, object],
    target: str,
    sources: list[str],
    further: Mapping[str, FurtherInput] | None = None,
    *,
    once: bool = False,
) -> str:
    """The expression that applies a layer's module, or a function, to its inputs.

    Args:
        record: the layer.
        args: all its arguments by name.
        target: the expression of its module; a function ignores it.
        sources: the expression of each input.
        further: the further inputs, by name.
        once: leave what is the same for every sample as it is, [1, …]; else it is expanded to the batch.
    """
    if record.constant and not once:
        made = application(record, args, target, sources, further, once=True)
        shape = record.shape(SimpleNamespace(**args), ())
        return expanded(made, len(shape), f"{sources[0]}.shape[0]")
    if record.code is not None:
        sources = [without_batch(x) if record.is_unbatched(index) else x for index, x in enumerate(sources)]
        return record.code(SimpleNamespace(**args), *sources, **(further or {}))
    if record.call is not None:
        return record.call(SimpleNamespace(**args), target, *sources, **(further or {}))
    by_name = [f"{name}={given.text}" for name, given in (further or {}).items()]
    switches = (arg for arg in record.args if arg.forward and not _same(args[arg.name], arg.default))
    by_name += [f"{arg.name}={literal(args[arg.name])}" for arg in switches]
    return f"{target}({', '.join((*sources, *by_name))})"


def expanded(value: str, axes: int, batch: str) -> str:
    """The expression of a tensor [1, …] for every sample of the batch.

    Args:
        value: its expression.
        axes: how many axes a sample has.
        batch: the expression of the batch's size.
    """
    return f"{value.removesuffix('[None]')}.expand({', '.join((batch, *['-1'] * axes))})"


def without_batch(value: str) -> str:
    """The expression of one sample's tensor where all samples have the same: of [1, …], or of a whole batch."""
    return value.removesuffix("[None]") if value.endswith("[None]") else f"{value}[0]"


def reading(record: Layer, value: str, index: int) -> str:
    """The expression of one of several outputs, from the expression of a call's result."""
    template = record.outputs[min(index, len(record.outputs) - 1)] if record.outputs else "{0}[{1}]"
    return template.format(value, index)
