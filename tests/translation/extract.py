"""The texts of netspec's sources that people read → keys of the catalogue.

Every f-string, constant and sum of them that is prose becomes a key with named holes (`translation/templates.py`),
and so do the parts of the explanations of codes. A hole whose expression chooses among constants lists these.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

import netspec
from netspec.core.codes import CODES, explanation
from netspec.translation.templates import Hole, pieces_of
from netspec.translation.translate import CLAUSES, JOINTS
from tests.translation.pyyaml import OF_PYYAML

PACKAGE = Path(netspec.__file__).parent
# What a check prints. `render/` and `cli/` have words of other commands too: of these, the files of a check.
SOURCES = (
    *("core", "layers", "language", "expansion", "shapes", "fixes", "lint", "checker.py", "compiler/plugins"),
    *("render/text.py", "render/summary.py", "render/github.py", "render/sarif.py"),
    *(f"lsp/features/{name}.py" for name in ("diagnostics", "actions", "hover", "lens", "hints")),
    *("lsp/arithmetic.py", "lsp/words.py"),
    *(
        f"distributed/{name}.py"
        for name in (
            "launcher",
            "process_group",
            "wrapping",
        )
    ),
    *(
        f"trainer/{name}.py"
        for name in (
            "folds",
            "manager",
            "session",
        )
    ),
    *(
        f"training/{name}.py"
        for name in (
            "devices",
            "loop",
            "optim",
            "plan",
            "settings",
            "setup",
            "step",
        )
    ),
    *("cli/check.py", "cli/fix.py", "cli/sources.py", "cli/explain.py"),
)
LABELLING = ("Note", "note", "labelled")  # the functions whose first argument is the label of a note
UNREAD = {"doc", "help", "short_help", "epilog", "metavar", "summary", "since", "description"}  # keyword arguments
UNREAD_CALLS = {"compile", "getLogger", "BadParameter", "UsageError", "option", "word"}
SEE_THROUGH = {"show", "shorten", "str", "repr", "len", "safe", "int", "list", "sorted", "abs", "plain"}
# Of a hole that only agrees in number with another one, no translation needs the values.
GRAMMAR = {"", "s", "es", "is", "are", "has", "have", "it", "they", "was", "were", "a", "an", "does", "do", "its"}
GRAMMAR |= {"their", "this", "these", "that", "those", "them", "further", "takes", "take", "needs", "need"}

OF_PHRASES = ("where", "before_it")  # holes whose value is a phrase: before it, before all 3
_CODE = re.compile(
    r"(?:^|(?<=: )|(?<=, )|(?<=\[))[\w.\[\]-]+:(?= )|\S*[\w\]][._=/\\]\S*[\w}]|`[^`]*`|--[a-z-]+|<[^<>]*>$"
)  # keys, paths, settings
_WORDS = re.compile(r"(?<![\w'<-])[a-z]{2,}(?![\w(=])")
_VALUES = {"true", "false", "null", "self"}
_SENTENCE = re.compile(
    r".*\.|(The|Numbers|Normalizes|Divides|Transposed|A text file)\b.*", re.DOTALL
)  # of reference pages
_IN_PYTHON = re.compile(
    r"self\.training|\bnn\.\w+\(|torch\.(full|arange)|^not \{|\} if \{|unflatten\(|^<[A-Z]|^ *# netspec|[^ ]+ = torch"
)


def escaped(text: str) -> str:
    """A fixed text within a key."""
    return text.replace("{", "{{").replace("}", "}}")


class _Module:
    """The keys of one file."""

    def __init__(self, nodes: Sequence[ast.AST]) -> None:
        self.parents = {id(child): node for node in nodes for child in ast.iter_child_nodes(node)}
        self.nodes = nodes
        self.constants: dict[tuple[int, str], list[ast.expr]] = {}  # by function: what is assigned to a name
        self.spoilt: set[tuple[int, str]] = set()
        for node in nodes:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    self._assigned(node, target, node.value)
            elif isinstance(node, ast.AugAssign | ast.For | ast.comprehension):
                for name in ast.walk(node.target):
                    if isinstance(name, ast.Name):
                        self.spoilt.add((self._scope(node), name.id))
            elif isinstance(node, ast.arg):
                self.spoilt.add((self._scope(node), node.arg))

    def _assigned(self, node: ast.AST, target: ast.expr, value: ast.expr) -> None:
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple):
            both = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
            values = value.elts if both and isinstance(value, ast.Tuple) else [None] * len(target.elts)
            pairs = list(zip(target.elts, values, strict=True))  # type: ignore[arg-type]
        for each, what in pairs:
            if isinstance(each, ast.Name):
                if what is None:
                    self.spoilt.add((self._scope(node), each.id))
                else:
                    self.constants.setdefault((self._scope(node), each.id), []).append(what)

    def _scope(self, node: ast.AST) -> int:
        """The function around a node."""
        while (above := self.parents.get(id(node))) is not None:
            if isinstance(above, ast.FunctionDef | ast.Lambda):
                return id(above)
            node = above
        return 0

    def values(self, node: ast.expr, within: frozenset[int] = frozenset()) -> list[str] | None:
        """The constants that an expression chooses among; None where it may be anything."""
        if id(node) in within:  # a name that is assigned from itself
            return None
        within |= {id(node)}
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if isinstance(node, ast.IfExp):
            first, second = self.values(node.body, within), self.values(node.orelse, within)
            return None if first is None or second is None else [*first, *second]
        if isinstance(node, ast.Name):
            for scope in (self._scope(node), 0):
                place = (scope, node.id)
                if place in self.spoilt:
                    return None
                if place in self.constants:
                    each = [self.values(value, within) for value in self.constants[place]]
                    return None if None in each else [value for values in each for value in values or ()]
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Tuple | ast.Dict):
            inner = node.value.elts if isinstance(node.value, ast.Tuple) else node.value.values
            each = [self.values(value, within) for value in inner]
            return None if None in each else [value for values in each for value in values or ()]
        return None

    def parts(self, node: ast.expr) -> list[str | ast.expr]:
        """The fixed texts and the expressions of a string expression."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if isinstance(node, ast.JoinedStr):
            return [part for value in node.values for part in self.parts(value)]
        if isinstance(node, ast.FormattedValue):
            if node.conversion == -1 and isinstance(node.value, ast.JoinedStr):
                return self.parts(node.value)
            return [node.value]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return [*self.parts(node.left), *self.parts(node.right)]
        return [node]

    def key(self, node: ast.expr) -> str:
        """The key of a string expression."""
        key, names = "", set[str]()
        for part in self.parts(node):
            if isinstance(part, str):
                key += escaped(part)
                continue
            values = self.values(part)
            if values is not None:
                values = list(dict.fromkeys(values))
                if len(values) == 1:
                    key += escaped(values[0])
                    continue
                if not any(sign in value for value in values for sign in "{}|"):
                    key += "{" + "|".join(sorted(values, key=lambda value: (len(value), value))) + "}"
                    continue
            name = base = "described" if self._is_described(part) else hole_name(part)
            count = 1
            while name in names:
                count += 1
                name = f"{base}_{count}"
            names.add(name)
            key += f"{{{name}}}"
        return key

    def _is_described(self, node: ast.expr) -> bool:
        """Whether an expression is what `describe` of core/tree.py says of a node, which may be a single word."""
        given = self.constants.get((self._scope(node), node.id), ()) if isinstance(node, ast.Name) else (node,)
        return any(_calls_describe(value) for value in given)

    def strings(self) -> Iterator[ast.expr]:
        """The outermost string expressions of the file; those inside holes too."""
        for node in self.nodes:
            if not isinstance(node, ast.JoinedStr | ast.BinOp | ast.Constant) or not _is_text(node):
                continue
            above = self.parents.get(id(node))
            if isinstance(above, ast.JoinedStr | ast.Expr):  # a part of one, a docstring
                continue
            if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Add) and _is_text(above):
                continue
            if not self._unread(node):
                yield node

    def _unread(self, node: ast.AST) -> bool:
        """Whether a string stands where nobody reads it in an answer of a check."""
        while (above := self.parents.get(id(node))) is not None:
            if isinstance(above, ast.keyword) and above.arg in UNREAD:
                return True
            if isinstance(above, ast.Compare | ast.Subscript) and not isinstance(node, ast.IfExp):
                return isinstance(above, ast.Compare) or node is above.slice
            if isinstance(above, ast.Call):
                name = above.func.attr if isinstance(above.func, ast.Attribute) else getattr(above.func, "id", "")
                if name in UNREAD_CALLS:
                    return True
            if isinstance(above, ast.stmt):
                return isinstance(above, ast.Assert)
            node = above
        return False


