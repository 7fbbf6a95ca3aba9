"""What a check says of wrong specs, in Chinese: nothing of it stays English."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netspec.core.codes import CODES, explanation
from netspec.core.diagnostics import Diagnostic
from netspec.translation.languages import in_language, translate
from netspec.translation.translate import MOST_PARTS, Translator
from tests.rounds import sample
from tests.spec_cases import BAD, ROOT, name_of, report_on, sweep
from tests.translation.english import english_in

# Those that reach the limit of expansion take seconds, for one sentence.
QUICK = [path for path in BAD if not path.stem.endswith("_multiply")]
CORPUS = sorted((ROOT / "tests/corpus").glob("*.yaml"))
SHOWN_AS_THEY_ARE = ("input", "torch")  # notes: a chain of shapes, and torch's own words


def said(found: Diagnostic) -> Iterator[str]:
    """What a finding says in words."""
    yield found.message
    yield from (note.text for note in found.notes if note.label not in SHOWN_AS_THEY_ARE)
    yield from (fix.title for fix in found.fixes)
    yield from (frame.label for frame in found.frames)


def left_in_english(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[str, str]]:
    """The texts of findings that have English words in Chinese, with what they became."""
    pairs = (
        (text, told)
        for found in diagnostics
        for text, told in zip(said(found), said(in_language(found, "zh")), strict=True)
    )
    return [(text, told) for text, told in pairs if english_in(told)]


@pytest.mark.parametrize("path", [*sweep(QUICK, 3, 2), *sweep(CORPUS, 6)], ids=name_of)
def test_messages_are_chinese(path: Path) -> None:
    assert left_in_english(report_on(path).diagnostics) == []


@pytest.mark.parametrize("id", sample(CODES, 3, start=1))
def test_messages_of_the_explanations_are_chinese(id: str, tmp_path: Path) -> None:
    case = explanation(id).wrong
    if case.commands:
        pytest.skip("not found by a check alone")
    for name, text in case.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert left_in_english(report_on(tmp_path / "net.yaml").diagnostics) == []


def test_english_that_is_left_would_show() -> None:
    assert english_in("Linear 需要 128 个特征, gets 4608") == ["gets"]
    assert english_in("the layer, which is no layer") == ["the", "which", "is", "no layer"]
    assert english_in("没有键 'the key'；是不是想写 `of`？ 例如 data.is_it, has_bias 和 H and_w") == []
    assert translate("a message that nobody translated", "zh") == "a message that nobody translated"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Linear expects 128 features, gets 4608", "Linear 需要 128 个特征，得到的是 4608 个"),
        ("Conv2d expects 1 channel, gets 3", "Conv2d 需要 1 个通道，得到的是 3 个"),
        ("an input has no key 'dype'; did you mean dtype?", "输入没有键 'dype'；是不是想写 dtype？"),
        ("in_features: 32*12*12", "in_features: 32*12*12"),
        ("nobody uses the block the text", "没有谁使用块 the text"),  # its name, as it is
        ("the key 'a list of 2' stands twice", "键 'a list of 2' 写了两次"),  # so is what is quoted
        ("the key 'x; did you mean y?' stands twice", "键 'x; did you mean y?' 写了两次"),
        ("params has to be a mapping, got nothing", "params 必须是映射，得到的是空值"),
        ("params has to be a mapping, got a list of 2", "params 必须是映射，得到的是有 2 项的列表"),
        ("the spec expands to more than 50000 layers", "这个 spec 展开后超过 50000 层"),
    ],
)
def test_names_and_what_is_quoted_stay(text: str, told: str) -> None:
    assert translate(text, "zh") == told


def test_the_numbers_are_the_same() -> None:
    """Of every finding: what an English sentence counts, the Chinese one counts too."""
    for path in QUICK[::9]:
        for found in report_on(path).diagnostics:
            told = in_language(found, "zh")
            digits = [sorted(c for c in text if c.isdigit()) for text in (found.message, told.message)]
            assert digits[0] == digits[1], (found.message, told.message)


def test_english_is_the_finding_itself() -> None:
    found = report_on(BAD[0]).diagnostics[0]
    assert in_language(found, "en") is found


@pytest.mark.parametrize(
    "text", ["is a, b and c; d or e: " * 80, "x and " * 300, "'" * 900, "; " * 400, "a, " * 600 + "b"]
)
def test_hostile_texts_take_little_time(text: str) -> None:
    translator = Translator({"{a} is {b}": "{a} 是 {b}", "{a} and {b}": "{a} 和 {b}", "; ": "；", " and ": " 和 "})
    assert isinstance(translator.translate(text), str)
    assert translator.parts <= MOST_PARTS + 1


def test_a_text_without_holes_is_found_whole_alone() -> None:
    translator = Translator({"an input": "输入", "word": "词", "{a} takes {b}": "{a} 接受 {b}"})
    assert translator.translate("an input") == "输入"
    assert translator.translate("word") == "word"  # a single word may be a name
    assert translator.translate("conv takes an input") == "conv 接受输入"
    assert translator.translate("conv takes word") == "conv 接受 word"
