"""Sizes of other tensors in the arguments of functions: `low.size(2)`, `input.size(1)//2`, and the names of `sizes`.

`low.size(2)` is torch's: dim 0 is the batch. What such an argument is follows from the tensors that arrive; the
compiled code reads it from them, so that it holds for inputs of any size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.expression_syntax import ExpressionError, parsed
from netspec.core.expression_syntax import Node as Tree
from netspec.core.expressions import Value, evaluate, names_in
from netspec.core.shapes import ArgumentError, Shape, sample_axis
from netspec.core.tree import Node, Scalar, Sequence
from netspec.layers.arguments import Kind
from netspec.layers.code import SourceSize

SIZE = re.compile(r"(?<![\w.])([^\W\d]\w*(?:\.\d+)?)\.size\(\s*(-?\d+)\s*\)")
_WORD = re.compile(r"(?<![\w.])[^\W\d]\w*")
_FUNCTIONS = frozenset({"abs", "int", "max", "min", "round"})  # of expressions that Python has too
_BINDS = {"or": 1, "and": 2, "not": 3, "<": 4, "+": 5, "-": 5, "*": 6, "//": 6, "%": 6, "negative": 7, "**": 8}
_TRIED = 2**20  # a size with which an expression is tried

InputSizes = Mapping[str, tuple[str, int] | None]  # names of `sizes`: the input and the dim, None where it is no axis


@dataclass(frozen=True)
class TensorSize:
    """An expression over sizes of tensors.

    Args:
        written: as it stands in the spec.
        text: the same with a name in place of each size.
        sizes: for each of these names the reference to the tensor and the `dim`.
        names: the parameters that it reads.
    """

    written: str
    text: str
    sizes: tuple[tuple[str, str, int], ...]
    names: tuple[tuple[str, Value], ...]

    def at(self, shapes: Mapping[str, Shape], argument: str) -> Any:
        """Its value where the tensors have some sample shapes; ArgumentError where it has none."""
        values = dict(self.names)
        for name, reference, dim in self.sizes:
            shape = shapes[reference]
            values[name] = shape[sample_axis(dim, len(shape), argument=argument)]
        try:
            return evaluate(self.text, values)
        except ExpressionError as error:
            raise ArgumentError(f"{self.written} has no value: {error}", argument=argument) from None

    def source(self, value: int, texts: Mapping[str, str]) -> SourceSize:
        """Its Python source, given the expressions of the tensors; `value` is what it is at the sizes shown."""
        read = {name: f"{texts[reference]}.shape[{dim}]" for name, reference, dim in self.sizes}
        return SourceSize(value, _source(parsed(self.text), read, dict(self.names)))


def _source(tree: Tree, read: Mapping[str, str], names: Mapping[str, Value], within: int = 0) -> str:
    """An expression as Python, in parentheses where it binds less than `within`."""

    def part(operand: Tree, least: int) -> str:
        return _source(operand, read, names, least)

    match tree:
        case ("value", value):
            return repr(value)
        case ("name", name, _):
            return read[name] if name in read else repr(names[name])
        case ("operator", symbol, left, right):
            binds = _BINDS.get(symbol, _BINDS["<"])
            sides = (binds + 1, binds) if symbol == "**" else (binds, binds + 1)
            text = f"{part(left, sides[0])} {symbol} {part(right, sides[1])}"
        case ("negative", operand):
            binds, text = _BINDS["negative"], f"-{part(operand, _BINDS['negative'])}"
        case ("not", operand):
            binds, text = _BINDS["not"], f"not {part(operand, _BINDS['not'])}"
        case ("and" | "or" as word, left, right):
            binds, text = _BINDS[word], f"{part(left, _BINDS[word])} {word} {part(right, _BINDS[word] + 1)}"
        case ("if", condition, then, otherwise):
            binds, text = 0, f"{part(then, 1)} if {part(condition, 1)} else {part(otherwise, 0)}"
        case ("call", function, *operands) if function in _FUNCTIONS:
            return f"{function}({', '.join(part(operand, 0) for operand in operands)})"
        case _:
            what = tree[1] if tree[0] == "call" else "a value of a list"
            raise ExpressionError(f"{what} has no place beside the size of a tensor")
    return text if binds >= within else f"({text})"


@dataclass(frozen=True)
class SizedArgument:
    """An argument that holds sizes of tensors: one number, or a list of which some are sizes."""

    parts: tuple[TensorSize | Any, ...]
    listed: bool

    @property
    def references(self) -> Iterator[str]:
        """The tensors whose sizes it reads."""
        for part in self.parts:
            if isinstance(part, TensorSize):
                yield from (reference for _, reference, _ in part.sizes)

    def at(self, shapes: Mapping[str, Shape], kind: Kind, argument: str) -> Any:
        """Its value, as its kind accepts it, where the tensors have some sample shapes; else ArgumentError."""
        values = [part.at(shapes, argument) if isinstance(part, TensorSize) else part for part in self.parts]
        value = values if self.listed else values[0]
        try:
            return kind.accept(value)
        except ValueError:
            raise ArgumentError(f"{argument} has to be {kind.wants}, it is {value}", argument=argument) from None

    def source(self, value: Any, texts: Mapping[str, str]) -> Any:
        """The value with the source of each size, given the expressions of the tensors."""
        values = value if self.listed else (value,)
        made = tuple(
            part.source(each, texts) if isinstance(part, TensorSize) else each
            for part, each in zip(self.parts, values, strict=True)
        )
        return made if self.listed else made[0]


def reads_sizes(node: Node, names: InputSizes) -> bool:
    """Whether an argument holds sizes of tensors.

    Args:
        node: the argument.
        names: the names of `sizes`.
    """
    if isinstance(node, Sequence):
        return any(reads_sizes(item, names) for item in node.items)
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return False
    return SIZE.search(node.value) is not None or bool(names and names_in(node.value) & names.keys())


def size_reader(names: InputSizes) -> Callable[[str, Mapping[str, Value]], Any]:
    """What reads an expression that may hold sizes of tensors: a TensorSize, or its value where it holds none.

    Args:
        names: the names of `sizes`.
    """

    def read(text: str, values: Mapping[str, Value]) -> Any:
        sizes: dict[tuple[str, int], str] = {}

        def named(reference: str, dim: int) -> str:
            return sizes.setdefault((reference, dim), f"size_{len(sizes)}_of_{re.sub(r'[. ]', '_', reference)}")

        def of_input(word: re.Match[str]) -> str:
            if word[0] not in names:
                return word[0]
            place = names[word[0]]
            if place is None:
                message = (
                    f"{word[0]} is a size of the network's input, which has no axis of just that size: "
                    "take it from a tensor, as in input.size(2)"
                )
                raise ExpressionError(message, word.start())
            return named(*place)

        plain = _WORD.sub(of_input, SIZE.sub(lambda match: named(match[1], int(match[2])), text))
        known = {name: value for name, value in values.items() if name not in names}
        found = evaluate(plain, {**known, **dict.fromkeys(sizes.values(), _TRIED)})
        if not sizes:
            return found
        tree = parsed(plain)
        if _divides(tree):
            instead = re.sub(r"(?<!/)/(?!/)", "//", text)
            raise ExpressionError("a size is divided by //, as / does not give whole numbers", instead=instead)
        used = tuple((name, known[name]) for name in sorted(names_in(plain) - set(sizes.values())))
        placed = tuple((name, reference, dim) for (reference, dim), name in sizes.items())
        _source(tree, dict.fromkeys(sizes.values(), ""), dict(used))  # for its fact about functions
        return TensorSize(text, plain, placed, used)

    return read


def _divides(tree: Tree) -> bool:
    return tree[:2] == ("operator", "/") or any(_divides(part) for part in tree if isinstance(part, tuple))
