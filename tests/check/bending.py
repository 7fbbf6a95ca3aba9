"""Specs of the repository, changed: most stay plausible, some become what nobody would write.

`bent` makes a few changes that keep a network a network: a number, two layers exchanged, a group, a repeat, a
condition, weights that are shared. `spliced` puts subtrees of all specs, and values of every type, wherever it likes.
Both draw from a `random.Random` and give plain values; `text_of` writes them as YAML.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from netspec.core.tree import plain
from netspec.language.source import compose
from tests.spec_cases import BAD, OK, SHIPPED

Tree = Any
Place = tuple[str | int, ...]
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def nested(depth: int) -> list[Any]:
    """Lists within lists."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


VALUES: tuple[Callable[[], Tree], ...] = tuple(
    (lambda value=value: copy.deepcopy(value))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    for value in (
        *(None, True, False, 0, 1, -1, 2, 3.5, -0.0, 2**31, 2**63, -(10**30), 1e300, float("inf"), float("nan")),
        *("", " ", "a", "a.b", "parts.0", "input", "input.0", "x" * 300, "1e-3", "no", "{i}", "a-b", "é", "\x1b[31m"),
        *("2*", "1//0", "9**9**9", "min(1)", "(", "n", "a b", "0.5", "-1", "balanced", "auto", "relu", "Linear", "add"),
        *([], {}, [None], [[]], [{}], {"a": None}, {"a": {}}, {"a": []}, {"": 1}, {1: 2}, [1, 2, 3], [1, [2, [3]]]),
        *([0] * 50, list(range(400)), [-1, -1], [1, 28, 28], [3, 8, 8], {"a.b": 1}, {"Linear": 3}, [{"ReLU": {}}]),
        *({"shape": [3], "dtype": "int64"}, {"min": 1, "max": 10**9}, {"add": {}}, nested(5), nested(60)),
        *({"name": "parts.0", "Linear": 4}, {"from": ["a", None]}, {"share": "0"}, {"loss": {"a.b": "MSELoss"}}),
    )
)
NAMES = ("a.b", "parts.0", "0", "input", "", "name", "from", "repeat", "when", "shape", "layers", "branches", "merge")
PLAIN_LAYERS = (
    "ReLU",
    "Identity",
    "Tanh",
    {"Dropout": 0.5},
    "Flatten",
    {"Linear": 4},
    "BatchNorm2d",
    "LayerNorm",
    "neg",
)


def trees(paths: tuple[Path, ...] = (*OK, *BAD, *SHIPPED)) -> list[Tree]:
    """Specs as plain values; those that are no YAML left out."""
    found = []
    for path in paths:
        with contextlib.suppress(UnicodeDecodeError):
            node, _ = compose(path.read_text(encoding="utf-8"), str(path))
            found.append(plain(node) if node is not None else None)
    return [tree for tree in found if isinstance(tree, dict) and tree]


def right_trees() -> list[Tree]:
    """The specs of the repository that are right."""
    return trees((*OK, *SHIPPED))


def text_of(tree: Tree, chance: random.Random) -> str:
    """A tree as YAML: in block style, or as the JSON that it may be too."""
    if chance.random() < 0.5:
        with contextlib.suppress(TypeError):
            return json.dumps(tree) + "\n"
    return str(yaml.dump(tree, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=10**6))


def paths(tree: Tree, here: Place = ()) -> Iterator[Place]:
    """The path of every value below a tree."""
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield (*here, key)
            yield from paths(value, (*here, key))


def at(tree: Tree, path: Place) -> Tree:
    """The value at a path."""
    for key in path:
        tree = tree[key]
    return tree


# -- anything anywhere ------------------------------------------------------------------------------------------------


def spliced(chance: random.Random, pool: list[Tree], tree: Tree | None = None) -> Tree:
    """A spec with one to four of its values replaced, moved, renamed, removed or repeated."""
    tree = copy.deepcopy(chance.choice(pool)) if tree is None else tree
    for _ in range(chance.choice((1, 1, 2, 3, 4))):
        places = [*paths(tree)]
        if not places:
            break
        path = chance.choice(places)
        parent, key = at(tree, path[:-1]), path[-1]
        other = chance.choice(pool)
        match chance.randrange(9):
            case 0 | 1:
                parent[key] = chance.choice(VALUES)()
            case 2 | 3:
                found = [each for each in paths(other) if each[-1] == key] or [*paths(other)]
                parent[key] = copy.deepcopy(at(other, chance.choice(found)))
            case 4:
                parent[key] = copy.deepcopy(at(other, chance.choice([*paths(other)])))
            case 5:
                del parent[key]
            case 6:
                if isinstance(parent, list):
                    parent.insert(chance.randrange(len(parent) + 1), copy.deepcopy(parent[key]))
                else:
                    name = chance.choice(NAMES) if chance.random() < 0.5 else chance.choice(places)[-1]
                    renamed = {name if each == key else each: value for each, value in parent.items()}
                    parent.clear()
                    parent.update(renamed)
            case 7:
                parent[key] = [parent[key]] if chance.random() < 0.5 else {"a": parent[key]}
            case _:
                elsewhere = chance.choice(places)
                if path[: len(elsewhere)] != elsewhere and elsewhere[: len(path)] != path:
                    one, two = at(tree, path), at(tree, elsewhere)
                    parent[key] = two
                    at(tree, elsewhere[:-1])[elsewhere[-1]] = one
    return tree


# -- what somebody could write ----------------------------------------------------------------------------------------


