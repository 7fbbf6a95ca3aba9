"""Tables of layers, codes and keys → docs/layers.md, codes.md, keys.md: `python -m netspec.render.reference docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from netspec.core.codes import CODES, explanation
from netspec.language.sections.class_families import DATASET, ClassFamily
from netspec.language.sections.class_families import FAMILIES as CLASS_FAMILIES
from netspec.language.sections.data_keys import DATA_KEYS
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.expect_keys import EXPECT_KEYS
from netspec.language.sections.keys import Key
from netspec.language.sections.metrics import METRICS
from netspec.language.sections.torch_classes import classes_of
from netspec.language.sections.train_keys import TRAIN_KEYS
from netspec.layers.code import literal
from netspec.layers.record import Layer
from netspec.layers.table import FAMILIES

_NOTE = "<!-- Written by `make docs` from the tables in the package; edit those. -->"


def _default(layer: Layer, name: str) -> str:
    arg = layer.arg(name)
    assert arg is not None
    if arg.infer is not None:
        return "inferred, verified where written"
    if arg.required:
        return "required"
    if arg.default is None:
        return "`null`"
    text = literal(arg.default)
    return f"`{text.lower() if isinstance(arg.default, bool) else text}`"


def _layer(layer: Layer) -> list[str]:
    lines = [f"### {layer.name}", "", layer.doc, ""]
    least, most = layer.inputs
    if (least, most) != (1, 1):
        lines += [f"Takes {least}{' or more' if most is None else f' to {most}' if most != least else ''} tensors.", ""]
    if layer.names:
        named = ", ".join(f"`{name}`" for name in layer.names)
        further = f"; by name alone {', '.join(f'`{name}`' for name in layer.further)}" if layer.further else ""
        lines += [f"Names in `from`: {named}{further}.", ""]
    if layer.since is not None:
        lines += [f"Since torch {layer.since}.", ""]
    if layer.args:
        lines += ["| Argument | Value | Default |", "|---|---|---|"]
        for arg in layer.args:
            since = "" if arg.since is None else f"; since torch {arg.since}"
            lines.append(f"| `{arg.name}` | {arg.kind.wants}{since} | {_default(layer, arg.name)} |")
        lines.append("")
    return lines


def layers_page() -> str:
    """docs/layers.md."""
    lines = [
        *("# Layers and functions", "", _NOTE, ""),
        "Names and arguments are torch's. A scalar after the type (`MaxPool2d: 2`) is the one required argument,",
        "or else the first.",
        "",
    ]
    for family in FAMILIES:
        title = (family.__doc__ or "").splitlines()[0].rstrip(".")
        lines += [f"## {title}", ""]
        for layer in family.LAYERS:
            lines += _layer(layer)
    return "\n".join(lines).rstrip() + "\n"


def codes_page() -> str:
    """docs/codes.md."""
    codes = [explanation(id) for id in CODES]
    lines = [
        *("# Diagnostic codes", "", _NOTE, ""),
        "NS1xx the text, NS2xx the language, NS3xx references, NS4xx shapes, NS5xx budgets, NS6xx data and training,",
        "NS7xx plugins, NS8xx faults of netspec itself, NS9xx warnings. A code keeps its meaning for good;",
        "its wording may change.",
        "",
        "`netspec explain NS401` says the same on the command line.",
        "",
        "| Code | Severity | What |",
        "|---|---|---|",
        *(f"| [{code.id}](#{code.id.lower()}) | {code.severity} | {code.what} |" for code in codes),
    ]
    for code in codes:
        lines += ["", f"## {code.id}", "", f"**{code.what}** {code.why}", "", code.example_markdown()]
    return "\n".join(lines) + "\n"


def keys_page() -> str:
    """docs/keys.md."""
    lines = ["# The keys of data, train and expect", "", _NOTE, "", "## data", "", *_keys(DATA_KEYS)]
    for kind in DATASETS.values():
        if kind.keys is not None:
            lines += [f"## data: {kind.name}", "", kind.doc, "", *_keys(kind.keys)]
    lines += ["## train", "", *_keys(TRAIN_KEYS), "## expect", "", *_keys(EXPECT_KEYS)]
    lines += ["## Metrics", "", "| Metric | Goes with losses over | What it is |", "|---|---|---|"]
    lines += [f"| `{metric.name}` | {', '.join(metric.kinds)} | {metric.doc} |" for metric in METRICS]
    for family in CLASS_FAMILIES.values():
        if family is not DATASET:
            several = f"{family.what.capitalize()}{'es' if family.what.endswith('s') else 's'}"
            lines += ["", f"## {several} of {family.module}", "", *_classes(family)]
    lines += ["", "## Datasets of torchvision", "", *_classes(DATASET)]
    return "\n".join(lines) + "\n"


def _classes(family: ClassFamily) -> Iterator[str]:
    """A line for each class with its arguments, and those that a spec cannot use."""
    yield from ("| Name | Arguments |", "|---|---|")
    for name, found in classes_of(family).items():
        since = "" if found.since is None else f" (since torch {found.since})"
        arguments = (f"`{one.name}`: {one.kind.wants}" for one in found.arguments.values())
        yield f"| `{name}`{since} | {'; '.join(arguments)} |"
    for name, reason in sorted(family.refused.items()):
        yield f"| {name} | not usable: {reason} |"


def _keys(keys: Iterable[Key]) -> list[str]:
    """A table of keys."""
    lines = ["| Key | Value | Default | What it does | Example |", "|---|---|---|---|---|"]
    for key in keys:
        default = "required" if key.required else "" if key.default is None else f"`{key.default}`"
        lines.append(f"| `{key.name}` | {key.wants} | {default} | {key.doc} | `{key.written}` |")
    return [*lines, ""]


PAGES = {"layers.md": layers_page, "codes.md": codes_page, "keys.md": keys_page}


def main(folder: str) -> None:
    """Write the pages into a folder."""
    for name, page in PAGES.items():
        (Path(folder) / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
