"""torch's classes that a spec may name, with their arguments: torch_classes.json → TorchClass records, read when asked.

The file is written by `make docs` (netspec/runtime/torch_tables.py), which looks at torch's signatures and tries its
constructors. A kind of value is written in it as

    "number", "number [0, 1)", "odd integer [1, inf)"  with a bound included or not
    "true or false", "text", "null", "mapping", "anything"
    {"words": [...], "any_case": true}                 one of some words
    {"list": kind, "length": 2}                        a list, of a length where there is one
    {"each": [kind, kind]}                             a list with one item of each kind
    {"holds": "scheduler"}                             a list of classes of a family
    [kind, kind]                                       one of several kinds
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.language.sections.class_families import ClassFamily
from netspec.layers.arguments import Anything, Bool, Either, Float, Int, Ints, Kind, Null, Several, Word
from netspec.layers.number_lists import Each, Floats
from netspec.layers.text import Text as TextKind

FILE = Path(__file__).with_name("torch_classes.json")
LONGEST_TEXT = 4096  # characters: a path may be long
_BOUNDS = re.compile(r"(number|integer|odd integer) ([\[(])(\S+), (\S+)([\])])")
_TEXT = TextKind("text", r"[\s\S]*", LONGEST_TEXT)


class _Mapping(Kind):
    """A mapping, as torchvision's `fill` takes one."""

    wants = "a mapping"

    def accept(self, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "object"}


@dataclass(frozen=True)
class TorchArgument:
    """An argument of one of torch's classes.

    Args:
        name: torch's.
        written: its kind, as the file has it.
        required: whether a spec has to give it.
        default: the value where it is left out.
        example: a value that torch takes, where it is required.
        since: the version of torch that brought it; None: the oldest that netspec supports has it.
    """

    name: str
    written: Any
    required: bool = False
    default: Any = None
    example: Any = None
    since: str | None = None

    @property
    def kind(self) -> Kind:
        """What it accepts."""
        return kind_of(self.written)

    @property
    def holds(self) -> bool:
        """Whether it lists classes of the same family."""
        return isinstance(self.written, dict) and "holds" in self.written


@dataclass(frozen=True)
class TorchClass:
    """A class of torch or torchvision.

    Args:
        name: torch's.
        arguments: by name, in the order of the signature.
        since: the version of torch that brought it; None: the oldest that netspec supports has it.
    """

    name: str
    arguments: dict[str, TorchArgument]
    since: str | None = None


@cache
def _tables() -> Any:
    return json.loads(FILE.read_text(encoding="utf-8"))


@cache
def classes_of(family: ClassFamily) -> dict[str, TorchClass]:
    """The classes of a family that a spec may name, by name; they are read on the first call.

    Args:
        family: one of FAMILIES.
    """
    classes = {name: _class(name, entry) for name, entry in _tables()[family.what].items()}
    return classes | {name: TorchClass(name, {}) for name in family.own if name not in classes}


def _class(name: str, entry: Any) -> TorchClass:
    arguments = {
        argument: TorchArgument(
            argument,
            written["kind"],
            "default" not in written,
            written.get("default"),
            written.get("example"),
            written.get("since"),
        )
        for argument, written in entry["arguments"].items()
    }
    return TorchClass(name, arguments, entry.get("since"))


def kind_of(written: Any) -> Kind:
    """The kind of values that a text of the file means.

    Raises:
        ValueError: it is no kind.
    """
    if isinstance(written, list):
        return Either(*map(kind_of, written))
    if isinstance(written, dict):
        return _composed(written)
    plain = {"true or false": Bool(), "text": _TEXT, "null": Null(), "mapping": _Mapping(), "anything": Anything()}
    if written in plain:
        return plain[written]
    if written in ("number", "integer"):
        return Float() if written == "number" else Int()
    found = _BOUNDS.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} is no kind of value")
    least, most = (None if abs(bound) == float("inf") else bound for bound in (float(found[3]), float(found[4])))
    if found[1] != "number":
        low, high = (None if bound is None else int(bound) for bound in (least, most))
        return Int(low, high, odd=found[1] == "odd integer")
    closed, whole = found[2] == "[", found[5] == "]"
    return Float(
        least=least if closed else None,
        above=None if closed else least,
        most=most if whole else None,
        below=None if whole else most,
    )


def _composed(written: dict[str, Any]) -> Kind:
    if "words" in written:
        return Word(tuple(written["words"]), written.get("any_case", False))
    if "each" in written:
        return Each(*map(kind_of, written["each"]))
    if "holds" in written:
        return Several(Anything())
    inner, length = kind_of(written["list"]), written.get("length")
    if isinstance(inner, Float):
        return Floats(length, inner)
    if isinstance(inner, Int) and inner == Int(inner.least):
        return Ints(length, inner.least)
    return Several(inner, length)
