"""`netspec init`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netspec.checker import check
from netspec.cli.output import say, show_findings
from netspec.core.faults import exit_code
from netspec.core.files import ReadError
from netspec.core.names import closest, did_you_mean
from netspec.core.shapes import Shape
from netspec.language.format import format_text
from netspec.language.load import loads
from netspec.language.shipped import files_of, headline, shipped
from netspec.render.starter import EXAMPLES, TASKS, Starter, dataset_fault, known_input, starter_text
from netspec.render.tables import Table, table_text

AXES = {"pictures": 3, "table": 1, "numbers": 1, "words": 1}
LARGEST = 100_000  # a size, or a number of classes
USUAL = {"pictures": "3,224,224", "table": "8", "numbers": "8", "words": "128"}


@click.command(
    "init",
    short_help="Write a first spec: one of those that netspec ships, or one for some data.",
    epilog="Example: netspec init resnet18 --out net.yaml",
)
@click.argument("name", required=False)
@click.option("--list", "listing", is_flag=True, help="Name the specs that netspec ships.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where it goes; NAME.yaml where left out.")
@click.option("--task", type=click.Choice(list(TASKS)), help="; ".join(f"{name}: {doc}" for name, doc in TASKS.items()))
@click.option("--dataset", metavar="NAME", help="A dataset of torchvision's or scikit-learn's, or a CSV file.")
@click.option("--input", "shape", metavar="SIZES", help="The shape of one sample, as 3,224,224.")
@click.option("--classes", type=click.IntRange(1, LARGEST), help="How many classes there are, or numbers.")
def command(
    name: str | None,
    listing: bool,
    out: Path | None,
    task: str | None,
    dataset: str | None,
    shape: str | None,
    classes: int | None,
) -> None:
    """Write a first spec, with comments. It passes its check, and no file is ever overwritten.

    NAME is one of the specs that netspec ships (--list names them). Without one, questions are asked: what is to be
    learned, from which data, the shape of a sample, how many classes; each has an option that answers it.

    Exit code 0: written; 2: the file is there already, or cannot be written.
    """
    specs = shipped()
    if listing:
        click.echo(
            table_text(
                Table(("name", "network"), tuple((each, headline(path)) for each, path in specs.items()), left=2)
            )
        )
        return
    if name is not None:
        if task or dataset or shape or classes:
            raise click.UsageError(
                f"{name} is written as it is; --task, --dataset, --input and --classes go without a name"
            )
        if name not in specs:
            guess = did_you_mean(closest(name, specs)) or "; --list names them, and --out the file to write"
            raise click.BadParameter(f"netspec ships no spec {name!r}{guess}", param_hint="NAME")
        first, *others = files_of(specs[name])
        target = out or Path(f"{name}.yaml")
        texts = {target: first.read_text("utf-8")}
        texts |= {target.parent / each.relative_to(first.parent): each.read_text("utf-8") for each in others}
        texts = {path: format_text(text, str(path)) if path.suffix == ".yaml" else text for path, text in texts.items()}
    else:
        try:
            starter = _ask(task, dataset, shape, classes)
        except click.Abort:
            click.echo(err=True)
            raise click.UsageError(
                "the questions were not answered; --task, --dataset, --input and --classes do"
            ) from None
        target = out or Path(f"{starter.name}.yaml")
        texts = {target: starter_text(starter)}
        report = check(loads(texts[target], folder=target.parent))
        if not report.ok:
            show_findings(report.diagnostics, report.spec.sources)
            sys.exit(exit_code(report.diagnostics))
    _write(texts)
    say(f"wrote {' and '.join(map(str, texts))}; next: netspec check {target}, netspec train {target}", err=True)


def _ask(task: str | None, dataset: str | None, shape: str | None, classes: int | None) -> Starter:
    """The answers of the options, and of questions for what they leave open."""
    if task is None:
        for each, doc in TASKS.items():
            say(f"  {each:<9} {doc}", err=True)
        task = click.prompt("task", type=click.Choice(list(TASKS)), default="pictures", show_choices=False, err=True)
    assert task is not None
    if dataset is None:
        dataset = click.prompt(
            "dataset",
            default=EXAMPLES[task],
            err=True,
            value_proc=lambda typed: _dataset(task, typed, click.UsageError),
        )
    else:
        dataset = _dataset(task, dataset, click.BadParameter)
    own, number = known_input(task, dataset)
    usual = ",".join(map(str, own)) if own is not None else USUAL[task]
    if shape is None:
        sizes = click.prompt("input", default=usual, err=True, value_proc=lambda typed: _sizes(task, typed))
    else:
        sizes = _sizes(task, shape)
    question = "numbers" if task == "numbers" else "classes"
    if number is not None and classes not in (None, number):
        raise click.BadParameter(f"{dataset} has {number} {question}, not {classes}", param_hint="--classes")
    if number is None and classes is None:
        usual_number = 1 if task == "numbers" else 10
        classes = click.prompt(question, type=click.IntRange(1, LARGEST), default=usual_number, err=True)
    classes = number or classes
    assert classes is not None
    stem = Path(dataset).name.partition(".")[0].lower()
    name = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in stem).strip("-")
    return Starter(name if name[:1].isalpha() else f"net-{name}".rstrip("-"), task, dataset, sizes, classes)


def _dataset(task: str, typed: str, refuse: type[click.UsageError]) -> str:
    fault = dataset_fault(task, typed.strip())
    if fault is not None:
        raise refuse(fault)
    return typed.strip()


def _sizes(task: str, typed: str) -> Shape:
    parts = [part.strip() for part in typed.replace("x", ",").replace("×", ",").strip("[]() ").split(",")]
    sizes = tuple(int(part) for part in parts if part.isdecimal() and len(part) < 7)
    count = AXES[task]
    if len(sizes) != len(parts) or len(sizes) != count or not all(0 < size <= LARGEST for size in sizes):
        wanted = "one number" if count == 1 else f"{count} numbers: channels, height, width"
        raise click.BadParameter(f"{typed!r} is no shape for {task}; it is {wanted}, as {USUAL[task]}")
    if count > 1 and sizes[0] not in (1, 3):
        raise click.BadParameter(f"pictures have 1 channel or 3, not {sizes[0]}")
    return sizes


def _write(texts: dict[Path, str]) -> None:
    """Write new files; one that is there already stays, and if it says something else nothing is written.

    Raises:
        ReadError: a file is there already, or cannot be written.
    """
    others = [*texts][1:]
    for path in texts:
        if path.exists() or path.is_symlink():
            same = path in others and path.is_file() and path.read_text("utf-8") == texts[path]
            if not same:
                raise ReadError(f"{path}: is there already, and stays as it is; --out names another file")
    for path, text in reversed(texts.items()):
        try:
            if path in others and path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            raise ReadError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None
