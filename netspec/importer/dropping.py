"""Layers by hand that drop values while training, as DropPath, which do what Dropout or StochasticDepth does."""

from __future__ import annotations

import warnings
from math import isclose

import torch
from torch import nn
from torch._subclasses.fake_tensor import unset_fake_temporarily

from netspec.importer.running import in_mode

_SHAPE = (4096, 2, 2)  # so many samples that a rate of 0.01 drops some of them, and keeps others


def dropping(module: nn.Module) -> tuple[str, dict[str, object]] | None:
    """The layer that does the same as a module by hand, and its arguments; None where there is none.

    The module is run: in eval mode it gives what it takes, in training mode it drops values or samples, and divides the
    others by the share that is kept, which one of its attributes tells.

    Args:
        module: of a class that is in no table.
    """
    rates = [value for value in vars(module).values() if isinstance(value, float) and 0 < value < 1]
    if not rates or any(True for _ in (*module.children(), *module.parameters(), *module.buffers())):
        return None
    with unset_fake_temporarily(), torch._C.DisableTorchFunction(), torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x = torch.ones(_SHAPE)
        try:
            with warnings.catch_warnings():  # of a module that takes something else
                warnings.simplefilter("ignore")
                with in_mode(module):
                    same = module.forward(x.clone())
                with in_mode(module, training=True):
                    dropped = module.forward(x.clone())
        except Exception:  # it takes something else
            return None
        if not _is_like(same, x) or not _is_like(dropped, x) or not torch.equal(same, x):
            return None
        scale = dropped.max().item()
        if not ((dropped == 0) | (dropped == scale)).all():
            return None
        rate = next((rate for rate in rates if isclose(scale * (1 - rate), 1, rel_tol=1e-5)), None)
        if rate is None or dropped.min().item() == scale:
            return None
        if bool((dropped == dropped[:, :1, :1]).all()):
            return "StochasticDepth", {"p": rate, "mode": "row"}
    return "Dropout", {"p": rate}


def _is_like(value: object, x: torch.Tensor) -> bool:
    return isinstance(value, torch.Tensor) and value.shape == x.shape and value.dtype == x.dtype
