"""What a person allows of plugins, by a flag or by a setting of theirs; a spec alone allows nothing.

`--allow-plugins` (`allow_plugins=True`) allows every plugin of the specs that a command reads: what is installed, and
modules beside the spec. The environment variable NETSPEC_ALLOW_PLUGINS does the same where it is `all`; else it lists
modules, or packages with all their modules, and these only where they are installed: any spec may bring a file of that
name.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from netspec.language.plugins import SETTING, LoadedPlugin, not_allowed

EVERY = "all"


@dataclass
class PluginPermission:
    """Plugins that may run: `every` one, or those of `names`. What was brought once is not made again."""

    every: bool
    names: frozenset[str] = frozenset()
    brought: dict[tuple[str, Path], LoadedPlugin] = field(default_factory=dict, repr=False)

    def load(self, name: str, folder: Path) -> LoadedPlugin:
        """The layers of a plugin; see `netspec.language.plugins.Plugins`."""
        parts = name.split(".")
        packages = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
        if not self.every and not packages & self.names:
            return not_allowed(name)
        key = name, folder.resolve()
        if key not in self.brought:
            from netspec.compiler.plugins.importing import load_plugin  # most specs have no plugin

            self.brought[key] = load_plugin(name, key[1] if self.every else None)
        return self.brought[key]

    def importable(self, folder: Path) -> AbstractContextManager[None]:
        """While it lasts, modules beside the spec can be imported, if they are allowed."""
        from netspec.compiler.plugins.importing import importing

        return importing(folder.resolve() if self.every else None)


def plugin_permission(allow: bool = False) -> PluginPermission:
    """What the person allows: every plugin, or what their setting says."""
    said = {word.strip() for word in os.environ.get(SETTING, "").split(",")} - {""}
    return PluginPermission(allow or EVERY in said, frozenset(said))
