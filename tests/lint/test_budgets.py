"""Budgets: memory against torch's own tensors, receptive fields against published figures and against gradients."""

from __future__ import annotations

import pytest
import torch

import netspec
from netspec.checker import check
from netspec.language.load import load, loads
from netspec.lint.budgets import activation_memory, parse_bytes
from netspec.lint.receptive_fields import receptive_field
from tests.spec_cases import ROOT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("40MB", 40_000_000),
        ("40 MB", 40_000_000),
        ("1.5GiB", 1.5 * 2**30),
        ("2kB", 2000),
        ("2KB", 2000),
        ("2KiB", 2048),
        ("7B", 7),
        ("3M", 3_000_000),
        (12, 12),
        ("40Mb", None),
        ("40 megabytes", None),
        ("-1MB", None),
        (True, None),
    ],
)
def test_units_of_memory(value: object, expected: float | None) -> None:
    assert parse_bytes(value) == expected


@pytest.mark.parametrize("name", ["digits", "resnet18", "googlenet"])
def test_memory_is_what_the_layers_give(name: str) -> None:
    spec = load(ROOT / f"specs/{name}.yaml")
    report = check(spec)
    assert report.graph is not None
    model = netspec.compile(spec, device="meta")
    sizes: list[int] = []
    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _m, _i, out: sizes.append(out[0].numel() * 4))
    (input,) = report.inputs.values()
    assert input is not None
    with torch.no_grad():
        model.eval()(torch.zeros(1, *input.shape, device="meta"))
    functions = [
        known for call, known in zip(report.graph.calls, report.inferred, strict=True) if call.record.is_function
    ]
    outputs = [tensor for known in functions for tensor in known.outputs or ()]
    assert activation_memory(report) == sum(sizes) + sum(4 * torch.Size(tensor.shape).numel() for tensor in outputs)


# Araujo et al. 2019 has VGG16's; ResNet-18's follows from the same recurrence, as is quoted for torchvision's.
@pytest.mark.parametrize(("name", "size"), [("vgg16", 212), ("resnet18", 435)])
def test_published_receptive_fields(name: str, size: int) -> None:
    assert receptive_field(check(load(ROOT / f"specs/{name}.yaml"))) == (size, size)


CHAINS = {  # kernel, stride of the windows on the longest path, as in TF-Slim's networks
    "alexnet_v2": (195, [(11, 4), (3, 2), (5, 1), (3, 2), (3, 1), (3, 1), (3, 1), (3, 2)]),
    "mobilenet_v1": (315, [(3, 2), *((3, stride) for stride in (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1))]),
    "resnet_v1_50": (
        483,
        [
            (7, 2),
            (3, 2),
            *((3, stride) for stage in ((1, 1, 2), (1, 1, 1, 2), (1, 1, 1, 1, 1, 2), (1, 1, 1)) for stride in stage),
        ],
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_more_of_their_figures(name: str) -> None:
    """Araujo et al. 2019, table of receptive fields."""
    size, windows = CHAINS[name]
    layers = [f"{{Conv2d: {{out_channels: 1, kernel_size: {k}, stride: {s}, padding: {k // 2}}}}}" for k, s in windows]
    text = f"netspec: 1\ninput: [1, 224, 224]\nlayers: [{', '.join(layers)}]\nexpect: {{min_receptive_field: %d}}\n"
    met, missed = (check(loads(text % bound), ignore=("NS907", "NS917")) for bound in (size, size + 1))
    assert met.diagnostics == ()
    (found,) = missed.diagnostics
    assert (found.code, found.message) == ("NS505", f"the receptive field is {size}×{size}, less than {size + 1}")


CONV, POOL, UP = "Conv2d: {out_channels: 1, kernel_size: %s}", "AvgPool2d: %s", "ConvTranspose2d: {out_channels: 1, %s}"
WINDOWS = (
    (CONV % 3, CONV % "[5, 1]"),
    (CONV % "3, stride: 2", POOL % 2, CONV % 3),
    (CONV % "3, dilation: 3", POOL % "{kernel_size: 3, stride: 1}"),
    ("branches: {a: [{%s}], b: []}, merge: add" % (CONV % "7, padding: 3"), POOL % 2),
    (POOL % 2, UP % "kernel_size: 2, stride: 2", CONV % 4),
)


@pytest.mark.parametrize("layers", WINDOWS)
def test_the_receptive_field_is_where_gradients_reach(layers: tuple[str, ...]) -> None:
    items = ", ".join(f"{{{layer}}}" for layer in layers)
    spec = loads(f"netspec: 1\ninput: [1, 61, 61]\nlayers: [{items}]\n")
    model = netspec.compile(spec)
    for weight in model.parameters():
        torch.nn.init.ones_(weight)
    reached = []
    picture = torch.ones(1, 1, 61, 61, requires_grad=True)
    result = model(picture)[0, 0]
    for shift in (0, 1):  # after an upsampling, what an output sees depends on its phase: the mean is meant
        center = result[len(result) // 2 + shift, len(result[0]) // 2 + shift]
        (gradient,) = torch.autograd.grad(center, picture, retain_graph=True)
        seen = gradient[0, 0].nonzero()
        reached.append([int(seen[:, axis].max() - seen[:, axis].min()) + 1 for axis in (0, 1)])
    assert receptive_field(check(spec)) == tuple(sum(sizes) / 2 for sizes in zip(*reached, strict=True))


@pytest.mark.parametrize("value", ["forty", "[1]", "true", "-3", "1.5"])
@pytest.mark.parametrize("key", ["max_activation_memory", "min_receptive_field", "max_layers"])
def test_what_is_no_budget(key: str, value: str) -> None:
    if (key, value) == ("max_activation_memory", "1.5"):
        return
    found = check(loads(f"netspec: 1\ninput: [8]\nlayers: [Linear: 8]\nexpect: {{{key}: {value}}}\n")).diagnostics
    assert {item.code for item in found} <= {"NS202", "NS210", "NS206"}
    assert found


def test_a_net_without_windows_has_no_receptive_field() -> None:
    found = check(loads("netspec: 1\ninput: [8]\nlayers: [Linear: 8]\nexpect: {min_receptive_field: 1}\n")).diagnostics
    assert [item.code for item in found] == ["NS505"]
