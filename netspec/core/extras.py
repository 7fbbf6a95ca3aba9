"""What a light install leaves out: the packages of the extras, and what to install where one is missing.

`pip install netspec` brings what checking needs. What needs more says so before it starts, in one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from netspec.core.versions import OLDEST, installed, release

TORCH = {"torch": "torch"}
TORCHVISION = {"torchvision": "torchvision"}
SAFETENSORS = {"safetensors": "safetensors"}
MATPLOTLIB = {"matplotlib": "matplotlib"}
TRAIN = {  # module → package, as pyproject.toml has them in the extra `train`
    **TORCH,
    **TORCHVISION,
    **SAFETENSORS,
    "numpy": "numpy",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "pandas": "pandas",
    **MATPLOTLIB,
    "tensorboard": "tensorboard",
    "accelerate": "accelerate",
    "filelock": "filelock",
}
MOST_NAMED = 2


class MissingPackageError(ImportError):
    """Packages of an extra are not installed; the message is one line that says what to install."""


def require_packages(what: str, modules: Mapping[str, str] = TRAIN) -> None:
    """See that modules can be imported, without importing them.

    Args:
        what: needs them, as a person calls it: `netspec train`.
        modules: their names, and those of their packages.

    Raises:
        MissingPackageError: some are not there, or torch is older than the oldest that is supported.
    """
    missing = [package for module, package in modules.items() if not _found(module)]
    if not missing and "torch" in modules and release(installed()) < release(OLDEST):
        raise MissingPackageError(
            f"{what} needs torch {OLDEST} or newer, here is {installed()}: pip install 'netspec[train]'"
        )
    if missing:
        rest = f" and {len(missing) - MOST_NAMED} more packages" if len(missing) > MOST_NAMED + 1 else ""
        named = ", ".join(missing[: MOST_NAMED if rest else None])
        raise MissingPackageError(f"{what} needs {named}{rest}: pip install 'netspec[train]'")


def _found(module: str) -> bool:
    try:
        spec = find_spec(module)
        return spec is not None and spec.origin is not None  # a folder of that name alone has none
    except ValueError:  # it is in sys.modules without a spec
        return True
