"""Signatures and constructors of torch → torch_classes.json: `python -m netspec.runtime.torch_tables FILE`.

Kinds come from the annotations, ranges and lengths from trying the constructors (torch_trials.py), the words of a
dataset's argument from what torchvision says of a wrong one. What the annotations say wrongly, or not, is in `KINDS`;
`SINCE` has what torch 2.6 lacks (a test compares both with the torch that is installed).
"""

from __future__ import annotations

import collections.abc
import inspect
import itertools
import json
import numbers
import re
import sys
import types
import typing
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from netspec.language.sections.class_families import (
    BALANCED,
    DATASET,
    FAMILIES,
    HOLDERS,
    LOSS,
    MIXER,
    OPTIMIZER,
    SCHEDULER,
    TRANSFORM,
    ClassFamily,
)  # fmt: skip
from netspec.language.sections.datasets import VISION
from netspec.language.sections.torch_classes import FILE
from netspec.runtime.registry import parameters, public_classes
from netspec.runtime.torch_trials import LENGTHS, accepts, bounds, lists, samples, try_dataset

_LIST = {"list": "number"}
_RATES = ["number", _LIST]  # one for all groups of parameters, or one for each
_EACH = ["number", _LIST, {"list": _LIST}]
KINDS: dict[str, Any] = {  # by class and argument, or by argument: what is not looked for
    "weight": [_LIST, {"words": [BALANCED]}, "null"],
    "BCELoss.weight": [*_EACH, "null"],
    "BCEWithLogitsLoss.weight": [*_EACH, "null"],
    "pos_weight": [*_EACH, {"words": [BALANCED]}, "null"],
    "reduction": {"words": ["mean"]},  # the runner averages over samples
    "label_smoothing": "number [0, 1]",  # as its documentation has it, and so are the others below
    "LBFGS.line_search_fn": [{"words": ["strong_wolfe"]}, "null"],
    "Muon.adjust_lr_fn": [{"words": ["original", "match_rms_adamw"]}, "null"],
    **dict.fromkeys(("base_lr", "max_lr", "base_momentum", "max_momentum", "min_lr"), _RATES),
    **dict.fromkeys(("step_size", "T_max"), "integer [1, inf)"),
    **{f"OneCycleLR.{name}": ["integer [1, inf)", "null"] for name in ("epochs", "steps_per_epoch")},
    "RandomChoice.p": [_LIST, "null"],
    "RandomErasing.scale": {"list": "number [0, 1]", "length": 2},
    "RandomErasing.ratio": {"list": "number", "length": 2},
    "RandomErasing.value": ["number", _LIST, {"words": ["random"]}],
    "fill": ["number", _LIST, "null", "mapping"],
    "Grayscale.num_output_channels": "integer [1, 3]",
    "GaussianNoise.sigma": "number [0, inf)",
    "RandomPosterize.bits": "integer [0, 8]",
    "root": "text",
    **dict.fromkeys(("MixUp.alpha", "CutMix.alpha"), "number (0, inf)"),  # of a Beta distribution
    "DTD.partition": "integer [1, 10]",
    "LSUN.classes": ["text", {"list": "text"}],
    "PCAM.split": {"words": ["train", "test", "val"]},
}
_LISTS = (list, tuple, collections.abc.Sequence, collections.abc.Iterable)
SINCE = {
    "Muon": "2.9",
    "Adam.decoupled_weight_decay": "2.7",
    "LBFGS.maximize": "2.14",  # merged in August 2026; 2.15 has it
}
EXAMPLES: dict[str, dict[str, Any]] = {  # of required arguments that are no plain values
    "SequentialLR": {"schedulers": [{"ExponentialLR": 0.9}, {"ExponentialLR": 0.5}], "milestones": [2]},
    "ChainedScheduler": {"schedulers": [{"ExponentialLR": 0.9}]},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1},
    **{name: {"transforms": ["RandomHorizontalFlip"]} for name in HOLDERS if "Random" in name or name == "Compose"},
}


def classes(family: ClassFamily) -> dict[str, type]:
    """The classes of the installed torch that a spec may name, by name."""
    module = import_module(family.module)
    base, names = {
        LOSS.what: (torch.nn.Module, [name for name in dir(module) if name.endswith("Loss")]),
        OPTIMIZER.what: (torch.optim.Optimizer, list(vars(module))),
        SCHEDULER.what: (torch.optim.lr_scheduler.LRScheduler, list(torch.optim.lr_scheduler.__all__)),
        TRANSFORM.what: (getattr(module, "Transform", object), list(vars(module))),
        MIXER.what: (object, ["MixUp", "CutMix"]),
        DATASET.what: (object, list(VISION)),
    }[family.what]
    return public_classes(module, base, sorted(name for name in names if name not in family.refused))


