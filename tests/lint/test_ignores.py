"""Ignore comments: what is one, which line it is for, what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.checker import check
from netspec.language.load import load, loads
from netspec.lint.ignores import ignores_in
from tests.cli.commands import netspec

Lines = list[tuple[str, int | None]]


def read(text: str) -> tuple[Lines, list[str]]:
    found, wrong = ignores_in(text, "net.yaml")
    return [(each.code, each.line) for each in found], [item.message for item in wrong]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1  # netspec: ignore=NS905\n", [("NS905", 1)]),
        ("a: 1  # netspec: ignore=NS905,NS906\n", [("NS905", 1), ("NS906", 1)]),
        ("a: 1  #netspec:ignore = NS905 , NS906 as published\n", [("NS905", 1), ("NS906", 1)]),
        ("a: 1  # first 3 → 4  # netspec: ignore=NS905\n", [("NS905", 1)]),
        ("# netspec: ignore=NS905\n# more\n\na: 1\n", [("NS905", None)]),
        ("a: 1\n# netspec: ignore=NS905\n\n# more\n  # netspec: ignore=NS906\nb: 2\n", [("NS905", 6), ("NS906", 6)]),
        ("a: 1\n# netspec: ignore=NS905\n", [("NS905", 2)]),
        ("a: 1\r\nb: 2  # netspec: ignore=NS905\r\n", [("NS905", 2)]),
        ("a: '🧠'  # netspec: ignore=NS905\n", [("NS905", 1)]),
        ("a: [1, # netspec: ignore=NS905\n  2]\n", [("NS905", 1)]),
        ("a: |  # netspec: ignore=NS905\n  # netspec: ignore=NS906\nb: 1\n", [("NS905", 1)]),
        ("a: >\n  text\n# netspec: ignore=NS905\nb: 1\n", [("NS905", 4)]),
        ("a: '# netspec: ignore=NS905'\n", []),
        ('a: "b  # netspec: ignore=NS905"\n', []),
        ('a: "b\n  # netspec: ignore=NS905"\n', []),
        ("a: b# netspec: ignore=NS905\n", None),  # a plain scalar that ends in #, then a key: no YAML
        ("# netspec: 1\n# netspec: ignored\na: 1\n", []),
        ("a: '\n# netspec: ignore=NS905\n", []),
    ],
)
def test_what_is_an_ignore(text: str, expected: Lines | None) -> None:
    found, wrong = read(text)
    assert (found, wrong) == (expected or [], [])


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# netspec: ignore=NS401", "NS401 is an error; only warnings can be ignored"),
        ("# netspec: ignore=NS9005", "there is no warning 'NS9005'; did you mean"),
        ("# netspec: ignore=ns905", "there is no warning 'ns905'"),
        ("# netspec: ignore NS905", "this comment ignores nothing"),
        ("# netspec: ignore=", "this comment ignores nothing"),
        ("# netspec: ignore", "this comment ignores nothing"),
    ],
)
def test_a_wrong_ignore_is_an_error(comment: str, said: str) -> None:
    found, wrong = read(f"a: 1  {comment}\n")
    assert found == []
    assert said in wrong[0]


TWICE = "netspec: 1\ninput: [8]\nlayers:\n  - Linear: 8\n  - Linear: 8\n"


def codes(text: str, *ignore: str) -> list[str]:
    return [found.code for found in check(loads(text), ignore=ignore).diagnostics]


def test_the_line_the_file_and_the_command_line() -> None:
    assert codes(TWICE) == ["NS905"]
    assert codes(TWICE.rstrip() + "  # netspec: ignore=NS905\n") == []
    assert codes("# netspec: ignore=NS905\n" + TWICE) == []
    assert codes(TWICE, "NS905") == []
    assert codes(TWICE, "NS906") == ["NS905"]
    assert codes("# netspec: ignore=NS905\n" + TWICE, "NS905") == [], "the comment is of use without the option"


def test_an_error_cannot_be_ignored() -> None:
    wrong = TWICE.replace("Linear: 8\n", "Linear: {in_features: 7, out_features: 8}\n", 1)
    assert codes(wrong, "NS401") == ["NS401"]


def test_an_unused_ignore_is_remarked_on_only_where_there_is_no_error() -> None:
    unused = TWICE.replace("input: [8]", "input: [8]  # netspec: ignore=NS911")
    assert codes(unused) == ["NS916", "NS905"]
    assert codes(unused, "NS916") == ["NS905"]
    assert codes("# netspec: ignore=NS916\n" + unused) == ["NS905"]
    assert codes(unused.replace("Linear: 8", "Linear: {in_features: 7, out_features: 8}", 1)) == ["NS401"]


def test_a_shared_file_may_ignore_what_another_spec_has(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text("netspec: 1\nblocks: {B: [Linear: 8]}  # netspec: ignore=NS905,NS911\n")
    (tmp_path / "net.yaml").write_text("netspec: 1\ninclude: part.yaml\ninput: [8]\nlayers: [{Linear: 8}, B]\n")
    assert check(load(tmp_path / "net.yaml")).diagnostics == ()


def test_the_head_of_a_spec_ignores_in_what_it_takes_in_too(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text("netspec: 1\nblocks: {B: [{Linear: 8}, {Linear: 8}]}\n")
    text = "netspec: 1\ninclude: part.yaml\ninput: [8]\nlayers: [B]\n"
    for head, expected in (("", ["NS905"]), ("# netspec: ignore=NS905\n", [])):
        (tmp_path / "net.yaml").write_text(head + text)
        assert [found.code for found in check(load(tmp_path / "net.yaml")).diagnostics] == expected


def test_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.yaml").write_text(TWICE)
    assert "NS905" in netspec("check", tmp_path / "net.yaml", capsys=capsys).out
    done = netspec("check", "--ignore", "NS907", "--ignore", "NS905", tmp_path / "net.yaml", capsys=capsys)
    assert (done.code, "warning" in done.out) == (0, False)
    wrong = netspec("check", "--ignore", "NS401", tmp_path / "net.yaml", capsys=capsys)
    assert (wrong.code, "only warnings can be ignored" in wrong.err) == (2, True)
