"""Functions of tensors and buffers: what the compiled network gives is what torch's function of that name gives."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import netspec

BATCH = 3
Tensors = tuple[torch.Tensor, ...]


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(BATCH, *shape, generator=torch.Generator().manual_seed(sum(shape)))


def indices(most: int, *shape: int) -> torch.Tensor:
    return torch.randint(most, (BATCH, *shape), generator=torch.Generator().manual_seed(sum(shape)))


def compiled(layers: str, *inputs: torch.Tensor) -> nn.Module:
    """The network of some layers; its inputs are called x, y and z."""
    declared = ", ".join(
        f"{name}: {{shape: {list(tensor.shape[1:])}, dtype: {str(tensor.dtype).removeprefix('torch.')}}}"
        for name, tensor in zip("xyz", inputs, strict=False)
    )
    spec = netspec.loads(f"netspec: 1\ninputs: {{{declared}}}\nlayers:\n{layers}")
    report = netspec.check(spec)
    assert report.ok, report
    return netspec.compile(spec).eval()


X, Y, Z = numbers(4, 5), numbers(4, 5), numbers(5, 4)
MASK, PICTURE = indices(2, 4, 5).bool(), numbers(3, 6, 8)
CASES = {
    "gather: {dim: 1}, from: [x, y]": ((X, indices(4, 2, 5)), lambda x, y: x.gather(1, y)),
    "index_select: {dim: -1, index: [2, 0, -1]}, from: x": ((X,), lambda x: x[..., [2, 0, 4]]),
    "index_select: {dim: 2}, from: [x, y]": (
        (PICTURE, indices(6, 7)),
        lambda x, y: torch.stack([a.index_select(1, b) for a, b in zip(x, y, strict=True)]),
    ),
    "where: {}, from: [x, y, z]": ((MASK, X, Y), torch.where),
    "where: {other: -.inf}, from: [x, y]": ((MASK, X), lambda x, y: torch.where(x, y, float("-inf"))),
    "masked_fill: -1.5, from: [x, y]": ((X, MASK), lambda x, y: x.masked_fill(y, -1.5)),
    "one_hot: 6, from: x": ((indices(6, 4),), lambda x: F.one_hot(x, 6)),
    "topk: {k: 2, dim: 1}, from: x": ((X,), lambda x: x.topk(2, dim=1)),
    "topk: {k: 3, largest: false}, from: x": ((X,), lambda x: x.topk(3, largest=False)),
    "sort: {dim: 1, descending: true}, from: x": ((X,), lambda x: x.sort(dim=1, descending=True)),
    "argsort: {}, from: x": ((X,), lambda x: x.argsort()),
    "var: {dim: [1, 2], correction: 0}, from: x": ((X,), lambda x: x.var(dim=(1, 2), correction=0)),
    "std: {dim: -1, keepdim: true}, from: x": ((X,), lambda x: x.std(-1, keepdim=True)),
    "vector_norm: {ord: 3, dim: 1}, from: x": ((X,), lambda x: x.norm(3, dim=1)),
    "logsumexp: {dim: 1}, from: x": ((X,), lambda x: x.logsumexp(1)),
    "all: {dim: 1}, from: x": ((MASK,), lambda x: x.all(1)),
    "any: {dim: 1}, from: x": ((MASK,), lambda x: x.any(1)),
    "unbind: 2, from: x": ((X,), lambda x: x.unbind(2)),
    "flip: [1, -1], from: x": ((X,), lambda x: x.flip(1, -1)),
    "repeat_interleave: {repeats: 2, dim: 2}, from: x": ((X,), lambda x: x.repeat_interleave(2, dim=2)),
    "bmm: {}, from: [x, y]": ((X, Z), torch.bmm),
    "swapaxes: {axis0: 1, axis1: 3}, from: x": ((PICTURE,), lambda x: x.swapaxes(1, 3)),
    "tril: -1, from: x": ((X,), lambda x: x.tril(-1)),
    "triu: {}, from: x": ((X,), lambda x: x.triu()),
    "sign: {}, from: x": ((X,), torch.sign),
    "floor: {}, from: x": ((X,), torch.floor),
    "round: {}, from: x": ((X,), torch.round),
    "logical_xor: {}, from: [x, y]": ((MASK, ~MASK), torch.logical_xor),
    "to: int64, from: x": ((X * 3,), lambda x: x.long()),
    "gelu: tanh, from: x": ((X,), lambda x: F.gelu(x, approximate="tanh")),
    "leaky_relu: 0.2, from: x": ((X,), lambda x: F.leaky_relu(x, 0.2)),
    "elu: {alpha: 0.5}, from: x": ((X,), lambda x: F.elu(x, 0.5)),
    "hardswish: {}, from: x": ((X,), F.hardswish),
    "softplus: {beta: 2}, from: x": ((X,), lambda x: F.softplus(x, beta=2)),
    "glu: 1, from: x": ((X,), lambda x: F.glu(x, 1)),
    "threshold: {threshold: 0.1, value: 20}, from: x": ((X,), lambda x: F.threshold(x, 0.1, 20)),
    "dropout: 0.5, from: x": ((X,), lambda x: x),
    "zeros_like: {}, from: x": ((X,), torch.zeros_like),
    "randn_like: {training_only: true}, from: x": ((X,), torch.zeros_like),
    "arange: {start: 1, end: 9, step: 3}, from: x": ((X,), lambda x: torch.arange(1, 9, 3).expand(BATCH, -1)),
    "eye: {n: 2, m: 3}, from: x": ((X,), lambda x: torch.eye(2, 3).expand(BATCH, -1, -1)),
    "linspace: {start: 0, end: 1, steps: 4}, from: x": ((X,), lambda x: torch.linspace(0, 1, 4).expand(BATCH, -1)),
    "full: {size: [2], fill_value: 7, dtype: int32}, from: x": (
        (X,),
        lambda x: torch.full((BATCH, 2), 7, dtype=torch.int32),
    ),
}


@pytest.mark.parametrize("item", CASES)
def test_is_torchs(item: str) -> None:
    inputs, function = CASES[item]
    made = compiled(f"  - {{{item}}}\n", *inputs)(*inputs)
    expected = function(*inputs)
    for one, other in zip(*(each if isinstance(each, tuple) else (each,) for each in (made, expected)), strict=True):
        assert one.dtype == other.dtype
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("item", ["dropout: 0.5", "alpha_dropout: 0.5", "dropout2d: 0.5", "rrelu", "randn_like"])
def test_random_while_training(item: str) -> None:
    model = compiled(f"  - {item if ':' not in item else f'{{{item}}}'}\n", PICTURE).train()
    assert not torch.equal(model(PICTURE), model(PICTURE))


BUFFERS = {
    "{shape: [5], value: arange}": torch.arange(5),
    "{shape: [2, 3], value: eye, dtype: bool}": torch.eye(2, 3, dtype=torch.bool),
    "{shape: [3, 3], value: tril}": torch.ones(3, 3).tril(),
    "{shape: [2], value: -.inf}": torch.full((2,), float("-inf")),
    "{value: [[1, 2], [3, 4]]}": torch.tensor([[1, 2], [3, 4]]),
    "{value: [0.5, 2*2]}": torch.tensor([0.5, 4.0]),
    "{shape: [4, 4], value: i0 >= i1}": torch.ones(4, 4, dtype=torch.bool).tril(),
    "{shape: [4, 4], value: i0 - i1 == 1 or i0 == 0}": torch.tensor(
        [[a - b == 1 or a == 0 for b in range(4)] for a in range(4)]
    ),
    "{shape: [3, 2], value: -(i0 - 2)*2**i1, dtype: float32}": torch.tensor([[2.0, 4.0], [1.0, 2.0], [0.0, 0.0]]),
    "{shape: [6, 8], value: sin(i0 / 10000**((i1//2*2)/8))}": torch.sin(
        torch.arange(6)[:, None] / 10000 ** (torch.arange(8) // 2 * 2 / 8)
    ),
}


@pytest.mark.parametrize("written", BUFFERS)
def test_buffers(written: str) -> None:
    model = compiled(f"  - {{name: table, buffer: {written}}}\n", X)
    torch.testing.assert_close(model.state_dict()["table"], BUFFERS[written])
    assert model(X).shape == (BATCH, *BUFFERS[written].shape)
    assert dict(model.named_parameters()) == {}


def test_a_buffer_that_is_not_kept() -> None:
    model = compiled("  - {name: mask, buffer: {shape: [2], value: ones, persistent: false, batch_axis: true}}\n", X)
    assert (list(model.state_dict()), model.mask.shape) == ([], (1, 2))


def test_swins_relative_positions() -> None:
    from torchvision.models.swin_transformer import ShiftedWindowAttention

    formula = '"(i0//w - i1//w + w - 1)*(2*w - 1) + i0%w - i1%w + w - 1"'
    layers = f"  - repeat: {{w: [5]}}\n    layers: [{{name: index, buffer: {{shape: [w*w, w*w], value: {formula}}}}}]\n"
    window = ShiftedWindowAttention(8, [5, 5], [0, 0], 2)
    assert torch.equal(compiled(layers, X).index.flatten(), window.relative_position_index)


def test_what_is_the_same_for_every_sample_is_made_once() -> None:
    """Positions are embedded once and broadcast, not once a sample; concat needs one for each."""
    layers = """
  - {name: positions, arange: 4, from: x}
  - {name: wpe, Embedding: {num_embeddings: 4, embedding_dim: 5}}
  - {name: both, add: {}, from: [x, wpe]}
  - {name: joined, concat: {}, from: [x, wpe]}
  - {name: all, concat: {}, from: [both, joined]}
"""
    model = compiled(layers, X)
    seen: list[tuple[int, ...]] = []
    model.wpe.register_forward_hook(lambda module, args, output: seen.append(tuple(output.shape)))
    weights = model.wpe.weight.expand(BATCH, -1, -1)
    torch.testing.assert_close(model(X), torch.concat((X + weights, X, weights), 1), rtol=0, atol=0)
    assert seen == [(1, 4, 5)]


def test_an_input_called_x_is_not_overwritten_while_it_is_needed() -> None:
    model = compiled("  - relu\n  - {name: damped, mul: 0.5}\n  - {add: {}, from: [damped, x]}\n", X)
    assert torch.equal(model(X), F.relu(X) * 0.5 + X)
