"""The pages of the course, read and gone through as a learner does: files are written, commands run, outputs compared.

A page is a text with fenced blocks. ``` ```yaml title="net.yaml" ``` is a file, ``` ```diff title="net.yaml" ``` a
change of one, ``` ```console ``` commands behind `$ ` with what they print. In an output `…` stands for any text, and
alone on a line for any lines. What training, or a program, prints are figures that another CPU computes a little
otherwise: numbers with a fraction are compared to a fifth there, all else exactly.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
import runpy
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.commands import netspec
from tests.spec_cases import ROOT

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?[^\n]*\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
FIGURES = ("train", "eval", "predict", "compare", "bench")
NEAR = 0.2
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its file's name if it has one, its text."""

    language: str
    title: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in their order; one in a list is taken out of its indentation."""
    found = []
    for fence in FENCE.finditer(page.read_text("utf-8")):
        lines = fence["text"].splitlines(keepends=True)
        text = "".join(line.removeprefix(fence["indent"]) for line in lines)
        found.append(Block(fence["language"], fence["title"] or "", text))
    return found


def sessions(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def apply(change: str, text: str) -> str:
    """A text with the lines of a diff exchanged; ValueError where those that go are not there once."""
    lines = change.splitlines()
    old = "".join(line[1:] + "\n" for line in lines if line[:1] in ("-", " "))
    new = "".join(line[1:] + "\n" for line in lines if line[:1] in ("+", " "))
    if text.count(old) != 1:
        raise ValueError(f"{text.count(old)} places for the change\n{change}")
    return text.replace(old, new)


# -- what is shown, and what is printed -------------------------------------------------------------------------------


def number_agrees(shown: str, printed: str, near: float) -> bool:
    """Are two numbers the same, or, where one has a fraction, nearly so?"""
    if shown == printed:
        return True
    one, other = (float(text.replace(",", "")) for text in (shown, printed))
    return bool(re.search(r"[.e]", shown + printed)) and math.isclose(one, other, rel_tol=near, abs_tol=near / 10)


def line_agrees(shown: str, printed: str, near: float) -> bool:
    """Does a line say what is shown? With `near`, numbers may differ by so much and columns in their width."""
    if near == 0:
        return re.fullmatch(".*".join(map(re.escape, shown.rstrip().split("…"))), printed.rstrip()) is not None
    pattern, numbers, at = "", [], 0
    text = re.sub(r"-{3,}", "---", re.sub(r"\s+", " ", shown.strip()))
    given = re.sub(r"-{3,}", "---", re.sub(r"\s+", " ", printed.strip()))
    for number in NUMBER.finditer(text):
        pattern += re.escape(text[at : number.start()]) + f"({NUMBER.pattern})"
        numbers.append(number[0])
        at = number.end()
    pattern += re.escape(text[at:])
    found = re.fullmatch(pattern.replace("…", ".*"), given)
    return found is not None and all(map(number_agrees, numbers, found.groups(), [near] * len(numbers)))


def difference(shown: str, printed: str, near: float = 0.0) -> str:
    """The first place where an output is not what is shown; empty where there is none."""
    want, have = shown.rstrip().splitlines(), printed.rstrip().splitlines()

    def matches(i: int, j: int) -> bool:
        while i < len(want) and want[i].strip() != "…":
            if j >= len(have) or not line_agrees(want[i], have[j], near):
                return False
            i, j = i + 1, j + 1
        if i == len(want):
            return j == len(have)
        return any(matches(i + 1, later) for later in range(j, len(have) + 1))

    if matches(0, 0):
        return ""
    pairs = zip_longest(want, have, fillvalue="(nothing)")
    first = next((pair for pair in pairs if pair[0] != "…" and not line_agrees(*pair, near)), ("…", "another end"))
    return f"shown: {first[0]}\nprinted: {first[1]}\nall of it:\n{printed}"


# -- a page gone through ----------------------------------------------------------------------------------------------


class Learner:
    """Goes through pages in one folder, which is the current one."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.capsys, self.monkeypatch = folder, capsys, monkeypatch
        self.commands: list[str] = []
        self.chinese = False
        monkeypatch.syspath_prepend(str(folder))  # as `python FILE` does

    def run(self, command: str) -> str:
        """What a command prints: `netspec …`, `echo … | netspec …`, `python FILE`, `cat FILE`."""
        self.commands.append(command)
        said, _, piped = command.rpartition(" | ")
        words = shlex.split(piped)
        if said:
            given = shlex.split(said)
            assert given[0] == "echo"
            text = " ".join(given[1:]) + "\n"
            self.monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
        if words[0] == "netspec":
            done = netspec(*words[1:], capsys=self.capsys)
            return done.err + done.out
        if words[0] == "cat":
            return (self.folder / words[1]).read_text("utf-8")
        assert words[0] == "python", command
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            runpy.run_path(words[1], run_name="__main__")
        return printed.getvalue()

    def leaves_out(self, command: str, shown: str) -> bool:
        """In Chinese pages: what trains or computes and prints no Chinese, which the English page has done already."""
        words = shlex.split(command.rpartition(" | ")[2])
        long = "torch" in (self.folder / words[1]).read_text("utf-8") if words[0] == "python" else words[1] in FIGURES
        return self.chinese and long and not CHINESE.search(shown)

    def go_through(self, page: Path) -> None:
        """Do what a page says; AssertionError where something else comes out."""
        self.chinese = page.is_relative_to(ROOT / "docs/zh") or page.name == "README.zh.md"
        self.monkeypatch.setenv("NETSPEC_LANG", "zh" if self.chinese else "en")
        for block in blocks_of(page):
            file = self.folder / block.title
            if block.language == "diff":
                file.write_text(apply(block.text, file.read_text("utf-8")), encoding="utf-8")
            elif block.title and not block.title.startswith("specs/"):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text, encoding="utf-8")
            elif block.language == "console":
                for command, shown in sessions(block.text):
                    if self.leaves_out(command, shown):
                        continue
                    words = shlex.split(command.rpartition(" | ")[2])
                    figures = words[0] == "python" or words[1] in FIGURES
                    near = NEAR if figures else 0.0
                    differs = difference(shown, self.run(command), near)
                    assert not differs, f"{page.name}: $ {command}\n{differs}"
