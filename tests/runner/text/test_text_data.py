"""Texts as samples: the same from every kind of file; padded, cut off and masked; windows of a long text."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from netspec.core.diagnostics import Diagnostic
from netspec.data.text.feed import POOL, TokenFeed
from netspec.data.text.tokens import Padding, Tokens
from netspec.language.spec import Spec
from netspec.training.plan import Plan, prepare
from netspec.training.setup import make_state

Make = Callable[..., Spec]
TEXTS = ["red red wine", "blue sky", "red rose on a table", "blue sea and blue sky", "wine is red", "a blue blue day"]
LABELS = ["red", "blue", "red", "blue", "red", "blue"]
SPEC = """netspec: 1
name: texts
input: {shape: [T], dtype: int64}
sizes: {T: {min: 3, max: 6}}
layers: [{Embedding: {num_embeddings: 300, embedding_dim: 4, padding_idx: 0}}, {sum: {dim: 1}}, {Linear: 2}]
data:
  Text: {path: rows.csv}
train: {epochs: 2, batch_size: 2, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.5}}}
"""
WINDOWS = """netspec: 1
name: windows
input: {shape: [4], dtype: int64}
layers: [{Embedding: {num_embeddings: 256, embedding_dim: 4}}, {Linear: 256}, {transpose: {dim0: 1, dim1: 2}}]
data:
  TextWindows: {path: long.txt, tokenizer: bytes}
train: {epochs: 1, batch_size: 2, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.5}}}
"""


def write_table(folder: Path, texts: list[str] = TEXTS, labels: list[Any] = LABELS) -> None:
    """rows.csv with the columns text and label."""
    pd.DataFrame({"text": texts, "label": labels}).to_csv(folder / "rows.csv", index=False)


def tokens_of(plan: Plan) -> Tokens:
    """The training samples of a plan."""
    (tokens,) = plan.data.train.inputs
    assert isinstance(tokens, Tokens)
    return tokens


def texts_of(plan: Plan) -> list[str]:
    """The training samples of a plan, as text."""
    tokens, source = tokens_of(plan), plan.data.source
    assert source.text is not None
    return [source.text.known.decode(row.tolist()) for row in tokens[:]]


def test_every_kind_of_file_gives_the_same(make: Make, tmp_path: Path) -> None:
    table = pd.DataFrame({"n": range(6), "text": TEXTS, "label": LABELS})
    table.to_csv(tmp_path / "rows.csv", index=False)
    table.to_csv(tmp_path / "rows.tsv", index=False, sep="\t")
    table.to_parquet(tmp_path / "rows.parquet")
    table.to_json(tmp_path / "rows.jsonl", orient="records", lines=True)
    for index, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True)):
        (tmp_path / "files" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / label / f"{index}.txt").write_text(text, encoding="utf-8")
        (tmp_path / "lines").mkdir(exist_ok=True)
        with (tmp_path / "lines" / f"{label}.txt").open("a", encoding="utf-8") as file:
            file.write(text + "\r\n\n")
    (tmp_path / "packed").mkdir()
    for label, (name, pack) in {"red": ("red.txt.gz", gzip), "blue": ("blue.txt.bz2", bz2)}.items():
        (tmp_path / "packed" / name).write_bytes(pack.compress((tmp_path / "lines" / f"{label}.txt").read_bytes()))
    expected = sorted(zip(TEXTS, LABELS, strict=True))
    for path in ("rows.csv", "rows.tsv", "rows.parquet", "rows.jsonl", "files", "lines", "packed"):
        plan = prepare(make(SPEC.replace("rows.csv", path)))
        classes = plan.data.source.targets[0].classes
        assert classes == ("blue", "red")
        targets = plan.data.train.targets[0]
        assert isinstance(targets, torch.Tensor)
        assert sorted(zip(texts_of(plan), [classes[y] for y in targets.tolist()], strict=True)) == expected, path


def test_samples_are_as_long_as_the_longest_of_their_batch(make: Make, tmp_path: Path) -> None:
    write_table(tmp_path)
    tokens = tokens_of(prepare(make(SPEC)))
    lengths = [len(text.split()) for text in TEXTS]
    assert tokens.lengths is not None
    assert tokens.lengths.tolist() == lengths
    assert tokens[torch.tensor([1])].shape == (1, 3)  # the least that the network takes
    assert tokens[torch.tensor([1, 2])].shape == (2, 5)
    short = tokens[torch.tensor([1, 2])][0]
    assert short[2:].tolist() == [0, 0, 0]
    assert tokens.beyond(torch.tensor([1, 2])).tolist() == [[False, False, True, True, True], [False] * 5]


@pytest.mark.parametrize(("truncate", "kept"), [("end", "red rose on"), ("start", "on a table")])
def test_what_is_too_long_is_cut_off(make: Make, tmp_path: Path, truncate: str, kept: str) -> None:
    write_table(tmp_path)
    text = SPEC.replace("rows.csv}", f"rows.csv, length: 3, truncate: {truncate}}}")
    assert texts_of(prepare(make(text)))[2] == kept


def test_the_vocabulary_is_that_of_the_training_part(make: Make, tmp_path: Path) -> None:
    write_table(tmp_path)
    pd.DataFrame({"text": ["red zebra", "blue"], "label": ["red", "blue"]}).to_csv(tmp_path / "val.csv", index=False)
    plan = prepare(make(SPEC.replace("\ntrain", "\n  val: {Text: {path: val.csv}}\ntrain")))
    assert plan.data.val is not None
    (tokens,) = plan.data.val.inputs
    text = plan.data.source.text
    assert text is not None
    assert isinstance(tokens, Tokens)
    assert [text.known.decode(row.tolist()) for row in tokens[:]] == ["red <unk>", "blue"]
    assert text.vocabulary == len({word for line in TEXTS for word in line.split()}) + 2


MASKED = """netspec: 1
inputs: {pad: {shape: [T], dtype: bool}, words: {shape: [T], dtype: int64}}
sizes: {T: {min: 3, max: 6}}
layers:
  - {name: table, Embedding: {num_embeddings: 300, embedding_dim: 4}, from: words}
  - {name: read, MultiheadAttention: {num_heads: 1, need_weights: false}, from: {query: table, key_padding_mask: pad}}
  - mean: {dim: 1}
  - Linear: 2
