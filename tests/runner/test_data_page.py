"""Each example of docs/data.md trains as it stands there, with the files that the page makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from netspec.language.plugins import SETTING
from netspec.trainer.train import Run
from tests.rounds import sample

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(yaml|python)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
SPECS = [text for language, text in BLOCKS if language == "yaml"]


@pytest.mark.parametrize("text", sample(SPECS, 4), ids=[re.findall(r"^name: (.*)", text, re.M)[0] for text in SPECS])
def test_an_example_trains(text: str, run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SETTING, "all")  # for the code of one's own that the page has
    if "HuggingFace:" in text:
        datasets = pytest.importorskip("datasets")
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    for language, code in BLOCKS:
        if language == "python":
            exec(code, {})
    first, *_, last = run(text, "train.epochs=2").history
    assert last["train_loss"] < first["train_loss"]
