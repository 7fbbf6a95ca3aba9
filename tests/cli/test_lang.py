"""`--lang`, NETSPEC_LANG and the locale: what a command says in Chinese, and what stays as it is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from netspec.core.codes import CODES
from netspec.render.tables import width
from tests.cli.commands import RIGHT, WARNS, WRONG, netspec, process
from tests.render.sarif_schema import VALIDATOR
from tests.spec_cases import ROOT
from tests.translation.english import english_in

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(WRONG, encoding="utf-8")
    return "net.yaml"


CHECKED = """\
错误[NS401]：Linear 需要 5 个特征，得到的是 4 个
 --> net.yaml:4:38
  |
4 |   - {name: fc, Linear: {in_features: 5, out_features: 3}}  # kept
  |                                      ^
  = 输入     4
  = 修复     in_features: 4  (netspec check --fix)
  = torch    mat1 and mat2 shapes cannot be multiplied

net.yaml：1 个错误；1 处可用 --fix 修复
"""


@pytest.mark.parametrize("arguments", [("--lang", "zh", "check"), ("check", "--lang", "zh_CN.UTF-8")])
def test_a_check_in_chinese(wrong: str, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec(*arguments, wrong, capsys=capsys)
    assert (done.code, done.out) == (1, CHECKED)


@pytest.mark.parametrize("variables", [{"NETSPEC_LANG": "zh"}, {"LC_ALL": "zh_CN.UTF-8"}, {"LANG": "zh_CN"}])
def test_variables(
    wrong: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("NETSPEC_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert netspec("check", wrong, capsys=capsys).out == CHECKED
    assert not CHINESE.search(netspec("--lang", "en", "check", wrong, capsys=capsys).out)
    assert netspec("check", wrong, capsys=capsys).out == CHECKED  # the option is of one command alone
    assert not CHINESE.search(netspec("check", "--format", "json", wrong, capsys=capsys).out)


def test_what_programs_read_is_english_unless_lang_says_otherwise(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    english = json.loads(netspec("check", "--format", "json", wrong, capsys=capsys).out)
    chinese = json.loads(netspec("check", "--format", "json", "--lang", "zh", wrong, capsys=capsys).out)
    (one,), (other,) = (document["files"][0]["diagnostics"] for document in (english, chinese))
    assert other["message"] == "Linear 需要 5 个特征，得到的是 4 个"
    assert other["hint"] == one["hint"] == "in_features: 4"
    same = ("code", "severity", "layer", "line", "column", "end_line", "end_column")
    assert [one[key] for key in same] == [other[key] for key in same]
    assert set(one) == set(other)
    assert [note["label"] for note in one["notes"]] == [note["label"] for note in other["notes"]]
    assert [fix["edits"] for fix in one["fixes"]] == [fix["edits"] for fix in other["fixes"]]


def test_github_and_sarif_in_chinese(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = netspec("check", "--format", "github", "--lang", "zh", wrong, capsys=capsys).out
    assert line.startswith("::error file=net.yaml,line=4,")
    assert "::Linear 需要 5 个特征，得到的是 4 个%0A修复：in_features: 4%0A" in line
    log = json.loads(netspec("check", "--format", "sarif", "--lang", "zh", wrong, capsys=capsys).out)
    assert list(VALIDATOR.iter_errors(log)) == []
    run = log["runs"][0]
    assert run["language"] == "zh-CN"
    assert run["results"][0]["message"]["text"].startswith("Linear 需要 5 个特征，得到的是 4 个\n输入：4")
    assert CHINESE.search(run["tool"]["driver"]["rules"][0]["shortDescription"]["text"])


def test_the_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("right.yaml").write_text(RIGHT, encoding="utf-8")
    Path("warns.yaml").write_text(WARNS, encoding="utf-8")
    Path("sizes.yaml").write_text(
        "netspec: 1\nsizes: {H: {min: 8, max: 16}}\ninput: [1, H, H]\n"
        "layers: [{Conv2d: {out_channels: 2, kernel_size: 3}}]\n",
        encoding="utf-8",
    )
    ends = [
        netspec("--lang", "zh", "check", f"{name}.yaml", capsys=capsys).out.splitlines()[-1]
        for name in ("right", "warns", "sizes")
    ]
    assert ends[0] == "right.yaml：通过；input 4 → fc 3；15 个参数（以 float32 计 60 B），每个样本 12 次 MAC"
    assert ends[1].startswith("warns.yaml：1 个警告；input 4 → 4；0 个参数")
    assert ends[2].startswith("sizes.yaml：通过，适用于从 8 到 16 的 H；在 H = 8 时：input 1×8×8 → 2×6×6；20 个参数")


def test_fixes_and_diffs(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = netspec("--lang", "zh", "check", "--diff", wrong, capsys=capsys)
    assert shown.err == "net.yaml：1 个错误；修复之后通过\n"
    fixed = netspec("--lang", "zh", "check", "--fix", "--unsafe", wrong, capsys=capsys)
    assert fixed.err == "已修复 net.yaml:4:38: in_features: 4\n"
    assert fixed.out.startswith("net.yaml：通过；")


def test_files_that_cannot_be_read(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("--lang", "zh", "check", "none.yaml", "*.yml", capsys=capsys)
    assert done.code == 2
    assert done.err == "netspec: none.yaml：没有这个文件\nnetspec: *.yml：没有匹配的文件\n"


def test_no_such_language(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("--lang", "xx", "check", "net.yaml", capsys=capsys)
    assert done.code == 2
    assert "no language 'xx'; there are en, zh" in done.err


@pytest.mark.parametrize("id", CODES)
def test_explanations(id: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = netspec("explain", id, "--lang", "zh", capsys=capsys).out
    english = netspec("explain", id, capsys=capsys).out
    indented = [[line for line in text.splitlines() if line.startswith("    ")] for text in (told, english)]
    assert indented[0] == indented[1]  # the specs
    parts = "\n".join(line for line in told.splitlines() if not line.startswith("    ")).split("\n\n")
    prose = [part.replace("\n", "") for part in parts if part.strip()]
    assert len(prose) == 4  # what, why, a head for each spec
    assert all(map(CHINESE.search, prose))
    assert [words for part in prose if (words := english_in(part))] == []


def test_all_codes(capsys: pytest.CaptureFixture[str]) -> None:
    lines = netspec("explain", "--lang", "zh", capsys=capsys).out.splitlines()
    assert [line[:5] for line in lines if line.startswith("NS")] == list(CODES)
    assert all(width(line) <= 80 for line in lines)
    assert {width(re.match(r"NS\d+  \S+ *", line)[0]) for line in lines if line.startswith("NS")} == {16}  # type: ignore[index]


def test_an_encoding_without_chinese_keeps_english(wrong: str) -> None:
    env = {"NETSPEC_LANG": "zh", "PYTHONIOENCODING": "latin-1"}
    done = process("check", Path(wrong).absolute(), env=env)
    assert "Linear expects 5 features, gets 4" in done.out


def test_carets_stand_below_wide_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The columns of a terminal, not characters: a name of three Chinese characters is six columns wide."""
    path = tmp_path / "网络.yaml"
    path.write_text(
        "netspec: 1\ninput: [4]\nlayers:\n  - {name: 全连接, Linear: {in_features: 5, out_features: 3}}\n",
        encoding="utf-8",
    )
    lines = netspec("--lang", "zh", "check", path, capsys=capsys).out.splitlines()
    source, caret = lines[3], lines[4]
    assert source[len(source.partition("in_features: ")[0] + "in_features: ")] == "5"
    assert width(caret.partition("^")[0]) == width(source.partition("5")[0])
    labels = [line for line in lines if line.startswith("  = ")]
    assert {width(re.match(r"  = \S+ +", line)[0]) for line in labels} == {13}  # type: ignore[index]


