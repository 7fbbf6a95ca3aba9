"""Items and blocks → the YAML text of a spec: a layer a line, with the shape of one sample behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netspec.core.shapes import Tensor
from netspec.importer.formulas import Formula
from netspec.importer.items import Item
from netspec.language.emit import emit_text
from netspec.layers.table import TABLE

WIDEST = 118
SHORT_GROUP = 90  # a group up to this width stands on one line
LONG, MOST_PARTS = 14, 64  # characters of a number that are many; parts of a fraction that are few
COMMENT, COMMENT_COLUMN = "  # ", 92


@dataclass
class Block:
    """A block to write: its parameters with their defaults (None: every use gives them), its items, its outputs."""

    name: str
    items: list[Item]
    params: dict[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()

    @property
    def single(self) -> str | None:
        """The parameter that a single value gives: the only required one, else the first."""
        required = [name for name, default in self.params.items() if default is None]
        return None if len(required) > 1 else next(iter(required or self.params), None)


def atom(value: object) -> str:
    """A number, a word or an expression, quoted where it would be read as another value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), _number(value))
    if isinstance(value, str):
        return emit_text(value)
    return str(value)


def _number(value: float) -> str:
    """`1e-5` for 1e-05, and a long fraction as the product and quotient that it comes from: `0.2*3/11`."""
    if len(repr(value)) > LONG and 0 < value < 1:
        for part in range(1, MOST_PARTS):
            for whole in range(part + 1, MOST_PARTS):
                factor = round(value * whole / part, 3)
                if factor and factor * part / whole == value:
                    return f"{factor:g}*{part}/{whole}" if part > 1 else f"{factor:g}/{whole}"
    return re.sub(r"e([+-])0*(\d)", lambda match: f"e{match[1].replace('+', '')}{match[2]}", repr(value))


