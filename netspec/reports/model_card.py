"""README.md in a run's folder, its model card: what the network is, its data, its figures, how to load it and predict.

Input: the report of the run's spec, its Info, its epochs, the scores of its test part. Output: Markdown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from netspec.checkpoint.run_info import Info
from netspec.core.escapes import safe
from netspec.core.files import ReadError, write_atomically
from netspec.core.shapes import Tensor, show
from netspec.inference.stored_run import StoredRun
from netspec.inference.test_scores import read_tests
from netspec.language.sections.metrics import lower_is_better
from netspec.render.comparison import duration
from netspec.render.runs import settings_of
from netspec.render.summary import totals
from netspec.render.tables import format_value
from netspec.reports.result_plots import CONFUSION, FIT, MISTAKES
from netspec.shapes.report import Report

FILE = "README.md"
MOST = 20  # classes, and columns, that are named
PICTURES = {
    "curves.png": "learning curves",
    CONFUSION: "confusion matrix",
    MISTAKES: "the surest mistakes",
    FIT: "what was learned",
}
_HIDDEN = ("epoch", "seconds", "samples_per_second", "lr", "split", "samples", "when", "weights")
_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "\\`*[]<>|"})


def write_card(
    folder: Path, report: Report, info: Info, rows: Sequence[Mapping[str, Any]], tests: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Write the card of a run.

    Args:
        folder: of the run, with its pictures.
        report: of its spec's check.
        info: of run.json.
        rows: its epochs.
        tests: each time that its test part was scored, the first one first.

    Raises:
        OSError: it cannot be written.
    """
    text = card(report, info, rows, tests, [name for name in PICTURES if (folder / name).is_file()])
    write_atomically(folder / FILE, lambda file: file.write_text(text, encoding="utf-8"))


def rewrite_card(run: StoredRun) -> None:
    """Write the card of a run that exists again, with the scores of its test part.

    Args:
        run: with its folder.

    Raises:
        ReadError: it cannot be written.
    """
    path = run.folder.path
    try:
        write_card(path, run.report, run.info, run.folder.read_rows(), read_tests(path))
    except OSError as error:
        raise ReadError(f"{path / FILE}: cannot be written: {(error.strerror or str(error)).lower()}") from None


def card(
    report: Report,
    info: Info,
    rows: Sequence[Mapping[str, Any]],
    tests: Sequence[Mapping[str, Any]] = (),
    pictures: Sequence[str] = (),
) -> str:
    """The card's Markdown.

    Args:
        report, info, rows, tests: as of `write_card`.
        pictures: files beside it that are shown.
    """
    spec = report.spec
    lines = [f"# {_text(spec.name)}", "", *_what(report, info), "", "## Data", "", *_data(info)]
    lines += ["", "## Training", "", *_training(report, info, rows)]
    lines += ["", "## Figures", "", *_figures(info, rows, tests)]
    for name in pictures:
        lines += ["", f"![{PICTURES[name]}]({name})"]
    lines += ["", "## How to load it and predict", "", *_use(report, info)]
    return "\n".join(lines) + "\n"


def _what(report: Report, info: Info) -> list[str]:
    graph = report.graph
    assert graph is not None  # a run's spec has no errors
    outputs = {name: report.tensor(ref) for name, ref in graph.outputs.items()}
    takes, gives = _tensors(graph.inputs), _tensors(outputs)
    return [
        f"A network of [netspec](spec.yaml): {totals(report)}.",
        f"A sample is {takes}, its output {gives}.",
        f"The run {_text(info.status)}; spec.yaml is all that it was made of, run.json where and with which versions.",
    ]


def _tensors(tensors: Mapping[str, Tensor | None]) -> str:
    """Shapes and dtypes, with their names where there are several."""
    found = []
    for name, tensor in tensors.items():
        words = "something of unknown shape" if tensor is None else f"{show(tensor.shape)} {tensor.dtype}"
        found.append(words if len(tensors) == 1 else f"{_text(name)} {words}")
    return ", ".join(found)


