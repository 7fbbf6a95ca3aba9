"""The rooms: a file imports only from its own or lower ones, and what checks and writes imports no torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

import netspec
from tests.spec_cases import ROOT

PACKAGE = Path(netspec.__file__).parent
ROOMS = (  # from the ground up
    *("core", "layers", "language", "expansion", "shapes", "fixes", "lint", "checker", "translation", "render", "lsp"),
    *("compiler",),
    *("importer", "runtime", "distributed", "objective", "data", "metrics", "training", "checkpoint", "inference"),
    *("exporting", "reports", "trainer", "tuning", "edit", "cli"),
)
HEAVY = {"torch", "torchvision", "numpy", "pandas", "sklearn", "matplotlib", "safetensors", "PIL"}
WITHOUT_TORCH_IN_COMPILER = (
    *("python", "code_file", "code_names", "constants", "holes", "identifiers"),
    *("layer_lines", "lists", "modes", "parameters", "templates", "variables"),
)
WITHOUT_TORCH = ROOMS[: ROOMS.index("lsp") + 1]


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


def faults(room: str, text: str) -> list[str]:
    """The imports of a file in `room` that lead upwards, or to what its room does without."""
    allowed = ROOMS[: ROOMS.index(room) + 1]
    wrong = []
    for name in imports(text):
        first, _, rest = name.partition(".")
        if first == "netspec" and rest.split(".")[0] not in allowed and rest != "__version__":
            wrong.append(name)
        if room in WITHOUT_TORCH and first in HEAVY:
            wrong.append(name)
    return wrong


def texts_of(room: str) -> dict[str, str]:
    """The files of a room; one is a file itself."""
    files = [PACKAGE / f"{room}.py", *sorted((PACKAGE / room).rglob("*.py"))]
    return {str(path): path.read_text("utf-8") for path in files if path.is_file()}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_from_its_own_and_lower_ones(room: str) -> None:
    found = {path: faults(room, text) for path, text in texts_of(room).items()}
    assert found
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_every_folder_is_a_room_and_says_what_it_is() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} | {"checker"} == set(ROOMS)
    for path in PACKAGE.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def test_no_room_has_the_name_of_a_function_for_users() -> None:
    """A module that is imported takes its name's place in the package: `netspec.check` would be no function then."""
    later = {"graph", "export"}
    assert {path.stem for path in PACKAGE.iterdir()} & ({*netspec.__all__} | later) == set()


def test_python_source_is_written_without_torch() -> None:
    """Of the compiler, what writes the source; `netspec.to_python` is for a light install too."""
    allowed = tuple(f"netspec.compiler.{name}" for name in WITHOUT_TORCH_IN_COMPILER)
    for name in WITHOUT_TORCH_IN_COMPILER:
        found = faults("render", (PACKAGE / f"compiler/{name}.py").read_text("utf-8"))
        assert [each for each in found if not each.startswith(allowed)] == []


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("core", "from netspec.language.spec import Spec"),
        ("shapes", "def f():\n    from netspec.render.text import render"),
        ("expansion", "import netspec.cli.main"),
        ("render", "import torch"),
        ("layers", "from torch import nn"),
        ("compiler", "from netspec.trainer import train"),
        ("lint", "from netspec import render"),
        ("data", "from netspec.training.job import Job"),
        ("core", "import importlib\nimportlib.import_module('netspec.compiler.module')"),
    ],
)
def test_an_import_from_above_would_show(room: str, text: str) -> None:
    assert faults(room, text)


def quick_to_make(text: str) -> bool:
    """Whether the dataclasses of a file are those of `netspec.core.dataclass`."""
    return not any(
        isinstance(node, ast.ImportFrom)
        and node.module == "dataclasses"
        and any(each.name == "dataclass" for each in node.names)
        for node in ast.walk(ast.parse(text))
    )


@pytest.mark.parametrize("room", WITHOUT_TORCH)
def test_what_a_check_imports_is_quick_to_make(room: str) -> None:
    own = PACKAGE / "core/dataclass.py"
    assert [path for path, text in texts_of(room).items() if path != str(own) and not quick_to_make(text)] == []


def test_a_slow_dataclass_would_show() -> None:
    assert not quick_to_make("from dataclasses import dataclass, field")
    assert quick_to_make("from dataclasses import field\nfrom netspec.core.dataclass import dataclass")


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
    if find_spec("torch") is not None:
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
        "from netspec.cli.main import main; main(['graph', 'specs/vgg16.yaml', '--format', 'html'])",
        "from netspec.cli.main import main; main(['diff', 'specs/vgg16.yaml', 'specs/vgg16.yaml'])",
        "from netspec.cli.main import main; main(['fmt', '--check', 'specs/lenet.yaml'])",
        "from netspec.cli.main import main; main(['init', '--list'])",
        "from netspec.cli.main import main; main(['--help'])",
        "import netspec; netspec.to_python(netspec.load('specs/resnet18.yaml'))",
    ]
    if find_spec("pygls") is not None:
        codes.append("import netspec.lsp.server; netspec.lsp.server.make_server()")
    heavy = dict(zip(codes, heavy_after(*codes), strict=True))
    assert {code: found for code, found in heavy.items() if found} == {}


def test_an_import_of_a_heavy_package_would_show() -> None:
    assert heavy_after("import netspec", "import PIL", "import netspec") == [set(), {"PIL"}, {"PIL"}]
