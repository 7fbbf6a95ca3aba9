"""Plugins that are allowed: their import, their table, shape rules, and modules on the meta device, against torch."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import netspec
from netspec.checker import check
from netspec.compiler.plugins import meta
from netspec.compiler.plugins.permission import plugin_permission
from netspec.compiler.plugins.records import args_of, parameters_of
from netspec.language.load import loads
from netspec.language.plugins import SETTING
from netspec.layers.arguments import Anything, Bool, Either, Float, Int, Ints, Null, Several, Word
from netspec.layers.text import Text
from netspec.shapes.report import Report
from tests.rounds import left_out
from tests.runner.started import Started
from tests.spec_cases import ROOT

GATED = '''
import torch
from torch import nn


class GatedConv(nn.Module):
    """A convolution with a gate."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, bias: bool = True) -> None:
        super().__init__()
        if kernel_size > 7:
            raise ValueError("no window of more than 7")
        self.conv = nn.Conv2d(in_channels, 2 * out_channels, kernel_size, bias=bias)

    def forward(self, x):
        value, gate = self.conv(x).chunk(2, dim=1)
        return value * torch.sigmoid(gate)
'''
DIRECT = GATED + "\n\nnetspec_layers = {'GatedConv': GatedConv}\n"
RULE = """
import netspec


def gated(x, *, in_channels: int, out_channels: int, kernel_size: int = 3, bias: bool = True):
    channels, height, width = x
    return out_channels, height - kernel_size + 1, width - kernel_size + 1


def count(x, *, in_channels, out_channels, kernel_size, bias):
    return 2 * out_channels * (in_channels * kernel_size**2 + bias)


netspec_layers = {
    "GatedConv": netspec.PluginLayer(
        module="gated:GatedConv", output=gated, parameters=count, infer={"in_channels": lambda x: x[0]}
    )
}
"""
HEAD = "import torch\nfrom torch import nn\n"
ODD = (
    HEAD
    + """

class Odd(nn.Module):
    def forward(self, x):
        {}


netspec_layers = {{"Odd": Odd}}
"""
)
Make = Callable[..., Report]


@pytest.fixture
def made(tmp_path: Path) -> Make:
    """Write plugins beside a spec and check it with permission."""

    def make(
        layers: str, *, shape: str = "[3, 16, 16]", plugins: str = "[mine]", more: str = "", **modules: str
    ) -> Report:
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        path = tmp_path / "net.yaml"
        path.write_text(f"netspec: 1\nplugins: {plugins}\ninput: {shape}\nlayers: {layers}\n{more}", encoding="utf-8")
        return check(netspec.load(path, allow_plugins=True))

    return make


def told(report: Report) -> list[tuple[str, int, int]]:
    return [(found.code, found.span.line, found.span.column) for found in report.diagnostics]


def message(report: Report) -> str:
    (found,) = report.diagnostics
    return found.message


# -- what torch says --------------------------------------------------------------------------------------------------


def test_a_module_is_checked_as_torch_would_run_it(made: Make) -> None:
    layers = "[{GatedConv: {in_channels: 3, out_channels: 8, kernel_size: 5}}, Flatten, {Linear: 10}]"
    report = made(layers, mine=DIRECT)
    assert told(report) == []
    known = report.inferred[0]
    assert known.outputs is not None
    assert known.outputs[0].shape == (8, 12, 12)
    assert known.parameters == 16 * (3 * 5 * 5 + 1)  # of nn.Conv2d(3, 16, 5)
    assert known.macs == 16 * 3 * 5 * 5 * 12 * 12
    model = netspec.compile(report.spec)
    assert sum(parameter.numel() for parameter in model.parameters()) == report.parameters
    x = torch.randn(2, 3, 16, 16)
    value, gate = model[0].conv(x).chunk(2, dim=1)  # type: ignore[index, union-attr, operator]
    assert torch.equal(model[0](x), value * torch.sigmoid(gate))  # type: ignore[index, operator]


def test_a_rule_needs_no_torch_and_says_the_same(made: Make) -> None:
    layers = (
        "[{GatedConv: {out_channels: 8, kernel_size: 5}}, {GatedConv: {in_channels: 8, out_channels: 2, bias: false}}]"
    )
    report = made(layers, mine=RULE, gated=GATED)
    assert told(report) == []
    assert [known.parameters for known in report.inferred] == [16 * (75 + 1), 4 * 8 * 9]
    assert [known.macs for known in report.inferred] == [None, None]
    model = netspec.compile(report.spec)
    assert sum(parameter.numel() for parameter in model.parameters()) == report.parameters
    assert model(torch.zeros(2, 3, 16, 16)).shape == (2, *(2, 10, 10))
    wrong = made("[{GatedConv: {in_channels: 4, out_channels: 8}}, Flatten, {GatedConv: 3}]", mine=RULE, gated=GATED)
    assert [found.code for found in wrong.diagnostics] == ["NS401", "NS404"]
    assert wrong.diagnostics[0].fixes[0].title == "in_channels: 3"


@pytest.mark.parametrize(("plugin", "torch_too"), [("mine", False), left_out(("direct", True))])
def test_a_check_imports_torch_only_for_the_meta_device(
    plugin: str, torch_too: bool, made: Make, tmp_path: Path
) -> None:
    layers = "[{GatedConv: {in_channels: 3, out_channels: 8}}]"
    made(layers, plugins=f"[{plugin}]", mine=RULE, gated=GATED, direct=DIRECT)
    code = f"""
import sys
from netspec.cli.main import main
try:
    main(["check", "--allow-plugins", {str(tmp_path / "net.yaml")!r}])
except SystemExit as end:
    print(end.code, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.splitlines()[-1:] == [f"0 {torch_too}"], done.stderr


def test_several_outputs_and_inputs(made: Make) -> None:
    plugin = (
        HEAD
        + """

class Split(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3)), x.argmax(dim=1)


class Mix(nn.Module):
    def forward(self, x, y, scale=None):
        return torch.einsum("nc,nhw->nchw", x, y.float())


netspec_layers = {"Split": Split, "Mix": Mix}
"""
    )
    layers = "[{name: split, Split}, {name: mix, Mix: {}, from: [split.0, split.1]}, {name: pair, Split: {}}]"
    report = made(layers, mine=plugin)
    assert told(report) == []
    named = {name: tensor and (tensor.shape, tensor.dtype) for name, tensor in report.outputs.items()}
    assert named == {"pair.0": ((3,), "float32"), "pair.1": ((16, 16), "int64")}
    given = netspec.compile(report.spec)(torch.randn(2, 3, 16, 16))
    assert [tuple(each.shape[1:]) for each in given] == [(3,), (16, 16)]
    assert told(made("[{name: split, Split}, ReLU]", mine=plugin)) == [("NS304", 4, 32)]
    assert told(made("[Mix]", mine=plugin)) == [("NS303", 4, 10)]


def test_each_combination_is_tried_once(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    real = meta.run
    monkeypatch.setattr(meta, "run", lambda *given: tried.append(given[2:]) or real(*given))
    conv = "GatedConv: {in_channels: 3, out_channels: 3}"
    layers = f"[{{repeat: 5, {conv}}}, {{{conv}}}, Flatten, {{Linear: {{in_features: 7, out_features: 1}}}}]"
    report = made(layers, mine=DIRECT)
    assert [found.code for found in report.diagnostics] == ["NS401"]
    assert report.diagnostics[0].fixes  # each of which was checked again
    sizes = [inputs[0].shape for _, inputs in tried]  # type: ignore[misc, index, attr-defined]
    assert len(sizes) == len(set(sizes)) > 5  # other sizes were tried for the note on inputs that would do


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("return x.flatten()", "NS406", "of 2×3×16×16 it makes 1536"),
        ("return x.mean()", "NS406", "does not keep the batch"),
        ("return x.transpose(0, 1)", "NS406", "it makes 3×2×16×16"),
        ("return x.flatten(1) @ x.flatten(1).T", "NS406", "it makes 2×2"),
        ("return x @ torch.zeros(5, 5)", "NS404", "at mine.py:"),
        ("return x.view(x.shape[0], 7, -1)", "NS404", "RuntimeError: shape '[2, 7, -1]' is invalid"),
        ("return x * x.sum().item()", "NS704", "needs a shape rule; torch says RuntimeError: Tensor.item()"),
        ("return {'y': x}", "NS704", "gives dict"),
        ("return x, (x, x)", "NS704", "a tuple of Tensor, tuple"),
        ("return (x,)", "NS704", "a tuple of 1"),
        ("return None", "NS704", "gives NoneType"),
        ("raise SystemExit", "NS404", "SystemExit"),
        ("return x.nonsense", "NS404", "no attribute 'nonsense'"),
    ],
)
def test_a_forward_that_does_not_do(body: str, code: str, words: str, made: Make) -> None:
    plugin = ODD.format(body)
    report = made("[Odd, Flatten, {Linear: 3}]", mine=plugin)
    assert told(report) == [(code, 4, 10)]
    assert words in message(report)


def test_the_constructors_refusal(made: Make) -> None:
    report = made(
        "[{GatedConv: {in_channels: 3, out_channels: 8, kernel_size: 9}}]",
        mine=DIRECT,
    )
    assert told(report) == [("NS407", 4, 11)]
    assert message(report) == "GatedConv refuses its arguments: ValueError: no window of more than 7"


def test_what_is_random_stays_what_it_was(made: Make) -> None:
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    body = "print('hello')\n        return x + torch.rand(1)"
    assert made("[Odd]", mine=ODD.format(body)).ok
    assert torch.equal(torch.rand(3), expected)


# -- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "code", "words"),
    [
        ("lambda x: 1 / 0", "NS704", "the shape rule of Odd fails: ZeroDivisionError"),
        ("lambda x: (1.5,)", "NS704", "gives (1.5,)"),
        ("lambda x: (-1, 2)", "NS704", "gives (-1, 2)"),
        ("lambda x: 3", "NS704", "gives 3"),
        ("lambda x: [x]", "NS704", "gives [(3, 16, 16)]"),
        ("lambda x: int('no')", "NS404", "Odd: invalid literal"),
        ("lambda x: exit()", "NS704", "SystemExit"),
        ("lambda x, *, by=2: x, parameters=lambda x, *, by: -by", "NS704", "parameters of Odd gives -2"),
        ("lambda x, *, by=2: x, macs=lambda x: 1 / 0", "NS704", "macs of Odd fails"),
        ("lambda x, *, by: x, infer={'by': lambda x: 'a'}", "NS704", "infer of Odd.by gives 'a'"),
        ("lambda x: (2**63,)", "NS404", "larger than 2^62"),
    ],
)
def test_a_rule_that_does_not_do(rule: str, code: str, words: str, made: Make) -> None:
    plugin = (
        f"import netspec\nnetspec_layers = {{'Odd': netspec.PluginLayer(module='gated:GatedConv', output={rule})}}\n"
    )
    report = made("[Odd, Flatten, {Linear: 3}]", mine=plugin)
    assert told(report) == [(code, 4, 10)]
    assert words in message(report)


@pytest.mark.parametrize(
    ("module", "output", "words"),
    [
        (
            "gated:GatedConv",
            "lambda x, *, in_channels=3, out_channels=8: x",
            r"gives 3×16×16 float32, its forward 8×14×14",
        ),
        ("gated:GatedConv", "lambda x: x", "refuses its arguments: TypeError"),
        ("gated:Gated", "lambda x: x", "cannot be had: AttributeError"),
        ("absent:Gated", "lambda x: x", "cannot be had: ModuleNotFoundError"),
        ("gated:torch", "lambda x: x", "is no nn.Module"),
        (
            "gated:GatedConv",
            "lambda x, *, in_channels=3, out_channels=8: (8, 14, 14), parameters=lambda x: 7",
            "gives 7, its module has 448",
        ),
    ],
)
def test_a_rule_is_held_against_its_module_before_it_is_built(module: str, output: str, words: str, made: Make) -> None:
    plugin = f"import netspec\nnetspec_layers = {{'Odd': netspec.PluginLayer(module={module!r}, output={output})}}\n"
    report = made("[Odd]", mine=plugin, gated=GATED)
    assert report.ok  # which did not need the module
    with pytest.raises(netspec.SpecError, match=words) as raised:
        netspec.compile(report.spec)
    (found,) = raised.value.diagnostics
    assert (found.span.line, found.span.column) == (4, 10)


def test_a_module_that_needs_its_data_can_have_a_rule(made: Make) -> None:
    plugin = (
        HEAD
        + """
import netspec


class Odd(nn.Module):
    def forward(self, x):
        return x * x.sum().item()


netspec_layers = {"Odd": netspec.PluginLayer(module=Odd, output=lambda x: x)}
"""
    )
    report = made("[Odd]", mine=plugin)
    assert netspec.compile(report.spec)(torch.ones(1, 3, 16, 16)).max() == 3 * 16 * 16


# -- the table and the import -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "a plugin has a mapping netspec_layers, that of mine has none"),
        ("netspec_layers = [1]", "that of mine is [1]"),
        ("import nowhere_at_all", "cannot be imported: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("raise ValueError('no')", "cannot be imported: ValueError: no"),
        ("def f(:", "cannot be imported: SyntaxError"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
    ],
)
def test_a_plugin_that_cannot_be_used(text: str, words: str, made: Make) -> None:
    report = made("[Odd]", mine=text)
    assert told(report) == [("NS702", 2, 11)]
    assert words in message(report)


@pytest.mark.parametrize("name", ["absent_plugin", "mine.absent", "absent.mine"])
def test_a_plugin_that_is_not_there(name: str, made: Make) -> None:
    report = made("[Odd]", plugins=f"[{name}]", mine="netspec_layers = {}")
    assert told(report) == [("NS702", 2, 11)]
    assert message(report) == f"no module {name} is found"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("'from': GatedConv", "no key of an item"),
        ("'a b': GatedConv", "a word of letters"),
        ("3: GatedConv", "a word of letters"),
        ("'A': 3", "expected a class or a netspec.PluginLayer, got 3"),
        ("'A': int", "int has no forward"),
        ("'A': type('Inner', (), {'__qualname__': 'f.<locals>.Inner'})", "made within a function"),
        ("'A': netspec.PluginLayer(module='gated.GatedConv', output=print)", "no path of a class"),
        ("'A': netspec.PluginLayer(module='gated:GatedConv')", "needs a shape rule"),
        ("'A': netspec.PluginLayer(module='nn:GatedConv', output=lambda x: x)", "a name that generated code uses"),
        ("'A': netspec.PluginLayer(module='g:A', output=lambda x, **kw: x)", "names its arguments"),
        ("'A': netspec.PluginLayer(module='g:A', output=lambda x, by=2: x)", "arguments come after *, as (x, *, by=2)"),
        ("'A': netspec.PluginLayer(module='g:A', output=lambda: 1)", "takes no input"),
        ("'A': netspec.PluginLayer(module='g:A', output=lambda x: x, takes='floats')", "no dtypes of torch"),
        ("'A': netspec.PluginLayer(module=GatedConv, infer={'channels': len})", "infer names channels"),
        ("'A': netspec.PluginLayer(module=GatedConv, macs=len)", "go with output"),
    ],
)
def test_an_entry_that_is_no_layer(entry: str, words: str, made: Make) -> None:
    report = made(
        "[A]", mine=f"import netspec\nfrom gated import GatedConv\nnetspec_layers = {{{entry}}}\n", gated=GATED
    )
    assert told(report) == [("NS703", 2, 11)]
    assert words in message(report)


def test_two_folders_may_have_plugins_of_one_name(tmp_path: Path) -> None:
    specs = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "helper.py").write_text(f"SIZE = {number}\n")
        (folder / "mine.py").write_text("from helper import SIZE\n" + ODD.format("return x[:, :SIZE]"))
        (folder / "net.yaml").write_text("netspec: 1\nplugins: [mine]\ninput: [8]\nlayers: [Odd]\n")
        specs.append(netspec.load(folder / "net.yaml", allow_plugins=True))
    assert [check(spec).outputs["0"].shape for spec in specs] == [(1,), (2,)]  # type: ignore[union-attr]
    models = [netspec.compile(spec) for spec in specs]
    assert [model(torch.zeros(1, 8)).shape[1] for model in models] == [1, 2]
    assert str(tmp_path / "1") not in sys.path


def test_python_shows_and_imports_the_class(made: Make, tmp_path: Path) -> None:
    layers = "[{GatedConv: {in_channels: 3, out_channels: 8}}]"
    report = made(layers, mine=DIRECT, more="name: mine\n")
    text = netspec.to_python(report.spec)
    assert "\nimport mine\n" in text
    assert "mine.GatedConv(in_channels=3, out_channels=8)" in text
    (tmp_path / "written.py").write_text(text + "\n\nimport torch\nprint(network()(torch.zeros(1, 3, 8, 8)).shape)\n")
    code = "import sys; sys.path.insert(0, ''); exec(open('written.py').read())"
    _, out, err = Started(tmp_path, code=code).end()
    assert out.strip() == "torch.Size([1, 8, 6, 6])", err


def test_copies_and_pickles(made: Make, tmp_path: Path) -> None:
    layers = "[{name: a, GatedConv: {in_channels: 3, out_channels: 8}}, {add: {}, from: [a, a]}]"
    model = netspec.compile(made(layers, mine=DIRECT).spec)
    x = torch.randn(1, 3, 8, 8)
    assert torch.equal(copy.deepcopy(model)(x), model(x))
    (tmp_path / "net.pkl").write_bytes(pickle.dumps(model))
    code = "import pickle; print(type(pickle.load(open('net.pkl', 'rb'))).__name__)"
    for allowed, words in (("", "NS701"), ("mine", "no module mine is installed"), ("all", "Net")):
        _, out, err = Started(tmp_path, code=code, **{SETTING: allowed}).end()
        assert words in out + err


# -- permission -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("", "NS701"),
        ("other", "NS701"),
        ("installed_plugin.more", "NS701"),
        ("installed", "NS701"),
        ("other, installed_plugin", None),
        ("installed_plugin.layers", None),
        ("all", None),
    ],
)
def test_the_setting(said: str, code: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site/installed_plugin"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "layers.py").write_text(HEAD + "class Same(nn.Identity):\n    pass\nnetspec_layers = {'Same': Same}\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv(SETTING, said)
    for name in ("installed_plugin", "installed_plugin.layers"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    text = "netspec: 1\nplugins: [installed_plugin.layers]\ninput: [8]\nlayers: [Same]\n"
    assert [found.code for found in check(netspec.loads(text)).diagnostics] == ([] if code is None else [code])


def test_a_name_does_not_allow_a_file_beside_the_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trusted_name.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nnetspec_layers = {{}}\n")
    (tmp_path / "net.yaml").write_text("netspec: 1\nplugins: [trusted_name]\ninput: [8]\nlayers: [ReLU]\n")
    monkeypatch.setenv(SETTING, "trusted_name")
    (found,) = check(netspec.load(tmp_path / "net.yaml")).diagnostics
    assert found.code == "NS702"
    assert "--allow-plugins" in found.notes[0].text
    assert not (tmp_path / "ran").exists()


def test_pythons_own_path_comes_first(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("netspec_layers = {}\n")
    text = "netspec: 1\nplugins: [json]\ninput: [8]\nlayers: [ReLU]\n"
    (found,) = check(loads(text, folder=tmp_path, plugins=plugin_permission(True))).diagnostics
    assert found.code == "NS702"


# -- budgets, and arguments from signatures ---------------------------------------------------------------------------


def test_a_budget_needs_what_a_plugin_does_not_say(made: Make) -> None:
    report = made("[{GatedConv: 8}]", more="expect: {max_params: 1M, max_macs: 1M}\n", mine=RULE, gated=GATED)
    assert told(report) == [("NS704", 5, 36)]


def test_arguments_from_annotations(tmp_path: Path) -> None:
    text = """
from typing import Literal, Sequence

def function(
    a: int, b: float = 0.5, c: bool = True, d: tuple[int, int] = (1, 2), e: list[int] | None = None,
    f: Literal["x", "y"] = "x", g: int = None, h=3, i: object = None, j: int | tuple[int, int] = 1,
    k: Sequence[float] = (), l: str = "", m: "int | str" = 1,
): ...
"""
    found: dict[str, Any] = {}
    exec(text, found)
    kinds = {arg.name: arg.kind for arg in args_of(parameters_of(found["function"]), {})}
    assert [kinds[name] for name in "abcdf"] == [Int(), Float(), Bool(), Ints(2), Word(("x", "y"))]
    assert [kinds[name] for name in "egj"] == [
        Either(Either(Ints(), Null()), Null()), Either(Int(), Null()), Either(Int(), Ints(2)),
    ]  # fmt: skip
    assert kinds["k"] == Several(Float())
    assert isinstance(kinds["l"], Text)
    assert [kinds[name] for name in "him"] == [Anything()] * 3


def test_annotations_that_cannot_be_looked_up_do_not_matter() -> None:
    found: dict[str, Any] = {}
    exec("from __future__ import annotations\ndef f(a: int, b: Unknown = 1, c: bool = True): ...\n", found)
    kinds = [arg.kind for arg in args_of(parameters_of(found["f"]), {})]
    assert kinds == [Int(), Anything(), Bool()]


def test_what_is_not_annotated_takes_anything(made: Make) -> None:
    plugin = (
        HEAD
        + """

class Take(nn.Module):
    def __init__(self, what, more=None):
        super().__init__()
        assert (what, more) == ("avg", (4, 2.5, True))

    def forward(self, x):
        return x


netspec_layers = {"Take": Take}
"""
    )
    assert told(made("[{Take: {what: avg, more: [2*2, 2.5, true]}}]", mine=plugin)) == []
    assert told(made("[{Take: {what: {a: 1}}}]", mine=plugin)) == [("NS202", 4, 24)]
