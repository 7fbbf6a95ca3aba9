"""The import of a plugin, from Python's own path, or else from the folder of the spec that names it.

Modules from the folder of a spec stay in `sys.modules`, as pickling their classes needs, until a spec in another
folder brings its own: two specs of one process may have plugins of one name.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from types import ModuleType

from netspec.compiler.plugins.records import layers_of
from netspec.core.diagnostics import Note
from netspec.core.installed import TRAIN
from netspec.core.tree import shorten
from netspec.language.plugins import SETTING, LoadedPlugin, PluginFault, exception_line

TABLE_NAME = "netspec_layers"
_folders: dict[str, Path] = {}  # of modules in sys.modules that come from the folder of a spec


@contextlib.contextmanager
def importing(folder: Path | None) -> Iterator[None]:
    """Let imports find what lies in `folder` too, after Python's own path; what is printed goes to stderr."""
    for name in [name for name, other in _folders.items() if other != folder]:
        sys.modules.pop(name, None)
        del _folders[name]
    if folder is None:
        with contextlib.redirect_stdout(sys.stderr):
            yield
        return
    before, entry = set(sys.modules), str(folder)
    sys.path.append(entry)
    importlib.invalidate_caches()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        with contextlib.suppress(ValueError):
            del sys.path[len(sys.path) - 1 - sys.path[::-1].index(entry)]  # the last one, which is ours
        reached = {Path(other).resolve() for other in sys.path}
        if folder not in reached:
            _folders.update({name: folder for name in {*sys.modules} - before if _lies_in(entry, sys.modules[name])})


def _lies_in(folder: str, module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)  # a namespace package has locations and no file
    paths = [getattr(module, "__file__", None), *(getattr(spec, "submodule_search_locations", None) or ())]
    return any(isinstance(path, str) and path.startswith(os.path.join(folder, "")) for path in paths)  # noqa: PTH118 - of thousands of modules


def load_plugin(name: str, folder: Path | None) -> LoadedPlugin:
    """Import a plugin and read its table.

    Args:
        name: the module.
        folder: where it may lie besides Python's path; None where only what is installed is allowed.
    """
    try:
        with importing(folder):
            module = importlib.import_module(name)
            table = getattr(module, TABLE_NAME, None)
            if isinstance(table, Mapping):
                return layers_of(table)
    except (Exception, SystemExit) as error:
        return LoadedPlugin({}, (_fault(name, folder, error),))
    found = getattr(module, "__file__", None)
    notes = [Note("note", f"it is {found}")] if found else []
    notes.append(Note("fix", f"{TABLE_NAME} = {{'MyLayer': MyLayer}} in it says which layers it brings"))
    what = "has none" if table is None else f"is {shorten(repr(table))}"
    message = f"a plugin has a mapping {TABLE_NAME}, that of {name} {what}"
    return LoadedPlugin({}, (PluginFault("NS702", message, tuple(notes)),))


def _fault(name: str, folder: Path | None, error: BaseException) -> PluginFault:
    packages = [*accumulate(name.split("."), "{}.{}".format)]
    if not isinstance(error, ModuleNotFoundError) or error.name not in packages:
        return PluginFault(
            "NS702",
            f"the plugin {name} cannot be imported: {exception_line(error)}",
            (*_location(error), *_missing(error)),
        )
    if folder is None:
        note = f"{SETTING} allows by name what is installed; a module beside the spec needs --allow-plugins"
        return PluginFault("NS702", f"no module {name} is installed", (Note("note", note),))
    notes = [Note("note", "looked for on Python's path and in the spec's folder")]
    if name.endswith(".py"):
        notes.append(Note("fix", f"{name.removesuffix('.py')}: a module is named without .py"))
    return PluginFault("NS702", f"no module {name} is found", tuple(notes))


def _missing(error: BaseException) -> Iterator[Note]:
    """The package to install, where a plugin imports one that a light install lacks."""
    package = TRAIN.get((error.name or "").partition(".")[0]) if isinstance(error, ModuleNotFoundError) else None
    if package is not None:
        yield Note("fix", f"pip install 'netspec[train]' brings {package}")


def _location(error: BaseException) -> Iterator[Note]:
    """The line of the plugin where an import fails."""
    if isinstance(error, SyntaxError) and error.filename:
        yield Note("note", f"at {error.filename}:{error.lineno}")
        return
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    if len(frames) > 1:  # the first is ours
        yield Note("note", f"at {frames[-1].filename}:{frames[-1].lineno}")
