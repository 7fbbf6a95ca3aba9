"""TARGET of `netspec import` → a module: torchvision:resnet50, timm:NAME, package.module:callable, file.py:Class.

What a person names here is code, and it runs: to import a network is to run its constructor and its forward.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from netspec.core.files import ReadError
from netspec.core.installed import TORCHVISION, require_packages
from netspec.core.names import closest, did_you_mean
from netspec.importer.failure import ImportFailure

FORMS = "torchvision:resnet50, timm:NAME, package.module:callable or file.py:Class"


def load_target(target: str) -> tuple[nn.Module, str, list[int] | None]:
    """The module that a target names.

    Args:
        target: as typed.

    Returns:
        The module, a name for its spec, and the shape of one sample where its source tells it.

    Raises:
        ReadError: there is no such file, package or name.
        ImportFailure: its code fails, or makes no module without arguments.
    """
    source, colon, name = target.rpartition(":")
    if not colon or not source or not name:
        raise ReadError(f"{target!r} names no module: {FORMS}")
    if source == "torchvision":
        return _torchvision(name)
    if source == "timm":
        return _timm(name)
    found: Any = _file(source) if source.endswith(".py") else _package(source)
    for part in name.split("."):
        known = [each for each in dir(found) if not each.startswith("_")]
        if not hasattr(found, part):
            raise ReadError(f"{source} has no {part}{did_you_mean(closest(part, known))}")
        found = getattr(found, part)
    return _made(found, target), name.rpartition(".")[2], None


def _made(found: Any, what: str) -> nn.Module:
    """A module that is there, or that a class or function without arguments makes."""
    if not isinstance(found, nn.Module):
        if not callable(found):
            raise ImportFailure(f"{what} is neither a module nor what makes one")
        found = _called(found, what)
    if not isinstance(found, nn.Module):
        raise ImportFailure(f"{what} makes a {type(found).__name__}, no torch.nn.Module")
    return found


def _called(maker: Callable[..., Any], what: str, **arguments: Any) -> Any:
    try:
        return maker(**arguments)
    except Exception as error:  # whatever the author's code raises
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ImportFailure(f"{what} cannot be made without arguments: {said}") from error


def _torchvision(name: str) -> tuple[nn.Module, str, list[int] | None]:
    require_packages("torchvision:…", TORCHVISION)
    from torchvision import models

    if name not in models.list_models():
        raise ReadError(f"torchvision has no model {name!r}{did_you_mean(closest(name, models.list_models()))}")
    switch = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}  # slow, and used for nothing
    size = 299 if name == "inception_v3" else 224
    return _called(models.get_model, f"torchvision:{name}", name=name, **switch), name, [3, size, size]


def _timm(name: str) -> tuple[nn.Module, str, list[int] | None]:
    require_packages("timm:…", {"timm": "timm"})
    timm: Any = importlib.import_module("timm")
    known = timm.list_models()
    if name.partition(".")[0] not in known:
        raise ReadError(f"timm has no model {name!r}{did_you_mean(closest(name, known))}")
    module = _made(_called(timm.create_model, f"timm:{name}", model_name=name), f"timm:{name}")
    size = getattr(module, "default_cfg", {}).get("input_size")
    return module, name.partition(".")[0], None if size is None else [*size]


def _file(path: str) -> Any:
    """The Python module of a file, whose folder is searched for what it imports."""
    if not Path(path).is_file():
        raise ReadError(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(Path(path).resolve().parent))
    try:
        _run(lambda: spec.loader.exec_module(module), path)  # type: ignore[union-attr]  # checked above
    finally:
        sys.path.pop(0)
    return module


def _package(name: str) -> Any:
    """A package or module of Python's path, or below the working directory."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        if importlib.util.find_spec(name) is None:
            raise ReadError(f"{name}: no such module of Python; a target is {FORMS}")
        return _run(lambda: importlib.import_module(name), name)
    except (ModuleNotFoundError, ValueError):
        raise ReadError(f"{name}: no such module of Python; a target is {FORMS}") from None
    finally:
        sys.path.pop(0)


def _run(run: Callable[[], Any], what: str) -> Any:
    try:
        return run()
    except Exception as error:  # whatever the author's code raises
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ImportFailure(f"{what} cannot be imported: {type(error).__name__}: {said}") from error
