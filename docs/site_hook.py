"""What mkdocs does for this site beside its pages: pages of specs, commands, CONTRIBUTING and CHANGELOG; Chinese menus.

Pages link files of the checkout as they lie there (`../specs/digits.yaml`), so that the links work in a checkout as
well; here they lead to the page that is made of the file.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import netspec
from netspec.cli.main import COMMANDS, cli

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
SPECS = sorted((ROOT / "specs").glob("*.yaml"))
TEXTS = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md"}
TALLEST, LONGEST = 1500, 60  # a picture opens blocks, a table lists their layers, as long as it stays below
_LINK = re.compile(r"\]\((?:\.\./)+(specs/[\w.]+\.yaml|\w+\.md)\)")
_SAYS = re.compile(r"\A(?:# ?.*\n)+")
_HEIGHT = re.compile(r'viewBox="0 0 \S+ (\d+)')


def head_of(path: Path) -> str:
    """The comment that a spec begins with."""
    found = _SAYS.match(path.read_text("utf-8"))
    return " ".join(line.lstrip("# ") for line in found[0].splitlines()) if found else ""


def picture(path: Path) -> str:
    """A spec's network as SVG, its blocks open where that is no tower."""
    spec = netspec.load(path)
    drawn = netspec.graph(spec, depth=2)
    height = _HEIGHT.search(drawn)
    assert height is not None
    return drawn if int(height[1]) < TALLEST else netspec.graph(spec, depth=1)


def zoomed(path: Path) -> str:
    """The same as a page to zoom, fold and search."""
    return netspec.graph(netspec.load(path), format="html")


def spec_page(path: Path) -> str:
    """A page that shows a spec: its picture, its layers, its text."""
    name, table = path.stem, netspec.summary(netspec.load(path)).strip()
    layers = f"## Layers\n\n```text\n{table}\n```\n\n" if len(table.splitlines()) < LONGEST else ""
    return (
        f"# {name}\n\n{head_of(path)}\n\n    netspec init {name}        # writes {path.name} into your folder\n\n"
        f"[![The network of {path.name}](pictures/{name}.svg)](pictures/{name}.html)\n\n"
        f"A click on the picture opens it to zoom, fold and search.\n\n{layers}"
        f'## The spec\n\n```yaml title="specs/{path.name}"\n{path.read_text("utf-8")}```\n'
    )


def specs_page() -> str:
    """The list of them."""
    rows = [f"| [{path.stem}]({path.stem}.md) | {head_of(path)} |" for path in SPECS]
    return "\n".join(["# The specs people start from", "", "| Spec | What it is |", "|---|---|", *rows, ""])


def commands_page() -> str:
    """The help of each command."""
    lines = ["# Commands", "", "What `netspec COMMAND --help` says.", ""]
    top = click.Context(cli, info_name="netspec", terminal_width=80)
    for name in COMMANDS:
        command = cli.get_command(top, name)
        assert command is not None
        told = command.get_help(click.Context(command, top, info_name=name, terminal_width=80))
        lines += [f"## netspec {name}", "", "```text", told, "```", ""]
    return "\n".join(lines)


def text_page(source: str) -> str:
    """A text of the checkout's top folder."""
    return (ROOT / source).read_text("utf-8").replace("](docs/", "](")


def made() -> dict[str, Callable[[], str]]:
    """The files that lie elsewhere or are made here, by their place in the site: functions that give their text."""
    files: dict[str, Callable[[], str]] = {"specs/index.md": specs_page, "commands.md": commands_page}
    files |= {name: partial(text_page, source) for source, name in TEXTS.items()}
    for path in SPECS:
        files[f"specs/{path.stem}.md"] = partial(spec_page, path)
        files[f"specs/pictures/{path.stem}.svg"] = partial(picture, path)
        files[f"specs/pictures/{path.stem}.html"] = partial(zoomed, path)
    return files


def on_config(config: MkDocsConfig) -> None:
    """The search reads Chinese by jieba, which tells at length that it loads its words."""
    with contextlib.suppress(ImportError):
        import jieba

        jieba.setLogLevel(logging.WARNING)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add these files."""
    from mkdocs.structure.files import File

    for name, write in made().items():
        files.append(File.generated(config, name, content=write()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files of the checkout into links to their pages."""
    up = "../" * page.file.src_uri.count("/")

    def here(link: re.Match[str]) -> str:
        target = link[1]
        name = TEXTS.get(target, target.replace(".yaml", ".md"))
        return f"]({up}{name})" if target in TEXTS or target.startswith("specs/") else link[0]

    return _LINK.sub(here, markdown)


def on_page_context(context: dict[str, Any], *, page: Page, config: MkDocsConfig, nav: Any) -> dict[str, Any]:
    """The menus around a Chinese page are Chinese; each page is written before the next one's turn."""
    config.theme["language"] = "zh" if page.file.src_uri.startswith("zh/") else "en"
    return context
