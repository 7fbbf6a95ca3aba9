"""Transforms: whole batches give what torchvision gives one by one; random ones differ from sample to sample."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torchvision.transforms import v2

from netspec.data.batches import MemoryFeed, batch_to_device, epoch_order, select_rows
from netspec.data.loading import LoaderOptions, make_feed
from netspec.data.split import LoadedData, all_of
from netspec.data.storage import Storage
from netspec.data.transforms import CHUNK, Pipeline, in_chunks, read_pipeline
from netspec.language.spec import Spec

Make = Callable[..., Spec]
CPU = torch.device("cpu")


def pipeline(make: Make, transforms: str, augment: str = "[]") -> Pipeline:
    data = f"data: {{FakeData: {{}}, transforms: {transforms}, augment: {augment}}}"
    return read_pipeline(make(f"netspec: 1\ninput: [3, 8, 8]\nlayers: [Flatten]\n{data}\n"))


def test_a_batch_is_transformed_as_each_sample_would_be(make: Make) -> None:
    torch.manual_seed(0)
    batch = torch.randint(0, 256, (5, 3, 9, 7), dtype=torch.uint8)
    ours = pipeline(
        make, "[{Resize: [8, 8]}, {Normalize: {mean: [0.1, 0.2, 0.3], std: [0.5, 0.6, 0.7]}}, {Grayscale: 3}]"
    )
    theirs = v2.Compose(
        [
            v2.ToImage(),
            v2.Resize([8, 8]),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.1, 0.2, 0.3], [0.5, 0.6, 0.7]),
            v2.Grayscale(3),
        ]
    )
    expected = torch.stack([theirs(sample) for sample in batch])
    torch.testing.assert_close(ours.plain(batch), expected)


def test_augmentation_comes_before_the_first_normalize(make: Make) -> None:
    found = pipeline(make, "[{Resize: 8}, {Normalize: {mean: [0], std: [1]}}, {Resize: 4}]", "[RandomHorizontalFlip]")
    names = [[choice.name for choice, _ in steps] for steps in (found.before, found.augment, found.after)]
    assert names == [["Resize"], ["RandomHorizontalFlip"], ["Normalize", "Resize"]]


def test_each_sample_draws_its_own_numbers(make: Make) -> None:
    torch.manual_seed(0)
    batch = torch.arange(8.0).repeat(64, 3, 8, 1)
    flipped = pipeline(make, "[]", "[RandomHorizontalFlip]").random(batch)
    turned = (flipped != batch).flatten(1).any(1)
    assert 16 < turned.sum() < 48
    assert torch.equal(flipped[turned], batch[turned].flip(-1))


def test_chunks_give_what_the_whole_gives() -> None:
    x = torch.arange(2.0 * CHUNK + 5)[:, None]
    assert torch.equal(in_chunks(lambda batch: batch * 2, x), x * 2)


def test_the_order_of_an_epoch_follows_from_seed_and_epoch() -> None:
    assert torch.equal(epoch_order(3, 2, 50), epoch_order(3, 2, 50))
    assert not torch.equal(epoch_order(3, 2, 50), epoch_order(3, 3, 50))
    assert epoch_order(0, 0, 50).sort().values.tolist() == list(range(50))


def test_a_feed_gives_transformed_batches_on_the_device(make: Make) -> None:
    inputs = torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8)
    split = all_of(inputs, torch.arange(6))
    found = pipeline(make, "[{Normalize: {mean: [0.5], std: [0.5]}}]", "[{RandomHorizontalFlip: 1.0}]")
    source = LoadedData(split, picture=True)
    wanted = LoaderOptions(CPU, (torch.float32,), channels_last=True)
    plain = make_feed(split, split.targets, found, source, wanted, Storage(), augment=False)
    assert isinstance(plain, MemoryFeed)
    ((x,), (y,), *_) = plain.take(torch.tensor([4, 1]), 2)
    assert y.tolist() == [4, 1]
    torch.testing.assert_close(x, (inputs[[4, 1]] / 255 - 0.5) / 0.5)
    assert x.is_contiguous(memory_format=torch.channels_last)
    augmented = make_feed(split, split.targets, found, source, wanted, Storage(), augment=True)
    (again,) = augmented.batches(torch.tensor([4, 1]), 2)
    torch.testing.assert_close(again.inputs[0], x.flip(-1))
    (evaluated,) = augmented.batches(None, 6)  # nothing is random where samples are evaluated
    torch.testing.assert_close(evaluated.inputs[0][[4, 1]], x)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_has_the_strides_of_its_layout(channels: int) -> None:
    x = torch.rand(5, channels, 4, 6)
    ours = batch_to_device(x, CPU, channels_last=True)
    assert torch.equal(ours, x)
    assert ours.stride() == (4 * 6 * channels, 1, 6 * channels, channels)  # of N, C, H, W where memory holds N, H, W, C
    assert batch_to_device(x, CPU, channels_last=False) is x


def test_rows_are_selected_in_their_layout() -> None:
    x, index = torch.rand(7, 3, 4, 6), torch.tensor([5, 0, 5])
    for stored in (x, x.contiguous(memory_format=torch.channels_last), x.flatten(1)):
        assert torch.equal(select_rows(stored, index), stored[index])
        assert select_rows(stored, index).stride() == stored[:3].stride()
