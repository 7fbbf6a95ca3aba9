"""Pictures in files: looked at before the first batch, decoded when an epoch first asks for them, and then kept."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.data import caching
from netspec.data.batches import epoch_order
from netspec.data.caching import CachingFeed
from netspec.data.picture_headers import HEAD, PictureError, jpeg_header, look, look_closely
from netspec.language.spec import Spec
from netspec.training.plan import prepare
from netspec.training.setup import make_state

Make = Callable[..., Spec]
COUNT, SIZE = 24, 4
SPEC = """netspec: 1
name: folder
input: [3, 8, 8]
layers: [Flatten, {Linear: 2}]
data: {ImageFolder: {root: pictures}, transforms: [{Resize: [8, 8]}]}
train: {epochs: 1, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


def jpeg(number: int, **options: Any) -> bytes:
    """A picture of 12×10 in one colour."""
    stored = io.BytesIO()
    picture = Image.new(options.pop("mode", "RGB"), (12, 10), options.pop("colour", (number, 2 * number, 0)))
    picture.save(stored, "JPEG", **options)
    return stored.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of 12 pictures."""
    for number in range(COUNT):
        place = tmp_path / "pictures" / ("cat" if number % 2 else "dog") / f"{number:02}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(jpeg(number))
    return tmp_path / "pictures"


@pytest.fixture
def feed(make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> CachingFeed:
    """The feed of SPEC, which decodes no more than a batch ahead."""
    monkeypatch.setattr(caching, "AHEAD", SIZE)
    made = make_state(prepare(make(SPEC)))[0].train
    assert isinstance(made, CachingFeed)
    return made


def test_the_first_batch_waits_for_few_pictures_and_the_second_epoch_for_none(feed: CachingFeed, folder: Path) -> None:
    order = epoch_order(0, 0, COUNT)
    batches = feed.batches(order, SIZE)
    next(batches)
    batches.close()  # type: ignore[attr-defined]  # a generator
    shutil.move(folder, folder.with_name("away"))
    first = next(feed.batches(order, SIZE))  # still there, where the files are not
    expected = [Image.open(folder.with_name("away") / feed.pictures.read.files[at][0].split("pictures/")[1])
                for at in order[:SIZE].tolist()]  # fmt: skip
    colours = torch.tensor([picture.getpixel((6, 5)) for picture in expected]) / 255
    torch.testing.assert_close(first.inputs[0][:, :, 4, 4], colours, rtol=0, atol=1.01 / 255)
    with pytest.raises(SpecError):
        list(feed.batches(order, SIZE))
    shutil.move(folder.with_name("away"), folder)
    whole = list(feed.batches(order, SIZE))
    shutil.rmtree(folder)
    again = list(feed.batches(order, SIZE))
    assert [batch.inputs[0].tolist() for batch in again] == [batch.inputs[0].tolist() for batch in whole]
    assert len(again) == COUNT // SIZE


def test_of_damaged_pictures_all_are_named_at_once(make: Make, feed: CachingFeed, folder: Path) -> None:
    damaged = sorted(folder.rglob("*.jpg"))[3::5]
    for path in damaged:
        path.write_bytes(b"\xff\xd8\xff\xe0 cut")
    with pytest.raises(SpecError) as caught:
        list(feed.batches(None, SIZE))
    assert [found.message.split()[0] for found in caught.value.diagnostics] == [str(path) for path in damaged]


def test_files_that_are_cut_short_are_found_before_the_first_batch(
    make: Make, folder: Path, refused: Callable[..., list[Diagnostic]]
) -> None:
    for name in ("cat/03.jpg", "dog/08.jpg"):
        path = folder / name
        path.write_bytes(path.read_bytes()[:-40])
    found = refused(prepare, make(SPEC))
    assert ["".join(item.message.split(" cannot be read: ")[:1]) for item in found] == ["cat/03.jpg", "dog/08.jpg"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"progressive": True},
        {"quality": 20, "subsampling": 0},
        {"mode": "L", "colour": 7},
        {"exif": b"Exif\0\0" + bytes(500)},
    ],
    ids=str,
)
def test_the_header_of_a_jpeg_is_what_pil_says(tmp_path: Path, options: dict[str, Any]) -> None:
    content = jpeg(5, **options)
    (tmp_path / "a.jpg").write_bytes(content)
    assert jpeg_header(content[:HEAD]) == look(tmp_path / "a.jpg") == look_closely(tmp_path / "a.jpg")


@pytest.mark.parametrize("options", [{"mode": "CMYK", "colour": 0}, {"exif": b"Exif\0\0" + bytes(HEAD)}], ids=str)
def test_unusual_headers_are_left_to_pil(tmp_path: Path, options: dict[str, Any]) -> None:
    (tmp_path / "a.jpg").write_bytes(content := jpeg(5, **options))
    assert jpeg_header(content[:HEAD]) is None
    assert look_closely(tmp_path / "a.jpg").size == "12×10"


def test_any_bytes_have_a_header_or_none(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    whole = np.frombuffer(jpeg(1), np.uint8)
    for _ in range(300):
        spoilt = whole[: chance.integers(1, len(whole))].copy()
        spoilt[chance.integers(0, len(spoilt), 4)] = chance.integers(0, 256, 4)
        jpeg_header(spoilt.tobytes())
    with pytest.raises(PictureError, match="is not there"):
        look_closely(tmp_path / "none.jpg")
