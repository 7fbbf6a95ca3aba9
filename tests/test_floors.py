"""The floors: a file imports only from its own or lower ones, and up to the views nothing imports torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import netspec
from tests.spec_cases import ROOT

PACKAGE = Path(netspec.__file__).parent
FLOORS = ("ground", "layers", "stages", "views", "build", "runner", "cli")
HEAVY = {"torch", "torchvision", "numpy", "pandas", "sklearn", "matplotlib", "safetensors", "PIL"}
WITHOUT_TORCH = FLOORS[: FLOORS.index("views") + 1]


def imports(text: str) -> Iterator[str]:
    """The modules that a file imports, wherever in it; those for type checking alone are left out."""
    tree = ast.parse(text)
    typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            name = node.args[0]
            yield name.value if isinstance(name, ast.Constant) else ast.unparse(name).lstrip("f'").split("{")[0]


def faults(floor: str, text: str) -> list[str]:
    """The imports of a file on `floor` that lead upwards, or to what its floor does without."""
    allowed = FLOORS[: FLOORS.index(floor) + 1]
    wrong = []
    for name in imports(text):
        first, _, rest = name.partition(".")
        if first == "netspec" and rest and rest.split(".")[0] not in allowed and rest != "__version__":
            wrong.append(name)
        if first == "netspec" and not rest:
            wrong.append(name)
        if floor in WITHOUT_TORCH and first in HEAVY:
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_imports_from_its_own_and_lower_ones(floor: str) -> None:
    found = {str(path): faults(floor, path.read_text("utf-8")) for path in sorted((PACKAGE / floor).rglob("*.py"))}
    assert found
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_every_folder_is_a_floor() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(FLOORS)


@pytest.mark.parametrize(
    ("floor", "text"),
    [
        ("ground", "from netspec.stages.spec import Spec"),
        ("stages", "def f():\n    from netspec.views.text import render"),
        ("stages", "import netspec.cli.main"),
        ("views", "import torch"),
        ("layers", "from torch import nn"),
        ("build", "from netspec.runner import train"),
        ("stages", "from netspec import views"),
        ("ground", "import importlib\nimportlib.import_module('netspec.build.compile')"),
    ],
)
def test_an_import_from_above_would_show(floor: str, text: str) -> None:
    assert faults(floor, text)


def files() -> dict[str, str]:
    """The text of every module of the package, by its name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text("utf-8")
    return found


def circles(texts: Mapping[str, str]) -> list[list[str]]:
    """The circles in which modules import each other, at once or later: each once, by its modules in order."""
    after = {name: {each for each in imports(text) if each in texts and each != name} for name, text in texts.items()}
    reached: dict[str, set[str]] = {}
    for name in texts:
        found, waiting = set[str](), [*after[name]]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += after[each]
        reached[name] = found
    rings = {frozenset(each for each in found if name in reached[each]) for name, found in reached.items()}
    return sorted(sorted(ring) for ring in rings if len(ring) > 1)


def test_no_modules_import_each_other() -> None:
    assert circles({name: text for name, text in files().items() if name != "netspec"}) == []  # which is for users


def test_a_circle_would_show() -> None:
    late = "def f():\n    import a\n"
    texts = {"a": "from b import x\n", "b": "import c\n", "c": late, "d": "import a\nimport d\n", "e": ""}
    assert circles(texts) == [["a", "b", "c"]]


def test_dir_shows_the_public_names() -> None:
    assert dir(netspec) == sorted([*netspec.__all__, "__version__"])
    assert all(getattr(netspec, name) is not None for name in netspec.__all__)


def heavy_after(*codes: str) -> list[set[str]]:
    """The heavy packages that a fresh process has imported, after each of several pieces of code."""
    script = "import sys\n"
    for code in codes:
        script += f"try:\n    {code}\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        script += "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("LOADED")]
    return [set(line) & HEAVY for line in lines]


def test_reading_and_checking_never_import_torch() -> None:
    codes = [
        "import netspec",
        "from netspec.cli.main import main; main(['check', 'specs/vgg16.yaml'])",
        "from netspec.cli.main import main; main(['check', '--format', 'json', 'specs/vgg16.yaml'])",
        "from netspec.cli.main import main; main(['summary', 'specs/vgg16.yaml'])",
        "from netspec.cli.main import main; main(['--help'])",
        "import netspec; netspec.to_python(netspec.load('specs/resnet18.yaml'))",
    ]
    heavy = dict(zip(codes, heavy_after(*codes), strict=True))
    assert {code: found for code, found in heavy.items() if found} == {}


def test_an_import_of_a_heavy_package_would_show() -> None:
    assert heavy_after("import netspec", "import PIL", "import netspec") == [set(), {"PIL"}, {"PIL"}]
