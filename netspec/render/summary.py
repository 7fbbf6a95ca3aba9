"""The layers of a checked spec as rows: name, type, shapes, parameters, multiply-accumulates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netspec.core.shapes import Tensor, show
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
    """The summary of the contracts: one row a leaf layer, sample shapes, totals."""
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


def _count(count: int | None) -> str:
    return "?" if count is None else f"{count:,}" if count else ""


def totals(report: Report) -> str:
    """One line: what enters, what leaves, and the totals."""
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
    """A shape with its name; a layer without one has a number, which would read like a size."""
    shape = show(tensor.shape)
    return shape if name.replace(".", "").isdecimal() else f"{name} {shape}"


def summary_text(report: Report) -> str:
    """The table in plain text, for a pipe."""
    cells = [_HEAD, *_cells(report), ("total", "", "", f"{report.parameters:,}", f"{report.macs:,}")]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD))]

    def line(row: tuple[str, ...]) -> str:
        left = [text.ljust(width) for text, width in zip(row[:3], widths[:3], strict=True)]
        return "  ".join(
            [*left, *(text.rjust(width) for text, width in zip(row[3:], widths[3:], strict=True))]
        ).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    body = [line(row) for row in cells]
    return "\n".join([report.spec.name, "", body[0], rule, *body[1:-1], rule, body[-1], "", totals(report)])


def summary_rich(report: Report) -> None:
    """The table on a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(report.spec.name), title_justify="left", row_styles=("", "dim"), show_footer=True)
    footers = ("total", "", "", f"{report.parameters:,}", f"{report.macs:,}")
    for title, footer in zip(_HEAD, footers, strict=True):
        table.add_column(
            title, footer=footer, justify="right" if title in ("parameters", "MACs") else "left", overflow="fold"
        )
    for row in _cells(report):
        table.add_row(*(Text(cell) for cell in row))
    console = Console()
    console.print(table)
    console.print(Text(totals(report)))
