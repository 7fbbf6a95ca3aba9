"""The Chinese pages go along with the English ones: the same headings, commands, code, links and tables, in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.course import FENCE
from tests.spec_cases import ROOT

COURSE = ROOT / "docs/course"
PAIRS = [(path, ROOT / "docs/zh/course" / path.name) for path in sorted(COURSE.glob("*.md"))]
PAIRS += [(ROOT / "docs/index.md", ROOT / "docs/zh/index.md"), (ROOT / "README.md", ROOT / "README.zh.md")]
NAMES = [str(english.relative_to(ROOT)) for english, _ in PAIRS]
COMMENT = re.compile(r" *#[^\n]*")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
COMMAND = re.compile(r"^    (netspec|make|pip|pipx|uvx|python3?|\.venv/bin/\w+|OMP_\w+=\d+) (.*)$", re.MULTILINE)


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", text)


def headings(text: str) -> list[int]:
    """The levels of a page's headings."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(text), re.MULTILINE)]


def blocks(text: str) -> list[str]:
    """The fenced blocks, their head included, without comments, which are in the reader's language."""
    return [COMMENT.sub("", fence[0]) for fence in FENCE.finditer(text)]


def commands(text: str) -> list[str]:
    """The commands that stand in indented blocks, without comments."""
    return [COMMENT.sub("", " ".join(command)) for command in COMMAND.findall(prose(text))]


def cells(text: str) -> list[list[str]]:
    """For each row of a table what stands in its first cell as code: names of commands, files, layers."""
    rows = [line for line in prose(text).splitlines() if line.startswith("|")]
    return [re.findall(r"`[^`]+`", row.split(" | ")[0]) for row in rows]


def links(text: str, page: Path) -> list[str]:
    """Where the links of a page lead, whichever language it is in."""
    found = re.findall(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"", prose(text))
    lead = [str((page.parent / "".join(link).partition("#")[0]).resolve().relative_to(ROOT)) for link in found]
    return sorted(name.replace("docs/zh/", "docs/").replace("README.zh.md", "README.md") for name in lead)


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=NAMES)
def test_both_say_the_same(english: Path, chinese: Path) -> None:
    one, other = english.read_text("utf-8"), chinese.read_text("utf-8")
    assert headings(other) == headings(one)
    assert blocks(other) == blocks(one)
    assert commands(other) == commands(one)
    assert cells(other) == cells(one)
    if english.parent == COURSE:  # the others lead to pages in both languages
        assert links(other, chinese) == links(one, english)


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=NAMES)
def test_every_paragraph_is_translated(english: Path, chinese: Path) -> None:
    text = prose(chinese.read_text("utf-8"))
    parts = [re.sub(r"`[^`]*`|^    .*$", "", part, flags=re.MULTILINE) for part in re.split(r"\n\s*\n", text)]
    assert [part for part in parts if re.search(r"(\b[a-z]{2,}\b ){6}", part) and not CHINESE.search(part)] == []
    assert len(CHINESE.findall(text)) > 300


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("## 练习", "### 练习"),
        ("netspec check line.yaml", "netspec chek line.yaml"),
        ("epochs: 100", "epochs: 101"),
        ("| 3 | 6 | 3 | −3 | 9 | −9 |\n", ""),
    ],
)
def test_a_page_that_fell_behind_would_show(was: str, becomes: str) -> None:
    text = (ROOT / "docs/zh/course/1-linear-regression.md").read_text("utf-8")
    behind = text.replace(was, becomes, 1)
    assert behind != text
    assert any(told(behind) != told(text) for told in (headings, blocks, commands, cells))
