"""Findings and fixes in Chinese: the editor's language, and what stays as it is."""

from __future__ import annotations

import pytest
from lsprotocol import types

from netspec.lsp.analysis import Options, analyse
from netspec.lsp.features.actions import quick_fixes
from netspec.lsp.features.diagnostics import diagnostics
from netspec.lsp.server import make_server
from tests.lsp.analysed import document

WRONG = """\
netspec: 1
input: [1, 28, 28]
layers:
  - {name: conv1, Conv2d: {out_channels: 32, kernel_size: 5}}
  - {name: pool, MaxPool2d: 2}
  - Flatten
  - {name: fc1, Linear: {in_features: 32*4, out_features: 10}}
"""
WHOLE = types.Range(types.Position(0, 0), types.Position(100, 0))


def test_findings_and_fixes() -> None:
    chinese = analyse(document(WRONG), {}, Options(lang="zh"), explain=True)
    english = analyse(document(WRONG), {}, Options(), explain=True)
    (told,), (said,) = diagnostics(chinese), diagnostics(english)
    assert (told.code, told.range, told.severity) == (said.code, said.range, said.severity)
    assert told.message.splitlines() == [
        "Linear 需要 128 个特征，得到的是 4608 个",
        "输入：1×28×28 → conv1 32×24×24 → pool 32×12×12 → Flatten 4608 = 32·12·12",
        "或者：8×8 或 9×9 的输入能使 32*4 正确",
        "torch：mat1 and mat2 shapes cannot be multiplied",
        "修复：in_features: 32*12*12",
    ]
    (fix, *_), (same, *_) = quick_fixes(chinese, WHOLE), quick_fixes(english, WHOLE)
    assert (fix.title, fix.edit) == (same.title, same.edit)
    twice = WRONG.replace("32*4", "32*12*12").replace("  - Flatten\n", "  - ReLU\n  - ReLU\n  - Flatten\n")
    warned = analyse(document(twice), {}, Options(lang="zh"), explain=True)
    titles = [action.title for action in quick_fixes(warned, WHOLE)]
    assert titles == ["去掉这个 ReLU（建议）", "在这一行忽略 NS911"]


@pytest.mark.parametrize(
    ("variable", "editor", "lang"),
    [("", "zh-cn", "zh"), ("", "de", "en"), ("", None, "en"), ("en", "zh-cn", "en"), ("zh", "en", "zh")],
)
def test_the_language_of_the_editor(
    variable: str, editor: str | None, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETSPEC_LANG", variable)
    monkeypatch.setenv("LC_ALL", "C")
    server = make_server()
    server.speak(types.InitializeParams(types.ClientCapabilities(), locale=editor))
    assert server.bench.options.lang == lang
    assert make_server(lang="zh").bench.options.lang == "zh"
