"""What mkdocs does for this site beside its pages: the specs, CONTRIBUTING and CHANGELOG as pages, and Chinese menus.

Pages link files of the checkout as they lie there (`../specs/digits.yaml`), so that the links work in a checkout as
well; here they lead to the page that is made of the file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
SPECS = sorted((ROOT / "specs").glob("*.yaml"))
TEXTS = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md"}
_LINK = re.compile(r"\]\((?:\.\./)+(specs/[\w.]+\.yaml|\w+\.md)\)")
_SAYS = re.compile(r"\A(?:# ?.*\n)+")


def head_of(text: str) -> str:
    """The comment that a spec begins with."""
    found = _SAYS.match(text)
    return " ".join(line.lstrip("# ") for line in found[0].splitlines()) if found else ""


def spec_page(path: Path) -> str:
    """A page that shows a spec, the file of which lies beside it."""
    text = path.read_text("utf-8")
    return f'# {path.stem}\n\n{head_of(text)}\n\n```yaml title="specs/{path.name}"\n{text}```\n'


def specs_page() -> str:
    """The list of them."""
    rows = [f"| [{path.stem}]({path.stem}.md) | {head_of(path.read_text('utf-8'))} |" for path in SPECS]
    return "\n".join(["# The specs people start from", "", "| Spec | What it is |", "|---|---|", *rows, ""])


def made_pages() -> dict[str, str]:
    """The texts of the pages that lie elsewhere or are made here, by their place in the site."""
    made = {"specs/index.md": specs_page()}
    made |= {f"specs/{path.stem}.md": spec_page(path) for path in SPECS}
    return made | {name: (ROOT / source).read_text("utf-8").replace("](docs/", "](") for source, name in TEXTS.items()}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add these pages."""
    from mkdocs.structure.files import File

    for name, text in made_pages().items():
        files.append(File.generated(config, name, content=text))
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
