"""A spec is checked for one version of torch: what that one lacks is an error, and its rules are those that hold."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import netspec
from netspec.checker import check
from netspec.core.installed import NEWEST, release
from netspec.fixes.verify import edited
from netspec.language.load import loads
from netspec.layers.table import TABLE
from netspec.lint import torch_versions as versions
from tests.cli.commands import netspec as run


def spec(layer: str, input: str = "[4, 8, 8]") -> str:
    return f"netspec: 1\ninput: {input}\nlayers:\n  - {layer}\n"


def found(text: str, version: str | None) -> list[tuple[str, str]]:
    return [(item.code, item.message) for item in check(loads(text), torch=version).diagnostics]


@pytest.mark.parametrize("layer", ["BatchNorm2d", "InstanceNorm2d", "GroupNorm"])
def test_an_argument_that_came_later(layer: str) -> None:
    text = spec(f"{layer}: {{bias: false{', num_groups: 2' if layer == 'GroupNorm' else ''}}}")
    assert found(text, "2.9.1") == [("NS219", f"bias of {layer} came with torch 2.12, here is 2.9.1")]
    assert found(text, "2.11.0a0+git12") == [("NS219", f"bias of {layer} came with torch 2.12, here is 2.11.0a0+git12")]
    assert found(text, "2.12") == []


def test_it_points_at_the_argument() -> None:
    (item,) = check(loads(spec("BatchNorm2d: {eps: 1e-3, bias: false}")), torch="2.9").diagnostics
    assert (item.span.line, item.span.column, item.span.end_column) == (4, 30, 34)
    assert item.fixes == ()
    assert [(note.label, note.text) for note in item.notes] == [("fix", "pip install 'torch>=2.12'")]


FIXED = [
    ("BatchNorm2d: {bias: true, eps: 1e-3}", "BatchNorm2d: {eps: 1e-3}"),
    ("BatchNorm2d: {eps: 1e-3, bias: true}", "BatchNorm2d: {eps: 1e-3}"),
    ("BatchNorm2d: {eps: 1e-3, bias: true, momentum: 0.2}", "BatchNorm2d: {eps: 1e-3, momentum: 0.2}"),
    ("BatchNorm2d: {bias: true}", "BatchNorm2d: {}"),
    ("BatchNorm2d:\n      bias: true  # gone\n      eps: 1e-3  # kept", "BatchNorm2d:\n      eps: 1e-3  # kept"),
    ("BatchNorm2d:\n      eps: 1e-3  # kept\n      bias: true  # gone", "BatchNorm2d:\n      eps: 1e-3  # kept"),
    ("BatchNorm2d:\n      bias: true", "BatchNorm2d:\n      {}"),
]


@pytest.mark.parametrize(("before", "after"), FIXED)
@pytest.mark.parametrize("ends", ["\n", ""])
def test_the_default_may_be_left_out(before: str, after: str, ends: str) -> None:
    given = loads(spec(before).rstrip("\n") + ends)
    (item,) = check(given, torch="2.9").diagnostics
    assert item.fixes[0].title == "without bias, which is true anyway"
    (text,) = edited(given, item.fixes[0].edits).values()
    assert text.rstrip("\n") == spec(after).rstrip("\n")
    assert found(text if "\n" in text else text + "\n", "2.9") == []


@pytest.mark.parametrize(
    "layer",
    [
        "BatchNorm2d: {bias: false}",
        "BatchNorm2d: {bias: yes_or_no}",
        "BatchNorm2d:\n      <<: {bias: true, eps: 1e-3}\n      momentum: 0.2",
    ],
)
def test_what_is_no_default_stays(layer: str) -> None:
    items = check(loads(spec(layer).replace("input", "params: {yes_or_no: true}\ninput")), torch="2.9").diagnostics
    assert [item.fixes for item in items if item.code == "NS219"] == [()]


def test_a_layer_that_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """No layer has come since the oldest version; one that says so is refused at its type."""
    text = spec("Conv2d: {out_channels: 2, kernel_size: 3}")
    monkeypatch.setitem(TABLE, "Conv2d", replace(TABLE["Conv2d"], since="2.11"))
    assert found(text, "2.9") == [("NS219", "Conv2d came with torch 2.11, here is 2.9")]
    assert found(text, "2.11") == []


def test_a_block_used_twice_and_a_shared_layer_are_told_once() -> None:
    text = (
        "netspec: 1\ninput: [4, 8]\nblocks: {B: [{BatchNorm1d: {bias: false}}]}\n"
        "layers: [B, B, {name: n, BatchNorm1d: {eps: 0.1, bias: false}}, {share: n}]\n"
    )
    assert [item.span.column for item in check(loads(text), torch="2.9").diagnostics] == [29, 50]


# -- rules that changed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        ("ZeroPad2d: [1, 1, -4, -4]", {"2.9": None, "2.10": (4, 0, 10)}),
        ("ZeroPad2d: [0, 0, -4, -4]", {"2.9": (4, 0, 8), "2.10": (4, 0, 8)}),  # where it only crops
        ("pad: {pad: [1, 1, -4, -4]}", {"2.9": None, "2.10": (4, 0, 10), "2.15": (4, 0, 10)}),
        ("ReflectionPad2d: [0, 0, -4, -4]", {"2.14": (4, 0, 8), "2.15": None}),
        ("ReflectionPad2d: -4", {"2.14": None, "2.15": None}),  # nothing is left of either axis
        ("{pad: {pad: [0, 0, -4, -4], mode: replicate}}", {"2.9": (4, 0, 8), "2.13": (4, 0, 8), "2.14": None}),
        ("BatchNorm2d: {eps: 0}", {"2.9": (4, 8, 8), "2.10": None}),
    ],
)
def test_each_version_has_its_own_rules(layer: str, shapes: dict[str, tuple[int, ...] | None]) -> None:
    for version, shape in shapes.items():
        report = check(loads(spec(layer)), torch=version)
        assert report.ok == (shape is not None), version
        if shape is not None:
            (output,) = report.outputs.values()
            assert output is not None
            assert output.shape == shape


def test_a_bag_of_old_loses_a_sample() -> None:
    text = spec(
        "EmbeddingBag: {num_embeddings: 9, embedding_dim: 4, include_last_offset: true}", "{shape: [7], dtype: int64}"
    )
    message = "EmbeddingBag: include_last_offset leaves the batch's last sample out"
    assert found(text, "2.9") == [("NS406", message)]
    assert found(text, "2.10") == []


def test_a_record_is_that_of_the_version_throughout() -> None:
    report = check(loads(spec("BatchNorm2d: {eps: 0}")), torch="2.9")
    assert report.graph is not None
    (call,) = report.graph.calls
    assert call.record.as_of(release("2.9")).shape is call.record.shape


# -- which version is meant --------------------------------------------------------------------------------------------


def test_the_installed_version_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    text = spec("BatchNorm2d: {bias: false}")
    monkeypatch.setattr(versions, "installed", lambda: "2.9.1")
    assert [code for code, _ in found(text, None)] == ["NS219"]
    monkeypatch.setattr(versions, "installed", lambda: NEWEST)
    assert found(text, None) == []


def test_it_is_not_asked_where_all_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> str:
        raise AssertionError("the version was looked up")

    monkeypatch.setattr(versions, "installed", asked)
    assert found(spec("BatchNorm2d: {eps: 1e-3}"), None) == []
    assert found(spec("ZeroPad2d: 1"), None) == []
    with pytest.raises(AssertionError, match="looked up"):
        found(spec("ZeroPad2d: -1"), None)


def test_to_look_it_up_imports_no_torch() -> None:
    code = (
        "import sys; from netspec.checker import check; from netspec.language.load import loads; "
        f"check(loads({spec('ZeroPad2d: -1')!r})); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_from_python() -> None:
    given = netspec.loads(spec("BatchNorm2d: {bias: false}"))
    assert not netspec.check(given, torch="2.9").ok
    assert netspec.check(given, torch="2.12").ok
    with pytest.raises(ValueError, match=r"torch 2\.5 is older than 2\.6"):
        netspec.check(given, torch="2.5")


def test_what_is_compiled_is_for_the_installed_torch() -> None:
    """Its source passes no argument that this torch lacks: what is the default is not written."""
    for bias in ("true", "false"):
        given = netspec.loads(spec(f"BatchNorm2d: {{bias: {bias}}}"))
        if check(given).ok:
            model = netspec.compile(given)
            assert model(torch.zeros(2, 4, 8, 8)).shape == (2, 4, 8, 8)
        else:
            with pytest.raises(netspec.SpecError, match="came with torch"):
                netspec.compile(given)
    assert "bias" not in netspec.to_python(netspec.loads(spec("BatchNorm2d")))


@pytest.mark.parametrize("command", ["check", "summary", "sizes"])
def test_on_the_command_line(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(spec("BatchNorm2d: {bias: false}"))
    done = run(command, "--torch", "2.9", path, capsys=capsys)
    assert done.code == 1
    assert "bias of BatchNorm2d came with torch 2.12, here is 2.9" in done.out + done.err
    assert run(command, "--torch", "2.12", path, capsys=capsys).code == 0
    for version, said in (("2.5", "older than 2.6"), ("new", "'new' is not a version of torch")):
        done = run(command, "--torch", version, path, capsys=capsys)
        assert done.code == 2
        assert said in done.err
