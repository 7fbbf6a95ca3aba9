"""A file or a text → Spec: composed, the files of `model` and `include` merged, settings applied, then parsed.

A path and a text are told apart by the call, `load` or `loads`; neither is guessed from what a string looks like.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping as Dict
from collections.abc import Sequence as ListLike
from dataclasses import field, replace
from pathlib import Path

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Findings
from netspec.core.faults import guarded
from netspec.core.files import COMMAND_LINE, PathRefused, ReadError, check_text, read_text
from netspec.core.garbage import seldom_collected
from netspec.core.tree import Mapping, Node, Scalar, Sequence, Span, describe, shorten
from netspec.language.overrides import apply_settings
from netspec.language.parse import check_version, parse
from netspec.language.plugins import NO_PLUGINS, Plugins, nodes_of
from netspec.language.sections.keys import SPEC_KEYS, correct_keys
from netspec.language.source import compose
from netspec.language.spec import Spec

MOST_FILES = 100
TEXT = "<text>"
LONGEST_MESSAGE = 200  # characters of an error of the operating system
INCLUDED_KEYS = ("netspec", "name", "include", "blocks")
NETWORK_KEYS = ("input", "inputs", "sizes", "blocks", "layers", "outputs", "include", "init")


@dataclass
class _Loader:
    """Reads the files of one spec, all below `folder`."""

    folder: Path
    shown: str  # the folder as the user wrote it
    findings: Findings
    sources: dict[str, str] = field(default_factory=dict)
    origins: dict[str, Span] = field(default_factory=dict)
    overlay: Dict[str, str] = field(default_factory=dict)
    self_contained: bool = False
    trees: dict[Path, Mapping | None] = field(default_factory=dict)  # each file is read once,
    complete: dict[Path, Mapping] = field(default_factory=dict)  # and its includes are merged once

    def tree(self, text: str, path: str) -> Mapping | None:
        self.sources[path] = text
        root, found = compose(text, path)
        self.findings.extend(found)
        if isinstance(root, Mapping):
            return root
        if not found:
            at = root.span if root is not None else Span(path, 1, 1, 1, 2)
            got = "nothing" if root is None else describe(root)
            self.findings.add("NS200", f"a spec is a mapping that starts with `netspec: 1`, got {got}", at)
        return None

    def file(self, node: Node, trail: tuple[Path, ...]) -> tuple[Mapping, str, Path] | None:
        """The tree of a file that a spec names, its path for messages, and its resolved path."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self.findings.add("NS202", f"expected the path of a file, got {describe(node)}", node)
            return None
        if self.self_contained:
            message = f"{shorten(node.value)} is not read: a spec that a run has stored holds its whole network"
            self.findings.add("NS212", message, node)
            return None
        base = self.folder if node.span.path == COMMAND_LINE or not trail else trail[-1].parent
        try:
            found = (base / node.value).resolve()
            if not found.is_relative_to(self.folder.resolve()):
                raise PathRefused(f"{node.value} lies outside the spec's folder")
            if found in trail:
                self.findings.add("NS213", f"{node.value} is being read already: the files include each other", node)
                return None
            shown = os.path.join(self.shown, os.path.relpath(found, self.folder.resolve()))  # noqa: PTH118 - as typed
            if found not in self.trees:
                if len(self.trees) >= MOST_FILES:
                    raise PathRefused(f"more than {MOST_FILES} files")
                text = self.overlay[shown] if shown in self.overlay else read_text(found)
                self.origins.setdefault(shown, node.span)
                self.trees[found] = self.tree(text, shown)
        except (PathRefused, ValueError, OSError, RuntimeError) as refused:  # RuntimeError: a circle of links
            self.findings.add("NS212", shorten(str(refused), LONGEST_MESSAGE), node)
            return None
        except ReadError as error:
            self.findings.add("NS212", str(error).replace(str(found), node.value), node)
            return None
        root = self.trees[found]
        return None if root is None else (root, shown, found)

    def with_model(self, root: Mapping, trail: tuple[Path, ...]) -> tuple[Mapping, str | None]:
        """`root` with the network of the file that its `model` names, and that network's name."""
        node = root.get("model")
        if node is None:
            return root, None
        for key in ("blocks", "layers", "outputs", "include"):
            if (at := root.key(key)) is not None:
                self.findings.add("NS217", f"model brings the network; {key} cannot stand beside it", at)
        read = self.file(node, trail)
        if read is None:
            return root, None
        model, shown, found = read
        check_version(model, self.findings)
        model = correct_keys(model, SPEC_KEYS, "a spec", self.findings)
        model = self.with_includes(model, (*trail, found))
        model, inner = self.with_model(model, (*trail, found))
        if model.get("layers") is None:
            if model.get("model") is None:
                self.findings.add("NS203", f"{shown} has no layers, so it is no model", node)
            return root, None
        title = model.get("name")
        name = inner or (title.text if isinstance(title, Scalar) else Path(shown).stem)
        own = root.get("params")
        entries = [(k, v) for k, v in root.entries if k.text not in ("model", "params")]
        base = model.get("params")
        if own is not None or base is not None:
            params = self.merged_params(base, own)
            entries.append((root.key("params") or model.key("params") or Scalar("params", root.span, "params"), params))
        entries = _with_plugins(entries, model)
        taken = {key.text for key, _ in entries}
        if taken & {"input", "inputs"}:
            taken |= {"input", "inputs", "sizes"}
        entries += [(k, v) for k, v in model.entries if k.text in NETWORK_KEYS and k.text not in taken]
        return replace(root, entries=tuple(entries)), name

    def merged_params(self, base: Node | None, own: Node | None) -> Node:
        if not isinstance(base, Mapping):
            base = Mapping((), own.span if own else Span(TEXT, 1, 1, 1, 1))
        if own is None:
            return base
        if not isinstance(own, Mapping):
            return own
        known = [key.text for key, _ in base]
        for key, _ in own:
            if key.text not in known:
                self.findings.misspelt("NS210", f"the model has no parameter {key.text!r}", key, known)
        entries = [(own.key(k.text) or k, own.get(k.text) or v) for k, v in base]
        return Mapping(tuple(entries), own.span, own.flow)

    def with_includes(self, root: Mapping, trail: tuple[Path, ...]) -> Mapping:
        """`root` with the blocks of the files that its `include` names, and of those that they name."""
        node = root.get("include")
        if node is None:
            return root
        own = root.get("blocks")
        blocks = list(own.entries) if isinstance(own, Mapping) else []
        known = {key.text: key.span for key, _ in blocks}
        for item in node.items if isinstance(node, Sequence) else (node,):
            read = self.file(item, trail)
            if read is None:
                continue
            tree, _, found = read
            if found not in self.complete:
                self.complete[found] = self.included(tree, (*trail, found))
            more = self.complete[found].get("blocks")
            for key, body in more.entries if isinstance(more, Mapping) else ():
                if known.setdefault(key.text, key.span) == key.span:
                    blocks.append((key, body))
                else:
                    self.findings.add("NS209", f"the block {key.text} is defined in {known[key.text].path} too", key)
        unique = tuple({key.text: (key, body) for key, body in reversed(blocks)}.values())[::-1]
        at = root.key("blocks") or root.key("include") or Scalar("blocks", root.span, "blocks")
        merged = (replace(at, value="blocks", text="blocks"), Mapping(unique, own.span if own else node.span))
        entries = [(k, v) for k, v in root.entries if k.text not in ("include", "blocks")]
        return replace(root, entries=(*entries, merged))

    def included(self, tree: Mapping, trail: tuple[Path, ...]) -> Mapping:
        """An included file with what it includes in turn; its other keys are refused."""
        if tree.get("netspec") is not None:
            check_version(tree, self.findings)
        tree = correct_keys(tree, INCLUDED_KEYS, "an included file brings blocks only: it", self.findings)
        return self.with_includes(tree, trail)


