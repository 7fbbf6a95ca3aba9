"""The course: each chapter gone through as a learner does, and what a chapter has to have."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.course import Learner, apply, blocks_of, difference, line_agrees
from tests.rounds import sample
from tests.spec_cases import ROOT

COURSE = ROOT / "docs/course"
CHAPTERS = sorted(COURSE.glob("[0-9]-*.md"))
CHINESE = [ROOT / "docs/zh/index.md", *sorted((ROOT / "docs/zh/course").glob("[0-9]-*.md"))]
PARTS = ["## The idea", "## By hand", "## As a spec", "## A mistake to make", "## Exercises"]


@pytest.fixture
def learner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, quick_pictures: None
) -> Learner:
    """Somebody in a folder with the specs, without a GPU."""
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return Learner(tmp_path, capsys, monkeypatch)


def named(page: Path) -> str:
    """A page's name in pytest's output."""
    return f"{'zh-' if page in CHINESE else ''}{page.stem}"


@pytest.mark.parametrize(
    "page", [ROOT / "docs/index.md", *sample(CHAPTERS, 4, start=2), *sample(CHINESE, 4)], ids=named
)
def test_each_page_says_what_happens(page: Path, learner: Learner) -> None:
    learner.go_through(page)
    assert any(command.startswith("netspec check ") for command in learner.commands)


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_each_chapter_has_its_parts_and_one_mistake(page: Path) -> None:
    text = page.read_text("utf-8")
    headings = re.findall(r"^## .+$", text, re.MULTILINE)
    assert [heading for heading in headings if heading in PARTS] == PARTS
    mistake = text.partition("## A mistake to make")[2].partition("\n## ")[0]
    assert re.search(r"^(error|warning)\[NS\d+\]", mistake, re.MULTILINE)
    exercises, answers = text.partition("## Exercises")[2], re.findall(r"<summary>(.+?)</summary>", text)
    assert len(answers) == len(re.findall(r"^\d+\. ", exercises, re.MULTILINE)) >= 2


# -- that these can fail ----------------------------------------------------------------------------------------------


def test_another_output_would_show(learner: Learner) -> None:
    page = Path("page.md")
    text = (COURSE / "1-linear-regression.md").read_text("utf-8")
    page.write_text(text.replace("2 parameters", "3 parameters", 1), encoding="utf-8")
    with pytest.raises(AssertionError, match="3 parameters"):
        learner.go_through(page)


@pytest.mark.parametrize(
    ("shown", "printed", "near", "same"),
    [
        ("loss  0.50", "loss 0.51", 0.2, True),
        ("loss  0.50", "loss 0.51", 0.0, False),
        ("loss  0.50", "loss 0.9", 0.2, False),
        ("loss  0.50", "rate 0.50", 0.2, False),
        ("epoch 20", "epoch 21", 0.2, False),
        ("2 epochs in … s", "2 epochs in 0.3 s", 0.2, True),
        ("a …", "b c", 0.0, False),
    ],
)
def test_lines(shown: str, printed: str, near: float, same: bool) -> None:
    assert line_agrees(shown, printed, near) == same


def test_lines_left_out_are_any_and_no_others() -> None:
    assert difference("a\n…\nd\n", "a\nb\nc\nd\n") == ""
    assert "printed: b" in difference("a\nd\n", "a\nb\nc\nd\n")
    assert difference("a\n…\nd\n", "a\nb\nc\n") != ""


def test_a_change_without_its_place_would_show() -> None:
    assert apply("-b\n+c\n", "a\nb\n") == "a\nc\n"
    with pytest.raises(ValueError, match="0 places"):
        apply("-x\n+c\n", "a\nb\n")


def test_blocks_in_lists_are_found(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text('1. One\n\n    ```yaml title="a.yaml"\n    a: 1\n      b\n    ```\n')
    (block,) = blocks_of(tmp_path / "page.md")
    assert (block.language, block.title, block.text) == ("yaml", "a.yaml", "a: 1\n  b\n")
