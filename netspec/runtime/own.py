"""Python code of one's own that a spec names, `my_module:name`: imported where the person allows it, as plugins are.

Input: the name and its node. Output: what the module has under that name, or a located error.
"""

from __future__ import annotations

import importlib
from itertools import accumulate
from pathlib import Path

from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Node
from netspec.language.plugins import SETTING, Plugins, exception_line
from netspec.language.sections.losses import is_own
from netspec.runtime.diagnostics import spec_error


def own_object(name: str, node: Node, folder: Path, plugins: Plugins) -> object:
    """What a spec names.

    Args:
        name: `my_module:name`, the module on Python's path or beside the spec.
        node: of the name, to point at.
        folder: of the spec.
        plugins: what the person allows.

    Raises:
        SpecError: NS701, it is not allowed; NS702, there is no such module, it cannot be imported, or lacks the name.
    """
    module, _, attribute = name.partition(":")
    if not is_own(name):
        raise spec_error("NS202", f"code is named by its module and its name, my_module:make, not {name!r}", node)
    if not plugins.allows(module):
        what = f"{name} may not run: it is Python code, which runs only when you allow it"
        notes = (
            ("fix", "read it; if you trust it, add --allow-plugins (in Python: allow_plugins=True)"),
            ("or", f"{SETTING}={module} in the environment allows it for good, where it is installed"),
        )
        raise spec_error("NS701", what, node, *notes)
    try:
        with plugins.importable(folder):
            found = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        packages = [*accumulate(module.split("."), "{}.{}".format)]
        if isinstance(error, ModuleNotFoundError) and error.name in packages:
            where = ("note", "looked for on Python's path and, with --allow-plugins, in the spec's folder")
            raise spec_error("NS702", f"no module {module} is found", node, where) from None
        raise spec_error("NS702", f"{module} cannot be imported: {exception_line(error)}", node) from error
    if not hasattr(found, attribute):
        names = [each for each in vars(found) if not each.startswith("_")]
        what = f"{module} has no {attribute!r}{did_you_mean(closest(attribute, names))}"
        raise spec_error("NS702", what, node)
    return getattr(found, attribute)


def own_says(error: BaseException) -> tuple[str, str]:
    """A note with what code of one's own raised, and the line of its file."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    at = "" if last is None else f" at {Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}"
    return ("raised", exception_line(error) + at)
