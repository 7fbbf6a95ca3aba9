"""Records of layers and arguments → the Markdown that hovers and completions show."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.layers.code import literal
from netspec.layers.record import Arg, Layer


def written(value: object) -> str:
    """A default as a spec writes it.

    Args:
        value: of Python.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(written, value)) + "]"
    return value if isinstance(value, str) else literal(value)


def argument_line(arg: Arg) -> str:
    """An argument in a line: what it takes, and its default.

    Args:
        arg: its record.
    """
    name, wants = arg.name, arg.kind.wants
    line = f"`{name}`: {wants}; default `{written(arg.default)}`"
    if arg.infer is not None:
        line = f"`{name}`: {wants}; inferred, and verified where it is written"
    elif arg.required:
        line = f"`{name}`: {wants}; required"
    return line if arg.since is None else f"{line}; since torch {arg.since}"


def signature(layer: Layer) -> str:
    """A layer's name and arguments, as torch has them.

    Args:
        layer: its record.
    """
    module = layer.origin[0] if layer.origin is not None else "torch" if layer.is_function else layer.module
    names = (
        arg.name if arg.required or arg.infer is not None else f"{arg.name}={literal(arg.default)}"
        for arg in layer.args
    )
    return f"{module}.{layer.name}({', '.join(names)})"


def layer_text(layer: Layer) -> str:
    """A layer in Markdown: what it does, its inputs and its arguments.

    Args:
        layer: its record.
    """
    least, most = layer.inputs
    takes = [] if (least, most) == (1, 1) else [_takes(least, most)]
    named = [f"Names in `from`: {_ticked((*layer.names, *layer.further))}."] if layer.names or layer.further else []
    since = [] if layer.since is None else [f"Since torch {layer.since}."]
    parts = [f"```python\n{signature(layer)}\n```", layer.doc, *takes, *named, *since]
    if layer.args:
        parts.append("\n".join(f"- {argument_line(arg)}" for arg in layer.args))
    return "\n\n".join(parts)


def _takes(least: int, most: int | None) -> str:
    if most is None:
        return f"takes {least} tensors or more"
    return f"takes {least} tensors" if most == least else f"takes {least} to {most} tensors"


def _ticked(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
