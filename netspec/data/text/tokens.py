"""Tokens: the samples of a split as one compact array of ids, from which batches are taken; and how they are padded.

Input: ids, and where each sample starts and how long it is. Output: int64 [B, length] of some samples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from netspec.core.shapes import Shape


@dataclass(frozen=True)
class Padding:
    """How long samples are made.

    Args:
        least, most: the tokens of a sample; equal where all are as long.
        multiple: of which the length of a batch is one.
        value: what stands behind the end.
    """

    least: int
    most: int
    multiple: int = 1
    value: int = 0

    @property
    def fixed(self) -> bool:
        """Whether all samples are as long."""
        return self.least == self.most

    def width(self, longest: int) -> int:
        """How long a batch is whose longest sample has so many tokens."""
        rounded = -(-max(longest, self.least) // self.multiple) * self.multiple
        return min(rounded, self.most)


@dataclass(frozen=True)
class Tokens:
    """Samples of tokens, with the length and the access of a tensor [N, length].

    Args:
        ids: of all samples, uint8, int16 or int32 [T]; perhaps a file that is mapped into memory.
        starts: int64 [N], where each sample begins.
        lengths: int32 [N], how many tokens each has; None: all as many as `padding` says, none is padded.
        padding: how long they are made.
        full: int32 [N], how long each was before it was cut off; None: none was.
    """

    ids: torch.Tensor
    starts: torch.Tensor
    lengths: torch.Tensor | None
    padding: Padding
    full: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def shape(self) -> Shape:
        """[N, length]; the length of the longest where they differ."""
        return (len(self), self._width(slice(None)))

    @property
    def dtype(self) -> torch.dtype:
        """Of what is taken."""
        return torch.long

    @property
    def nbytes(self) -> int:
        """Bytes of the ids, and of where they are."""
        return sum(each.nbytes for each in (self.ids, self.starts, self.lengths) if each is not None)

    def _width(self, index: torch.Tensor | slice) -> int:
        if self.lengths is None:
            return self.padding.most
        lengths = self.lengths[index]
        return self.padding.width(int(lengths.max()) if len(lengths) else 0)

    def __getitem__(self, index: torch.Tensor | slice) -> torch.Tensor:
        """int64 [B, length], padded to the longest of them."""
        at = torch.arange(self._width(index), device=self.ids.device)
        places = self.starts[index][:, None] + at  # [B, length]
        if self.lengths is None:
            return self.ids[places].long()
        beyond = at >= self.lengths[index][:, None]
        taken = self.ids[places.clamp_(max=max(len(self.ids) - 1, 0))] if len(self.ids) else torch.zeros_like(places)
        return taken.long().masked_fill_(beyond, self.padding.value)

    def beyond(self, index: torch.Tensor | slice) -> torch.Tensor:
        """Bool [B, length]: where a sample is padded."""
        at = torch.arange(self._width(index), device=self.ids.device)
        if self.lengths is None:
            return torch.zeros(len(self.starts[index]), len(at), dtype=torch.bool, device=at.device)
        return at >= self.lengths[index][:, None]

    def select(self, index: torch.Tensor) -> Tokens:
        """Some of the samples, of the same ids."""
        picked = (None if each is None else each[index] for each in (self.lengths, self.full))
        lengths, full = picked
        return replace(self, starts=self.starts[index], lengths=lengths, full=full)

    def to(self, device: torch.device) -> Tokens:
        """The same on another device."""
        lengths = None if self.lengths is None else self.lengths.to(device)
        return replace(self, ids=self.ids.to(device), starts=self.starts.to(device), lengths=lengths)


@dataclass(frozen=True)
class PaddingMask:
    """Where samples are padded, as an input of its own.

    Args:
        tokens: the samples.
    """

    tokens: Tokens

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def shape(self) -> Shape:
        """[N, length]."""
        return self.tokens.shape

    @property
    def dtype(self) -> torch.dtype:
        """Of what is taken."""
        return torch.bool

    @property
    def nbytes(self) -> int:
        """Nothing of its own."""
        return 0

    def __getitem__(self, index: torch.Tensor | slice) -> torch.Tensor:
        """Bool [B, length], true where a sample is padded."""
        return self.tokens.beyond(index)

    def select(self, index: torch.Tensor) -> PaddingMask:
        """Of some of the samples."""
        return PaddingMask(self.tokens.select(index))

    def to(self, device: torch.device) -> PaddingMask:
        """The same on another device."""
        return PaddingMask(self.tokens.to(device))


def compact(ids: NDArray[np.integer], size: int) -> NDArray[np.integer]:
    """Ids in the smallest integers that hold `size` of them, and that torch can index."""
    return ids.astype(np.uint8 if size <= 2**8 else np.int16 if size <= 2**15 else np.int32, copy=False)


def cut_off(
    ids: NDArray[np.integer], lengths: NDArray[np.int32], most: int, *, at_start: bool
) -> tuple[NDArray[np.integer], NDArray[np.int32]]:
    """Samples of at most `most` tokens.

    Args:
        ids: of all samples, one after the other.
        lengths: of each.
        most: tokens that stay.
        at_start: whether the first tokens go, not the last.

    Returns:
        Their ids and lengths.
    """
    if not len(lengths) or int(lengths.max()) <= most:
        return ids, lengths
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    place = np.arange(len(ids)) - np.repeat(starts, lengths)
    whole = np.repeat(lengths, lengths)
    kept = place >= whole - most if at_start else place < most
    return ids[kept], np.minimum(lengths, most)
