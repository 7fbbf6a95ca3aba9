"""to_yaml: one self-contained text that is the same network again."""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from netspec.render.summary import summary_json
from tests.spec_cases import RIGHT, ROOT, name_of, sweep


@pytest.mark.parametrize("path", sweep(RIGHT, 2), ids=name_of)
def test_reloads_to_the_same_network(path: Path) -> None:
    spec = netspec.load(path)
    text = spec.to_yaml()
    again = netspec.loads(text)
    assert again.name == spec.name
    assert summary_json(netspec.check(again)) == summary_json(netspec.check(spec))
    assert [again.data is None, again.train is None] == [spec.data is None, spec.train is None]
    for section in ("data", "train", "expect"):
        one, other = getattr(spec, section), getattr(again, section)
        assert (one is None and other is None) or again.evaluate(other) == spec.evaluate(one)
    assert again.to_yaml() == text


def test_settings_are_written_out() -> None:
    spec = netspec.load(ROOT / "specs/vgg16_cifar10.yaml", classes=7)
    again = netspec.loads(spec.to_yaml())
    assert "model:" not in spec.to_yaml()
    assert {name: tensor.shape for name, tensor in netspec.check(again).outputs.items() if tensor} == {
        "classifier": (7,)
    }