@seldom_collected()
def load(
    path: str | Path,
    settings: ListLike[str] = (),
    *,
    folder: Path | None = None,
    overlay: Dict[str, str] | None = None,
    plugins: Plugins = NO_PLUGINS,
    self_contained: bool = False,
) -> Spec:
    """Read a spec from a file.

    Args:
        path: the file; `-` is standard input.
        settings: assignments such as `classes=100` or `train.epochs=3`, made in order.
        folder: what relative paths are relative to; the file's own folder where left out.
        overlay: texts that replace the files of those paths (as shown in spans); for trying an edit.
        plugins: what the user allows of plugins; nothing where left out.
        self_contained: refuse `include` and `model`: what a run has stored needs no other file.

    Returns:
        The Spec; what is wrong with it is in its `diagnostics`.

    Raises:
        ReadError: the file itself cannot be read.
    """
    overlay = overlay or {}
    given = str(path)
    stdin = given == "-"
    shown = "<stdin>" if stdin else given
    text = overlay[shown] if shown in overlay else read_text(given)
    trail = () if stdin else (Path(given).resolve(),)
    home = folder or (trail[0].parent if trail else Path.cwd())
    start = os.path.dirname(given) if trail else ""  # noqa: PTH120 - as typed
    loader = _Loader(home, start, Findings(), overlay=overlay, self_contained=self_contained)
    return _read(loader, text, shown, trail, settings, plugins)


