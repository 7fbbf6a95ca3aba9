"""compile: what runs is what was proved, for every right spec."""

from __future__ import annotations

import copy
import pickle
import traceback
from pathlib import Path

import pytest
import torch
from torch import nn

import netspec
from tests.compiler.networks import BATCH, batch_of, in_evaluation, inputs_of, on_meta, outputs, report_of, spec_of
from tests.runner.started import Started
from tests.spec_cases import OK, RIGHT, ROOT, name_of, sweep

every_spec = pytest.mark.parametrize("path", sweep(RIGHT), ids=name_of)


@every_spec
def test_output_shapes_are_the_inferred_ones(path: Path) -> None:
    report = report_of(path)
    results = outputs(on_meta(path).eval()(*inputs_of(report, "meta")))
    inferred = [(tensor.shape, tensor.dtype) for tensor in in_evaluation(report) if tensor is not None]
    assert [(tuple(each.shape), str(each.dtype).removeprefix("torch.")) for each in results] == [
        ((BATCH, *shape), dtype) for shape, dtype in inferred
    ]


@every_spec
def test_parameters_are_as_counted(path: Path) -> None:
    model = on_meta(path)
    assert sum(each.numel() for each in model.parameters()) == report_of(path).parameters


@every_spec
def test_state_dict_keys_are_the_paths_in_order(path: Path) -> None:
    graph = report_of(path).graph
    assert graph is not None
    model = on_meta(path)
    made = [call for call in graph.calls if not call.record.is_function and call.shares is None]
    tensors = {call.path for call in made if call.record.tensor and call.args.get("persistent", True)}
    assert tensors <= set(model.state_dict())
    modules = dict(model.named_modules())
    paths = [call.path for call in made if not call.record.tensor]
    keys = [key for key in model.state_dict() if key not in tensors]
    owners = [next(each for each in paths if key.startswith(f"{each}.")) for key in keys]
    made_with_state = [each for each in paths if modules[each].state_dict()]
    if graph.scope.order or any("order:" in text for text in spec_of(path).sources.values()):
        owners, made_with_state = sorted(owners), sorted(made_with_state)  # whose order the spec says
    assert list(dict.fromkeys(owners)) == made_with_state
    assert [type(modules[each]).__name__ for each in paths] == [
        call.record.name for call in made if not call.record.tensor
    ]


# Parameters without a gradient: of `held`, which is not applied, others share only the weight; the last copy of
# wavenet's repeat hands on what nobody takes.
IDLE = {"tied_tensor": {"held.bias"}, "wavenet": {"stack.3.res.weight", "stack.3.res.bias"}}


@pytest.mark.parametrize("path", sweep(OK, 2), ids=name_of)
def test_runs_and_learns(path: Path) -> None:
    torch.manual_seed(0)
    model = netspec.compile(spec_of(path))
    results = outputs(model(*inputs_of(report_of(path))))
    total = sum((each.float().sum() for each in results), torch.zeros(()))
    if any(each.requires_grad for each in results):
        total.backward()
        unused = {name for name, each in model.named_parameters() if each.grad is None}
        assert unused == IDLE.get(path.stem, set())


@pytest.mark.parametrize("path", sweep(OK, 2), ids=name_of)
def test_copies_and_pickles_compute_the_same(path: Path) -> None:
    torch.manual_seed(0)
    model = netspec.compile(spec_of(path)).eval()
    inputs = inputs_of(report_of(path))
    expected = outputs(model(*inputs))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert type(twin).__name__ == type(model).__name__
        assert list(twin.state_dict()) == list(model.state_dict())
        assert not {id(each) for each in twin.parameters()} & {id(each) for each in model.parameters()}
        for got, want in zip(outputs(twin(*inputs)), expected, strict=True):
            assert torch.equal(got, want)


def test_pickles_are_read_in_a_process_that_knows_no_class(tmp_path: Path) -> None:
    built = [netspec.compile(spec_of(path)) for path in OK[::6]]
    (tmp_path / "models.pickle").write_bytes(pickle.dumps(built))
    code = (
        "import pickle\n"
        "with open('models.pickle', 'rb') as file: models = pickle.load(file)\n"
        "for model in models: print(type(model).__name__, *model.state_dict())"
    )
    _, out, err = Started(tmp_path, code=code).end()
    assert err == ""
    assert out.splitlines() == [" ".join([type(model).__name__, *model.state_dict()]) for model in built]


def test_meta_allocates_nothing() -> None:
    model = netspec.compile(spec_of(ROOT / "specs/vgg16.yaml"), device="meta")
    assert {each.device.type for each in model.state_dict().values()} == {"meta"}


def test_shared_weights_are_one_module() -> None:
    model = netspec.compile(spec_of(ROOT / "tests/specs/ok/share.yaml"))
    assert list(model.state_dict()) == ["fc.weight", "fc.bias"]


def test_repeats_have_weights_of_their_own() -> None:
    model = netspec.compile(netspec.loads("netspec: 1\ninput: [4]\nlayers:\n  - {name: body, repeat: 2, Linear: 4}\n"))
    assert model.get_parameter("body.0.weight") is not model.get_parameter("body.1.weight")


def test_hooks_indexing_and_printing_work_as_people_expect() -> None:
    model = on_meta(ROOT / "specs/vgg16.yaml")
    features = model.get_submodule("features")
    assert isinstance(features, nn.Sequential)
    assert repr(features[0]) == "Conv2d(3, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))"
    seen: list[str] = []
    handle = features[0].register_forward_hook(lambda module, args, result: seen.append(type(module).__name__))
    model(*inputs_of(report_of(ROOT / "specs/vgg16.yaml"), "meta"))
    handle.remove()
    assert seen == ["Conv2d"]


def test_a_traceback_shows_the_generated_line() -> None:
    model = netspec.compile(spec_of(ROOT / "tests/specs/ok/branches.yaml"))
    with pytest.raises(RuntimeError) as caught:
        model(torch.zeros(1, 7, 6, 6))
    assert "one = self.one(input)" in "".join(traceback.format_exception(caught.value))


def test_a_wrong_spec_does_not_compile() -> None:
    spec = netspec.load(ROOT / "tests/specs/bad/ns401_in_features.yaml")
    with pytest.raises(netspec.SpecError, match=r"NS401.*4608"):
        netspec.compile(spec)


def test_exports_as_a_graph() -> None:
    path = ROOT / "tests/specs/ok/when.yaml"
    model = netspec.compile(spec_of(path)).eval()
    (tensor,) = report_of(path).inputs.values()
    sample = batch_of(tensor)
    traced = torch.fx.symbolic_trace(model)
    assert torch.equal(traced(sample), model(sample))


def test_data_that_do_not_fit_are_no_matter_for_the_network() -> None:
    spec = netspec.loads(
        "netspec: 1\ninput: [3, 16, 16]\nlayers: [Flatten, {Linear: 10}]\n"
        "data: {CIFAR10: {}}\ntrain: {loss: CrossEntropyLoss, optimizer: SGD}\n"
    )
    report = netspec.check(spec)
    assert [found.code for found in report.diagnostics] == ["NS602"]
    assert not report.ok
    assert report.sound
    assert netspec.compile(spec, device="meta")(torch.zeros(2, 3, 16, 16, device="meta")).shape == (2, 10)
