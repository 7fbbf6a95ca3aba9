"""What the pages show is what netspec does: examples pass, shown output is real, generated pages are current."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import jsonschema
import pytest

import netspec
from netspec.checker import check
from netspec.cli.main import COMMANDS
from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.codes import CODES, severity
from netspec.core.tree import plain
from netspec.language.load import load, loads
from netspec.language.source import compose
from netspec.layers.table import TABLE
from netspec.render.reference import PAGES
from netspec.render.schema import language_schema
from tests.cli.commands import netspec as run
from tests.rounds import left_out

ROOT = Path(__file__).parents[2]
SHIPPED = Path(netspec.__file__).parent / "netspec.schema.json"
GOOD = sorted([*ROOT.glob("specs/*.yaml"), *ROOT.glob("tests/specs/ok/*.yaml")])


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


PAGES_WITH_SPECS = ("language", "training", "data", "tuning", "warnings", "interchange")


@pytest.mark.parametrize(
    "text", [text for page in PAGES_WITH_SPECS for text in blocks(ROOT / f"docs/{page}.md", "yaml")]
)
def test_examples_of_the_language_are_right(text: str, tmp_path: Path) -> None:
    for code in blocks(ROOT / "docs/language.md", "python"):
        if named := re.match(r"# (\w+\.py), beside the spec\n", code):
            (tmp_path / named[1]).write_text(code, encoding="utf-8")
    report = check(loads(text, folder=tmp_path, plugins=plugin_permission(True)))
    unknown = {"NS923"} if "my_module:" in text else set()  # what code of one's own takes is not known to check
    assert {found.code for found in report.diagnostics} == unknown


def test_the_readme_shows_what_check_says(tmp_path: Path) -> None:
    spec = blocks(ROOT / "README.md", "yaml")[0]
    shown = next(block for block in blocks(ROOT / "README.md", "") if block.startswith("$ netspec check"))
    (tmp_path / "net.yaml").write_text(spec, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "netspec", "check", "net.yaml"], cwd=tmp_path, capture_output=True, encoding="utf-8"
    )
    assert ran.returncode == 1
    assert ran.stdout == shown.split("\n", 1)[1]


def test_the_page_of_the_language_shows_what_check_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = next(block for block in blocks(ROOT / "docs/language.md", "") if block.startswith("$ netspec check"))
    command, said = shown.split("\n", 1)
    text = "netspec: 1\ninput: [3, 8, 8]\nlayers:\n  - ReLU\n  - BatchNorm2d: {bias: false}\n"
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(*command.split()[2:], capsys=capsys).out == said


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`netspec {name} " not in text and f"`netspec {name}`" not in text] == []


def test_the_readmes_table_of_specs_holds() -> None:
    rows = re.findall(r"^\| (`.*?) \| .* \| ([\d,]+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    named = {name: int(count.replace(",", "")) for files, count in rows for name in re.findall(r"`(.*?)`", files)[:1]}
    assert {name: check(load(ROOT / "specs" / name)).parameters for name in named} == named
    every = {name for files, _ in rows for name in re.findall(r"`(.*?)`", files)}
    assert every == {path.name for path in ROOT.glob("specs/*.yaml")}


def test_the_page_of_warnings_names_every_one() -> None:
    text = (ROOT / "docs/warnings.md").read_text(encoding="utf-8")
    assert [code for code in CODES if severity(code) == "warning" and code not in text] == []


@pytest.mark.parametrize("name", PAGES)
def test_pages_from_tables_are_current(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_the_shipped_schema_is_current() -> None:
    assert json.loads(SHIPPED.read_text(encoding="utf-8")) == json.loads(json.dumps(language_schema())), (
        "run `make docs`"
    )


def test_the_schema_knows_every_layer() -> None:
    assert set(TABLE) <= set(language_schema()["$defs"])


@pytest.mark.parametrize("every", [12, left_out(1)])
def test_the_schema_is_one(every: int) -> None:
    schema = language_schema()
    layers = {name: schema["$defs"][name] for name in [*schema["$defs"]][::every]}
    jsonschema.Draft202012Validator.check_schema({**schema, "$defs": layers})


@cache
def language_validator() -> jsonschema.Draft202012Validator:
    """The language's schema, made once: that takes longer than to hold a spec against it."""
    return jsonschema.Draft202012Validator(language_schema())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_the_schema_accepts_right_specs(path: Path) -> None:
    tree, _ = compose(path.read_text(encoding="utf-8"), path.name)
    assert tree is not None
    errors = language_validator().iter_errors(plain(tree))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize(
    ("layer", "path", "word"),
    [
        ("{Conv2d: {out_chanels: 3, kernel_size: 3}}", "$.layers[0].Conv2d", "out_chanels"),
        ("{Conv2d: {out_channels: 3}}", "$.layers[0].Conv2d", "kernel_size"),
        ("{Dropout: {p: 1.5}}", "$.layers[0].Dropout.p", "1.5"),
        ("{ReLU: {inplace: 3}}", "$.layers[0].ReLU.inplace", "3"),
    ],
)
def test_the_schema_points_at_the_argument(layer: str, path: str, word: str) -> None:
    tree, _ = compose(f"netspec: 1\ninput: [3, 8, 8]\nlayers:\n  - {layer}\n", "net.yaml")
    assert tree is not None
    errors = list(language_validator().iter_errors(plain(tree)))
    assert {error.json_path for error in errors} == {path}
    assert any(word in error.message for error in errors)
