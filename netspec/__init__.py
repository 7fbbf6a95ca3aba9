"""Neural networks as validated YAML layer graphs: checked without running anything, compiled, trained.

Importing netspec does not import torch; `compile` and `train` do when they are called.
"""

from __future__ import annotations

import importlib
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.core.files import ReadError

if TYPE_CHECKING:
    import torch

    from netspec.exporting.export import export as export
    from netspec.inference.loaded_run import load_run as load_run
    from netspec.inference.stored_run import load_model as load_model
    from netspec.language.spec import Spec
    from netspec.layers.plugin import PluginLayer as PluginLayer
    from netspec.shapes.report import Report
    from netspec.trainer.train import train as train

__version__ = "0.1.0"
__all__ = [
    "Diagnostic",
    "PluginLayer",
    "ReadError",
    "SpecError",
    "check",
    "compile",
    "export",
    "from_module",
    "graph",
    "load",
    "load_model",
    "load_run",
    "loads",
    "summary",
    "to_python",
    "train",
]

MOST_SHOWN = 60  # characters of a path in a message
_LATE = {
    "PluginLayer": "netspec.layers.plugin",
    "export": "netspec.exporting.export",
    "train": "netspec.trainer.train",
    "load_run": "netspec.inference.loaded_run",
    "load_model": "netspec.inference.stored_run",
}


def load(path: str | Path, *, allow_plugins: bool = False, **params: object) -> Spec:
    """Read a spec from a file.

    Args:
        path: the file; `loads` takes a text.
        allow_plugins: let the modules run that the spec names in `plugins`, also those beside it.
        **params: values for the spec's parameters, as `--set` gives them.

    Returns:
        The Spec. What is wrong with it is found by `check`, and raised by `compile` and `train`.

    Raises:
        ReadError: the file cannot be read, or `path` is no path.
        TypeError: `path` is neither a text nor a Path.
    """
    from netspec.compiler.plugins.permission import plugin_permission
    from netspec.language.load import as_settings
    from netspec.language.load import load as load_spec

    if not isinstance(path, str | Path):
        raise TypeError(f"netspec.load takes a path, got {type(path).__name__}")
    _refuse_text(path)
    return load_spec(path, as_settings(params), plugins=plugin_permission(allow_plugins))


def _refuse_text(path: str | Path) -> None:
    """Say where a text was taken for a path: it has a line break, or there is no such file."""
    if not isinstance(path, str) or path == "-":
        return
    name = path if len(path) <= MOST_SHOWN else path[: MOST_SHOWN - 1] + "…"
    if "\n" in path or "\r" in path:
        raise ReadError(f"{name!r} is a text, not a path; netspec.loads reads texts")
    if not os.path.lexists(path):
        raise ReadError(f"{name}: no such file; netspec.loads reads texts")


def loads(text: str, *, allow_plugins: bool = False, **params: object) -> Spec:
    """Read a spec from its text, whatever it looks like; `load` takes a path.

    Relative paths in the text are relative to the working directory, and `include` and `model` may name files below it.

    Args:
        text: YAML.
        allow_plugins, **params: as of `load`.

    Returns:
        The Spec. What is wrong with it is found by `check`, and raised by `compile` and `train`.

    Raises:
        ReadError: the text is empty, binary or too large.
        TypeError: it is no text.
    """
    from netspec.compiler.plugins.permission import plugin_permission
    from netspec.language.load import as_settings
    from netspec.language.load import loads as load_text

    if not isinstance(text, str):
        raise TypeError(f"netspec.loads takes a text, got {type(text).__name__}; netspec.load takes a path")
    return load_text(text, as_settings(params), plugins=plugin_permission(allow_plugins))


def check(spec: Spec, *, torch: str | None = None) -> Report:
    """Prove every shape of a spec; the Report holds the diagnostics, and `ok`.

    Args:
        spec: as `load` gives it.
        torch: for which version of torch, as `2.9`; the installed one where left out, without one the newest.

    Raises:
        ValueError: `torch` is not a version that netspec knows.
        TypeError: `spec` is a path or a text.
    """
    from netspec.language.spec import require_spec

    require_spec(spec, "netspec.check")
    from netspec.checker import check as check_spec
    from netspec.core.installed import supported

    return check_spec(spec, torch=torch if torch is None else supported(torch))


