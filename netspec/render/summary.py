"""Report → the layers as rows of names, types, shapes, parameters, multiply-accumulates: as text, JSON or by rich."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.escapes import safe
from netspec.core.shapes import Tensor, show
from netspec.render.tables import Table, table_text, terminal
from netspec.shapes.report import Report, shown_sizes

VERSION = 1
_HEAD = ("name", "type", "output", "parameters", "MACs")


@dataclass(frozen=True, slots=True)
class Row:
    """One leaf layer; shapes are those of one sample, counts None where a plugin does not say."""

    name: str
    type: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    params: int | None
    macs: int | None


def rows(report: Report) -> list[Row]:
    """The rows of a network without errors, in the order of execution."""
    calls = report.graph.calls if report.graph else ()
    return [
        Row(call.path, call.record.name, known.inputs, known.outputs or (), known.parameters, known.macs)
        for call, known in zip(calls, report.inferred, strict=True)
    ]


def summary_json(report: Report) -> dict[str, Any]:
    """The layers and totals as plain data for JSON.

    Args:
        report: of a spec without errors.
    """
    layers = [
        {
            "name": row.name,
            "type": row.type,
            "inputs": [None if tensor is None else list(tensor.shape) for tensor in row.inputs],
            "output": list(row.outputs[0].shape) if len(row.outputs) == 1 else [list(out.shape) for out in row.outputs],
            "params": row.params,
            "macs": row.macs,
        }
        for row in rows(report)
    ]
    return {"version": VERSION, "layers": layers, "total": {"params": report.parameters, "macs": report.macs}}


def _cells(report: Report, depth: int | None) -> list[tuple[str, str, str, str, str]]:
    if depth is not None:
        return _tree_cells(report, depth)
    return [
        (
            row.name,
            row.type,
            ", ".join(show(out.shape) for out in row.outputs),
            _count(row.params),
            _count(row.macs),
        )
        for row in rows(report)
    ]


def _tree_cells(report: Report, depth: int) -> list[tuple[str, str, str, str, str]]:
    """The rows of the tree: what is in a block or group stands below it, further in."""
    from netspec.render.pictures.build import network_tree
    from netspec.render.pictures.tree import shown
    from netspec.render.pictures.view import View, view_of

    def under(box: View, indent: str) -> Iterator[tuple[str, str, str, str, str]]:
        for view in box.children:
            node, whole = view.node, view.whole
            if node.kind in ("input", "output"):
                continue
            copies = whole.children if whole.kind == "repeat" and whole.period == 1 else (node,)
            name = node.name if len(copies) == 1 else f"{copies[0].name} … {copies[-1].name}"
            kind = f"{node.type or ('repeat' if node.kind == 'repeat' else 'group')}"
            kind += f" ×{view.times}" if view.times > 1 else ""
            yield indent + name, kind, shown(whole.outputs), _count(whole.params), _count(whole.macs)
            yield from under(view, indent + "  ")

    return [*under(view_of(network_tree(report), depth), "")]


def _foot(report: Report) -> tuple[str, ...]:
    return ("total", "", "", f"{report.parameters:,}", f"{report.macs:,}")


def _count(count: int | None) -> str:
    return "?" if count is None else f"{count:,}" if count else ""


def bytes_text(size: int) -> str:
    """A number of bytes, as `20.7 kB`.

    Args:
        size: the number.
    """
    unit, scale = next((u, s) for u, s in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1)) if size >= s or s == 1)
    return f"{size / scale:.1f} {unit}" if scale > 1 else f"{size} B"


def totals(report: Report) -> str:
    """One line: the shapes of inputs and outputs, and the totals."""
    given = ", ".join(_named(name, tensor) for name, tensor in report.inputs.items() if tensor)
    result = ", ".join(_named(name, tensor) for name, tensor in report.outputs.items() if tensor)
    weights = f"{bytes_text(report.parameters * 4)} as float32"
    at = ", ".join(f"{name} = {size}" for name, size in shown_sizes(report).items())
    given = f"at {at}: {given}" if at else given
    least, fewest = (
        "at least " if any(getattr(known, count) is None for known in report.inferred) else ""
        for count in ("parameters", "macs")
    )
    counts = f"{least}{report.parameters:,} parameters ({weights}), {fewest}{report.macs:,} MACs a sample"
    return f"{given} → {result}; {counts}"


def _named(name: str, tensor: Tensor) -> str:
    """A shape with its name; without it where that is a number, which would look like a size."""
    shape = show(tensor.shape)
    return shape if name.replace(".", "").isdecimal() else f"{name} {shape}"


def summary_text(report: Report, depth: int | None = None) -> str:
    """The table in plain text, for a pipe.

    Args:
        report: of a spec without errors.
        depth: show the tree of blocks and groups to this depth, instead of every layer.
    """
    table = Table(_HEAD, tuple(_cells(report, depth)), 3, report.spec.name, _foot(report))
    return f"{table_text(table)}\n\n{safe(totals(report))}"


def summary_rich(report: Report, depth: int | None = None) -> None:
    """The table on a terminal, as of `summary_text`."""
    from rich.table import Table as Drawn
    from rich.text import Text

    table = Drawn(title=Text(safe(report.spec.name)), title_justify="left", row_styles=("", "dim"), show_footer=True)
    for title, footer in zip(_HEAD, _foot(report), strict=True):
        table.add_column(
            title, footer=footer, justify="right" if title in ("parameters", "MACs") else "left", overflow="fold"
        )
    for row in _cells(report, depth):
        table.add_row(*(Text(safe(cell)) for cell in row))
    console = terminal()
    console.print(table)
    console.print(Text(safe(totals(report))))