@seldom_collected()
def loads(
    text: str,
    settings: ListLike[str] = (),
    *,
    folder: Path | None = None,
    overlay: Dict[str, str] | None = None,
    plugins: Plugins = NO_PLUGINS,
    self_contained: bool = False,
) -> Spec:
    """Read a spec from its text. No file is opened but those that its `include` and `model` name below `folder`.

    Args:
        text: YAML, whatever it looks like.
        settings, overlay, plugins, self_contained: as of `load`.
        folder: what relative paths are relative to; the working directory where left out.

    Returns:
        The Spec; what is wrong with it is in its `diagnostics`.

    Raises:
        ReadError: it is empty, binary or too large.
    """
    check_text(text, TEXT)
    loader = _Loader(folder or Path.cwd(), "", Findings(), overlay=overlay or {}, self_contained=self_contained)
    return _read(loader, text, TEXT, (), settings, plugins)


def _read(
    loader: _Loader, text: str, path: str, trail: tuple[Path, ...], settings: ListLike[str], plugins: Plugins
) -> Spec:
    """The Spec of a text that spans call `path`; `trail` is its file, where it is of one."""
    findings, start = loader.findings, Span(path, 1, 1, 1, 2)

    def parsed(root: Mapping, findings: Findings, network: str) -> Spec:
        spec = parse(
            root,
            findings,
            path=path,
            folder=loader.folder,
            network_name=network,
            sources=loader.sources,
            origins=loader.origins,
            settings=tuple(settings),
            plugins=plugins,
        )
        return replace(spec, self_contained=loader.self_contained)

    def read() -> Spec | None:
        root = loader.tree(text, path)
        loader.sources[COMMAND_LINE] = "\n".join(settings)
        if root is None:
            return None
        root = correct_keys(root, SPEC_KEYS, "a spec", findings)
        root = loader.with_includes(root, trail)
        root, network = loader.with_model(root, trail)
        root = apply_settings(root, settings, findings)
        title = root.get("name")
        return parsed(root, findings, network or (title.text if isinstance(title, Scalar) else Path(path).stem))

    spec = guarded("the reading of the spec", read, None, start, findings)
    if spec is not None:
        return spec
    loader.sources.setdefault(path, text)
    empty = parsed(Mapping((), start), Findings(), "network")
    return replace(empty, name="network", diagnostics=tuple(findings.list()))


def _with_plugins(entries: list[tuple[Scalar, Node]], model: Mapping) -> list[tuple[Scalar, Node]]:
    """`entries` with the plugins of the model added to their own."""
    key, theirs = model.key("plugins"), model.get("plugins")
    if key is None or theirs is None:
        return entries
    own = next((value for name, value in entries if name.text == "plugins"), None)
    both = Sequence((*nodes_of(own), *nodes_of(theirs)), theirs.span, flow=True)
    return [*(pair for pair in entries if pair[0].text != "plugins"), (key, both)]


def as_settings(params: Dict[str, object]) -> tuple[str, ...]:
    """Keyword parameters of the Python API as assignments; JSON is YAML."""
    return tuple(f"{name}={json.dumps(value)}" for name, value in params.items())
