"""The tree of a network → a page for the browser: one file that loads nothing, with dagre for its layout.

Its Content-Security-Policy forbids every request. Texts of the spec are in its JSON alone, and become text nodes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from netspec.core.escapes import safe
from netspec.render.pictures.style import DARK, FONT, LIGHT, RULES, variables
from netspec.render.pictures.svg import text_of
from netspec.render.pictures.tree import VERSION, Node
from netspec.render.pictures.view import opened

_MODULE = re.compile(r"^import [^;]*;\n|^export (?=const|let|function)", re.MULTILINE)
FOLDER = Path(__file__).parent / "browser"
SCRIPTS = ("tree.js", "layout.js", "draw.js", "viewer.js", "search.js", "controls.js", "page.js")


def draw(network: Node, depth: int | None = None) -> str:
    """The page of a network.

    Args:
        network: its tree.
        depth: how many levels of boxes are open at first.
    """
    parts = {
        "title": text_of(safe(network.name)),
        "style": styles() + _text("page.css").replace("FONT", FONT),
        "network": script_json({"version": VERSION, "open": opened(network, depth), "network": network.json()}),
        "dagre": _dagre(),
        "scripts": "\n".join(_script(name) for name in SCRIPTS),
    }
    page = _text("page.html")
    pieces = page.split("{{")
    return pieces[0] + "".join(parts[name] + rest for name, _, rest in (piece.partition("}}") for piece in pieces[1:]))


def script_json(content: object) -> str:
    """JSON that may stand in a `script` element: nothing in it ends the element or begins a comment.

    Args:
        content: plain data.
    """
    text = json.dumps(content, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _script(name: str) -> str:
    """A module as a part of one script: what it imports stands in the same one."""
    return _MODULE.sub("", _text(name))


def styles() -> str:
    """The colours and rules of pictures in a page, light and dark, and what marks a node there."""
    light, dark = variables(LIGHT), variables(DARK)
    colors = f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"
    chosen = f":root[data-theme=light]{{{light}}}:root[data-theme=dark]{{{dark}}}"
    return (colors + chosen + RULES + _text("picture.css")).replace("FONT", FONT)


def _dagre() -> str:
    """dagre below its licence, without the address of its source map."""
    licence = _text("dagre.LICENSE.txt").strip()
    code = "\n".join(line for line in _text("dagre.min.js").splitlines() if not line.startswith("//# sourceMappingURL"))
    return f"/* dagre\n{licence}\n*/\n{code}"
