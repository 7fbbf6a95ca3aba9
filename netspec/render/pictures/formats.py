"""The table of formats that `netspec graph` writes."""

from __future__ import annotations

import json
from pathlib import Path

from netspec.core.dataclass import dataclass
from netspec.core.files import ReadError, write_atomically
from netspec.core.installed import MATPLOTLIB, require_packages
from netspec.core.lazy_import import imported
from netspec.core.names import closest, did_you_mean
from netspec.render.pictures.build import network_tree
from netspec.render.pictures.tree import VERSION, Node
from netspec.shapes.report import Report


@dataclass(frozen=True)
class PictureFormat:
    """One format.

    Args:
        name: what `--format` calls it.
        suffixes: of its files.
        doc: what it is for, in a few words, for the command's help.
        draw: the place of the function from the tree of a network and a depth, or None, to a text or bytes.
        modules: what it needs besides a light install, each module with its package.
    """

    name: str
    suffixes: tuple[str, ...]
    doc: str
    draw: str
    modules: tuple[tuple[str, str], ...] = ()


_HERE = "netspec.render.pictures"
FORMATS: dict[str, PictureFormat] = {
    each.name: each
    for each in (
        PictureFormat("svg", (".svg",), "for pages and papers", f"{_HERE}.svg:draw"),
        PictureFormat("html", (".html", ".htm"), "a page to zoom, fold and search", f"{_HERE}.page:draw"),
        PictureFormat(
            "png", (".png",), "for slides; needs matplotlib", "netspec.reports.network_png:draw",
            tuple(MATPLOTLIB.items()),
        ),
        PictureFormat("mermaid", (".mmd", ".mermaid"), "for a README", f"{_HERE}.mermaid:mermaid"),
        PictureFormat("dot", (".dot", ".gv"), "for Graphviz", f"{_HERE}.dot:dot"),
        PictureFormat("json", (".json",), "the tree that the others are drawn from", f"{_HERE}.formats:tree_json"),
    )
}  # fmt: skip


def chosen_format(name: str | None, path: str | Path | None) -> PictureFormat:
    """The format of that name; where there is none that of the file, by its name's ending, or SVG without a file.

    Args:
        name: what `--format` gives.
        path: the file that is to be written.

    Raises:
        ValueError: there is no such format.
    """
    if name is not None:
        if name in FORMATS:
            return FORMATS[name]
        raise ValueError(f"no format {name!r}{did_you_mean(closest(name, FORMATS))}; there are {', '.join(FORMATS)}")
    if path is None:
        return FORMATS["svg"]
    ending = Path(path).suffix.lower()
    found = next((each for each in FORMATS.values() if ending in each.suffixes), None)
    if found is None:
        known = ", ".join(each.suffixes[0] for each in FORMATS.values())
        raise ValueError(f"{path}: the name of a picture ends with {known}; or give the format")
    return found


def picture(report: Report, form: PictureFormat, depth: int | None = None) -> str | bytes:
    """The picture of a report's network.

    Args:
        report: of any spec; errors are drawn at the nodes that have them.
        form: the format.
        depth: how many levels of boxes are open; where left out, as many as make a picture of about a hundred nodes.
    """
    require_packages(f"a picture as {form.name.upper()}", dict(form.modules))
    drawn: str | bytes = imported(form.draw)(network_tree(report), depth)
    return drawn


def write(drawn: str | bytes, path: Path) -> None:
    """Write a picture to a file, which is replaced as a whole.

    Args:
        drawn: as `picture` gives it.
        path: the file.

    Raises:
        ReadError: it cannot be written.
    """
    data = drawn if isinstance(drawn, bytes) else drawn.encode("utf-8", "replace")
    try:
        write_atomically(path, lambda file: file.write_bytes(data))
    except OSError as error:
        raise ReadError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None


def tree_json(network: Node, depth: int | None = None) -> str:
    """The whole tree as JSON, whatever the depth is.

    Args:
        network: the tree.
        depth: is for pictures.
    """
    return json.dumps({"version": VERSION, "network": network.json()}, indent=1, ensure_ascii=True) + "\n"
