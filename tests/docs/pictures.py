"""The pictures of docs/pictures.md; `make docs` writes them by the page's own commands, with this as a program."""

from __future__ import annotations

import contextlib
import re

from netspec.cli.main import cli
from tests.spec_cases import ROOT

PAGE = ROOT / "docs/pictures.md"
COMMANDS = re.findall(r"^    (netspec graph .+)$", PAGE.read_text("utf-8"), re.MULTILINE)


def committed() -> dict[str, list[str]]:
    """The arguments of `netspec` that make each picture of the checkout."""
    found = {}
    for command in COMMANDS:
        arguments = command.split()[1:]
        if "-o" in arguments and (name := arguments[arguments.index("-o") + 1]).startswith("docs/"):
            found[name] = arguments
    return found


def main() -> None:
    """Write them."""
    with contextlib.chdir(ROOT):
        for arguments in committed().values():
            cli.main(args=arguments, standalone_mode=False)


if __name__ == "__main__":
    main()
