"""Pictures on the disk: the same batches and runs as from memory, in any number of processes, from any step on."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter as DataLoaderIter

from netspec.checkpoint import run_info
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.data.batches import Batch, Feed, epoch_order
from netspec.data.caching import CachingFeed
from netspec.data.loading import LoaderFeed
from netspec.data.pictures import decoded_jpeg
from netspec.data.storage import Storage, cores, machine_memory, read_storage
from netspec.distributed.process_group import ProcessGroup
from netspec.inference.loaded_run import load_run
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import prepare
from netspec.training.setup import make_state

Make = Callable[..., Spec]
Start = Callable[..., Run]

SPEC = """netspec: 1
name: folder
input: [3, 8, 8]
layers: [{Conv2d: {out_channels: 4, kernel_size: 3}}, ReLU, Flatten, {Dropout: 0.2}, {Linear: 2}]
data:
  ImageFolder: {root: pictures}
  transforms: [{Resize: [10, 10]}, {CenterCrop: 8}, {Normalize: {mean: [0.5], std: [0.2]}}]
  augment: [{RandomCrop: {size: 8, padding: 2}}, RandomHorizontalFlip, AUGMENT]
  val: 0.25
train: {epochs: 2, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.05, momentum: 0.9}}}
"""
JITTER, LOOP = "{ColorJitter: {brightness: 0.3}}", "RandAugment"
DISK, ONE, TWO = "data.memory=1kB", "data.workers=0", "data.workers=2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of 11 pictures, of different sizes."""
    chance = np.random.default_rng(0)
    for number in range(22):
        place = tmp_path / "pictures" / ("cat" if number % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        size = (12 + number % 3, 14, 3)
        Image.fromarray(chance.integers(0, 256, size, dtype=np.uint8)).save(place / f"{number:02}.png")
    return tmp_path / "pictures"


@pytest.mark.parametrize("options", [{}, {"quality": 30}, {"subsampling": 0}, {"progressive": True}], ids=str)
def test_jpegs_in_colour_have_the_numbers_that_pil_gives(tmp_path: Path, options: dict[str, Any]) -> None:
    smooth = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    picture, path = Image.fromarray(smooth).resize((53, 38)), tmp_path / "a.jpg"
    picture.save(path, **options)
    found = decoded_jpeg(str(path))
    assert found is not None
    assert torch.equal(found, torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert decoded_jpeg(str(path)) is None  # so that PIL says what is wrong


def test_other_files_are_left_to_pil(tmp_path: Path) -> None:
    picture, path = Image.new("RGB", (8, 8)), tmp_path / "a.jpg"
    for mode, form in (("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG")):
        picture.convert(mode).save(path, form)
        assert decoded_jpeg(str(path)) is None
    assert decoded_jpeg(str(tmp_path / "none.jpg")) is None


def feeds(spec: Spec) -> tuple[Feed, Feed]:
    job, _ = make_state(prepare(spec))
    assert job.val is not None
    return job.train, job.val


def same(a: Batch, b: Batch) -> bool:
    return a.whole == b.whole and all(
        torch.equal(x, y) for x, y in zip((*a.inputs, *a.targets), (*b.inputs, *b.targets), strict=True)
    )


def epoch(feed: Feed, size: int, number: int, first: int = 0, **more: Any) -> list[Batch]:
    order = epoch_order(7, number, len(feed))[first * size :]
    return list(feed.batches(order, size, epoch=number, step=first, **more))


@pytest.mark.parametrize("augment", [JITTER, LOOP])
@pytest.mark.parametrize("workers", [ONE, TWO])
def test_batches_are_those_from_memory(make: Make, folder: Path, augment: str, workers: str) -> None:
    text = SPEC.replace("AUGMENT", augment)
    held, stored = feeds(make(text)), feeds(make(text, DISK, workers))
    assert all(isinstance(feed, CachingFeed) for feed in held)
    assert all(isinstance(feed, LoaderFeed) for feed in stored)
    for ours, theirs in zip(stored, held, strict=True):
        assert all(map(same, ours.batches(None, 5), theirs.batches(None, 5)))
        for number in range(3):
            expected = epoch(theirs, 5, number)
            assert all(map(same, epoch(ours, 5, number), expected))
            assert all(map(same, epoch(ours, 5, number, first=2), expected[2:]))
    first, second = epoch(stored[0], 16, 0)[0], epoch(stored[0], 16, 0)[0]
    assert same(first, second)
    again = next(stored[0].batches(epoch_order(7, 0, len(stored[0])), 16, epoch=1))
    assert not torch.equal(again.inputs[0], first.inputs[0])  # the same samples, drawn anew in another epoch


@pytest.mark.parametrize("augment", [JITTER, LOOP])
def test_processes_share_the_batches_of_one(make: Make, folder: Path, augment: str) -> None:
    text = SPEC.replace("AUGMENT", augment)
    for feed in (feeds(make(text))[0], feeds(make(text, DISK, ONE))[0]):
        whole = epoch(feed, 6, 0)
        parts = [epoch(feed, 6, 0, group=ProcessGroup(rank, 2)) for rank in range(2)]
        for batch, first, second in zip(whole, *parts, strict=True):
            assert torch.equal(batch.inputs[0][0::2], first.inputs[0])
            assert torch.equal(batch.inputs[0][1::2], second.inputs[0])


def test_a_feed_that_is_left_in_the_middle_starts_anew(make: Make, folder: Path) -> None:
    feed = feeds(make(SPEC.replace("AUGMENT", JITTER), DISK, TWO))[0]
    next(feed.batches(epoch_order(7, 1, len(feed)), 2, epoch=1))
    assert len(epoch(feed, 5, 0)) == 4


@pytest.mark.parametrize("workers", [ONE, TWO])
def test_a_run_from_the_disk_ends_as_one_from_memory(run: Start, folder: Path, workers: str) -> None:
    text = SPEC.replace("AUGMENT", JITTER)
    held = run(text, out="held")
    stored = run(text, DISK, workers, out="stored")
    for name, value in held.model.state_dict().items():
        assert torch.equal(value, stored.model.state_dict()[name]), name
    assert [row["val_loss"] for row in held.history] == [row["val_loss"] for row in stored.history]


@pytest.mark.parametrize(("storage", "workers"), [(DISK, ONE), (DISK, TWO), ("data.memory=8GiB", ONE)])
def test_a_damaged_picture_is_named_when_it_is_reached(
    make: Make,
    run: Start,
    refused: Callable[..., list[Diagnostic]],
    folder: Path,
    tmp_path: Path,
    storage: str,
    workers: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_info, "CHECKSUM_BYTES", 1)  # of larger sets not all samples are looked at before
    text = SPEC.replace("AUGMENT", JITTER)
    rows = prepare(make(text)).data.train.rows
    late = [int(row) for row in rows[epoch_order(0, 0, len(rows))][4:] if row not in (0, 11, 21)]  # looked at before
    file = sorted(folder.rglob("*.png"))[late[-1]]  # as ImageFolder numbers them
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255  # its first and last bytes say nothing of it
    file.write_bytes(content)
    (found,) = refused(run, text, storage, workers)
    assert (found.code, found.span.line) == ("NS601", 6)
    assert f"{file.name} cannot be read as a picture" in found.message
    assert [note.label for note in found.notes] == ["torch", "kept"]
    assert load_run(tmp_path / "run").info.status == "failed"


def test_pictures_of_other_sizes_are_named(run: Start, refused: Callable[..., list[Diagnostic]], folder: Path) -> None:
    text = SPEC.replace("AUGMENT", JITTER).replace("{Resize: [10, 10]}, {CenterCrop: 8}, ", "")
    text = text.replace("input: [3, 8, 8]", "input: [3, 13, 14]").replace("size: 8", "size: [13, 14]")
    (found,) = refused(run, text, DISK, ONE)
    assert (found.code, " is 14×1" in found.message) == ("NS601", True)


def test_a_process_that_is_killed_is_told(make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = DataLoaderIter._try_get_data
    monkeypatch.setattr(DataLoaderIter, "_try_get_data", lambda self: looked(self, 0.2))  # torch waits 5 s
    monkeypatch.setattr("torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL", 0.2)
    feed = feeds(make(SPEC.replace("AUGMENT", JITTER), DISK, TWO))[0]
    assert isinstance(feed, LoaderFeed)
    batches = feed.batches(epoch_order(0, 0, len(feed)), 1)
    next(batches)
    worker = feed._loader[1]._iterator._workers[0].pid
    os.kill(worker, signal.SIGINT)  # Ctrl-C is not for them
    next(batches)
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch's handler raises wherever the test then is
    try:
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(SpecError) as caught:
            list(batches)
        said = str(caught.value.diagnostics[0].message)
    finally:
        del batches, feed, caught  # so that torch forgets the processes
        gc.collect()
        signal.signal(signal.SIGCHLD, before)
    assert "was ended from outside" in said


def test_labels_are_the_datasets_own(make: Make, folder: Path) -> None:
    plan = prepare(make(SPEC.replace("AUGMENT", JITTER), DISK, ONE))
    held = prepare(make(SPEC.replace("AUGMENT", JITTER)))
    assert torch.equal(plan.data.train.targets[0], held.data.train.targets[0])
    assert plan.data.train.inputs[0].shape == held.data.train.inputs[0].shape


def test_a_dataset_without_a_list_of_labels_is_gone_through(make: Make) -> None:
    text = SPEC.replace("AUGMENT", JITTER).replace(
        "ImageFolder: {root: pictures}", "FakeData: {size: 9, num_classes: 2}"
    )
    stored, held = prepare(make(text, DISK, ONE)), prepare(make(text))
    assert torch.equal(stored.data.train.targets[0], held.data.train.targets[0])
    assert torch.equal(stored.data.train.inputs[0][:], held.data.train.inputs[0])  # type: ignore[arg-type]


def test_storage_is_read(make: Make, refused: Callable[..., list[Diagnostic]]) -> None:
    text = SPEC.replace("AUGMENT", JITTER)
    assert read_storage(make(text, "data.memory=1.5GiB", "data.workers=3")) == Storage(3 * 2**29, 3)
    usual = read_storage(make(text))
    assert usual.memory == min(8 * 2**30, machine_memory() // 2)
    assert usual.workers == min(8, cores())
    bad = make(text, "data.memory=much", "data.workers=5000")
    assert [found.code for found in refused(read_storage, bad)] == ["NS202", "NS202"]
