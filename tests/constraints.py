"""The versions that developers install: `python -m tests.constraints` prints those of this environment.

torch and torchvision are not held, nor what torch holds itself: its CUDA libraries and triton.
"""

from __future__ import annotations

import re
from importlib.metadata import distributions

NOT_HELD = re.compile(r"(netspec|torch|torchvision|triton|pip|setuptools|(nvidia|cuda)[-_].*)\Z")


def held() -> dict[str, str]:
    """Name and version of every installed package that is held, in order."""
    found = {each.name.lower(): each.version.partition("+")[0] for each in distributions()}
    return {name: found[name] for name in sorted(found) if not NOT_HELD.match(name)}


def main() -> None:
    """Print them as pip's constraints."""
    print("# The versions that `make demo` and `make test` install; raised by `make constraints`.")
    for name, version in held().items():
        print(f"{name}=={version}")


if __name__ == "__main__":
    main()