def test_english_imports_no_catalogue(wrong: str) -> None:
    """What English needs not is not imported: the catalogue, its matching, and gettext."""
    unwanted = ("gettext", "babel", "netspec.translation.translate", "netspec.translation.catalogue")
    code = (
        "import sys, click, yaml, jsonschema\nbefore = set(sys.modules)\nfrom netspec.cli.main import main\n"
        "try: main(['check', 'net.yaml'])\nexcept SystemExit: pass\n"
        f"print({{*{unwanted!r}}} & (set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
    chinese = code.replace("['check'", "['--lang', 'zh', 'check'")
    done = subprocess.run([sys.executable, "-c", chinese], capture_output=True, text=True, check=True)
    assert "netspec.translation.translate" in done.stdout.splitlines()[-1]


def test_the_example_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/languages.md shows what a check of the README's network says."""
    monkeypatch.chdir(tmp_path)
    spec = re.search(r"```yaml\n(netspec: 1\n.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    shown = re.search(r"```\n\$ netspec (.*?)\n(.*?)```", (ROOT / "docs/languages.md").read_text("utf-8"), re.DOTALL)
    assert spec is not None
    assert shown is not None
    Path("net.yaml").write_text(spec[1], encoding="utf-8")
    done = netspec(*shown[1].split(), capsys=capsys)
    joined = re.sub(r"\n {14}(?=→)", " ", done.out)  # the page is wider than a pipe
    assert joined == shown[2]
