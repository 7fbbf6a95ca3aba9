"""Which version of torch and which packages of the extras are installed, found out without importing them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec

TORCH = {"torch": "torch"}
TORCHVISION = {"torchvision": "torchvision"}
SAFETENSORS = {"safetensors": "safetensors"}
MATPLOTLIB = {"matplotlib": "matplotlib"}
LSP = {"pygls": "pygls"}  # the extra `lsp`
EDIT = {**LSP, "starlette": "starlette", "uvicorn": "uvicorn", "websockets": "websockets"}  # the extra `edit`
ONNX = {"onnx": "onnx", "onnxscript": "onnxscript", "onnxruntime": "onnxruntime"}  # the extra `export`
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


def require_packages(what: str, modules: Mapping[str, str] = TRAIN, extra: str = "train") -> None:
    """Check that modules can be imported, without importing them.

    Args:
        what: the command or function that needs them, such as `netspec train`.
        modules: the names of the modules, each with its package's.
        extra: of netspec, which brings them.

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
        raise MissingPackageError(f"{what} needs {named}{rest}: pip install 'netspec[{extra}]'")


def _found(module: str) -> bool:
    try:
        spec = find_spec(module)
        return spec is not None and spec.origin is not None  # a folder of that name alone has none
    except ValueError:  # it is in sys.modules without a spec
        return True


OLDEST, NEWEST = "2.6", "2.15"  # of those that the layer table knows

Release = tuple[int, int]
_NUMBER = r"(0|[1-9][0-9]{0,3})"
_REST = r"(?:\.[0-9]+)*(?:(?:a|b|rc|\.?post|\.?dev)[0-9]+)*(?:\+[0-9a-z._-]+)?"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}{_REST}", re.ASCII | re.IGNORECASE)


def release(version: str) -> Release:
    """The major and minor version: `2.9.1.post2`, `2.9.0+cpu` and `2.9.0a0+git1` are all (2, 9).

    Raises:
        ValueError: it is not a version.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ValueError(f"{version!r} is not a version of torch, such as {NEWEST}")
    return int(match[1]), int(match[2])


def supported(version: str) -> str:
    """`version`, where it is one that netspec knows the layers of.

    Raises:
        ValueError: it is not a version, or older than the oldest that is supported.
    """
    if release(version) < release(OLDEST):
        raise ValueError(f"torch {version} is older than {OLDEST}, the oldest that netspec knows")
    return version


@cache
def installed() -> str:
    """The version of torch that is installed, without its local suffix; the newest where that cannot be found out."""
    from importlib.metadata import PackageNotFoundError, version  # here, because it takes as long as a small check

    try:
        found = (version("torch") or "").partition("+")[0]  # None of an installation that was cut off
    except (PackageNotFoundError, KeyError):
        return NEWEST
    return found if _VERSION.fullmatch(found) else NEWEST
