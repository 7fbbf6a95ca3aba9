"""Functions of torch in every form of their call, and products with a module's own tensors, become what a spec says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import netspec
from netspec.importer import rounding
from netspec.importer.failure import ImportFailure
from netspec.importer.inputs import declared
from netspec.importer.verify import verify
from tests.rounds import sample

pytestmark = pytest.mark.filterwarnings("ignore:netspec.from_module. the outputs differ")

Function = Callable[["Applied", Tensor], Tensor]


class Applied(nn.Module):
    """A function of a layer's output, and of tensors that the module holds itself."""

    def __init__(self, function: Function, **held: Tensor) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)
        for name, tensor in held.items():
            self.register_parameter(name, nn.Parameter(tensor))
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, self.fc(x))


def same(module: nn.Module, given: list[int]) -> str:
    """The text of a module's spec, whose network gives the same for other samples."""
    torch.manual_seed(0)
    text = netspec.from_module(module, given).to_yaml()
    made = netspec.compile(netspec.loads(text))
    made.load_state_dict(module.state_dict())
    x = torch.randn(3, *given)
    with torch.no_grad():
        torch.manual_seed(1)
        want = module.eval()(x)
        torch.manual_seed(1)
        torch.testing.assert_close(made.eval()(x), want)
    return text


def assigned(x: Tensor) -> Tensor:
    x = x.view(-1, 2, 4)
    x[:, :, 2:] += x[:, :, :2]
    x[:, 0, -1] = 0
    x[..., 0] = x[:, 1, :2]
    x[x > 0.5] = 0.5
    return x


CALLS: dict[str, Function] = {
    "max": lambda m, x: torch.max(x, 1)[0] + x.max(1)[0] + torch.max(x, dim=1).values,
    "max_keepdim": lambda m, x: x - torch.max(x, 1, keepdim=True)[0] + x.min(1, True)[0],
    "max_index": lambda m, x: x.max(1)[1] + x.argmax(1) - x.argmin(-1),
    "max_axis": lambda m, x: x.amax(axis=1, keepdims=True) * x,
    "logsumexp": lambda m, x: x - torch.logsumexp(x, 1, True) + x.logsumexp(1, keepdim=True),
    "std": lambda m, x: x.std(1, False) + x.std(dim=1, unbiased=False) + x.std(1, correction=0) + x.std(1),
    "var_mean": lambda m, x: torch.stack(torch.var_mean(x, 1, False), 1),
    "repeat_interleave": lambda m, x: x.repeat_interleave(2, dim=1) + torch.repeat_interleave(x, 2, 1),
    "norm": lambda m, x: x / x.norm(dim=-1, keepdim=True) + x.norm(2, 1, True) + x.norm(p=1, dim=1, keepdim=True),
    "linalg": lambda m, x: torch.linalg.norm(x, dim=-1) + torch.linalg.vector_norm(x, 3, 1),
    "number_first": lambda m, x: 2 / (1 + torch.exp(-x)) + 2**x + 1 / (1 + x * x),
    "full_like": lambda m, x: torch.maximum(x, torch.full_like(x, 0.1)) + x.new_full((len(x), 8), 0.5),
    "noise": lambda m, x: x + 0.1 * torch.randn_like(x),
    "unfold": lambda m, x: F.unfold(x.view(-1, 1, 2, 4), 2).flatten(1) + x.unfold(1, 4, 4)[:, :1].sum(1, True).sum(2),
    "cosine": lambda m, x: F.cosine_similarity(x[:, :4], x[:, 4:], dim=1),
    "addcmul": lambda m, x: torch.addcmul(x, x, x, value=0.5) + torch.addcdiv(x, x, x.exp()),
    "logic": lambda m, x: x.masked_fill((x > 0) & ~(x > 1) | (x < -1), 0.0),
    "power": lambda m, x: torch.pow(x.exp(), x) + 0.5**x + torch.pow(2.0, x),
    "cumsum": lambda m, x: (x > 0).cumsum(1, dtype=torch.float32) * x,
    "tensor_split": lambda m, x: (
        torch.cat([*torch.tensor_split(x, (1, 3), dim=1)][::-1], 1) + x.tensor_split(2, 1)[1].repeat(1, 2)
    ),
    "assigned": lambda m, x: assigned(x.clone()),
    "time_first": lambda m, x: (
        (rows := x.view(-1, 4, 2).transpose(0, 1)).reshape(-1, 2).relu().view(rows.shape).mean(0)
    ),
    "folded": lambda m, x: (x.view(-1, 2) @ torch.arange(6.0).view(2, 3)).sum(1).view(-1, 4),
    "split": lambda m, x: torch.cat([part * 2 for part in x.split(4, 1)], 1) + torch.cat(x.split([2, 6], dim=1), 1),
}


