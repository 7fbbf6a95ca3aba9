"""A target of `netspec export` is a record and two functions: the weights as NumPy's own archive."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cli.commands import RIGHT
from tests.extending.package_copy import Copy

pytestmark = pytest.mark.exhaustive  # a layer and a function stand for the others by default

FILE, TABLE = "netspec/exporting/npz_file.py", "netspec/exporting/targets.py"
FUNCTIONS = '''\
"""Weights as an archive of NumPy's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from netspec.compiler.module import compile_spec
from netspec.exporting.network import Network, flat
from netspec.exporting.torch_files import Runner


def write(network: Network, path: Path) -> None:
    """Write the weights of a network."""
    with path.open("wb") as file:
        np.savez(file, **{name: x.numpy() for name, x in network.model.state_dict().items()})


def load(path: Path, network: Network) -> Runner:
    """The network of the spec with the weights of a file."""
    model = compile_spec(network.spec).eval()
    with np.load(path) as arrays:
        model.load_state_dict({name: torch.as_tensor(array) for name, array in arrays.items()})
    return lambda samples: (flat(model(*inputs)) for inputs in samples)
'''
RECORD = """\
        Target(
            "npz",
            ".npz",
            "the weights alone, for NumPy",
            "netspec.exporting.npz_file:write",
            "netspec.exporting.npz_file:load",
            {},
            graph=False,
        ),
"""


def test_a_record_and_its_functions_add_a_target(copy: Copy) -> None:
    copy.append(FILE, FUNCTIONS)
    copy.insert(TABLE, "    for each in (\n", RECORD)
    assert copy.changed() == {FILE, TABLE}
    copy.append("net.yaml", RIGHT)
    done = copy.netspec("export", "net.yaml", "--to", "npz")
    assert (done.code, done.out.startswith("wrote net.npz: npz, ")) == (0, True), done.err
    assert "largest difference 0 over 6 random samples" in done.out
    with np.load(copy.folder / "net.npz") as arrays:
        assert {name: array.shape for name, array in arrays.items()} == {"fc.weight": (3, 4), "fc.bias": (3,)}
    refused = copy.netspec("export", "net.yaml", "-o", "more.npz", "--classes")
    assert (refused.code, "npz holds no graph that probabilities could go into" in refused.err) == (1, True)
    assert "npz: the weights alone, for NumPy" in " ".join(copy.netspec("export", "--help").out.split())
    # What it loads is compared with the network: other numbers leave no file.
    file = copy.folder / FILE
    file.write_text(file.read_text("utf-8").replace("x.numpy()", "x.numpy() + 1"), encoding="utf-8")
    wrong = copy.netspec("export", "net.yaml", "-o", "wrong.npz")
    assert (wrong.code, "differs from the network" in wrong.err) == (1, True), wrong.err
    assert not (copy.folder / "wrong.npz").exists()


def test_without_the_record_there_is_no_such_target(copy: Copy) -> None:
    copy.append(FILE, FUNCTIONS)
    copy.append("net.yaml", RIGHT)
    done = copy.netspec("export", "net.yaml", "--to", "npz")
    assert (done.code, "'npz' is not one of" in done.err) == (2, True), done.err