def lists_of_layers(tree: Tree) -> list[list[Tree]]:
    """All lists of items of a spec: of the network, its blocks, groups and branches."""
    found = []
    for path in paths(tree):
        value = at(tree, path)
        if isinstance(value, list) and (path[-1] == "layers" or "branches" in path[-2:-1] or path[:-1] == ("blocks",)):
            found.append(value)
    return found


def keyed(item: Tree) -> dict[str, Any]:
    """An item as a mapping."""
    return dict(item) if isinstance(item, dict) else {str(item): {}}


def named(items: list[Tree], chance: random.Random) -> list[str]:
    """The names of some items of a list; one gets a name where none has one."""
    names = [item["name"] for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)]
    if not names or chance.random() < 0.3:
        index = chance.randrange(len(items))
        items[index] = {**keyed(items[index]), "name": f"q{chance.randrange(9)}"}
        names.append(items[index]["name"])
    return names


def _number(tree: Tree, chance: random.Random) -> None:
    """Another number in place of one."""
    places = [path for path in paths(tree) if type(at(tree, path)) is int and path != ("netspec",)]
    if places:
        path = chance.choice(places)
        old = at(tree, path)
        near = (old + 1, old - 1, old * 2, old // 2, 1, 2, 3, old + 2, 0)
        at(tree, path[:-1])[path[-1]] = chance.choice(near)


def _item(items: list[Tree], chance: random.Random) -> None:
    """One of the items of a list exchanged, moved, wrapped, left out, repeated, or given a key."""
    index = chance.randrange(len(items))
    item = items[index]
    number = chance.choice((0, 1, 2, 2, 3))
    wrapped: dict[str, Any] = {"layers": items[index : index + chance.randint(1, 3)]}
    match chance.randrange(15):
        case 0:
            other = chance.randrange(len(items))
            items[index], items[other] = items[other], items[index]
        case 1:
            items.insert(chance.randrange(len(items) + 1), chance.choice(PLAIN_LAYERS))
        case 2:
            items.insert(index, copy.deepcopy(item))
        case 3:
            del items[index]
        case 4 | 5:
            extra = chance.choice(
                ({}, {"name": "g"}, {"name": "g"}, {"repeat": number}, {"name": "g", "repeat": number})
            )
            items[index : index + len(wrapped["layers"])] = [{**extra, **wrapped}]
        case 6:
            items[index] = {**keyed(item), "repeat": number}
        case 7 | 8:
            items[index] = {**keyed(item), "when": chance.choice((True, False, "1 > 2", "2 > 1"))}
        case 9 | 10:
            source = chance.choice(("input", *named(items, chance)))
            items[index] = {**keyed(items[index]), "from": source}
        case 11:
            several = [chance.choice(("input", *named(items, chance))) for _ in range(2)]
            items.insert(index + 1, {chance.choice(("add", "concat", "mul")): {}, "from": several})
        case 12:
            items.insert(chance.randrange(index, len(items)) + 1, {"share": chance.choice(named(items, chance))})
        case 13:
            merge = chance.choice(("add", "concat", "mul"))
            branches = {"left": [copy.deepcopy(item)], "right": chance.choice(([], [copy.deepcopy(item)], ["ReLU"]))}
            items[index] = {"branches": branches, "merge": merge, **chance.choice(({}, {"name": "b"}))}
        case _:
            items[index] = chance.choice(PLAIN_LAYERS)


def _network(tree: Tree, items: list[Tree], chance: random.Random) -> None:
    """Other inputs and outputs, and a block of some of the layers."""
    match chance.randrange(4):
        case 0 if "input" in tree:
            tree["inputs"] = {
                "a": tree.pop("input"),
                "b": chance.choice(([4], [3, 8, 8], {"shape": [2], "dtype": "int64"})),
            }
            items[0] = {**keyed(items[0]), "from": "a"}
        case 1:
            tree["outputs"] = [chance.choice(named(items, chance)) for _ in range(chance.randint(1, 2))]
        case 2:
            end = chance.randint(1, len(items))
            block = {"params": {"n": 2}, "layers": items[:end]}
            tree["blocks"] = {**(tree["blocks"] if isinstance(tree.get("blocks"), dict) else {}), "Bent": block}
            items[:end] = chance.choice(
                (["Bent"], [{"name": "one", "Bent": {}}], [{"name": "one", "Bent": {"n": 3}}, "Bent"])
            )
        case _:
            items.append({"name": "last", **keyed(chance.choice(PLAIN_LAYERS))})


def bent(chance: random.Random, pool: list[Tree]) -> Tree:
    """A right spec with one to five changes that somebody could have made."""
    tree = copy.deepcopy(chance.choice(pool))
    for _ in range(chance.choice((1, 1, 2, 3, 5))):
        lists = [items for items in lists_of_layers(tree) if items]
        match chance.randrange(6):
            case 0 | 1:
                _number(tree, chance)
            case 2 if lists and isinstance(tree.get("layers"), list) and tree["layers"]:
                _network(tree, tree["layers"], chance)
            case _ if lists:
                _item(chance.choice(lists), chance)
            case _:
                pass
    return tree


def drawn(chance: random.Random, rights: list[Tree], pool: list[Tree]) -> str:
    """The text of a spec: bent, spliced, or bent and then spliced."""
    what = chance.random()
    if what < 0.5:
        return text_of(bent(chance, rights), chance)
    return text_of(spliced(chance, pool, bent(chance, rights) if what < 0.65 else None), chance)
