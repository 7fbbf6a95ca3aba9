"""The docstrings of what rooms show each other, and of what `netspec` shows its users.

The docstring of a room's `__init__.py` says what enters, what leaves, and which names other rooms start from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import netspec

PACKAGE = Path(netspec.__file__).parent
ROOMS = sorted(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)
PUBLIC = re.compile(r"^Public: (.+?)\.$", re.MULTILINE | re.DOTALL)
Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


def definition(text: str, name: str) -> Definition | None:
    """A function, class or constant of a file, by its name."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in map(ast.unparse, targets):
            return node
    return None


def public(folder: Path) -> dict[str, Definition | None]:
    """What a room's docstring lists after `Public:`, as `file.name`."""
    listed = PUBLIC.search(ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or "")
    names = re.split(r",\s+", listed[1]) if listed else []
    found = {}
    for name in names:
        module, _, last = name.rpartition(".")
        path = folder / f"{module.replace('.', '/')}.py"
        found[name] = definition(path.read_text("utf-8"), last) if path.is_file() else None
    return found


def mentioned(name: str, doc: str) -> bool:
    """Whether a docstring speaks of a name."""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", doc) is not None


def missing(node: Definition) -> Iterator[str]:
    """What a docstring lacks: parameters, fields, errors, axes of tensors. A constant has none."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        return
    doc = ast.get_docstring(node) or ""
    if not doc:
        yield "docstring"
    if isinstance(node, ast.ClassDef):
        methods = [inner for inner in node.body if isinstance(inner, ast.FunctionDef) and inner.name[0] != "_"]
        yield from (f"docstring of {inner.name}" for inner in methods if not ast.get_docstring(inner))
        fields = [inner for inner in node.body if isinstance(inner, ast.AnnAssign)]
        names = (inner.target.id for inner in fields if isinstance(inner.target, ast.Name))
        yield from (name for name in names if not name.startswith("_") and not mentioned(name, doc))
        annotations = [inner.annotation for inner in fields]
    else:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        named = [*arguments, *(each for each in (node.args.vararg, node.args.kwarg) if each is not None)]
        yield from (each.arg for each in named if not mentioned(each.arg, doc))
        for raised in ast.walk(node):
            if isinstance(raised, ast.Raise) and isinstance(raised.exc, ast.Call):
                name = ast.unparse(raised.exc.func)
                if name[:1].isupper() and name not in doc:
                    yield f"raises {name}"
        annotations = [each.annotation for each in arguments if each.annotation] + [node.returns or ast.Constant(None)]
    if any("torch.Tensor" in ast.unparse(each) for each in annotations) and not re.search(r"\[[A-Z*]", doc):
        yield "axes of tensors"


@pytest.mark.parametrize("folder", ROOMS, ids=lambda folder: str(folder.relative_to(PACKAGE)))
def test_a_room_says_what_enters_and_leaves_and_where_to_start(folder: Path) -> None:
    doc = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    assert re.search(r"^Input: .+", doc, re.MULTILINE)
    assert re.search(r"^Output: .+", doc, re.MULTILINE)
    found = public(folder)
    assert found
    assert [name for name, node in found.items() if node is None] == []
    lacks = {name: [*missing(node)] for name, node in found.items() if node is not None}
    assert {name: lack for name, lack in lacks.items() if lack} == {}


def exported() -> dict[str, Definition | None]:
    """What `netspec` shows its users: its own functions, and what it imports from the rooms."""
    text = (PACKAGE / "__init__.py").read_text("utf-8")
    found = {name: definition(text, name) for name in netspec.__all__}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("netspec."):
            path = PACKAGE / f"{str(node.module).removeprefix('netspec.').replace('.', '/')}.py"
            for alias in node.names:
                if alias.name in found and found[alias.name] is None:
                    found[alias.name] = definition(path.read_text("utf-8"), alias.name)
    return found


def test_what_users_import_is_documented() -> None:
    found = exported()
    assert [name for name, node in found.items() if node is None] == []
    lacks = {name: [*missing(node)] for name, node in found.items() if node is not None}
    assert {name: lack for name, lack in lacks.items() if lack} == {}


@pytest.mark.parametrize(
    ("text", "lack"),
    [
        ("def f(): pass", "docstring"),
        ("def f(size: int) -> int:\n    'Doubles it.'", "size"),
        ("def f(x: torch.Tensor) -> None:\n    'Uses x.'", "axes of tensors"),
        ("def f() -> None:\n    'Fails.'\n    raise ValueError('always')", "raises ValueError"),
        ("class C:\n    'A thing.'\n    width: int", "width"),
        ("class C:\n    'A thing.'\n    def run(self): pass", "docstring of run"),
    ],
)
def test_a_docstring_that_lacks_something_would_show(text: str, lack: str) -> None:
    node = definition(text, text.split("(")[0].split(":")[0].split()[1])
    assert node is not None
    assert lack in [*missing(node)]


def test_a_whole_docstring_lacks_nothing() -> None:
    node = definition("def f(x: torch.Tensor) -> None:\n    'Uses x [B, C].'", "f")
    assert node is not None
    assert [*missing(node)] == []
