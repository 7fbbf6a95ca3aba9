"""The Chinese pages go along with the English ones: the same headings, commands, code, links and tables, in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.commands import netspec
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
    """The fenced blocks with their heads, without comments; of an output the commands, with the codes of what is found.

    Comments and findings are in the reader's language; that the findings are netspec's, test_course.py tests.
    """
    found = []
    for fence in FENCE.finditer(text):
        lines = COMMENT.sub("", fence[0]).splitlines()
        said = fence["text"].startswith("$ ")
        kept = [
            re.sub(r"^\w+(?=\[NS)|(?<=\])[:：].*", "", line) for line in lines if re.match(r"\$ |```|\w+\[NS", line)
        ]
        found.append("\n".join(kept if said else lines))
    return found


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


def test_the_chinese_readme_shows_what_check_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fences = list(FENCE.finditer((ROOT / "README.zh.md").read_text("utf-8")))
    command, _, shown = next(fence["text"] for fence in fences if fence["text"].startswith("$ ")).partition("\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETSPEC_LANG", "zh")
    (tmp_path / "net.yaml").write_text(fences[0]["text"], encoding="utf-8")
    assert netspec(*command.split()[2:], capsys=capsys).out == shown


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("## 练习", "### 练习"),
        ("$ netspec check line.yaml", "$ netspec chek line.yaml"),
        ("错误[NS612]", "错误[NS613]"),
        ("epochs: 100", "epochs: 101"),
        ("| 3 | 6 | 3 | −3 | 9 | −9 |\n", ""),
    ],
)
def test_a_page_that_fell_behind_would_show(was: str, becomes: str) -> None:
    text = (ROOT / "docs/zh/course/1-linear-regression.md").read_text("utf-8")
    behind = text.replace(was, becomes, 1)
    assert behind != text
    assert any(told(behind) != told(text) for told in (headings, blocks, commands, cells))