def _calls_describe(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _calls_describe(node.body) or _calls_describe(node.orelse)
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "describe"


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and (_is_text(node.left) or _is_text(node.right))
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def hole_name(node: ast.expr) -> str:
    """A short name for what an expression says."""
    if isinstance(node, ast.Name):
        return node.id.strip("_") or "value"
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_")
    if isinstance(node, ast.Subscript | ast.Starred):
        return hole_name(node.value)
    if isinstance(node, ast.FormattedValue):
        return hole_name(node.value)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "join" and node.args:
                return hole_name(node.args[0])
            return hole_name(node.func.value)
        name = getattr(node.func, "id", "value")
        return hole_name(node.args[0]) if name in SEE_THROUGH and node.args else name.strip("_")
    if isinstance(node, ast.BinOp):
        return hole_name(node.left)
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return hole_name(node.elt)
    return "value"


def is_prose(key: str) -> bool:
    """Whether a key has English words for people, and is no name, code, or sentence of the reference pages."""
    if _SENTENCE.fullmatch(key) or _IN_PYTHON.search(key):
        return False
    bare = "".join(
        re.sub("[{}]", "", piece) if isinstance(piece, str) else "|".join(piece.values) or "{}"
        for piece in pieces_of(key)
    )
    if any(isinstance(piece, Hole) and piece.name in OF_PHRASES for piece in pieces_of(key)):
        return bool(re.search("[A-Za-z]", bare))
    return " " in bare and bool(set(_WORDS.findall(_CODE.sub("", bare))) - _VALUES)


def keys_of(text: str) -> list[str]:
    """The keys of the text of a Python file, in its order, each once."""
    module = _Module(_nodes(text))
    found: list[str] = []
    for node in sorted(module.strings(), key=lambda node: (node.lineno, node.col_offset)):
        key = module.key(node)
        if is_prose(key):
            found.append(key.removeprefix("; "))  # which begins a clause of its own
    for key in list(found):
        for hole in pieces_of(key):
            if isinstance(hole, Hole) and not is_grammar(hole.values):
                found += filter(None, hole.values)
    return list(dict.fromkeys(found))


def is_grammar(values: Sequence[str]) -> bool:
    """Whether values only agree in number: is and are, axis and axes, and no translation needs them."""
    if all(value.strip() in GRAMMAR for value in values):
        return True
    one, *others = sorted(values, key=len)
    return len(others) == 1 and others[0] in (f"{one}s", f"{one}es", f"{one[:-2]}es", f"{one[:-1]}ies")


def files() -> Iterator[Path]:
    """The files whose texts a check prints."""
    for source in SOURCES:
        path = PACKAGE / source
        yield from [path] if path.suffix else sorted(path.rglob("*.py"))


@lru_cache(maxsize=1)
def _nodes(text: str) -> tuple[ast.AST, ...]:
    """All nodes of the text of a Python file."""
    return tuple(ast.walk(ast.parse(text)))


def units_of(text: str) -> list[str]:
    """The units of sizes, such as features, in the text of a Python file with records of layers."""
    calls = (node for node in _nodes(text) if isinstance(node, ast.keyword) and node.arg == "unit")
    plural = [str(node.value.value) for node in calls if isinstance(node.value, ast.Constant)]
    return [word for unit in plural for word in (unit, unit.removesuffix("s"))]


def families_of(text: str) -> list[str]:
    """What the families of torch's classes call one of theirs, such as optimizer, in the text of a Python file."""
    calls = (node for node in _nodes(text) if isinstance(node, ast.Call))
    heads = [call.args[0] for call in calls if getattr(call.func, "id", "") == "ClassFamily"]
    return [str(head.value) for head in heads if isinstance(head, ast.Constant)]


def labels_of(text: str) -> list[str]:
    """The labels of the notes that the text of a Python file makes."""
    found = []
    for node in _nodes(text):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in LABELLING and node.args:
            label = node.args[0]
            found += [each.value for each in ast.walk(label) if isinstance(each, ast.Constant)]
    return [label for label in found if isinstance(label, str) and label.isalpha()]


Key = tuple[str | None, str]


@cache
def messages() -> dict[Key, list[str]]:
    """All keys, with the context of those that are single words, and the files that they are from, in their order."""
    found: dict[Key, list[str]] = {
        (None, joint): ["netspec/translation/translate.py"] for joint in (*CLAUSES, *JOINTS) if joint.strip()
    }
    found["list", ", "] = found["list", " ({remark})"] = ["netspec/translation/translate.py"]
    for severity in ("error", "warning", "note"):
        found["severity", severity] = ["netspec/core/codes.py"]
    for head in ("Wrong", "Right"):
        found["example", head] = ["netspec/core/codes.py"]
    found["frame", "{label} at {span}"] = ["netspec/render/text.py"]
    found["frame", "in {label} at {span}"] = ["netspec/render/github.py"]
    for what in ("parameters", "layers", "macs", "MACs"):
        found["word", what] = ["netspec/lint/budgets.py"]
    for axis in ("row", "column", "slice", "value"):
        found["word", axis] = ["netspec/lint/windows.py"]
    for axes in ("{count} rows", "{count} columns", "{count} slices"):
        found[None, axes] = ["netspec/lint/windows.py"]
    found[None, "{names} multiples of {period}"] = ["netspec/shapes/sizes/nearby.py"]
    found["word", "arithmetic"] = ["netspec/core/expressions.py"]
    found["sum", "{outcome} for {sizes}"] = ["netspec/cli/check.py"]
    found["word", "it"] = ["netspec/language/sections/check_keys.py"]
    found["word", "ok"] = ["netspec/cli/check.py"]
    found["word", "nothing"] = ["netspec/core/tree.py"]  # of `describe`
    texts = {str(path.relative_to(PACKAGE.parent)): path.read_text("utf-8") for path in files()}
    of_files: dict[Key, list[str]] = {}
    for path, text in texts.items():
        for label in labels_of(text):
            found.setdefault(("label", label), []).append(path)
        for one in (*units_of(text), *families_of(text)):
            found.setdefault(("word", one), []).append(path)
        for key in keys_of(text):
            of_files.setdefault((None, key), []).append(path)
    for known, paths in of_files.items():
        found.setdefault(known, []).extend(paths)
    for key in OF_PYYAML:
        found.setdefault((None, key), []).append("netspec/language/source.py")
    for id in CODES:
        code = explanation(id)
        for text in (code.what, code.why, code.wrong.note, code.right.note):
            found.setdefault((None, escaped(text)), []).append(f"netspec/core/explained/{id}.yaml")
    return found
