"""README.md of a run's folder: it says what the run was, and its code loads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from netspec.trainer.train import Run

Start = Callable[..., Run]
IRIS = """netspec: 1
name: flowers | and <b>weeds</b>
input: [4]
layers: [{Linear: 3}]
data: {sklearn: iris, val: 0.2, test: 0.2}
train: {epochs: 2, loss: CrossEntropyLoss, optimizer: {Adam: {lr: 1e-2}}}
"""
WORDS = """netspec: 1
name: words
inputs: {words: {shape: [5], dtype: int64}, meta: [2]}
layers:
  - {from: words, name: e, Embedding: {num_embeddings: 7, embedding_dim: 3}}
  - Flatten
  - {from: [".", meta], concat: {dim: 1}}
  - Linear: 1
data:
  inline:
    x: {words: [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]], meta: [[0.1, 0.2], [0.3, 0.4]]}
    y: [0.5, 0.7]
train: {epochs: 1, loss: MSELoss, optimizer: SGD}
"""


def code_of(folder: Path) -> str:
    (block,) = re.findall(r"^```python\n(.*?)^```", (folder / "README.md").read_text(), re.M | re.S)
    return str(block)


def test_it_says_what_the_run_was(
    run: Start, netspec: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(IRIS)
    text = (done.folder / "README.md").read_text()
    assert text.startswith("# flowers \\| and \\<b\\>weeds\\</b\\>\n")
    assert done.best is not None
    for said in (
        "15 parameters",
        "| training samples | 90 |",
        "| 3 classes | setosa, versicolor, virginica |",
        "| train.optimizer.Adam.lr | 0.01 |",
        f"| val_accuracy | {done.best['val_accuracy']:.4g} |",
        "The test part (30 samples) was not looked at yet.",
        "![learning curves](curves.png)",
        "![confusion matrix](confusion_matrix.png)",
    ):
        assert said in text
    _, out, _ = netspec("eval", "run", "--test")
    again = (done.folder / "README.md").read_text()
    accuracy = re.findall(r"^accuracy +(.*)$", out, re.M)[0]
    assert "Test part, 30 samples, scored on" in again
    assert f"| accuracy | {accuracy} |" in again
    assert "was not looked at" not in again


@pytest.mark.parametrize("spec", [IRIS, WORDS], ids=["iris", "words"])
def test_its_code_loads_the_network(spec: str, run: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(
        spec.replace('{from: [".", meta]', "{from: [flat, meta]").replace("- Flatten", "- {name: flat, Flatten: }")
    )
    monkeypatch.chdir(done.folder)
    names: dict[str, object] = {}
    exec(code_of(done.folder), names)
    output = names["output"]
    assert isinstance(output, torch.Tensor)
    assert output.shape == (1, 3 if spec is IRIS else 1)
    assert names.get("classes", ()) == (("setosa", "versicolor", "virginica") if spec is IRIS else ())


def test_a_failed_run_has_one_too(run: Start, table: str, refused: Callable[..., object], tmp_path: Path) -> None:
    refused(run, table.replace("lr: 0.05", "lr: 1e38"))
    assert "The run failed" in (tmp_path / "run" / "README.md").read_text()