def _data(info: Info) -> list[str]:
    rows = [("dataset", info.dataset), *((name, value) for name, value in info.data.items())]
    if info.classes:
        rows.append((f"{len(info.classes)} classes", _listed(info.classes)))
    if info.columns:
        rows.append((f"{len(info.columns)} columns", _listed(info.columns)))
    if info.target:
        rows.append(("target", info.target))
    return _table(("", ""), rows)


def _training(report: Report, info: Info, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    settings = settings_of(report.spec)
    chosen = [(name, str(value)) for name, value in settings.items() if name.startswith(("train.", "params."))]
    seconds = sum(float(row.get("seconds") or 0) for row in rows)
    took = f"{len(rows)} epoch{'s' if len(rows) != 1 else ''} in {duration(seconds)}"
    versions = ", ".join(f"{name} {info.versions[name]}" for name in ("netspec", "torch") if name in info.versions)
    machine = info.machine.get("device", info.device)
    return [
        *_table(("setting", "value"), chosen),
        "",
        f"{took} on {_text(machine)}, with {_text(versions)}, seed {info.seed}.",
    ]


def _figures(info: Info, rows: Sequence[Mapping[str, Any]], tests: Sequence[Mapping[str, Any]]) -> list[str]:
    best, last = info.best, rows[-1] if rows else None
    if best is None or last is None:
        return ["No epoch was finished."]
    names = [name for name in last if name not in _HIDDEN and isinstance(last[name], int | float)]
    lines = [
        (
            name,
            format_value(name, best.get(name)),
            format_value(name, last.get(name)),
            "less" if lower_is_better(name) else "more",
        )
        for name in names
    ]
    head = ("", f"best, epoch {best['epoch']}", f"last, epoch {last['epoch']}", "better is")
    text = [
        *_table(head, lines),
        "",
        "best.safetensors holds the best epoch's weights, last.safetensors the last one's.",
    ]
    if tests:
        first = tests[0]
        scored = [(name, format_value(name, value)) for name, value in first.items() if name not in _HIDDEN]
        title = f"Test part, {first.get('samples')} samples, scored on {str(first['when'])[:10]}"
        title += f" with the {first['weights']} weights"
        again = f", and {len(tests) - 1} more time{'s' if len(tests) > 2 else ''} since" if len(tests) > 1 else ""
        text += ["", f"{title}{again}:", "", *_table(("", "test"), scored)]
    elif "test part" in info.data:
        text += ["", f"The test part ({_text(info.data['test part'])}) was not looked at yet."]
    return text


def _use(report: Report, info: Info) -> list[str]:
    graph = report.graph
    assert graph is not None
    given = [
        f"torch.zeros({', '.join(map(str, (1, *each.shape)))}, dtype=torch.{each.dtype})"
        for each in graph.inputs.values()
        if each
    ]
    code = [
        *("import netspec", "import torch", ""),
        'run = netspec.load_run(".")  # this folder',
        "model = run.model()  # an nn.Module with the best epoch's weights, in evaluation mode",
        "with torch.inference_mode():",
        f"    output = model({', '.join(given)})  # a batch of one sample",
    ]
    if info.classes:
        code.append("classes = run.info.classes  # their names, in the order of the outputs")
    plugins = ", allow_plugins=True" if report.spec.document.get("plugins") is not None else ""
    code[3] = code[3].replace('"."', f'"."{plugins}')
    lines = ["```python", *code, "```", ""]
    files = "photo.png" if info.picture else "rows.csv" if info.columns else ""
    if files:
        lines += [f"    netspec predict . {files}", ""]
    return [
        *lines,
        "    netspec eval .                  # its figures again",
        "    netspec export . --to onnx      # for other runtimes",
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_text, cells))} |"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST]) + (", …" if len(names) > MOST else "")


def _text(text: str) -> str:
    """Text that shows as it is: names in it may come from anywhere."""
    return safe(text).translate(_ESCAPED)