def flow(value: object) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{atom(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return atom(str(value) if isinstance(value, Formula) else value)


class Writer:
    """Writes items; `blocks` are those that they may use."""

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        self.blocks = blocks

    def argument(self, item: Item) -> str | None:
        """What stands after an item's type; None where there is nothing."""
        if item.type in ("share", "order"):
            return flow(item.args[item.type])
        if not item.args:
            return None
        block = self.blocks.get(item.type)
        names = [arg.name for arg in TABLE[item.type].args] if block is None else [*block.params]
        args = {name: item.args[name] for name in names if name in item.args}
        if len(args) == 1:
            (name, value), single = next(iter(args.items())), None
            if block is not None:
                single = block.single
            elif (scalar := TABLE[item.type].scalar) is not None and scalar.required:
                single = scalar.name
            if name == single and (block is None or not isinstance(value, list)):
                return flow(value)
        return flow(args)

    def keys(self, item: Item) -> dict[str, str]:
        """The keys of an item that stand before what it is."""
        found: dict[str, str] = {}
        if item.name is not None:
            found["name"] = atom(item.name)
        if item.when not in (None, True):
            found["when"] = atom(item.when)
        if item.repeat is not None:
            found["repeat"] = flow(item.repeat)
        return found

    def sources(self, item: Item) -> dict[str, str]:
        """The `from` of an item."""
        found: dict[str, str] = {}
        if item.wires:
            found["from"] = flow(item.wires)
        elif item.sources is not None:
            found["from"] = flow(item.sources[0] if len(item.sources) == 1 else item.sources)
        if item.each:
            found["each"] = str(item.each)
        if item.tie:
            found["tie"] = flow(item.tie.get("", item.tie))
        if item.parametrize:
            said = [each if any(each.values()) else next(iter(each)) for each in item.parametrize]
            found["parametrize"] = flow(said[0] if len(said) == 1 else said)
        return found

    def list_key(self, item: Item) -> str:
        """The key of a group's items: a group without a name that is a module is `sequential`."""
        return "layers" if item.spliced or item.name is not None else "sequential"

    def one_line(self, item: Item) -> str:
        """An item in flow style, without the dash."""
        keys, sources = self.keys(item), self.sources(item)
        if item.is_group:
            layers = "[" + ", ".join(self.in_list(each) for each in item.items) + "]"
            pairs = {**keys, **sources, self.list_key(item): layers}
            if len(pairs) == 1:
                return f"{self.list_key(item)}: {layers}"
        else:
            argument = self.argument(item)
            if not keys and not sources and item.applied:
                return item.type if argument is None else f"{item.type}: {argument}"
            held = {} if item.applied else {"apply": "false"}
            pairs = {**keys, item.type: "{}" if argument is None else argument, **held, **sources}
        return "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"

    def in_list(self, item: Item) -> str:
        """An item inside `[…]`."""
        text = self.one_line(item)
        return "{" + text + "}" if not text.startswith("{") and ": " in text else text

    def lines(self, items: Sequence[Item], indent: int) -> list[str]:
        """The lines of a list of items."""
        pad = " " * indent
        found: list[str] = []
        for item in items:
            text = f"{pad}- {self.one_line(item)}"
            nested = any(each.is_group for each in item.items)
            fits = len(text) <= (SHORT_GROUP if item.is_group else WIDEST)
            if not item.is_group:
                found.append(self.commented(text, item))
                continue
            if fits and not nested and len(item.items) < 4:
                found.append(self.commented(text, item))
                continue
            keys = {**self.keys(item), **self.sources(item)}
            heads = [f"{key}: {value}" for key, value in keys.items()]
            heads = [*heads, f"{self.list_key(item)}:"]
            heads[0] = f"{pad}- {heads[0]}"
            heads[1:] = [f"{pad}  {head}" for head in heads[1:]]
            heads[0] = self.commented(heads[0], item)
            found += [*heads, *self.lines(item.items, indent + 4)]
        return found

    def commented(self, text: str, item: Item) -> str:
        """A line with the shape that its item gives."""
        return f"{text}{COMMENT}{item.shape}" if item.shape else text


def spec_text(
    name: str, inputs: Mapping[str, Tensor], outputs: object, network: Item, blocks: Mapping[str, Block]
) -> str:
    """The text of a spec.

    Args:
        name: the network's name.
        inputs: one sample of each input, by its name.
        outputs: its results; none where they are the last item's.
        network: the group of all its items.
        blocks: the blocks that they use, each after those that it uses itself.
    """
    writer = Writer(blocks)
    lines = ["netspec: 1", f"name: {atom(name)}"]
    shown = {key: _input(tensor) for key, tensor in inputs.items()}
    lines.append(f"input: {shown['input']}" if [*shown] == ["input"] else "inputs:")
    if [*shown] != ["input"]:
        lines += [f"  {key}: {value}" for key, value in shown.items()]
    if outputs:
        lines.append(f"outputs: {flow(outputs)}")
    if blocks:
        lines += ["", "blocks:"]
    for block in blocks.values():
        lines.append(f"  {block.name}:")
        if block.params:
            params = (
                atom(key) if value is None else f"{atom(key)}: {flow(value)}" for key, value in block.params.items()
            )
            lines.append(f"    params: {{{', '.join(params)}}}")
        if block.outputs:
            lines.append(f"    outputs: {flow(block.outputs)}")
        lines += ["    layers:", *writer.lines(block.items, 6)]
    lines += ["", "layers:", *writer.lines(network.items, 2)]
    return "\n".join(_aligned(lines)) + "\n"


def _aligned(lines: Sequence[str]) -> list[str]:
    """The lines with their comments in one column, where they reach it and fit."""
    lengths = [len(line.partition(COMMENT)[0]) for line in lines if COMMENT in line]
    column = max((length for length in lengths if length <= COMMENT_COLUMN), default=0)
    found = []
    for line in lines:
        text, comment, shape = line.partition(COMMENT)
        whole = f"{text:<{column}}{COMMENT}{shape}"
        found.append(whole if comment and len(whole) <= WIDEST else text)
    return found


def _input(tensor: Tensor) -> str:
    shape = flow([*tensor.shape])
    return shape if tensor.dtype == "float32" else f"{{shape: {shape}, dtype: {tensor.dtype}}}"
