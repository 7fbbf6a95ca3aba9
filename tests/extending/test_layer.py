"""A layer is one record: FrozenBatchNorm2d of torchvision.ops, which the table does not have."""

from __future__ import annotations

import jsonschema
import pytest

from tests.extending.package_copy import Copy

FILE = "netspec/layers/modules/torchvision.py"
RECORD = """\
    Layer(
        name="FrozenBatchNorm2d",
        doc="BatchNorm2d whose statistics and factors are constants (torchvision.ops).",
        args=(Arg("num_features", Int(1), infer=_channels, unit="channels"), Arg("eps", Float(), 1e-5)),
        shape=lambda a, x: x,
        module="ops",
        right=(case((6, 4, 5)), case((6, 4, 5), num_features=6, eps=1e-3)),
        wrong=(case((6, 4)), case((6, 4, 5), num_features=5)),
    ),
"""
SPEC = "netspec: 1\ninput: [3, 2, 2]\nlayers: [{FrozenBatchNorm2d: {eps: 3.0}}]\n"
COMPILE = """
import netspec, torch
net = netspec.compile(netspec.load("net.yaml"))
answer = [net(torch.full((1, 3, 2, 2), 8.0)).flatten().tolist(), sum(p.numel() for p in net.parameters())]
"""
EDITOR = """
from lsprotocol.types import Position
from netspec.lsp.analysis import Document, Options, analyse
from netspec.lsp.features.completion import completions
from netspec.lsp.features.hover import hover
text = "netspec: 1\\ninput: [3, 2, 2]\\nlayers:\\n  - {FrozenBatchNorm2d: {eps: 3.0}}\\n  - "
document = Document("file:///net.yaml", "/net.yaml", text)
analysis = analyse(document, {}, Options())
item, argument = Position(4, 4), Position(3, 24)
answer = ["FrozenBatchNorm2d" in {each.label for each in completions(document, analysis, item)},
          {"eps", "num_features"} == {each.label for each in completions(document, analysis, argument)},
          "BatchNorm2d whose statistics" in hover(analysis, Position(3, 8)).contents.value]
"""


def test_one_record_adds_a_layer(copy: Copy) -> None:
    copy.insert(FILE, "LAYERS = (\n", RECORD)
    assert copy.changed() == {FILE}
    copy.append("net.yaml", SPEC)
    copy.append("wrong.yaml", SPEC.replace("eps", "num_features: 4, eps"))
    assert copy.netspec("check", "net.yaml").code == 0
    wrong = copy.netspec("check", "wrong.yaml")
    assert (wrong.code, "expects 4 channels, gets 3" in wrong.out) == (1, True), wrong.out

    # Its mean is 0 and its variance 1, so that it divides by √(1 + eps).
    assert copy.answer(COMPILE) == [[pytest.approx(8 / (1 + 3.0) ** 0.5)] * 12, 0]

    validator = jsonschema.Draft202012Validator(copy.schema())
    document = {"netspec": 1, "input": [3, 2, 2], "layers": [{"FrozenBatchNorm2d": {"eps": 3.0}}]}
    assert validator.is_valid(document)
    assert not validator.is_valid({**document, "layers": [{"FrozenBatchNorm2d": {"epsilon": 3.0}}]})
    assert "### FrozenBatchNorm2d\n\nBatchNorm2d whose statistics" in copy.page("layers.md")
    assert copy.answer(EDITOR) == [True, True, True]
    tests = ("tests/layers/test_table.py", "tests/layers/test_examples.py", "tests/layers/test_properties.py")
    assert copy.passed(*tests, "-k", "FrozenBatchNorm2d") >= 9


def test_without_the_record_it_is_unknown(copy: Copy) -> None:
    copy.append("net.yaml", SPEC)
    found = copy.netspec("check", "net.yaml")
    assert (found.code, "NS204" in found.out) == (1, True), found.out
