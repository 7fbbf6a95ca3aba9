"""Outputs of a network that are pictures → PNG files: reconstructions, and masks with a class for each pixel.

Input: outputs, and the transforms of the run. Output: a file each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from PIL import Image

from netspec.core.shapes import Shape, show
from netspec.data.transforms import Pipeline
from netspec.language.sections.losses import Kind
from netspec.runtime.diagnostics import option_span, spec_error

MOST_CLASSES = 256  # of a mask that a PNG with a palette holds


def palette() -> list[int]:
    """The colours of the classes as [256·3] numbers: Pascal VOC's, class 0 black.

    The bits of a class's number, three at a time from the lowest, are the highest bits of red, green and blue
    (VOCdevkit, VOCcode/VOClabelcolormap.m).
    """
    colours = []
    for label in range(MOST_CLASSES):
        for channel in range(3):
            bits = [label >> (3 * place + channel) & 1 for place in range(3)]
            colours.append(sum(bit << (7 - place) for place, bit in enumerate(bits)))
    return colours


def is_mask(kind: Kind, output: Shape, reconstruct: bool) -> bool:
    """Whether an output is a class for each pixel.

    Args:
        kind: what its loss compares.
        output: its sample shape: [C, H, W] scores of classes, or [1, H, W] or [H, W] of yes or no.
        reconstruct: whether it is trained to be the sample itself.
    """
    if reconstruct or kind in ("numbers", "labels"):
        return False
    return len(output) == 3 if kind == "classes" else output[:-2] in ((), (1,)) and len(output) in (2, 3)


@dataclass
class OutputPictures:
    """Writes outputs as PNG files.

    Args:
        folder: for the files, made where it is missing.
        pipeline: of the run; a Normalize at its end is undone.
        mask: whether the outputs are classes of pixels, [H, W]; else they are pictures [C, H, W] or [H, W].

    Raises:
        SpecError: NS601, the folder cannot be made.
    """

    folder: Path
    pipeline: Pipeline
    mask: bool
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            at = option_span("--pictures", str(self.folder))
            raise spec_error("NS601", f"{self.folder} cannot be made: {error.strerror}", at) from error

    def write(self, file: str, row: int | None, output: torch.Tensor) -> str:
        """Write an output, under the name of the sample's file and row.

        Args:
            file, row: of the sample.
            output: [H, W] or [C, H, W].

        Returns:
            The path of the new file.
        """
        stem = "stdin" if file == "-" else Path(file).stem
        stem = stem if row is None else f"{stem}_{row}"
        name, again = stem, 1
        while name in self._taken:
            again += 1
            name = f"{stem}_{again}"
        self._taken.add(name)
        path = self.folder / f"{name}.png"
        (self._mask(output) if self.mask else self._picture(output)).save(path)
        return str(path)

    def _mask(self, output: torch.Tensor) -> Image.Image:
        picture = Image.fromarray(output.to(torch.uint8).numpy(), "P")
        picture.putpalette(palette())
        return picture

    def _picture(self, output: torch.Tensor) -> Image.Image:
        output = output[None] if output.ndim == 2 else output
        for choice, _ in reversed(self.pipeline.after):
            if choice.name != "Normalize":
                break
            mean, std = (torch.tensor(choice.kwargs[name]).reshape(-1, 1, 1) for name in ("mean", "std"))
            output = output * std + mean
        levels = (output.clamp(0, 1) * 255).round().to(torch.uint8)  # [C, H, W]
        return Image.fromarray(levels[0].numpy() if len(levels) == 1 else levels.permute(1, 2, 0).numpy())


def make_output_pictures(
    folder: Path, pipeline: Pipeline, kind: Kind, output: Shape, reconstruct: bool
) -> OutputPictures:
    """The writer of a run's outputs.

    Args:
        folder: for the files.
        pipeline: of the run.
        kind, output, reconstruct: as of `is_mask`.

    Raises:
        SpecError: NS603, the outputs are no pictures.
    """
    mask = is_mask(kind, output, reconstruct)
    shown = output[:-2] in ((), (1,), (3,)) and len(output) >= 2 and (kind == "numbers" or reconstruct)
    if not shown and not (mask and (kind != "classes" or output[0] <= MOST_CLASSES)):
        at = option_span("--pictures", str(folder))
        raise spec_error("NS603", f"the output, {show(output)}, is no picture and no mask", at)
    return OutputPictures(folder, pipeline, mask)