data:
  Text: {path: rows.csv, mask: pad}
train: {epochs: 1, batch_size: 2, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.5}}}
"""


def test_a_second_input_gets_the_mask(make: Make, tmp_path: Path) -> None:
    write_table(tmp_path)
    for text in (
        MASKED,
        MASKED.replace("inputs: {pad: {shape: [T], dtype: bool}, ", "inputs: {").replace(
            "int64}}", "int64}, pad: {shape: [T], dtype: bool}}"
        ),
    ):
        job, _ = make_state(prepare(make(text)))
        (batch,) = job.train.batches(None, 8)
        mask, words = batch.inputs if text is MASKED else batch.inputs[::-1]
        assert mask.dtype == torch.bool
        assert mask.tolist() == (words == 0).tolist()
        assert bool(mask.any())


def test_batches_hold_samples_of_like_length_once_each() -> None:
    count, size = 1000, 8
    lengths = torch.randint(1, 100, (count,), generator=torch.Generator().manual_seed(1)).int()
    starts = lengths.long().cumsum(0) - lengths
    ids = torch.arange(int(lengths.sum())).to(torch.int32)
    tokens = Tokens(ids, starts, lengths, Padding(1, 128))
    feed = TokenFeed((tokens,), (torch.arange(count),), (torch.int64,), torch.device("cpu"))
    order = torch.randperm(count, generator=torch.Generator().manual_seed(2))
    arranged = feed.arrange(order, size)
    assert sorted(arranged.tolist()) == [*range(count)]
    assert arranged.tolist() == feed.arrange(order, size).tolist()
    assert arranged.tolist() != feed.arrange(order.flip(0), size).tolist()
    seen, padded = set(), 0
    for batch in feed.batches(arranged, size):
        for row, sample in zip(batch.inputs[0], batch.targets[0].tolist(), strict=True):
            start, length = int(starts[sample]), int(lengths[sample])
            assert row[:length].tolist() == [*range(start, start + length)]
            padded += len(row) - length
        seen |= set(batch.targets[0].tolist())
    assert len(seen) == count
    unsorted = sum(int(lengths[chunk].max()) * len(chunk) - int(lengths[chunk].sum()) for chunk in order.split(size))
    assert padded < unsorted / 5
    assert POOL * size < count  # more than one stretch


def test_windows_are_those_of_the_text_and_targets_one_token_on(make: Make, tmp_path: Path) -> None:
    content = bytes(range(65, 91)) + b"\r\n"
    (tmp_path / "long.txt").write_bytes(content)
    plan = prepare(make(WINDOWS.replace("tokenizer: bytes", "tokenizer: bytes, stride: 3")))
    x, y = tokens_of(plan)[:], plan.data.train.targets[0][:]
    expected = np.lib.stride_tricks.sliding_window_view(np.frombuffer(content, np.uint8), 5)[::3]
    assert x.tolist() == expected[:, :4].tolist()
    assert y.tolist() == expected[:, 1:].tolist()
    job, _ = make_state(plan)
    batches = [*job.train.batches(torch.tensor([2, 0, 1]), 2)]
    assert batches[0].targets[0].tolist() == [expected[2, 1:].tolist(), expected[0, 1:].tolist()]
    assert [batch.own for batch in batches] == [2, 1]


@pytest.mark.parametrize("tokenizer", ["bytes", "characters", "words", "{bpe: {vocab_size: 260}}"])
def test_the_end_of_a_text_validates(make: Make, tmp_path: Path, tokenizer: str) -> None:
    words = [f"word{number % 7}" for number in range(200)] + ["later"] * 40
    (tmp_path / "long.txt").write_text(" ".join(words), encoding="utf-8")
    text = WINDOWS.replace("tokenizer: bytes", f"tokenizer: {tokenizer}").replace("\ntrain", "\n  val: 0.2\ntrain")
    plan = prepare(make(text.replace("256", "300")))
    assert plan.data.val is not None
    form = plan.data.source.text
    assert form is not None
    parts = [plan.data.train.inputs[0], plan.data.val.inputs[0]]
    train, val = (form.known.decode(part.ids.tolist()) for part in parts if isinstance(part, Tokens))
    assert train + val if tokenizer != "words" else f"{train} {val}" == " ".join(words).replace("later", "<unk>")
    assert "later" not in train
    assert len(train) == pytest.approx(0.8 * len(" ".join(words)), abs=10)
    assert len(parts[0]) == (len(parts[0].ids) - 1) // 4 if isinstance(parts[0], Tokens) else False


def test_a_folder_is_one_text(make: Make, tmp_path: Path) -> None:
    (tmp_path / "books" / "b").mkdir(parents=True)
    (tmp_path / "books" / "a.txt").write_text("first", encoding="utf-8")
    (tmp_path / "books" / "b" / "a.txt").write_text("second", encoding="utf-8")
    (tmp_path / "books" / "c.png").write_bytes(b"\x89PNG")
    plan = prepare(make(WINDOWS.replace("long.txt", "books")))
    assert bytes(tokens_of(plan).ids.tolist()) == b"first\nsecond"


def test_python_brings_texts(make: Make) -> None:
    from pydoc_data.topics import topics

    plan = prepare(make(WINDOWS.replace("long.txt", '"python:topics"')))
    ids = tokens_of(plan).ids
    assert len(ids) > 300_000
    assert bytes(ids[:200].tolist()).decode() in "\n".join(topics[name].strip("\n") + "\n" for name in sorted(topics))


def test_tokens_are_stored_in_as_few_bytes_as_hold_them(make: Make, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("".join(chr(0x4E00 + index % 300) for index in range(900)), encoding="utf-8")
    text = WINDOWS.replace("num_embeddings: 256", "num_embeddings: 302").replace("Linear: 256", "Linear: 302")
    few, more = (tokens_of(prepare(make(text.replace("bytes", kind)))) for kind in ("bytes", "characters"))
    assert (few.ids.dtype, more.ids.dtype) == (torch.uint8, torch.int16)


BAD = [
    ("rows.csv", b"", "is empty"),
    ("rows.csv", b"text,label\n", "has no rows"),
    ("rows.csv", b"words,label\na,b\n", "no column 'text'; it has words, label"),
    ("rows.csv", b"text,label\na,b\n,c\n", "row 2, column 'text' has no value"),
    ("rows.csv", b'text,label\n" ",b\nx,c\n', "row 1"),
    ("rows.csv", b"text\na\nb\n", "the target is 'text', the column of the texts"),
    ("rows.txt", b"a line\n", "holds texts without labels"),
    ("rows.txt", b"", "is empty"),
    ("rows.txt", "caf\xe9\n".encode("latin-1"), "not UTF-8: byte 0xe9 in line 1"),
    ("rows.txt", b"a\0b", "binary"),
    ("none.csv", b"", "there is no file"),
    ("../rows.csv", b"", "outside the spec's folder"),
    ("python:function", b"", "did you mean functions"),
]


@pytest.mark.parametrize(("path", "content", "message"), BAD)
def test_what_cannot_be_read_is_said_at_its_path(
    make: Make, refused: Callable[..., list[Diagnostic]], tmp_path: Path, path: str, content: bytes, message: str
) -> None:
    if path.startswith("rows"):
        (tmp_path / path).write_bytes(content)
    (found,) = refused(prepare, make(SPEC.replace("rows.csv", f'"{path}"')))
    assert message in found.message
    assert found.span.line == 7


@pytest.mark.parametrize(
    ("content", "more", "message"),
    [
        (b"abcd", "", "the text has 4 tokens, and a window of 4 takes one more"),
        (b"", "", "is empty"),
        (b"a b\n" * 9 + b"\xff", ", tokenizer: words", "byte 0xff in line 10"),
        (b"abcdefghi", ", tokenizer: none.json", "there is no file"),
        (b"abcdefghi", ", tokenizer: bad.json", "it is no tokenizer.json"),
        (b"abcdefghi", ", tokenizer: ../bad.json", "outside the spec's folder"),
        (b"abcdefghi", ", tokenizer: huge.json", "more than the 64,000,000 bytes"),
    ],
)
def test_windows_that_cannot_be_had_are_said(
    make: Make,
    refused: Callable[..., list[Diagnostic]],
    tmp_path: Path,
    content: bytes,
    more: str,
    message: str,
) -> None:
    (tmp_path / "long.txt").write_bytes(content)
    (tmp_path / "bad.json").write_text(json.dumps({"model": None}), encoding="utf-8")
    if "huge" in more:
        with (tmp_path / "huge.json").open("wb") as file:
            file.truncate(64_000_001)
    text = WINDOWS.replace(", tokenizer: bytes", more or ", tokenizer: bytes")
    (found,) = refused(prepare, make(text))
    assert message in found.message
    assert found.span.line == 6


def test_a_vocabulary_that_is_larger_than_the_embedding_is_said(
    make: Make, refused: Callable[..., list[Diagnostic]], tmp_path: Path
) -> None:
    write_table(tmp_path)
    words = len({word for line in TEXTS for word in line.split()}) + 2
    (found,) = refused(prepare, make(SPEC.replace("300", str(words - 1))))
    assert found.code == "NS602"
    assert f"has {words} tokens" in found.message
    assert found.notes[0].text == f"num_embeddings: {words}"
    assert found.span.line == 5
    prepare(make(SPEC.replace("300", str(words))))


def test_fewer_outputs_than_tokens_are_said(
    make: Make, refused: Callable[..., list[Diagnostic]], tmp_path: Path
) -> None:
    (tmp_path / "long.txt").write_text("abcdefghij" * 3, encoding="utf-8")
    text = WINDOWS.replace("bytes", "characters").replace("Linear: 256", "Linear: 11")
    (found,) = refused(prepare, make(text))
    assert (found.code, "12 tokens" in found.message) == ("NS603", True)
    prepare(make(text.replace("Linear: 11", "Linear: 12")))
    prepare(make(text.replace("Linear: 11", "Linear: 64")))  # a number that is rounded up