def compile(spec: Spec, device: str | torch.device | None = None) -> torch.nn.Module:
    """Build the `torch.nn.Module` of a spec, on `device`; `meta` allocates nothing.

    Raises:
        SpecError: the spec has errors.
        ImportError: torch is not installed.
        TypeError: `spec` is a path or a text.
    """
    from netspec.language.spec import require_spec

    require_spec(spec, "netspec.compile")
    from netspec.core.installed import TORCH, require_packages

    require_packages("netspec.compile", TORCH)
    from netspec.compiler.module import compile_spec

    return compile_spec(spec, device)


def from_module(module: torch.nn.Module, input: Any, *, name: str | None = None) -> Spec:
    """A `torch.nn.Module` as a Spec, whose network has the same weights by the same names and gives the same outputs.

    The module is run, on tensors without numbers to see what it does, and on two random samples to verify the spec;
    it is left as it was.

    Args:
        module: the network; what it does in training mode and a spec cannot say is warned of.
        input: the shape of one sample without the batch, as [3, 224, 224], or {"shape": [128], "dtype": "int64"}, or a
            tensor of batch × sample; a list or a mapping of those for several inputs.
        name: the spec's name; that of the module's class where left out.

    Returns:
        The Spec; `to_yaml` gives its text, whose first lines say what of the module it does not keep.

    Raises:
        ValueError: something in the module cannot be said, and is listed with its place and the reason; or `input` is
            none.
        TypeError: `module` is no module.
        ImportError: torch is not installed.
    """
    from netspec.core.installed import TORCH, require_packages

    require_packages("netspec.from_module", TORCH)
    from torch import nn

    from netspec.importer.build import import_module

    if not isinstance(module, nn.Module):
        raise TypeError(f"netspec.from_module takes a torch.nn.Module, got {type(module).__name__}")
    spec, notes = import_module(module, input, name)
    for note in notes:
        warnings.warn(f"netspec.from_module: {note}", stacklevel=2)
    return spec


def to_python(spec: Spec) -> str:
    """The Python source of a spec's network, as `compile` runs it.

    Raises:
        SpecError: the spec has errors.
        TypeError: `spec` is a path or a text.
    """
    from netspec.language.spec import require_spec

    require_spec(spec, "netspec.to_python")
    from netspec.checker import require
    from netspec.compiler.python import python_source

    return python_source(require(spec)).text


def summary(spec: Spec) -> str:
    """The table of a spec's layers in plain text.

    Raises:
        SpecError: the spec has errors.
        TypeError: `spec` is a path or a text.
    """
    from netspec.language.spec import require_spec

    require_spec(spec, "netspec.summary")
    from netspec.checker import require
    from netspec.render.summary import summary_text

    return summary_text(require(spec))


def graph(spec: Spec, path: str | Path | None = None, depth: int | None = None, *, format: str | None = None) -> str:
    """Draw a spec's network; a wrong one too, with its errors at the layers that have them.

    Args:
        spec: as `load` gives it.
        path: the file to write; its name's ending tells the format: `.svg`, `.html`, `.png`, `.mmd`, `.dot` or `.json`.
        depth: how many levels of blocks and groups are open, at least 1; where left out, as many as make a picture of
            about a hundred nodes.
        format: `svg`, `html`, `png`, `mermaid`, `dot` or `json`, whatever the path; `svg` where there is neither.

    Returns:
        The text of the picture; of a PNG, which is none, that of the same picture as SVG.

    Raises:
        ReadError: the file cannot be written.
        ValueError: there is no such format, or the depth is less than 1.
        ImportError: it is to be a PNG, and matplotlib is not installed.
        TypeError: `spec` is a path or a text.
    """
    from netspec.language.spec import require_spec

    require_spec(spec, "netspec.graph")
    from netspec.checker import check as check_spec
    from netspec.render.pictures.formats import FORMATS, chosen_format, picture, write

    if depth is not None and depth < 1:
        raise ValueError(f"depth {depth} is less than 1")
    form = chosen_format(format, path)
    report = check_spec(spec)
    drawn = picture(report, form, depth)
    if path is not None:
        write(drawn, Path(path))
    return drawn if isinstance(drawn, str) else str(picture(report, FORMATS["svg"], depth))


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        if name != "PluginLayer":
            from netspec.core.installed import SAFETENSORS, TORCH, TRAIN, require_packages

            require_packages(f"netspec.{name}", {**TORCH, **SAFETENSORS} if name == "load_model" else TRAIN)
        return getattr(importlib.import_module(_LATE[name]), name)
    raise AttributeError(f"module 'netspec' has no attribute {name!r}")