@pytest.mark.parametrize("name", sample(CALLS, 4))
def test_a_call_in_any_form(name: str) -> None:
    same(Applied(CALLS[name]), [8])


PRODUCTS: dict[str, tuple[Function, list[int], dict[str, list[int]]]] = {
    "matrix": (lambda m, x: x @ m.w, [8], {"w": [8, 3]}),
    "transposed": (lambda m, x: torch.mm(x, m.w.t()), [8], {"w": [3, 8]}),
    "vector": (lambda m, x: torch.matmul(x, m.w), [5, 8], {"w": [8]}),
    "rows": (lambda m, x: x @ m.w, [5, 8], {"w": [8, 3]}),
    "addmm": (lambda m, x: torch.addmm(m.b, x, m.w), [8], {"w": [8, 3], "b": [3]}),
    "linear": (lambda m, x: F.linear(x, m.w, m.b), [8], {"w": [3, 8], "b": [3]}),
    "linear_of_rows": (lambda m, x: F.linear(x, m.w), [5, 8], {"w": [3, 8]}),
    "cosines": (lambda m, x: F.linear(F.normalize(x), F.normalize(m.w)), [8], {"w": [3, 8]}),
    "einsum": (lambda m, x: torch.einsum("bti,ij->btj", x, m.w), [5, 8], {"w": [8, 3]}),
    "einsum_dots": (lambda m, x: torch.einsum("...i,ij->...j", x, m.w), [5, 8], {"w": [8, 3]}),
    "norm": (lambda m, x: F.layer_norm(x, (8,), m.g, m.b), [8], {"g": [8], "b": [8]}),
    "power": (lambda m, x: x.clamp(min=1e-6).pow(m.p), [8], {"p": [1]}),
}


@pytest.mark.parametrize("name", sample(PRODUCTS, 4, start=1))
def test_a_product_with_own_tensors(name: str) -> None:
    function, given, shapes = PRODUCTS[name]
    torch.manual_seed(2)
    same(Applied(function, **{key: torch.randn(shape) for key, shape in shapes.items()}), given)


class Lists(nn.Module):
    """Weights in a ParameterList."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.randn(8, 8)) for _ in range(2)])

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.weights[0]) @ self.weights[1]


def test_a_list_of_parameters() -> None:
    same(Lists(), [8])


def test_layers_that_forward_makes() -> None:
    same(Applied(lambda m, x: nn.Flatten(1)(nn.MaxPool1d(2)(nn.MaxPool1d(4, 1, 2)(x[:, None])))), [8])


def test_the_text_says_where_only_rounding_differs() -> None:
    exact = same(Applied(lambda m, x: x * 2), [8])
    text = same(Applied(lambda m, x: torch.addmm(m.b, x, m.w), w=torch.randn(8, 3), b=torch.randn(3)), [8])
    assert "rounding" not in exact
    assert text.splitlines()[1].startswith("# the outputs differ from the module's by rounding, up to ")


def test_a_wrong_eps_is_no_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    module = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8, eps=1e-5))
    other = netspec.loads("netspec: 1\ninput: [8]\nlayers: [{Linear: 8}, {LayerNorm: {eps: 1e-6}}]\n")
    inputs = declared([8], module)
    monkeypatch.setattr(rounding, "MOST_ROUNDING", 1.0)  # in float32 alone it may look like rounding
    monkeypatch.setattr(rounding, "FEW_BITS", 1.0)
    with pytest.raises(ImportFailure, match="output 0 of the spec differs"):
        verify(other, module, inputs)
