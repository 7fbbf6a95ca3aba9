"""The plugins that a person allows, by a flag or by an environment variable; a spec alone allows none.

`--allow-plugins` (`allow_plugins=True`) allows every plugin of the specs that a command reads: what is installed, and
modules beside the spec. The environment variable NETSPEC_ALLOW_PLUGINS does the same where it is `all`; else it lists
modules, or packages with all their modules, and these only where they are installed: any spec may bring a file of that
name.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from netspec.language.plugins import SETTING, LoadedPlugin, not_allowed

EVERY = "all"


@dataclass
class PluginPermission:
    """The plugins that may run.

    Args:
        every: whether all may.
        names: else the modules and packages that may, where they are installed.
        loaded: the plugins that were loaded so far, by module and folder; none is loaded twice.
    """

    every: bool
    names: frozenset[str] = frozenset()
    loaded: dict[tuple[str, Path], LoadedPlugin] = field(default_factory=dict, repr=False)

    def load(self, name: str, folder: Path) -> LoadedPlugin:
        """The layers of a plugin; see `netspec.language.plugins.Plugins`."""
        if not self.allows(name):
            return not_allowed(name)
        key = name, folder.resolve()
        if key not in self.loaded:
            from netspec.compiler.plugins.importing import load_plugin  # most specs have no plugin

            self.loaded[key] = load_plugin(name, key[1] if self.every else None)
        return self.loaded[key]

    def allows(self, module: str) -> bool:
        """Whether a module may run: all do, or the person has named it or a package of it."""
        packages = accumulate(module.split("."), "{}.{}".format)  # a, a.b, a.b.c
        return self.every or not self.names.isdisjoint(packages)

    def importable(self, folder: Path) -> AbstractContextManager[None]:
        """A context in which modules beside the spec can be imported, if they are allowed."""
        from netspec.compiler.plugins.importing import importing

        return importing(folder.resolve() if self.every else None)


def plugin_permission(allow: bool = False) -> PluginPermission:
    """The plugins that the person allows.

    Args:
        allow: whether every plugin is allowed; else those that the environment variable lists.
    """
    names = {word.strip() for word in os.environ.get(SETTING, "").split(",")} - {""}
    return PluginPermission(allow or EVERY in names, frozenset(names))
