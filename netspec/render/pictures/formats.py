"""The table of formats that `netspec graph` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from netspec.core.lazy_import import imported
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
            (("matplotlib", "matplotlib"),),
        ),
        PictureFormat("mermaid", (".mmd", ".mermaid"), "for a README", f"{_HERE}.mermaid:mermaid"),
        PictureFormat("dot", (".dot", ".gv"), "for Graphviz", f"{_HERE}.dot:dot"),
        PictureFormat("json", (".json",), "the tree that the others are drawn from", f"{_HERE}.formats:tree_json"),
    )
}  # fmt: skip


def format_of(path: str) -> PictureFormat | None:
    """The format of a file by its name's ending; None where that is another.

    Args:
        path: the file.
    """
    return next((each for each in FORMATS.values() if path.lower().endswith(each.suffixes)), None)


def picture(report: Report, form: PictureFormat, depth: int | None = None) -> str | bytes:
    """The picture of a report's network.

    Args:
        report: of any spec; errors are drawn at the nodes that have them.
        form: the format.
        depth: how many levels of boxes are open; where left out, as many as make a picture of about a hundred nodes.
    """
    drawn: str | bytes = imported(form.draw)(network_tree(report), depth)
    return drawn


def tree_json(network: Node, depth: int | None = None) -> str:
    """The whole tree as JSON, whatever the depth is.

    Args:
        network: the tree.
        depth: is for pictures.
    """
    return json.dumps({"version": VERSION, "network": network.json()}, indent=1, ensure_ascii=True) + "\n"