def annotated(annotation: Any, default: Any) -> Any:
    """The kind that an annotation means; by the default where there is none."""
    if isinstance(annotation, str):
        annotation = eval(annotation, {**vars(typing), **vars(collections.abc), "Path": Path, "LRScheduler": Any})
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is inspect.Parameter.empty:
        return "true or false" if isinstance(default, bool) else "anything"
    if origin in (typing.Union, types.UnionType):
        kinds = [annotated(each, default) for each in inner if each is not torch.Tensor]
        kinds = [kind for index, kind in enumerate(kinds) if kind is not None and kind not in kinds[:index]]
        if "number" in kinds and "integer" in kinds:
            kinds.remove("integer")
        if _LIST in kinds and {"list": "integer"} in kinds:
            kinds.remove({"list": "integer"})
        return kinds[0] if len(kinds) == 1 else kinds
    if origin is typing.Literal:
        return {"words": list(inner)}
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return {"words": [member.value for member in annotation], "any_case": True}
    if origin is tuple and Ellipsis not in inner and len(inner) > 1:
        return {"each": [annotated(each, None) for each in inner]}
    if annotation is collections.abc.Sequence or origin in (
        list,
        tuple,
        collections.abc.Sequence,
        collections.abc.Iterable,
    ):
        return {"list": annotated(inner[0], None)} if inner else dict(_LIST)
    named = {float: "number", numbers.Number: "number", int: "integer", bool: "true or false", str: "text"}
    return {**named, types.NoneType: "null", Path: "text"}.get(annotation)


def _is_told(cls: type, name: str) -> bool:
    """Whether the kind of an argument is written here."""
    return name == "interpolation" or name in KINDS or f"{cls.__name__}.{name}" in KINDS


def _kind(cls: type, name: str, parameter: inspect.Parameter) -> Any:
    if HOLDERS.get(cls.__name__) == name:
        return {"holds": "scheduler" if name == "schedulers" else "transform"}
    for key in (f"{cls.__name__}.{name}", name):
        if key in KINDS:
            return KINDS[key]
    kind = annotated(parameter.annotation, parameter.default)
    if name == "interpolation":  # newer versions say text too, and mean the words of the enum
        return [next(each for each in kind if isinstance(each, dict)), "integer [0, 5]"]
    return "anything" if kind is None else kind


def _words(family: ClassFamily, cls: type, name: str, given: dict[str, Any]) -> Any:
    """The words that torchvision lists when it refuses another one."""
    try:
        try_dataset(cls, {**given, name: "no such word"})
    except Exception as error:  # torchvision's own, or that of missing files
        found = re.search(r"Valid values are (?:\((.*)\)|\{(.*)\})|should be one of (.*)", str(error))
        if found:
            text = next(filter(None, found.groups())).rstrip(".")
            return {"words": sorted(set(re.findall(r"[\"']([^\"']+)[\"']", text)))}
    return "text"


