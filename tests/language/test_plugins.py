"""The stages and plugins: what is refused runs nothing, what is brought is a type like the others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

import netspec
from netspec.checker import check
from netspec.language.load import load, loads
from netspec.language.plugins import LoadedPlugin
from netspec.layers.arguments import Int
from netspec.layers.record import Arg, Layer
from netspec.layers.table import TABLE
from netspec.shapes.report import Report

HALVE = Layer(
    name="Halve", doc="Half of the last axis.", shape=lambda a, x: (*x[:-1], x[-1] // a.by),
    args=(Arg("by", Int(1), 2),), origin=("nets", "Halve"), right=(),
)  # fmt: skip


class Bring:
    """Allows everything, and brings what it is told to; keeps what it was asked."""

    def __init__(self, **plugins: LoadedPlugin) -> None:
        self.plugins, self.asked = plugins, list[tuple[str, Path]]()

    def load(self, name: str, folder: Path) -> LoadedPlugin:
        self.asked.append((name, folder))
        return self.plugins[name]

    def importable(self, folder: Path) -> AbstractContextManager[None]:
        return nullcontext()


def told(report: Report) -> list[tuple[str, int, int]]:
    return [(found.code, found.span.line, found.span.column) for found in report.diagnostics]


def spec(layers: str, plugins: str = "[mine]") -> str:
    return f"netspec: 1\nplugins: {plugins}\ninput: [3, 8]\nlayers: {layers}\n"


def test_a_spec_alone_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nnetspec_layers = {{}}\n")
    (tmp_path / "net.yaml").write_text(spec("[Halve]"))
    report = check(load(tmp_path / "net.yaml"))
    assert told(report) == [("NS701", 2, 11)]
    assert report.outputs == {}
    assert not (tmp_path / "ran").exists()
    with pytest.raises(netspec.SpecError, match="NS701"):
        netspec.compile(netspec.load(tmp_path / "net.yaml"))
    assert not (tmp_path / "ran").exists()


def test_permission_runs_it(tmp_path: Path) -> None:
    """The twin: what the test above guards does happen where it is allowed."""
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nnetspec_layers = {{}}\n")
    (tmp_path / "net.yaml").write_text(spec("[Flatten]"))
    assert check(netspec.load(tmp_path / "net.yaml", allow_plugins=True)).ok
    assert (tmp_path / "ran").exists()


def test_the_refusal_says_how_to_allow_it() -> None:
    (found,) = check(loads(spec("[Halve]"))).diagnostics
    text = " ".join(note.text for note in found.notes)
    assert "--allow-plugins" in text
    assert "NETSPEC_ALLOW_PLUGINS=mine" in text
    assert "allow_plugins=True" in text


@pytest.mark.parametrize(
    "layers",
    [
        "[Halve, Flatten, {Linear: 4}]",
        "[{name: h, Halve: {by: 3}}, {add: {}, from: [h.0, h.1]}]",
        "[{branches: {a: [Halve], b: []}, merge: add}]",
        "[{branches: {a: [ReLU], b: []}, merge: Joined}]",
        "[Relu2]",
    ],
)
def test_what_it_may_bring_makes_no_echo(layers: str) -> None:
    assert told(check(loads(spec(layers)))) == [("NS701", 2, 11)]


def test_errors_beside_it_stand() -> None:
    report = check(loads(spec("[{Linear: {in_features: 9, out_features: 4}}, Halve, {Linear: {out: 3}}]")))
    assert [code for code, _, _ in told(report)] == ["NS701", "NS401", "NS205"]


def test_an_unknown_type_shows_where_no_plugin_is_missing() -> None:
    """The twin: without a refused plugin the same type is an error."""
    assert told(check(loads("netspec: 1\ninput: [3, 8]\nlayers: [Halve]\n"))) == [("NS204", 3, 10)]
    brought = loads(spec("[Halves]"), plugins=Bring(mine=LoadedPlugin({"Halve": HALVE})))
    assert told(check(brought)) == [("NS204", 4, 10)]


@pytest.mark.parametrize(
    ("plugins", "column"),
    [("[1]", 11), ("[a b]", 11), ("[a, [b]]", 14), ("{a: b}", 10), ("../a", 10), ("[a.class]", 11), ("", 9)],
)
def test_what_names_no_module(plugins: str, column: int) -> None:
    """It is wrong as it stands, and nothing is asked for it."""
    bring = Bring(a=LoadedPlugin({}))
    report = check(loads(spec("[ReLU]", plugins), plugins=bring))
    assert ("NS202", 2, column) in told(report)
    assert [name for name, _ in bring.asked] in ([], ["a"])


def test_a_brought_layer_is_a_type_like_the_others(tmp_path: Path) -> None:
    bring = Bring(mine=LoadedPlugin({"Halve": HALVE}))
    text = spec("[Halve, {Halve: 4}, {Halve: {by: 0}}, {Halve: {at: 1}}]")
    report = check(loads(text, plugins=bring, folder=tmp_path))
    assert [found.code for found in report.diagnostics] == ["NS216", "NS205"]
    assert [known.outputs[0].shape for known in report.inferred[:2] if known.outputs] == [(3, 4), (3, 1)]
    assert set(bring.asked) == {("mine", tmp_path)}


def test_no_spec_sees_the_plugins_of_another() -> None:
    before = dict(TABLE)
    check(loads(spec("[Halve]"), plugins=Bring(mine=LoadedPlugin({"Halve": HALVE}))))
    assert told(check(loads("netspec: 1\ninput: [8]\nlayers: [Halve]\n"))) == [("NS204", 3, 10)]
    assert before == TABLE


def test_names_that_are_taken() -> None:
    bring = Bring(mine=LoadedPlugin({"Linear": HALVE, "Halve": HALVE}), other=LoadedPlugin({"Halve": HALVE}))
    report = check(loads(spec("[{Linear: 4}]", "[mine, other, mine]"), plugins=bring))
    assert told(report) == [("NS703", 2, 11), ("NS703", 2, 17)]
    assert report.outputs["0"] is not None
    assert report.outputs["0"].shape == (3, 4)  # Linear stays torch's
    block = spec("[ReLU]") + "blocks: {Halve: [ReLU]}\n"
    hidden = check(loads(block, plugins=Bring(mine=LoadedPlugin({"Halve": HALVE}))))
    assert ("NS207", 5, 10) in told(hidden)


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def write(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        return tmp_path

    return write


def test_a_model_brings_its_plugins(folder: Callable[..., Path]) -> None:
    made = folder(net=spec("[Halve]"), run="netspec: 1\nplugins: other\nmodel: net.yaml\n")
    bring = Bring(mine=LoadedPlugin({"Halve": HALVE}), other=LoadedPlugin({}))
    read = load(made / "run.yaml", plugins=bring)
    assert check(read).ok
    assert bring.asked[:2] == [("other", made), ("mine", made)]
    again = loads(read.to_yaml(), plugins=bring)  # what a run stores
    assert check(again).ok
    (refused,) = {found.span.path for found in check(load(made / "run.yaml")).diagnostics[1:]}
    assert refused.endswith("net.yaml")


def test_a_fix_is_tried_with_what_was_allowed() -> None:
    text = (
        "netspec: 1\nplugins: [mine]\ninput: [8]\nlayers:\n  - Halve\n  - Linear: {in_features: 8, out_features: 2}\n"
    )
    (found,) = check(loads(text, plugins=Bring(mine=LoadedPlugin({"Halve": HALVE})))).diagnostics
    assert [fix.title for fix in found.fixes][:1] == ["in_features: 4"]
