"""A split of texts → batches of tokens on the device, padded as they are taken.

Where samples differ in length, those of like length come together, so that little is padded: the order of an epoch is
sorted by length within stretches of POOL batches, and the batches of a stretch are shuffled. All of that follows from
the order alone, so that a run that is resumed in the middle of an epoch goes on with the same batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from netspec.data.batches import Batch, process_share
from netspec.data.split import Split
from netspec.data.text.tokens import PaddingMask, Tokens
from netspec.distributed.process_group import ALONE, ProcessGroup
from netspec.objective.losses import Tensors

POOL = 64  # batches among which samples are sorted by length
MOST_EVALUATED = 2**26  # numbers of a batch's outputs that an evaluation computes at a time


@dataclass(frozen=True)
class TokenFeed:
    """Samples of tokens.

    Args:
        inputs: of each of the network's inputs.
        targets: [N, ...] each, as the losses take them; Tokens where there is one for each token.
        dtypes: of the inputs.
        device: of the batches.
        numbers: of the outputs of a sample, which bound the batches of an evaluation.
    """

    inputs: tuple[Tokens | PaddingMask, ...]
    targets: tuple[torch.Tensor | Tokens, ...]
    dtypes: tuple[torch.dtype, ...]
    device: torch.device
    numbers: int = 1

    def __len__(self) -> int:
        return len(self.inputs[0])

    def arrange(self, order: torch.Tensor, size: int) -> torch.Tensor:
        """The order of an epoch with samples of like length in the same batch; the last batch stays the shortest.

        Args:
            order: int64 [N], random.
            size: samples of a batch.
        """
        tokens = _tokens(self.inputs)
        if tokens.padding.fixed or tokens.lengths is None or len(order) <= size:
            return order
        lengths = tokens.lengths.cpu()
        chance = torch.Generator().manual_seed(int(order[0]) + len(order) * int(order[1]))
        whole = len(order) // size * size
        pools = []
        for pool in torch.split(order[:whole], POOL * size):
            batches = pool[lengths[pool].argsort(stable=True)].reshape(-1, size)
            pools.append(batches[torch.randperm(len(batches), generator=chance)].flatten())
        return torch.cat([*pools, order[whole:]])

    def batches(
        self, order: torch.Tensor | None, size: int, group: ProcessGroup = ALONE, *, epoch: int = 0, step: int = 0
    ) -> Iterator[Batch]:
        """See `Feed`. An evaluation goes from the shortest sample to the longest, so that little is padded, and gets
        fewer at a time where their outputs would take too much memory."""
        if order is None:
            order, size = self._by_length(), max(1, min(size, MOST_EVALUATED // self.numbers))
        for chunk in torch.split(order, size) if len(order) else ():
            index, own = process_share(chunk, len(chunk), group)
            assert isinstance(index, torch.Tensor)
            yield Batch(self._inputs(index), self._targets(index), own, len(chunk))

    def _by_length(self) -> torch.Tensor:
        """All samples, from the shortest to the longest; in their order where all are as long."""
        lengths = _tokens(self.inputs).lengths
        return torch.arange(len(self)) if lengths is None else lengths.cpu().argsort(stable=True)

    def _inputs(self, index: torch.Tensor) -> Tensors:
        pairs = zip(self.inputs, self.dtypes, strict=True)
        return tuple(self._taken(x, index).to(self.device, dtype, non_blocking=True) for x, dtype in pairs)

    def _targets(self, index: torch.Tensor) -> Tensors:
        return tuple(self._taken(y, index).to(self.device, non_blocking=True) for y in self.targets)

    def _taken(self, x: torch.Tensor | Tokens | PaddingMask, index: torch.Tensor) -> torch.Tensor:
        return x[index.to(_device_of(x))]


def _device_of(x: torch.Tensor | Tokens | PaddingMask) -> torch.device:
    if isinstance(x, PaddingMask):
        return x.tokens.ids.device
    return x.ids.device if isinstance(x, Tokens) else x.device


def _tokens(inputs: tuple[Tokens | PaddingMask, ...]) -> Tokens:
    return next(each if isinstance(each, Tokens) else each.tokens for each in inputs)


def token_feed(
    split: Split, targets: Tensors, dtypes: tuple[torch.dtype, ...], device: torch.device, outputs: int
) -> TokenFeed:
    """The batches of a split of tokens.

    Args:
        split: its inputs are Tokens, and perhaps their mask.
        targets: [N, ...] each, as the losses take them; of those that are Tokens the first ones.
        dtypes: of the network's inputs.
        device: of the batches.
        outputs: numbers that the network gives for a sample.
    """
    inputs = tuple(x for x in split.inputs if isinstance(x, Tokens | PaddingMask))
    own = split.targets or (None,) * len(targets)
    mixed = tuple(y if isinstance(y, Tokens) else z for y, z in zip(own, targets, strict=True))
    if device.type == "cuda":
        size = sum(each.nbytes for each in (*inputs, *mixed))
        if size <= torch.cuda.mem_get_info(device)[0] // 2:
            inputs, mixed = tuple(x.to(device) for x in inputs), tuple(y.to(device) for y in mixed)
    return TokenFeed(inputs, mixed, dtypes, device, max(1, outputs))
