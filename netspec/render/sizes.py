"""The valid input sizes of a network → text and JSON, for `netspec sizes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.render.json import diagnostic_json
from netspec.shapes.report import Report
from netspec.shapes.sizes.question import Answer
from netspec.shapes.sizes.search import ValidSizes
from netspec.shapes.sizes.words import runs, sizes_text, valid_size_lines

VERSION = 1
MOST_NAMED = 3


def _declared(answer: Answer) -> dict[str, int]:
    return {axis.name: axis.declared for axis in answer.axes}


def _shown(report: Report, answer: Answer) -> str:
    """The inputs with letters for the axes that vary: `3×H×W`."""
    letters = {index: axis.name.rpartition(".")[2] for axis in answer.axes for index in axis.positions}
    shown = []
    for index, (name, tensor) in enumerate(report.inputs.items()):
        sizes = tensor.shape if tensor is not None else ()
        text = "×".join(letters.get((index, axis), str(size)) for axis, size in enumerate(sizes)) or "scalar"
        shown.append(text if name == "input" else f"{name} {text}")
    return ", ".join(shown)


def _examined(sizes: Mapping[str, Sequence[int]]) -> str:
    ends = {name: f"{each[0]} to {each[-1]}" for name, each in sizes.items()}
    if len(set(ends.values())) == 1:
        return f"sizes from {next(iter(ends.values()))}"
    return ", ".join(f"{name} from {end}" for name, end in ends.items())


def sizes_text_of(report: Report, answer: Answer) -> str:
    """The answer as text.

    Args:
        report: of a spec without errors.
        answer: the valid sizes.
    """
    declared = _declared(answer)
    where = ", ".join(f"{name} = {size}" for name, size in declared.items())
    lines = [f"{report.spec.path}: {_shown(report, answer)} is right for"]
    lines += [f"  {line}" for line in valid_size_lines(answer.fits, declared) or ["no size that was examined"]]
    if answer.remade is not None:
        named = ", ".join(answer.inferred[:MOST_NAMED]) + (", …" if len(answer.inferred) > MOST_NAMED else "")
        lines += [f"with the weights made for {where}. Made anew for each size ({named}), it is right for"]
        lines += [f"  {line}" for line in valid_size_lines(answer.remade, declared)]
    verdict = "is right" if answer.declared else "is not among them"
    lines += [f"Examined: {_examined(answer.fits.examined)}. What the spec declares, {where}, {verdict}."]
    together = [axis for axis in answer.axes if len(axis.positions) > 1]
    if together:
        inputs = list(report.inputs)
        axes = (f"{axis.name} of {' and '.join(inputs[index] for index, _ in axis.positions)}" for axis in together)
        lines.append(f"Taken together: {'; '.join(axes)}.")
    return "\n".join(lines)


def _valid_json(found: ValidSizes) -> list[dict[str, Any]]:
    return [
        {
            name: {"text": sizes_text(sizes, found.examined[name]), "ranges": [list(run) for run in runs(sizes)]}
            for name, sizes in box.items()
        }
        for box in found.boxes
    ]


def sizes_json(report: Report, answer: Answer | None) -> dict[str, Any]:
    """The answer as plain data for JSON.

    Args:
        report: of the spec.
        answer: the valid sizes; None where the spec has errors. `valid` lists alternatives, each with the sizes of
            every axis; `ranges` are their first and last sizes.
    """
    path = report.spec.path
    found = [diagnostic_json(diagnostic, path) for diagnostic in report.diagnostics]
    whole: dict[str, Any] = {"version": VERSION, "path": path, "ok": answer is not None and bool(answer.fits.boxes)}
    if answer is not None:
        inputs = list(report.inputs)
        whole |= {
            "declared": answer.declared,
            "axes": {
                axis.name: {
                    "declared": axis.declared,
                    "of": [{"input": inputs[i], "axis": a} for i, a in axis.positions],
                }
                for axis in answer.axes
            },
            "examined": {name: [sizes[0], sizes[-1]] for name, sizes in answer.fits.examined.items()},
            "valid": _valid_json(answer.fits),
            "remade": None if answer.remade is None else _valid_json(answer.remade),
        }
    return {**whole, "diagnostics": found}