class _Tried:
    """The kind of one argument, narrowed to what the constructor takes beside the other required arguments."""

    def __init__(self, family: ClassFamily, cls: type, name: str, given: dict[str, Any]) -> None:
        self.family, self.cls, self.name = family, cls, name
        self.given = {key: value for key, value in given.items() if key != name}

    def takes(self, value: Any) -> bool:
        return accepts(self.family, self.cls.__name__, {**self.given, self.name: value})

    def narrowed(self, kind: Any, default: Any) -> Any:
        if isinstance(kind, list):
            narrow = (self.narrowed(each, default) for each in kind)
            return [inner for each in narrow for inner in (each if isinstance(each, list) else [each])]
        if kind in ("number", "integer"):
            return bounds(self.takes, kind == "integer")
        if kind == "text" and self.family is DATASET and self.name != "root":
            return _words(self.family, self.cls, self.name, self.given)
        if isinstance(kind, dict) and "each" in kind:
            return self.each(kind["each"], default)
        if isinstance(kind, dict) and kind.get("list") in ("number", "integer"):
            return self.of_lists(kind["list"])
        return kind

    def each(self, kinds: list[Any], default: Any) -> Any:
        """The bounds of each item beside the others' defaults; equal ones become a list."""
        defaults = [list(default)] if isinstance(default, tuple) else []
        start = next((each for each in (*defaults, *lists(False, len(kinds))) if self.takes(each)), None)
        if start is None:
            return {"each": kinds}
        found = []
        for index, kind in enumerate(kinds):

            def takes(value: Any, index: int = index) -> bool:
                return self.takes([*start[:index], value, *start[index + 1 :]])

            options = kind if isinstance(kind, list) else [kind]
            tried = [bounds(takes, one == "integer") if one in ("number", "integer") else one for one in options]
            found.append(tried if len(tried) > 1 else tried[0])
        same = all(kind == found[0] for kind in found)
        return {"list": found[0], "length": len(found)} if same else {"each": found}

    def of_lists(self, number: str) -> Any:
        """The lengths that are taken, and the bounds of the numbers where all are the same."""
        integer = number == "integer"
        lengths = [length for length in LENGTHS if any(self.takes(each) for each in lists(integer, length))]
        if not lengths:
            return {"list": number}
        tried = bounds(lambda value: self.takes([value] * lengths[0]), integer)
        if len(lengths) == len(LENGTHS):
            return {"list": tried}
        found = [{"list": tried, "length": length} for length in lengths]
        return found[0] if len(found) == 1 else found


def plain_default(value: Any) -> Any:
    """A default as the table has it."""
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _required(family: ClassFamily, cls: type, known: dict[str, inspect.Parameter]) -> dict[str, Any]:
    """Values of the required arguments that the constructor takes together."""
    if cls.__name__ in EXAMPLES:
        return dict(EXAMPLES[cls.__name__])
    names = [name for name, parameter in known.items() if parameter.default is parameter.empty and name != "root"]
    options = [list(_samples(_kind(cls, name, known[name]))) for name in names]
    for values in itertools.product(*options):
        given = dict(zip(names, values, strict=True))
        if accepts(family, cls.__name__, given):
            return given
    words = {name: _words(family, cls, name, {}) for name in names} if family is DATASET else {}
    return {name: kind["words"][0] for name, kind in words.items() if isinstance(kind, dict)}


def _samples(kind: Any) -> Iterator[Any]:
    for each in kind if isinstance(kind, list) else [kind]:
        if isinstance(each, dict):
            yield from each.get("words", ())
            inner = each.get("list") or next(iter(each.get("each", ())), None)
            yield from samples().get(f"list of {inner}", ())
        else:
            yield from samples().get(each.partition(" [")[0], ())


def entry(family: ClassFamily, cls: type) -> dict[str, Any]:
    """The table's entry of one class."""
    known = {name: each for name, each in parameters(cls).items() if name not in family.hidden}
    given, arguments = _required(family, cls, known), {}
    for name, parameter in known.items():
        kind = _kind(cls, name, parameter)
        if not _is_told(cls, name) and HOLDERS.get(cls.__name__) != "schedulers":
            kind = _Tried(family, cls, name, given).narrowed(kind, parameter.default)
        found: dict[str, Any] = {"kind": kind}
        if parameter.default is not parameter.empty:
            found["default"] = plain_default(parameter.default)
        elif name in given:
            found["example"] = given[name]
        if f"{cls.__name__}.{name}" in SINCE:
            found["since"] = SINCE[f"{cls.__name__}.{name}"]
        arguments[name] = found
    since = {"since": SINCE[cls.__name__]} if cls.__name__ in SINCE else {}
    return {**since, "arguments": arguments}


def tables() -> dict[str, Any]:
    """The whole table, by family and class."""
    return {
        family.what: {name: entry(family, cls) for name, cls in classes(family).items()} for family in FAMILIES.values()
    }


def text(table: dict[str, Any]) -> str:
    """The table as JSON, an argument a line."""
    lines = []
    for what, members in table.items():
        entries = []
        for name, found in members.items():
            since = f'"since": {json.dumps(found["since"])}, ' if "since" in found else ""
            arguments = [f"   {json.dumps(key)}: {json.dumps(value)}" for key, value in found["arguments"].items()]
            body = "{\n" + ",\n".join(arguments) + "\n  }" if arguments else "{}"
            entries.append(f'  {json.dumps(name)}: {{{since}"arguments": {body}}}')
        lines.append(f" {json.dumps(what)}: {{\n" + ",\n".join(entries) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else FILE).write_text(text(tables()), encoding="utf-8")
