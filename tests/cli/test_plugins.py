"""The commands and plugins: each that reads a spec asks for permission, and none runs anything without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netspec.language.plugins import SETTING
from tests.cli.commands import Done, netspec

PLUGIN = """
from pathlib import Path

from torch import nn

Path(__file__).with_name("ran").touch()
print("not for stdout")


class Wide(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        self.fc = nn.Linear(4, features)

    def forward(self, x):
        return self.fc(x).relu()


netspec_layers = {"Wide": Wide}
"""
SPEC = """netspec: 1
plugins: [mine]
input: [4]
layers:
  - Wide: 8
  - Linear: {in_features: 8, out_features: 3}
data: {sklearn: iris, val: 0.2}
train: {epochs: 1, batch_size: 30, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(SETTING, raising=False)
    (tmp_path / "mine.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "net.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path / "net.yaml"


def ran(spec: Path) -> bool:
    """Whether the plugin has run since it was last asked."""
    mark = spec.with_name("ran")
    there = mark.exists()
    mark.unlink(missing_ok=True)
    return there


def codes(done: Done) -> str:
    return "NS701" if "error[NS701]" in done.out + done.err else ""


def test_every_command_asks(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, rows = tmp_path / "run", tmp_path / "rows.csv"
    rows.write_text("5.1,3.5,1.4,0.2\n")
    commands = [
        ("check", spec),
        ("check", "--diff", spec),
        ("check", "--fix", spec),
        ("summary", spec),
        ("train", spec, "--device", "cpu", "--out", run),
        ("eval", run, "--device", "cpu"),
        ("predict", run, rows, "--device", "cpu"),
        ("train", "--resume", run, "--device", "cpu", "--set", "train.epochs=2"),
    ]
    for number, command in enumerate(commands):
        refused = netspec(*command, capsys=capsys)
        assert refused.code == 1, command
        assert codes(refused) == ("" if "--diff" in command else "NS701"), command  # which shows what it would change
        assert not ran(spec), command
        allowed = netspec(*command, "--allow-plugins", capsys=capsys)
        assert allowed.code == 0, (command, allowed.err)
        assert "not for stdout" not in allowed.out
        assert ran(spec) or number  # Python imports it once in this process
    assert "plugins: [mine]" in (run / "spec.yaml").read_text()


def test_the_setting_is_enough(spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "all")
    assert netspec("check", spec, capsys=capsys).code == 0
    assert ran(spec)


def test_the_setting_cannot_be_set_by_a_spec(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(SPEC.replace("netspec: 1", "netspec: 1\nallow_plugins: true"), encoding="utf-8")
    assert netspec("check", spec, capsys=capsys).code == 1
    assert netspec("check", "--set", "plugins=mine", spec, capsys=capsys).code == 1
    assert not ran(spec)


def test_what_a_plugin_prints_leaves_the_json_alone(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("check", "--format", "json", "--allow-plugins", spec, capsys=capsys)
    assert json.loads(done.out)["ok"]
    assert "not for stdout" in done.err
    summary = netspec("summary", "--format", "json", "--allow-plugins", spec, capsys=capsys)
    assert [row["params"] for row in json.loads(summary.out)["layers"]] == [8 * 4 + 8, 8 * 3 + 3]


def test_what_a_rule_does_not_count_is_said(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rule = "netspec.PluginLayer(module=Wide, output=lambda x, *, features: (features,))"
    text = PLUGIN.replace('{"Wide": Wide}', f'{{"Wide": {rule}}}').replace("from torch", "import netspec\nfrom torch")
    spec.with_name("mine.py").write_text(text, encoding="utf-8")
    done = netspec("summary", "--allow-plugins", spec, capsys=capsys)
    assert "at least 27 parameters" in done.out
    table = json.loads(netspec("summary", "--format", "json", "--allow-plugins", spec, capsys=capsys).out)
    assert [row["params"] for row in table["layers"]] == [None, 27]
