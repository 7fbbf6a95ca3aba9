"""Shards of WebDataset: what tarfile and PIL read from them, resumed in mid-epoch, and hostile ones."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from netspec.core.diagnostics import Diagnostic
from netspec.data.loading import LoaderFeed
from netspec.data.pictures import Pictures
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import make_job, prepare
from netspec.training.setup import make_state

Make, Refused = Callable[..., Spec], Callable[..., list[Diagnostic]]
NET = """netspec: 1
name: shards
input: [1, 6, 6]
layers: [Flatten, {Linear: 3}]
data:
  WebDataset: {path: "train-{00..01}.tar", input: png, target: cls}
train: {epochs: 2, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
COUNT = 12
CHANCE = np.random.default_rng(0)
PICTURES = CHANCE.integers(0, 256, (COUNT, 6, 6), np.uint8)


def npy(array: Any) -> bytes:
    """An array as a .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def png(array: Any) -> bytes:
    """A picture as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """A file into an archive."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Two shards of six samples each, as `webdataset.TarWriter` names their files."""
    for shard in range(2):
        with tarfile.open(tmp_path / f"train-{shard:02}.tar", "w") as archive:
            for index in range(shard * 6, shard * 6 + 6):
                key = f"set/sample{index:03}"
                add(archive, f"{key}.png", png(PICTURES[index]))
                add(archive, f"{key}.cls", str(index % 3).encode())
                add(archive, f"{key}.txt", ("cat", "ant", "bee")[index % 3].encode())
                add(archive, f"{key}.json", json.dumps({"area": index / 2, "box": [index, 1.5]}).encode())
                add(archive, f"{key}.npy", npy(PICTURES[index].mean(1)))
    return tmp_path


@pytest.mark.parametrize("path", ["train-{00..01}.tar", "train-*.tar", "."])
def test_samples_come_in_the_order_of_the_shards(shards: Path, make: Make, path: str) -> None:
    split = prepare(make(NET.replace("train-{00..01}.tar", path))).data.train
    assert torch.equal(split.inputs[0][torch.arange(COUNT)][:, 0], torch.from_numpy(PICTURES))
    assert split.targets[0].tolist() == [index % 3 for index in range(COUNT)]
    assert split.files[7] == "set/sample007"


@pytest.mark.parametrize(
    ("target", "expected", "classes"),
    [
        ("txt", [1, 0, 2] * 4, ("ant", "bee", "cat")),
        ("txt, classes: [cat, ant, bee]", [0, 1, 2] * 4, ("cat", "ant", "bee")),
        ("json.area", [index / 2 for index in range(COUNT)], ()),
        ("json.box", [[index, 1.5] for index in range(COUNT)], ()),
        ("npy", PICTURES.mean(2).tolist(), ()),
    ],
)
def test_targets_are_decoded_by_their_ending(
    shards: Path, make: Make, target: str, expected: Any, classes: tuple[str, ...]
) -> None:
    width = len(expected[0]) if isinstance(expected[0], list) else 1
    loss = "CrossEntropyLoss" if classes else "MSELoss"
    text = NET.replace("target: cls", f"target: {target}").replace("CrossEntropyLoss", loss)
    if "txt" in target:
        expected = [classes.index(("cat", "ant", "bee")[index % 3]) for index in range(COUNT)]
    source = prepare(make(text.replace("Linear: 3", f"Linear: {3 if classes else width}"))).data.source
    np.testing.assert_allclose(source.whole.targets[0], expected, rtol=1e-6)
    assert source.targets[0].classes == classes


def test_arrays_are_inputs_too(shards: Path, make: Make) -> None:
    text = NET.replace("input: png", "input: npy").replace("[1, 6, 6]", "[6]").replace("Flatten, ", "")
    split = prepare(make(text)).data.train
    np.testing.assert_allclose(split.inputs[0], PICTURES.mean(2), rtol=1e-6)


def test_pictures_beyond_memory_stay_in_their_shards(shards: Path, make: Make, run: Callable[..., Run]) -> None:
    plan = prepare(make(NET, "data.memory=100B", "data.workers=1"))
    assert isinstance(plan.data.train.inputs[0], Pictures)
    feed = make_job(plan, make_state(plan)[1].model).train
    assert isinstance(feed, LoaderFeed)
    order = torch.tensor([7, 0, 11, 3])
    (batch,) = feed.batches(order, 4)
    assert torch.equal(batch.inputs[0], torch.from_numpy(PICTURES)[order][:, None] / 255)
    rows = [run(NET, *more, out=f"run{len(more)}").history for more in ((), ("data.memory=100B", "data.workers=0"))]
    assert [row["train_loss"] for row in rows[0]] == [row["train_loss"] for row in rows[1]]


def _spoil(folder: Path, what: str) -> None:
    path = folder / "train-01.tar"
    data = path.read_bytes()
    if what == "cut":
        path.write_bytes(data[:3000])
    elif what == "no tar":
        path.write_bytes(b"no tar at all" * 100)
    elif what == "compressed":
        with tarfile.open(path, "w:gz") as archive:
            add(archive, "a.cls", b"1")
    elif what == "gone":
        path.unlink()
    else:
        contents = {
            "no class": {"x.png": png(PICTURES[0])},
            "word": {"x.png": png(PICTURES[0]), "x.cls": b"cat"},
            "bad picture": {"x.png": b"no picture", "x.cls": b"1"},
            "pickle": {"x.png": png(PICTURES[0]), "x.cls": b"\x80\x04K\x01."},
        }[what]
        with tarfile.open(path, "w") as archive:
            for name, content in contents.items():
                add(archive, name, content)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("cut", "train-01.tar"),
        ("no tar", "train-01.tar cannot be read as .tar"),
        ("compressed", "train-01.tar cannot be read as .tar"),
        ("gone", "there is no file"),
        ("no class", "the sample x has no .cls file; it has png"),
        ("word", "x.cls holds 'cat', no class number; words are in .txt files"),
        ("bad picture", "is no picture"),
        ("pickle", "x.cls is no text"),
    ],
)
def test_what_is_wrong_is_named(shards: Path, make: Make, refused: Refused, what: str, message: str) -> None:
    _spoil(shards, what)
    found = refused(prepare, make(NET))
    assert [item.code for item in found] == ["NS601"]
    assert message in str([found[0].message, *(note.text for note in found[0].notes)])


def test_links_and_arrays_of_objects_are_not_followed(shards: Path, make: Make, refused: Refused) -> None:
    (shards / "secret.cls").write_text("1", encoding="utf-8")
    with tarfile.open(shards / "train-01.tar", "w") as archive:
        link = tarfile.TarInfo("x.cls")
        link.type, link.linkname = tarfile.SYMTYPE, "secret.cls"
        archive.addfile(link)
        add(archive, "x.png", png(PICTURES[0]))
    (found,) = refused(prepare, make(NET))
    assert "has no .cls file" in found.message
    with tarfile.open(shards / "train-01.tar", "w") as archive:
        add(archive, "x.png", png(PICTURES[0]))
        add(archive, "x.npy", npy(np.array([{}], object)))
    every = refused(prepare, make(NET.replace("target: cls", "target: npy").replace("CrossEntropyLoss", "MSELoss")))
    (found,) = (one for one in every if one.code == "NS601")  # the check has compared the first shard with the output
    assert "x.npy cannot be read" in found.message
