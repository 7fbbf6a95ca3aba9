"""Random transforms of whole batches against torchvision's own: its transform in a loop over the samples, and its
functional under torch.vmap with the parameters of each sample.

All of a transform is measured in one run, in interleaved rounds; ratios are those of the medians. A functional gets the
parameters that netspec draws, and its results are held against netspec's. Where torch.vmap refuses a functional, the
table quotes why. The claim: the form for batches takes at most 1.3 times as long as the quickest, else it should go.

Run: python benchmarks/augment.py [--rounds N] [--batch 256 3 32 32]
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from netspec.data.augment.draws import Draws
from netspec.data.augment.table import TABLE, per_sample

ROUNDS = 15
CLAIM = 1.3
Sample = dict[str, Tensor]  # the parameters of one sample


def chosen(change: Callable[[Tensor], Tensor]) -> Callable[[Any, Tensor, Sample], Tensor]:
    """A functional without parameters, for the samples that are chosen."""
    return lambda transform, x, sample: torch.where(sample["chosen"], change(x), x)


def resized_crop(transform: Any, x: Tensor, sample: Sample) -> Tensor:
    """F.resized_crop with the rectangle of a sample."""
    return F.resized_crop(x, sample["top"], sample["left"], sample["height"], sample["width"], transform.size)


def erase(transform: Any, x: Tensor, sample: Sample) -> Tensor:
    """F.erase with the rectangle of a sample."""
    return F.erase(x, sample["i"], sample["j"], sample["h"], sample["w"], torch.zeros(1, 1, 1))


def affine(transform: Any, x: Tensor, sample: Sample) -> Tensor:
    """F.affine with the map of a sample."""
    shear = [sample["shear_x"], sample["shear_y"]]
    return F.affine(x, sample["angle"], [sample["tx"], sample["ty"]], sample["scale"], shear)


# Each transform, and torchvision's functional with the parameters of a sample as tensors.
CASES: list[tuple[Any, Callable[[Any, Tensor, Sample], Tensor]]] = [
    (v2.RandomHorizontalFlip(), chosen(F.horizontal_flip)),
    (v2.RandomVerticalFlip(), chosen(F.vertical_flip)),
    (v2.RandomGrayscale(0.5), chosen(lambda x: F.rgb_to_grayscale(x, 3))),
    (v2.RandomInvert(), chosen(F.invert)),
    (v2.RandomSolarize(0.5), chosen(lambda x: F.solarize(x, 0.5))),
    (v2.RandomAutocontrast(), chosen(F.autocontrast)),
    (v2.RandomAdjustSharpness(2.0), chosen(lambda x: F.adjust_sharpness(x, 2.0))),
    (v2.GaussianNoise(), lambda transform, x, sample: F.gaussian_noise(x)),
    (v2.RandomCrop(32, padding=4), lambda transform, x, sample: F.crop(x, sample["top"], sample["left"], 32, 32)),
    (v2.RandomErasing(), erase),
    (v2.RandomRotation(30), lambda transform, x, sample: F.rotate(x, sample["angle"])),
    (v2.RandomAffine(20, (0.1, 0.1), (0.8, 1.2), 10), affine),
    (v2.RandomResizedCrop(32), resized_crop),
    (v2.ColorJitter(0.4), lambda transform, x, sample: F.adjust_brightness(x, sample["brightness"])),
    (v2.ColorJitter(contrast=0.4), lambda transform, x, sample: F.adjust_contrast(x, sample["contrast"])),
    (v2.ColorJitter(saturation=0.4), lambda transform, x, sample: F.adjust_saturation(x, sample["saturation"])),
    (v2.ColorJitter(hue=0.2), lambda transform, x, sample: F.adjust_hue(x, sample["hue"])),
]


def title(transform: Any) -> str:
    """The transform's name; of a ColorJitter also what it changes."""
    name = type(transform).__name__
    if not isinstance(transform, v2.ColorJitter):
        return name
    changed = [part for part in ("brightness", "contrast", "saturation", "hue") if getattr(transform, part)]
    return f"{name}: {', '.join(changed)}"


def medians(contestants: dict[str, Callable[[], Tensor]], rounds: int) -> dict[str, float]:
    """The median seconds of each, one after the other in every round, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for count in range(rounds + 1):
        for name, run in contestants.items():
            start = time.perf_counter()
            run()
            if count:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def row(transform: Any, functional: Callable[[Any, Tensor, Sample], Tensor], x: Tensor, rounds: int) -> str:
    """The table's row of a transform."""
    form = TABLE[type(transform).__name__]

    def ours() -> Tensor:
        return form.apply(transform, x, form.draw(transform, x, Draws(len(x))))

    def loop() -> Tensor:
        return per_sample(transform, x, Draws(len(x)))

    def mapped(params: Sample) -> Tensor:
        return torch.vmap(lambda x, sample: functional(transform, x, sample), randomness="different")(x, params)

    def vmap() -> Tensor:
        return mapped(form.draw(transform, x, Draws(len(x))))

    contestants: dict[str, Callable[[], Tensor]] = {"netspec": ours, "loop": loop}
    refused = ""
    try:
        params = form.draw(transform, x, Draws(len(x)))
        result = mapped(params)
        if "noise" not in params:  # whose functional draws its own
            torch.testing.assert_close(result, form.apply(transform, x, params), rtol=0, atol=2e-6)
        contestants["vmap"] = vmap
    except (RuntimeError, TypeError) as error:
        refused = str(error).splitlines()[0][:70]
    seconds = medians(contestants, rounds)
    mine = seconds["netspec"]
    theirs = f"{seconds['vmap'] / mine:6.2f} ×" if "vmap" in seconds else f"{'refused':>8}"
    verdict = "" if mine <= CLAIM * min(seconds.values()) else f"more than {CLAIM} × the quickest"
    loops = f"{seconds['loop'] / mine:6.2f} ×"
    return f"{title(transform):<26}{mine * 1e3:8.2f} ms{loops:>12}{theirs:>12}  {verdict}{refused}"


def main() -> None:
    """Print a row for each transform."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--batch", type=int, nargs=4, default=[256, 3, 32, 32], metavar=("B", "C", "H", "W"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    warnings.filterwarnings("ignore", "There is a performance drop")  # of vmap, which the table shows
    x = torch.rand(options.batch)
    shape = "×".join(map(str, options.batch))
    print(f"torch {torch.__version__}, {shape}, 1 thread, medians of {options.rounds} interleaved rounds")
    print(f"{'transform':<26}{'netspec':>11}{'loop':>12}{'vmap':>12}  (loop and vmap: their time over netspec's)")
    for transform, functional in CASES:
        print(row(transform, functional, x, options.rounds), flush=True)


if __name__ == "__main__":
    main()
