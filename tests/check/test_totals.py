"""The totals of the specs people start from, as published or worked out by hand."""

from __future__ import annotations

import pytest

import netspec
from netspec.render.summary import summary_json
from tests.spec_cases import ROOT, SHIPPED

PARAMETERS = {
    "cifar10_quick": 145_578,
    "lenet": 81_194,
    "vgg16": 138_357_544,
    "resnet18": 11_689_512,
    "googlenet": 6_624_904,
    "diabetes": 87,
    "forecast": 3 * 32 * (2 + 32 + 2) + 32 * 7 + 7,
    "tabular": 13 * 64 + 64 + 64 * 64 + 64 + 64 * 2 + 2,
    "mnist_mlp": 575_050,
    "mnist_cnn": 8_490,
    "inception_mnist": 97_298,
}
MACS = {"vgg16": 15_470_264_320, "resnet18": 1_814_073_344}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name: str) -> None:
    assert netspec.check(netspec.load(ROOT / f"specs/{name}.yaml")).parameters == PARAMETERS[name]


@pytest.mark.parametrize("name", MACS)
def test_macs(name: str) -> None:
    assert netspec.check(netspec.load(ROOT / f"specs/{name}.yaml")).macs == MACS[name]


def test_totals_are_the_sums_of_the_rows() -> None:
    for path in SHIPPED:
        summary = summary_json(netspec.check(netspec.load(path)))
        assert sum(row["params"] for row in summary["layers"]) == summary["total"]["params"]
        assert sum(row["macs"] for row in summary["layers"]) == summary["total"]["macs"]


def test_macs_do_not_count_biases() -> None:
    layer = "Conv2d: {out_channels: 32, kernel_size: 5, padding: 2}"
    spec = netspec.loads(f"netspec: 1\ninput: [192, 28, 28]\nlayers: [{layer}]\n")
    assert netspec.check(spec).macs == 120_422_400
