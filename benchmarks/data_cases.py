"""What benchmarks/data.py reads: files that are made, as many samples as are asked for, and netspec's spec for them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

NUMBERS = 8
CITIES = ("Bergen", "Lima", "Osaka", "Porto", "Quito")
KINDS = ("large", "medium", "small")
SIDE, WIDTH = 256, 128  # of the JPEGs, and of what they are resized to
MEAN, DEVIATION = (0.5, 0.45, 0.4), (0.25, 0.25, 0.25)
LENGTH = 128  # tokens of a text, which is cut off there, or padded
PAD = "<pad>"
DIFFERENT = 200  # pictures; the files of the others repeat them


@dataclass(frozen=True)
class Case:
    """One kind of data.

    Args:
        name: for the command line.
        unit: what the samples are.
        full, quick: how many there are.
        batch: samples of a batch.
        workers: whether the contestants that transform sample by sample have worker processes.
        tolerance: by how much the inputs of two contestants may differ: a resized picture is rounded to whole numbers
            by PIL, and stays float32 in netspec.
        make: writes the files into a folder.
        spec: netspec's.
        settings: of a variant of the spec, by its name.
    """

    name: str
    unit: str
    full: int
    quick: int
    batch: int
    workers: bool
    tolerance: float
    make: Callable[[Path, int], None]
    spec: str
    settings: dict[str, str]


def make_table(folder: Path, count: int) -> None:
    """table.csv: numbers, two columns of words, and a target of 0 and 1."""
    chance = np.random.default_rng(0)
    numbers = {f"x{index}": chance.normal(size=count).round(6) for index in range(NUMBERS)}
    words = {"city": chance.choice(CITIES, count), "kind": chance.choice(KINDS, count)}
    pd.DataFrame({**numbers, **words, "target": chance.integers(0, 2, count)}).to_csv(folder / "table.csv", index=False)


def make_pictures(folder: Path, count: int) -> None:
    """pictures/CLASS/*.jpg: smooth colours with grain, as large as photographs of that size are."""
    chance = np.random.default_rng(0)
    files = []
    for _ in range(min(count, DIFFERENT)):
        smooth = Image.fromarray(chance.integers(0, 256, (12, 12, 3), dtype=np.uint8)).resize((SIDE, SIDE))
        grain = chance.normal(0, 6, (SIDE, SIDE, 1))
        stored = io.BytesIO()
        Image.fromarray((np.array(smooth) + grain).clip(0, 255).astype(np.uint8)).save(stored, "JPEG", quality=90)
        files.append(stored.getvalue())
    for number in range(count):
        place = folder / "pictures" / f"class{number % 10}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:06}.jpg").write_bytes(files[number % len(files)])


def make_texts(folder: Path, count: int) -> None:
    """texts.csv: made words, as frequent as words are (Zipf's law), with labels; tokenizer.json: a byte pair encoding
    with GPT-2's cuts, which the library tokenizers has learned of some of the texts."""
    from tokenizers import ByteLevelBPETokenizer

    chance = np.random.default_rng(0)
    syllables = [consonant + vowel for consonant in "bcdfghjklmnprstvw" for vowel in "aeiou"]
    words = np.array(sorted({"".join(chance.choice(syllables, length)) for length in chance.integers(1, 6, 50_000)}))
    chance.shuffle(words)
    weights = 1 / np.arange(2, len(words) + 2)
    texts = []
    for length in chance.integers(40, 120, count):
        chosen = words[chance.choice(len(words), length, p=weights / weights.sum())]
        chosen[::11] = np.char.add(chosen[::11], ",")
        texts.append(" ".join(chosen).capitalize() + ".")
    pd.DataFrame({"text": texts, "label": chance.choice(["bad", "good"], count)}).to_csv(
        folder / "texts.csv", index=False
    )
    learned = ByteLevelBPETokenizer()
    learned.train_from_iterator(texts[:20_000], 8000, show_progress=False, special_tokens=[PAD])
    learned.save(str(folder / "tokenizer.json"))


TRAIN = "train: {epochs: 1, batch_size: BATCH, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}\n"
TABLE_SPEC = f"""
netspec: 1
name: table
input: [{NUMBERS + len(CITIES) + len(KINDS)}]
layers: [{{Linear: 2}}]
data: {{CSV: {{path: table.csv, target: target}}}}
"""
PICTURES_SPEC = f"""
netspec: 1
name: pictures
input: [3, {WIDTH}, {WIDTH}]
layers: [{{AdaptiveAvgPool2d: 1}}, Flatten, {{Linear: 10}}]
data:
  ImageFolder: {{root: pictures}}
  transforms: [{{Resize: [{WIDTH}, {WIDTH}]}}, {{Normalize: {{mean: {[*MEAN]}, std: {[*DEVIATION]}}}}}]
"""
TEXTS_SPEC = f"""
netspec: 1
name: texts
input: {{shape: [{LENGTH}], dtype: int64}}
layers: [{{Embedding: {{num_embeddings: 8000, embedding_dim: 2}}}}, Flatten, {{Linear: 2}}]
data: {{Text: {{path: texts.csv, text: text, target: label, tokenizer: tokenizer.json, length: {LENGTH}}}}}
"""
ON_DISK = {"netspec, from the disk": "data.memory=0"}
CASES = {
    case.name: case
    for case in (
        Case("table", "rows", 1_000_000, 20_000, 256, False, 1e-6, make_table, TABLE_SPEC, {}),
        Case("pictures", "JPEGs", 20_000, 400, 64, True, 0.02, make_pictures, PICTURES_SPEC, ON_DISK),
        Case("texts", "texts", 150_000, 4_000, 64, True, 0, make_texts, TEXTS_SPEC, {}),
    )
}


def write(case: Case, folder: Path, count: int) -> None:
    """The files of a case, and its spec."""
    case.make(folder, count)
    (folder / "spec.yaml").write_text(case.spec.lstrip() + TRAIN.replace("BATCH", str(case.batch)))
