"""Names in generated source: of classes and variables, and those that it imports."""

from __future__ import annotations

import keyword
import re

from netspec.core.escapes import safe

MODULES = {"ops": "from torchvision import ops", "convnext": "from torchvision.models import convnext"}
RESERVED = {"self", "torch", "nn", "F", "Tensor", "OrderedDict", "x", "super", "getattr", "tuple", *MODULES}


def in_docstring(text: str) -> str:
    """A text of the spec without what would end a docstring or escape in it."""
    return safe(text).replace("\\", "/").replace('"', "'")


def camel(text: str) -> str:
    """A class name of the words of `text`."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", text) if word]
    name = "".join(word[0].upper() + word[1:] for word in words)
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"Network{name}"


def unused(base: str, taken: set[str], separator: str = "") -> str:
    """`base`, with a number where that is taken or a keyword; the name is added to those that are taken."""
    name, count = base, 1
    while name in taken or keyword.iskeyword(name):
        count += 1
        name = f"{base}{separator}{count}"
    taken.add(name)
    return name
