"""Windows of a series that are divided at random are warned of, and what only looks like them is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_iris

from netspec.core.diagnostics import Diagnostic
from netspec.data.windows import overlapping
from netspec.language.spec import Spec
from netspec.training.plan import prepare, warnings

Make, Refused = Callable[..., Spec], Callable[..., list[Diagnostic]]
SERIES = torch.randn(300, generator=torch.Generator().manual_seed(0))
NET = """netspec: 1
input: [6]
layers: [{Linear: 1}]
data: {Arrays: {path: rows.npz}, val: 0.25}
train: {epochs: 1, batch_size: 16, loss: MSELoss, optimizer: {SGD: {lr: 0.01}}}
"""


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_the_stride_of_windows_is_found(stride: int) -> None:
    assert overlapping([SERIES.unfold(0, 6, stride)]) == stride
    assert overlapping([SERIES.unfold(0, 6, stride)[..., None]]) == stride


@pytest.mark.parametrize(
    "x",
    [
        SERIES.unfold(0, 6, 6),
        SERIES.unfold(0, 6, 5),  # one number is alike
        torch.zeros(80, 6),
        torch.eye(80),
        torch.arange(4).repeat(100)[:80, None].expand(80, 6),
        torch.from_numpy(load_iris().data),
        torch.from_numpy(load_digits().data),
        SERIES[:, None],
        SERIES.unfold(0, 6, 1)[:4],
        torch.empty(0, 3),
    ],
)
def test_other_samples_are_none(x: torch.Tensor) -> None:
    assert overlapping([x]) == 0


@pytest.mark.parametrize(
    ("data", "warned"),
    [
        ("{Arrays: {path: rows.npz}, val: 0.25}", True),
        ("{Arrays: {path: rows.npz}, folds: 4}", True),
        ("{CSV: {path: rows.csv, normalize: zscore}, val: 0.25}", True),
        ("{Arrays: {path: rows.npz}, val: 0.25, split: {by: month}}", False),
        ("{Arrays: {path: rows.npz}}", False),
        ("{Arrays: {path: rows.npz}, val: {Arrays: {path: rows.npz}}}", False),
        ("{TimeSeries: {path: series.csv, window: 6}, val: 0.25}", False),
    ],
)
def test_the_warning(make: Make, tmp_path: Path, data: str, warned: bool) -> None:
    x, y = SERIES.unfold(0, 6, 1)[:-1].numpy(), SERIES[6:].numpy()
    np.savez(tmp_path / "rows.npz", x=x, y=y, month=np.arange(len(x)) // 30)
    np.savetxt(tmp_path / "rows.csv", np.column_stack([x, y]), fmt="%.6f", delimiter=",")
    np.savetxt(tmp_path / "series.csv", SERIES.numpy(), fmt="%.6f")
    found = warnings(prepare(make(NET.replace("{Arrays: {path: rows.npz}, val: 0.25}", data))))
    assert [one.code for one in found] == (["NS932"] if warned else [])
    if warned:
        (one,) = found
        assert (one.span.line, one.span.column) == (4, 7 + data.index(": ", data.index("}, ")) + 2)
        assert "1 from one to the next" in one.message
        assert "TimeSeries" in one.notes[0].text


def test_texts_are_divided_by_columns_of_their_table(make: Make, refused: Refused, tmp_path: Path) -> None:
    authors = [f"author{n % 7}" for n in range(70)]
    rows = [f"text {n},{author},{n % 2}" for n, author in enumerate(authors)]
    (tmp_path / "texts.csv").write_text("text,author,label\n" + "\n".join(rows), encoding="utf-8")
    text = """netspec: 1
input: {shape: [4], dtype: int64}
layers: [{Embedding: {num_embeddings: 300, embedding_dim: 2}}, Flatten, {Linear: 2}]
data: {Text: {path: texts.csv, target: label}, val: 0.3, split: {by: author}}
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.01}}}
"""
    data = prepare(make(text)).data
    assert data.val is not None
    parts = [{authors[row] for row in part.rows.tolist()} for part in (data.train, data.val)]
    assert parts[0].isdisjoint(parts[1])
    assert len(data.train) + len(data.val) == 70
    strata = prepare(make(text.replace("split: {by: author}", "stratify: author"))).data.val
    assert strata is not None
    assert sorted(authors[row] for row in strata.rows.tolist()) == sorted([f"author{n}" for n in range(7)] * 3)
    (found,) = refused(prepare, make(text.replace("by: author", "by: autor")))
    assert "the table has no column 'autor'" in found.message
    folder = text.replace("path: texts.csv, target: label", "path: 'python:functions'").replace(
        "{Linear: 2}", "{Linear: 9}"
    )
    (found,) = refused(prepare, make(folder))
    assert "python:functions has no column to divide by" in found.message
