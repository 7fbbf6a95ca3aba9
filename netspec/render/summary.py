"""Report → the layers as rows of names, types, shapes, parameters, multiply-accumulates: as text, JSON or by rich."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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


def _cells(report: Report) -> list[tuple[str, str, str, str, str]]:
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


def _foot(report: Report) -> tuple[str, ...]:
    return ("total", "", "", f"{report.parameters:,}", f"{report.macs:,}")


def _count(count: int | None) -> str:
    return "?" if count is None else f"{count:,}" if count else ""


def totals(report: Report) -> str:
    """One line: the shapes of inputs and outputs, and the totals."""
    given = ", ".join(_named(name, tensor) for name, tensor in report.inputs.items() if tensor)
    result = ", ".join(_named(name, tensor) for name, tensor in report.outputs.items() if tensor)
    size = report.parameters * 4
    unit, scale = next((u, s) for u, s in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1)) if size >= s or s == 1)
    weights = f"{size / scale:.1f} {unit} as float32" if scale > 1 else f"{size} B as float32"
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


def summary_text(report: Report) -> str:
    """The table in plain text, for a pipe.

    Args:
        report: of a spec without errors.
    """
    table = Table(_HEAD, tuple(_cells(report)), 3, report.spec.name, _foot(report))
    return f"{table_text(table)}\n\n{safe(totals(report))}"


def summary_rich(report: Report) -> None:
    """The table on a terminal."""
    from rich.table import Table as Drawn
    from rich.text import Text

    table = Drawn(title=Text(safe(report.spec.name)), title_justify="left", row_styles=("", "dim"), show_footer=True)
    for title, footer in zip(_HEAD, _foot(report), strict=True):
        table.add_column(
            title, footer=footer, justify="right" if title in ("parameters", "MACs") else "left", overflow="fold"
        )
    for row in _cells(report):
        table.add_row(*(Text(safe(cell)) for cell in row))
    console = terminal()
    console.print(table)
    console.print(Text(safe(totals(report))))
