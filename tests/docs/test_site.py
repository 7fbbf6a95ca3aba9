"""The site: every page has its place in the menu, every link its end, and nothing is loaded from elsewhere.

`make site` builds it with mkdocs, which finds the same; here it is found in a second.
"""

from __future__ import annotations

import re
import runpy
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from netspec.cli.main import COMMANDS
from tests.spec_cases import ROOT, SHIPPED

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TEXTS = [*PAGES, *(ROOT / name for name in ("README.md", "README.zh.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
HOOK = runpy.run_path(str(DOCS / "site_hook.py"))
MADE = HOOK["made"]()
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml, where one value names a function."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: suffix)
CONFIG: dict[str, Any] = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader)


def leaves(menu: Any) -> Iterator[str]:
    """The pages of a menu."""
    if isinstance(menu, str):
        yield menu
    else:
        for item in menu.values() if isinstance(menu, dict) else menu:
            yield from leaves(item)


def prose(text: str) -> str:
    """A page without its code."""
    text = re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    found: list[str] = []
    text = re.sub(r"^( *)```.*?^\1```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.append(re.sub(r"[^\w\- ]", "", words).strip().replace(" ", "-"))
    return frozenset(found)


def dead(page: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for parts in LINK.findall(prose(text)):
        link = "".join(parts)
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        made = target.is_relative_to(DOCS) and str(target.relative_to(DOCS)) in MADE
        if not (made or target.exists()) or (anchor and not made and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead(page: Path) -> None:
    assert dead(page, page.read_text("utf-8")) == []


@pytest.mark.parametrize("link", ["none.md", "training.md#no-such", "pictures/none.svg", "#no-such", "specs/none.md"])
def test_a_dead_link_would_show(link: str) -> None:
    assert dead(DOCS / "language.md", f"see [there]({link}) and [here](training.md#tables)") == [link]


def test_every_page_is_in_the_menu_once() -> None:
    pages = list(leaves(CONFIG["nav"]))
    assert len(pages) == len(set(pages))
    made = {page for page in pages if page in MADE}
    assert {*pages} - made == {str(page.relative_to(DOCS)) for page in PAGES}


def test_nothing_is_loaded_from_elsewhere() -> None:
    assert CONFIG["theme"]["font"] is False
    assert {"offline", "social"} & {*leaves(CONFIG["plugins"])} == set()
    assert [name for name in CONFIG["extra_css"] if not (DOCS / name).is_file()] == []
    assert "://" not in "".join((DOCS / name).read_text("utf-8") for name in CONFIG["extra_css"])
    assert "extra_javascript" not in CONFIG


def test_the_site_needs_no_more_of_who_only_uses_netspec() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    asked = [name for name, packages in extras.items() if any(text.startswith("mkdocs") for text in packages)]
    assert asked == ["site"]
    assert [name for name, packages in extras.items() if "site" in " ".join(packages)] == ["dev"]


def test_a_page_is_made_of_each_spec_with_its_picture() -> None:
    names = {path.stem for path in SHIPPED}
    assert {f"specs/{name}.md" for name in names} | {f"specs/pictures/{name}.svg" for name in names} <= set(MADE)
    page = MADE["specs/inception_mnist.md"]()
    assert (ROOT / "specs/inception_mnist.yaml").read_text("utf-8") in page
    assert "97,298" in page
    assert "(pictures/inception_mnist.svg)" in page
    assert MADE["specs/pictures/inception_mnist.svg"]().startswith("<svg ")
    assert MADE["specs/pictures/digits.html"]().startswith("<!doctype html>")
    assert all(f"[{name}]({name}.md)" in MADE["specs/index.md"]() for name in names)


def test_the_page_of_commands_has_the_help_of_each() -> None:
    text = MADE["commands.md"]()
    assert re.findall(r"^## netspec (\S+)$", text, re.MULTILINE) == [*COMMANDS]
    assert text.count("Usage: netspec ") == text.count("  Example: netspec ") == len(COMMANDS)


def test_links_to_files_of_the_checkout_lead_to_their_pages() -> None:
    page: Any = SimpleNamespace(file=SimpleNamespace(src_uri="course/one.md"))
    text = "[a](../../specs/digits.yaml) [b](../../CONTRIBUTING.md) [c](../language.md)"
    told = HOOK["on_page_markdown"](text, page=page, config=None, files=None)
    assert told == "[a](../specs/digits.md) [b](../contributing.md) [c](../language.md)"


def test_the_menus_around_a_page_speak_its_language() -> None:
    config: Any = SimpleNamespace(theme={"language": "en"})
    for uri, language in (("zh/index.md", "zh"), ("index.md", "en")):
        page: Any = SimpleNamespace(file=SimpleNamespace(src_uri=uri))
        HOOK["on_page_context"]({}, page=page, config=config, nav=None)
        assert config.theme["language"] == language
