"""What a spec cannot say is listed with its place and the reason; what it says wrongly never leaves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import netspec
from netspec.core.faults import RAISE
from netspec.importer import build, graph_text
from netspec.importer.failure import ImportFailure
from netspec.importer.items import Item
from netspec.importer.text import Block


class Apply(nn.Module):
    """A module that applies a function, between two layers."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 4)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.function(self.first(x)))


def failure(module: nn.Module, given: object = (4,)) -> ImportFailure:
    with pytest.raises(ImportFailure) as caught:
        netspec.from_module(module, list(given) if isinstance(given, tuple) else given)
    return caught.value


def into(x: Tensor) -> Tensor:
    x = x.clone()
    x[:, ::2] = 0
    return x


def branching(x: Tensor) -> Tensor:
    return x if x.sum() > 0 else -x


def through_a_view(x: Tensor) -> Tensor:
    x.chunk(2, 1)[0].mul_(2)
    return x


CASES: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "batch": (lambda x: x - x.mean(0, keepdim=True), "torch.Tensor.mean: it works along the batch"),
    "similarity": (lambda x: (x @ x.T).sum(1, keepdim=True) * x, "two axes have the size of the batch"),
    "assignment": (into, "torch.Tensor.__setitem__: what is assigned to lies at several places"),
    "unknown": (lambda x: torch.special.bessel_j0(x), "torch.special.bessel_j0: a spec has no such function"),
    "numbers": (branching, "depends on the numbers in a tensor"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_operation_is_named_with_the_reason(name: str) -> None:
    function, reason = CASES[name]
    found = failure(nn.Sequential(nn.Linear(4, 4), Apply(function)))
    assert reason in str(found)
    assert [each.path for each in found.found] == ["1"]


def test_everything_is_listed_and_no_echo() -> None:
    twice = nn.Sequential(Apply(torch.special.bessel_j0), nn.ReLU(), Apply(torch.special.bessel_j1))
    found = failure(twice)
    assert found.message == "a spec cannot say 1 of the module's operations"
    assert [(each.path, each.operation) for each in found.found] == [("0", "torch.special.bessel_j0")]


def test_a_wrong_spec_never_leaves() -> None:
    assert str(failure(Apply(through_a_view))).startswith("output 0 of the spec differs from the module's by up to ")


def test_a_text_that_is_not_the_module_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    head = "netspec: 1\ninput: [4]\nlayers: "
    texts = {
        "[{Linear: 3}, Tanh]": "output 0 of the spec differs",
        "[{Linear: 2}, ReLU]": "0.weight is [3, 4] in the module, [2, 4] in the spec",
        "[{name: fc, Linear: 3}]": "the spec lacks 0.weight, 0.bias",
        "[{Linear: 3}, {BatchNorm2d: {}}]": "the spec of the module does not check: line 5: BatchNorm2d",
    }
    for layers, said in texts.items():
        monkeypatch.setattr(graph_text, "graph_text", lambda *args, layers=layers: f"{head}{layers}\n")
        assert str(failure(module)).startswith(said)


def test_a_module_that_cannot_run(capfd: pytest.CaptureFixture[str]) -> None:
    said = str(failure(nn.Sequential(nn.Flatten(), nn.Linear(5, 2)), (3,)))
    assert said.startswith("the module cannot be run on input [3]: ")
    assert "[N, 3]" in said
    assert capfd.readouterr().err == ""


def test_a_single_layer_has_no_name() -> None:
    assert "nn.Sequential(layer)" in str(failure(nn.Linear(4, 3)))


def test_a_fault_of_netspec_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> str:
        raise KeyError("surprise")

    monkeypatch.setattr(build, "_imported", broken)
    monkeypatch.delenv("NETSPEC_RAISE", raising=False)
    assert "KeyError: 'surprise'; please report it " in str(failure(nn.Sequential(nn.Linear(4, 3))))


def test_a_module_used_outside_of_its_own() -> None:
    class Borrowing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own = nn.Linear(4, 4)
            self.inner = Apply(lambda x: self.own(x))

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(self.own(x))

    found = failure(Borrowing())
    assert [(each.path, each.operation) for each in found.found] == [("inner", "Linear")]


class Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.used(x)


def test_an_old_hook_is_named() -> None:
    old = Unused()
    with pytest.warns(FutureWarning):
        nn.utils.weight_norm(old.used)
    assert "used: torch.nn.utils.weight_norm: torch replaced it: use torch.nn.utils.parametrizations" in str(
        failure(old)
    )


def test_a_mistake_in_forward_has_its_line_and_no_size_of_ours() -> None:
    def wrong(x: Tensor) -> Tensor:
        return x.view(-1, 3) @ torch.ones(8, 2)

    found = failure(Apply(wrong))
    assert "test_failures.py:" in str(found)
    assert "10007" not in str(found)
    assert "40028" not in str(found)


def test_lazy_layers_are_run_first() -> None:
    module = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
    assert "Linear: 3" in netspec.from_module(module, [4]).to_yaml()


def test_words_need_an_integer_dtype() -> None:
    module = nn.Sequential(nn.Embedding(9, 3))
    assert "--input 20:int64" in str(failure(module, (20,)))


def test_modules_in_a_plain_list_are_named() -> None:
    class Listed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = [nn.Linear(4, 4)]

        def forward(self, x: Tensor) -> Tensor:
            return self.parts[0](x)

    assert "Linear: no attribute holds it: modules in a plain list" in str(failure(Listed()))


def test_numbers_that_forward_draws_are_named() -> None:
    assert "torch.rand: " in str(failure(Apply(lambda x: x + torch.rand(4))))


def test_a_shape_that_depends_on_numbers_is_named() -> None:
    said = str(failure(Apply(lambda x: x[x > 0])))
    assert "torch.Tensor.__getitem__: what it gives depends on the numbers in a tensor" in said


def test_what_torch_jit_compiled_is_named() -> None:
    module = nn.Sequential(torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU())), nn.Linear(4, 2))
    assert "0: RecursiveScriptModule: torch.jit compiled it" in str(failure(module))


def test_a_buffer_that_each_call_changes_is_named() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.register_buffer("count", torch.zeros(1))

        def forward(self, x: Tensor) -> Tensor:
            self.count += 1
            return self.fc(x) * self.count

    module = Counting()
    assert "in eval mode forward changes count" in str(failure(module))
    assert module.count.item() == 0


def test_parts_that_are_merged_wrongly_are_written_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrongly(network: Item, results: object) -> tuple[Item, dict[str, Block]]:
        network.items = [item for item in network.items if item.type != "ReLU"]
        return network, {}

    monkeypatch.setattr(graph_text, "folded", wrongly)
    module = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU())
    assert "lacks 2.weight" in str(failure(module))  # in tests a fault is raised
    monkeypatch.delenv(RAISE)
    with pytest.warns(UserWarning, match="written one by one: merged they were another network, a fault of netspec"):
        spec = netspec.from_module(module, [4])
    assert spec.to_yaml().count("ReLU") == 2
    x = torch.randn(3, 4)
    made = netspec.compile(spec)
    made.load_state_dict(module.state_dict())
    assert torch.equal(made(x), module(x))
