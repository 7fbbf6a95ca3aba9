"""The pictures of a torchvision dataset as tensors, each decoded on access, so that a dataset may exceed the memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.io import decode_jpeg

from netspec.core.shapes import Shape
from netspec.core.tree import Scalar
from netspec.runtime.diagnostics import spec_error, torch_says

Reshape = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Reader:
    """Reads one picture of a dataset.

    Args:
        dataset: torchvision's.
        node: the dataset's name in the spec, for errors.
        keeps_gray: whether pictures of one channel keep it.
        reshape: the transforms that bring a picture (uint8 [C, H, W]) to its final size; None where they do not.
        files: the file and the class of each sample, where the dataset does no more than open these.
    """

    dataset: Any
    node: Scalar
    keeps_gray: bool
    reshape: Reshape | None
    files: Sequence[tuple[str, int]] = ()

    def label(self, index: int) -> int:
        """The class of a sample.

        Raises:
            SpecError: NS601, its target is no class.
        """
        return self._label(self._sample(index)[1])

    def __call__(self, index: int, mode: str | None = None, like: Shape | None = None) -> tuple[torch.Tensor, int, str]:
        """A picture [C, H, W], its class, and its mode: `L` or `RGB`.

        Args:
            index: of the sample in the dataset.
            mode: to convert it to; None: its own.
            like: the shape that it must have.

        Raises:
            SpecError: NS601, it cannot be read, or has another shape.
        """
        jpeg = decoded_jpeg(self.files[index][0]) if self.files and mode != "L" else None
        if jpeg is not None:
            return self._shaped(jpeg, index, like), self.files[index][1], "RGB"
        picture, label = self._sample(index)
        try:
            mode = mode or ("L" if picture.mode in ("1", "L") and self.keeps_gray else "RGB")
            tensor = picture_tensor(picture, mode)
        except Exception as error:
            raise self._unreadable(index, error) from error
        return self._shaped(tensor, index, like), self._label(label), mode

    def _shaped(self, tensor: torch.Tensor, index: int, like: Shape | None) -> torch.Tensor:
        """A picture after the transforms that set its size, once it is known to have the shape that it must have."""
        tensor = self.reshape(tensor) if self.reshape else tensor
        if like is not None and tuple(tensor.shape) != like:
            first, here = ("×".join(map(str, one)) for one in (like, tensor.shape))
            what = f"{_sample_name(self.dataset, index)} is {here}, the first picture is {first}"
            raise spec_error("NS601", what, self.node, ("fix", "transforms: [{Resize: [H, W]}] makes them alike"))
        return tensor

    def _sample(self, index: int) -> tuple[Any, Any]:
        try:
            picture, label = self.dataset[index]
        except Exception as error:  # PIL, torchvision and the file system raise many types
            raise self._unreadable(index, error) from error
        return picture, label

    def _label(self, label: Any) -> int:
        if isinstance(label, bool) or not isinstance(label, int | np.integer | torch.Tensor):
            what = f"{self.node.value} gives {type(label).__name__} targets, not a class for each picture"
            raise spec_error("NS601", what, self.node)
        return int(label)

    def _unreadable(self, index: int, error: Exception) -> Exception:
        what = f"{_sample_name(self.dataset, index)} cannot be read as a picture with a class"
        return spec_error("NS601", what, self.node, torch_says(error))


@dataclass(frozen=True)
class Pictures:
    """Pictures that stay in their dataset, with the length, shape and index access of a tensor [N, C, H, W].

    Args:
        read: reads one.
        mode: `L` or `RGB`, of all.
        sample: the shape of each.
        dtype: of the pictures.
        indexes: int64 [N], of the samples in the dataset.
    """

    read: Reader
    mode: str
    sample: Shape
    dtype: torch.dtype
    indexes: torch.Tensor

    def __len__(self) -> int:
        return len(self.indexes)

    @property
    def shape(self) -> Shape:
        """[N, C, H, W]."""
        return (len(self), *self.sample)

    def __getitem__(self, index: torch.Tensor | slice) -> torch.Tensor:
        """Some pictures, decoded.

        Raises:
            SpecError: NS601, one cannot be read.
        """
        chosen = self.indexes[index].tolist()
        if not chosen:
            return torch.empty((0, *self.sample), dtype=self.dtype)
        return torch.stack([self.read(each, self.mode, self.sample)[0] for each in chosen])

    def select(self, index: torch.Tensor) -> Pictures:
        """Some pictures, not decoded."""
        return replace(self, indexes=self.indexes[index])


def labels(read: Reader, count: int) -> torch.Tensor:
    """The classes of all samples [N]: from the dataset's list of targets, if it has one, else from each sample."""
    known = {index: read.label(index) for index in {0, count // 2, count - 1}}
    for name in ("targets", "_labels", "labels", "y"):
        listed = getattr(read.dataset, name, None)
        if not isinstance(listed, list | np.ndarray | torch.Tensor) or len(listed) != count:
            continue
        if all(isinstance(item, int | np.integer | torch.Tensor) for item in listed) and all(
            int(listed[index]) == label for index, label in known.items()
        ):
            return torch.tensor([int(item) for item in listed])
    return torch.tensor([read.label(index) for index in range(count)])


def decoded_jpeg(path: str) -> torch.Tensor | None:
    """A JPEG file in colour as uint8 [3, H, W]: decoded to the numbers that PIL gives too, in half the time.

    Args:
        path: of the file.

    Returns:
        The picture; None where the file is something else, or damaged, of which PIL says more.
    """
    try:
        content = Path(path).read_bytes()
        with Image.open(BytesIO(content), formats=("JPEG",)) as header:  # which refuses too many pixels
            if (header.format, header.mode) != ("JPEG", "RGB"):
                return None
        tensor: torch.Tensor = decode_jpeg(torch.frombuffer(bytearray(content), dtype=torch.uint8))
        return tensor
    except Exception:  # PIL, torchvision and the file system raise many types
        return None


def picture_tensor(picture: Image.Image, mode: str) -> torch.Tensor:
    """A PIL picture as uint8 [C, H, W]; `mode` is `L` (C = 1) or `RGB` (C = 3). Of 16 bits the upper 8 remain."""
    if picture.mode.startswith("I;16"):  # PIL itself clips everything above 255
        picture = Image.fromarray((np.array(picture) >> 8).astype(np.uint8))
    array = np.array(picture if picture.mode == mode else picture.convert(mode))  # [H, W] or [H, W, 3]
    tensor = torch.from_numpy(array)
    return tensor[None] if tensor.ndim == 2 else tensor.permute(2, 0, 1).contiguous()


def _sample_name(dataset: Any, index: int) -> str:
    """The file of a sample where the dataset lists its files, else its index."""
    for attribute in ("samples", "_samples", "imgs", "_image_files", "_images"):
        listed = getattr(dataset, attribute, None)
        if isinstance(listed, list) and index < len(listed):
            entry = listed[index]
            return str(entry[0] if isinstance(entry, tuple | list) else entry)
    return f"sample {index}"
