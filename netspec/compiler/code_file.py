"""The file of generated Python: its imports, and what the compiler has to know of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from netspec.compiler.identifiers import MODULES, UTILITIES


@dataclass(frozen=True)
class Source:
    """Generated Python.

    Args:
        text: the whole file.
        entry: the name of the class or function that makes the network.
        classes: the names of its classes.
    """

    text: str
    entry: str
    classes: tuple[str, ...]


def file_text(title: str, lines: Iterable[str], plugins: Iterable[str]) -> str:
    """The whole text of a file.

    Args:
        title: of the network, for the docstring.
        lines: the definitions.
        plugins: modules that it imports.
    """
    code = "\n".join(lines)
    imports = ["from collections import OrderedDict", ""] if "OrderedDict(" in code else []
    imports += ["import torch"] if "torch." in code else []
    imports += ["import torch.nn.functional as F"] if re.search(r"\bF\.", code) else []
    imports += [f"from torch import {'Tensor, ' if 'Tensor' in code else ''}nn"]
    imports += [line for name, line in UTILITIES.items() if f"{name}." in code]
    imports += [line for name, line in MODULES.items() if re.search(rf"\b{name}\.", code)]
    imports += ["", *(f"import {module}" for module in plugins)] if plugins else []
    return "\n".join([f'"""{title}: written by netspec from a checked spec."""', "", *imports, code]) + "\n"
