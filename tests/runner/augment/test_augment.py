"""Random transforms on whole batches: pixel for pixel torchvision's with the drawn parameters, and drawn as often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from netspec.data.augment.draws import Draws, Params, TrainingStep
from netspec.data.augment.table import TABLE, batched, per_sample
from netspec.language.sections.class_families import is_random

BILINEAR = v2.InterpolationMode.BILINEAR
Sample = torch.Tensor


def named(value: object) -> str:
    """The name of a case: what holds no address in memory, so that it is the same in each process."""
    return "of torchvision" if callable(value) and not isinstance(value, v2.Transform) else repr(value)[:60]


def pictures(count: int, channels: int = 3, height: int = 13, width: int = 11) -> torch.Tensor:
    """Float pictures [N, C, H, W] in [0, 1], with some grey and some saturated pixels."""
    x = torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(1))
    x[:, :, 0] = x[:, :1, 0]
    x[:, :, 1] = x[:, :, 1].round()
    return x


def draw(transform: Any, x: torch.Tensor, seed: int = 0) -> Params:
    form = batched(type(transform).__name__, transform)
    assert form is not None
    return form.draw(transform, x, Draws(len(x), torch.Generator().manual_seed(seed)))


def crop(t: Any, x: Sample, p: dict[str, Any]) -> Sample:
    left, right, top, bottom = t.padding or (0, 0, 0, 0)
    fill = t.fill if isinstance(t.fill, int | float) else [float(value) for value in t.fill]
    padded = F.pad(x, [left, top, right, bottom], fill=fill, padding_mode=t.padding_mode)
    return F.crop(padded, p["top"], p["left"], *t.size)


def erase(t: Any, x: Sample, p: dict[str, Any]) -> Sample:
    if not p["chosen"]:
        return x
    i, j, h, w = (p[name] for name in ("i", "j", "h", "w"))
    value = p["noise"][:, i : i + h, j : j + w] if t.value is None else torch.tensor(t.value)[:, None, None]
    return F.erase(x, i, j, h, w, value)


def rotate(t: Any, x: Sample, p: dict[str, Any]) -> Sample:
    return F.rotate(x, p["angle"], t.interpolation, center=t.center, fill=t.fill)


def affine(t: Any, x: Sample, p: dict[str, Any]) -> Sample:
    move, shear = [int(p["tx"]), int(p["ty"])], [p["shear_x"], p["shear_y"]]
    return F.affine(x, p["angle"], move, p["scale"], shear, t.interpolation, t.fill, t.center)


def resized(t: Any, x: Sample, p: dict[str, Any]) -> Sample:
    return F.resized_crop(x, p["top"], p["left"], p["height"], p["width"], t.size, t.interpolation, t.antialias)


def jitter(t: Any, x: Sample, p: dict[str, Any]) -> Sample:
    changes = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue]
    for number in p["order"].tolist():
        name = ("brightness", "contrast", "saturation", "hue")[number]
        if name in p:
            x = changes[number](x, p[name])
    return x


def noise(t: Any, x: Sample, p: dict[str, Any]) -> Sample:
    noisy = x + t.mean + p["noise"] * t.sigma
    return noisy.clamp(0, 1) if t.clip else noisy


def coin(change: Callable[[Sample], Sample]) -> Callable[[Any, Sample, dict[str, Any]], Sample]:
    return lambda t, x, p: change(x) if p["chosen"] else x


Expected = Callable[[Any, Sample, dict[str, Any]], Sample]
CASES: list[tuple[Any, Expected, int]] = [
    (v2.RandomCrop(9), crop, 3),
    (v2.RandomCrop((12, 8), padding=2), crop, 3),
    (v2.RandomCrop(11, padding=(1, 2, 3, 4), fill=0.5), crop, 3),
    (v2.RandomCrop(11, padding=3, fill=[0.1, 0.2, 0.3]), crop, 3),
    (v2.RandomCrop(11, padding=3, padding_mode="reflect"), crop, 3),
    (v2.RandomCrop(11, padding=3, padding_mode="edge"), crop, 1),
    (v2.RandomCrop(11, padding=3, padding_mode="symmetric"), crop, 3),
    (v2.RandomErasing(), erase, 3),
    (v2.RandomErasing(p=1.0, value=[0.1, 0.2, 0.3]), erase, 3),
    (v2.RandomErasing(p=1.0, value="random"), erase, 1),
    (v2.RandomErasing(p=1.0, scale=(0.9, 1.0), ratio=(0.2, 5.0)), erase, 3),
    (v2.RandomRotation(30), rotate, 3),
    (v2.RandomRotation((0, 360), interpolation=BILINEAR), rotate, 3),
    (v2.RandomRotation(30, interpolation=BILINEAR, fill=[0.3, 0.6, 0.9], center=[2, 3]), rotate, 3),
    (v2.RandomRotation(30, fill=None), rotate, 3),
    (v2.RandomAffine(20), affine, 3),
    (v2.RandomAffine(0, translate=(0.2, 0.3)), affine, 3),
    (v2.RandomAffine(20, (0.1, 0.1), (0.7, 1.3), (-10, 10, -5, 5), BILINEAR, fill=0.5, center=[5, 4]), affine, 3),
    (v2.RandomAffine(20, scale=(0.5, 2.0), shear=15, interpolation=BILINEAR), affine, 1),
    (v2.RandomResizedCrop(8), resized, 3),
    (v2.RandomResizedCrop((20, 17), scale=(0.3, 0.6)), resized, 3),
    (v2.RandomResizedCrop(4, scale=(0.9, 1.0), ratio=(2.0, 3.0)), resized, 3),
    (v2.RandomResizedCrop(4, scale=(0.9, 1.0), ratio=(0.2, 0.3)), resized, 1),
    (v2.ColorJitter(0.4, 0.4, 0.4, 0.2), jitter, 3),
    (v2.ColorJitter(hue=0.5), jitter, 3),
    (v2.ColorJitter(contrast=(0.2, 3.0)), jitter, 1),
    (v2.ColorJitter(0.4, 0.4, 0.4, 0.2), jitter, 1),
    (v2.GaussianNoise(0.1, 0.3), noise, 3),
    (v2.GaussianNoise(clip=False), noise, 3),
    (v2.RandomHorizontalFlip(), coin(F.horizontal_flip), 3),
    (v2.RandomVerticalFlip(0.3), coin(F.vertical_flip), 3),
    (v2.RandomInvert(), coin(F.invert), 3),
    (v2.RandomSolarize(0.5), coin(lambda x: F.solarize(x, 0.5)), 3),
    (v2.RandomAutocontrast(), coin(F.autocontrast), 3),
    (v2.RandomAdjustSharpness(2.0), coin(lambda x: F.adjust_sharpness(x, 2.0)), 3),
    (v2.RandomGrayscale(0.4), coin(lambda x: F.rgb_to_grayscale(x, 3)), 3),
]


@pytest.mark.parametrize(("transform", "expected", "channels"), CASES, ids=named)
def test_a_batch_is_what_torchvision_makes_of_each_sample_with_its_parameters(
    transform: Any, expected: Expected, channels: int
) -> None:
    x = pictures(48, channels)
    kept = x.clone()
    params = draw(transform, x)
    ours = TABLE[type(transform).__name__].apply(transform, x, params)
    assert torch.equal(x, kept)  # the stored samples are not changed
    for index, sample in enumerate(x):
        own = {name: value[index] for name, value in params.items()}
        own = {name: value.item() if value.ndim == 0 else value for name, value in own.items()}
        torch.testing.assert_close(ours[index], expected(transform, sample, own), rtol=0, atol=2e-6)


def test_every_transform_of_the_table_is_random_and_has_a_case() -> None:
    assert {type(transform).__name__ for transform, _, _ in CASES} == set(TABLE)
    assert all(map(is_random, TABLE))


# What torchvision draws one by one, of so many samples, against what is drawn here at once.
COUNT = 4000


def torchvisions(transform: Any, x: Sample, names: list[str]) -> dict[str, torch.Tensor]:
    found = [transform.make_params([x]) for _ in range(COUNT)]
    return {name: torch.tensor([float(one[name]) for one in found]) for name in names}


DRAWN: list[tuple[Any, dict[str, str]]] = [
    (v2.RandomCrop(9, padding=2), {"top": "top", "left": "left"}),
    (v2.RandomErasing(p=1.0), {name: name for name in "ijhw"}),
    (v2.RandomRotation((-30, 60)), {"angle": "angle"}),
    (v2.RandomResizedCrop(8), {name: name for name in ("top", "left", "height", "width")}),
    (v2.RandomResizedCrop(8, ratio=(0.3, 0.5)), {name: name for name in ("top", "left", "height", "width")}),
    (
        v2.ColorJitter(0.4, (0.1, 0.5), 1.5, 0.2),
        {name: f"{name}_factor" for name in ("brightness", "contrast", "saturation", "hue")},
    ),
]


@pytest.mark.parametrize(("transform", "names"), DRAWN, ids=named)
def test_parameters_are_distributed_as_torchvisions(transform: Any, names: dict[str, str]) -> None:
    from scipy.stats import ks_2samp

    torch.manual_seed(0)
    theirs = torchvisions(transform, pictures(1)[0], list(names.values()))
    ours = draw(transform, pictures(1).expand(COUNT, -1, -1, -1))
    for name, word in names.items():
        assert ks_2samp(ours[name].double().numpy(), theirs[word].numpy()).pvalue > 1e-3, name


def test_affine_parameters_are_distributed_as_torchvisions() -> None:
    from scipy.stats import ks_2samp

    transform = v2.RandomAffine(20, (0.3, 0.4), (0.7, 1.3), (-10, 10, -5, 5))
    torch.manual_seed(0)
    found = [transform.make_params([pictures(1)[0]]) for _ in range(COUNT)]
    ours = draw(transform, pictures(1).expand(COUNT, -1, -1, -1))
    theirs = {
        "angle": [one["angle"] for one in found],
        "tx": [one["translate"][0] for one in found],
        "ty": [one["translate"][1] for one in found],
        "scale": [one["scale"] for one in found],
        "shear_x": [one["shear"][0] for one in found],
        "shear_y": [one["shear"][1] for one in found],
    }
    for name, values in theirs.items():
        assert ks_2samp(ours[name].numpy(), values).pvalue > 1e-3, name


def test_the_orders_of_a_jitter_are_all_equally_likely() -> None:
    orders = draw(v2.ColorJitter(0.1), pictures(1).expand(COUNT * 6, -1, -1, -1))["order"]
    found, counts = orders.unique(dim=0, return_counts=True)
    assert len(found) == 24
    assert ((counts - COUNT / 4).abs() < 5 * (COUNT / 4) ** 0.5).all()


@pytest.mark.parametrize("p", [0.0, 0.25, 1.0])
def test_a_coin_is_thrown_with_its_probability(p: float) -> None:
    for transform in (v2.RandomHorizontalFlip(p), v2.RandomInvert(p), v2.RandomErasing(p, scale=(0.1, 0.1))):
        rate = draw(transform, pictures(1).expand(COUNT, -1, -1, -1))["chosen"].double().mean().item()
        assert rate == pytest.approx(p, abs=5 * (p * (1 - p) / COUNT) ** 0.5)


def test_what_the_table_has_no_form_for_is_told() -> None:
    assert batched("RandAugment", v2.RandAugment()) is None
    assert batched("RandomRotation", v2.RandomRotation(10, expand=True)) is None
    assert batched("RandomAffine", v2.RandomAffine(10, interpolation=v2.InterpolationMode.BICUBIC)) is None
    assert batched("RandomResizedCrop", v2.RandomResizedCrop(8, antialias=False)) is None


def test_torchvision_says_what_is_wrong_with_a_crop() -> None:
    with pytest.raises(ValueError, match="Required crop size"):
        draw(v2.RandomCrop(40), pictures(2))
    with pytest.raises(ValueError, match="single value or 3"):
        draw(v2.RandomErasing(value=[1.0, 2.0]), pictures(2))


def test_one_by_one_follows_from_the_draws_and_leaves_the_global_generator() -> None:
    x, transform = pictures(6, 3, 48, 48), v2.ElasticTransform()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    ours = per_sample(transform, x, Draws(6, TrainingStep(0, 1, 2).generator()))
    assert torch.equal(torch.get_rng_state(), before)
    for index, seed in enumerate(Draws(6, TrainingStep(0, 1, 2).generator()).seeds()):
        torch.manual_seed(seed)
        assert torch.equal(ours[index], transform(x[index]))


def test_each_training_step_draws_numbers_of_its_own() -> None:
    def numbers(seed: int, epoch: int, step: int) -> torch.Tensor:
        return torch.rand(4, generator=TrainingStep(seed, epoch, step).generator())

    steps = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (10, 1, 0)]
    assert len({tuple(numbers(*step).tolist()) for step in steps}) == len(steps)
    assert torch.equal(numbers(5, 6, 7), numbers(5, 6, 7))


def test_processes_draw_what_one_would() -> None:
    x = pictures(7)
    for transform in (v2.RandomErasing(value="random"), v2.ColorJitter(0.3, hue=0.1), v2.RandomResizedCrop(8)):
        form = TABLE[type(transform).__name__]
        whole = form.draw(transform, x, Draws(7, TrainingStep(0, 0, 0).generator()))
        for rank in range(2):
            part = form.draw(transform, x[rank::2], Draws(7, TrainingStep(0, 0, 0).generator(), slice(rank, None, 2)))
            assert all(torch.equal(part[name], whole[name][rank::2]) for name in whole)
