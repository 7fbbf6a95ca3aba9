"""A function of tensors is one record: torch.fmax, which the table does not have."""

from __future__ import annotations

from math import nan

import torch

from tests.extending.package_copy import Copy

FILE = "netspec/layers/functions/elementwise.py"
RECORD = '    _of_two("fmax", "The larger one of two numbers; of a number and NaN the number."),\n'
SPEC = "netspec: 1\ninputs: {x: [3], y: [3]}\nlayers: [{fmax: {}, from: [x, y]}]\n"
X, Y = [1.0, 5.0, nan], [2.0, -1.0, 7.0]
COMPILE = f"""
from math import nan
import netspec, torch
net = netspec.compile(netspec.load("net.yaml"))
answer = net(torch.tensor([{X}]), torch.tensor([{Y}]))[0].tolist()
"""


def test_one_record_adds_a_function(copy: Copy) -> None:
    copy.insert(FILE, "LAYERS = (\n", RECORD)
    assert copy.changed() == {FILE}
    copy.append("net.yaml", SPEC)
    copy.append("wrong.yaml", SPEC.replace("y: [3]", "y: [4]"))
    assert copy.netspec("check", "net.yaml").code == 0
    wrong = copy.netspec("check", "wrong.yaml")
    assert (wrong.code, "fmax needs equal sizes" in wrong.out) == (1, True), wrong.out
    assert copy.answer(COMPILE) == torch.fmax(torch.tensor(X), torch.tensor(Y)).tolist()
    assert copy.schema()["$defs"]["fmax"]["description"].startswith("The larger one")
    assert "### fmax\n\nThe larger one" in copy.page("layers.md")
    assert copy.passed("tests/layers/test_table.py", "tests/layers/test_examples.py", "-k", "fmax") >= 5


def test_without_the_record_it_is_unknown(copy: Copy) -> None:
    copy.append("net.yaml", SPEC)
    found = copy.netspec("check", "net.yaml")
    assert (found.code, "NS204" in found.out) == (1, True), found.out
