"""Names and texts of a spec → names and docstrings of the generated Python."""

from __future__ import annotations

import keyword
import re

from netspec.core.escapes import safe


def in_docstring(text: str) -> str:
    """A text of the spec without what would end a docstring or escape in it."""
    return safe(text).replace("\\", "/").replace('"', "'")


def class_name(text: str) -> str:
    words = [word for word in re.split(r"[^A-Za-z0-9]+", text) if word]
    name = "".join(word[0].upper() + word[1:] for word in words)
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"Network{name}"


def function_name(text: str) -> str:
    """A name with underscores: `Conv2dNormAct` is conv2d_norm_act."""
    words = re.findall(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z0-9]+", text)
    name = "_".join(word.lower() for word in words)
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"block_{name}".rstrip("_")


def entry_name(text: str, taken: set[str]) -> str:
    """The name of the function that makes a network, from the network's; `network` where that is none or taken."""
    name = re.sub(r"\W+", "_", text.lower()).strip("_")
    usable = name.isidentifier() and not keyword.iskeyword(name) and name not in taken
    return name if usable else "network"


def unused(base: str, taken: set[str], separator: str = "") -> str:
    """`base`, with a number where that is taken or a keyword; the name is added to those that are taken."""
    name, count = base, 1
    while name in taken or keyword.iskeyword(name):
        count += 1
        name = f"{base}{separator}{count}"
    taken.add(name)
    return name
