"""Random networks of all that wires layers: groups, blocks, branches, repeats, conditions, shares, several values.

Every layer keeps the shape of its sample, so that each network is right, whatever is connected with whatever, and each
output has the shape of the inputs: nothing of netspec is asked for what to expect.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

SHAPE = [4, 6, 6]
DEEPEST = 3
KEEPING: tuple[Any, ...] = (
    "ReLU",
    "Identity",
    "BatchNorm2d",
    "GELU",
    "sigmoid",
    {"Dropout": 0.5},
    {"Conv2d": {"out_channels": 4, "kernel_size": 3, "padding": 1}},
    {"Conv2d": {"in_channels": 4, "out_channels": "width", "kernel_size": 1}},
    {"MaxPool2d": {"kernel_size": 3, "stride": 1, "padding": 1}},
    {"GroupNorm": {"num_groups": 2}},
    {"Linear": 6},
)
MERGES = ("add", "mul", "maximum")
CONDITIONS = (True, False, "width > 3", "width > 4", "deep")
BLOCKS: dict[str, Any] = {
    "One": {"params": {"times": 1}, "layers": [{"repeat": "times", "layers": ["ReLU", {"Linear": 6}]}]},
    "Two": {"layers": [{"name": "sum", "add": {}, "from": ["input.0", "input.1"]}, "Tanh"]},
    "Both": {
        "layers": [{"name": "one", "Linear": 6}, {"name": "two", "neg": {}, "from": "input"}],
        "outputs": ["one", "two"],
    },
}


@dataclass
class Scope:
    """The values of a scope that may be taken, the modules that may be shared, and how many names it has."""

    values: list[str]
    shared: list[str] = field(default_factory=list)
    names: int = 0

    def name(self) -> str:
        """A name that is free."""
        self.names += 1
        return f"v{self.names}"


def layer(chance: Random) -> dict[str, Any]:
    """A layer that keeps the shape, as a mapping."""
    drawn = chance.choice(KEEPING)
    return dict(drawn) if isinstance(drawn, dict) else {drawn: {}}


def named(scope: Scope, item: dict[str, Any], *, shares: bool = False) -> dict[str, Any]:
    """An item with a name, which later ones may take."""
    name = scope.name()
    scope.values.append(name)
    if shares:
        scope.shared.append(name)
    return {"name": name, **item}


def sources(scope: Scope, chance: Random, count: int) -> Any:
    """What an item takes: one name or several."""
    drawn = [chance.choice(scope.values) for _ in range(count)]
    return drawn[0] if count == 1 else drawn


def item(scope: Scope, chance: Random, depth: int) -> list[dict[str, Any]]:
    """An item, now and then with another that needs it."""
    taken = {"from": sources(scope, chance, 1)} if chance.random() < 0.3 else {}
    what = chance.randrange(12 if depth < DEEPEST else 7)
    match what:
        case 0:
            return [{**layer(chance), **taken}]
        case 1:
            plain = layer(chance)
            return [named(scope, {**plain, **taken}, shares="Linear" in plain or "Conv2d" in plain)]
        case 2:
            wired = {
                chance.choice(MERGES): {},
                "from": sources(scope, chance, 2),
                "when": chance.choice((True, "deep")),
            }
            return [{**wired, **({} if chance.random() < 0.5 else {"name": scope.name()})}]
        case 3:
            kept = {**layer(chance), **taken, "when": chance.choice(CONDITIONS)}
            return [named(scope, kept) if chance.random() < 0.5 else kept]
        case 4 if scope.shared:
            shared = {"share": chance.choice(scope.shared), **taken}
            return [named(scope, shared, shares=True) if chance.random() < 0.5 else shared]
        case 5:
            repeated = {**layer(chance), **taken, "repeat": chance.choice((0, 1, 2, "width//2"))}
            return [named(scope, repeated) if chance.random() < 0.5 else repeated]
        case 6:
            return [named(scope, {"One": {"times": chance.choice((0, 1, 2))}, **taken}, shares=True)]
        case 7:
            return [named(scope, {"Two": {}, "from": sources(scope, chance, 2)}, shares=False)]
        case 8:
            pair = scope.name()
            scope.values += [f"{pair}.0", f"{pair}.1"]
            return [{"name": pair, "Both": {}, **taken}, {"add": {}, "from": [f"{pair}.1", f"{pair}.0"]}]
        case 9:
            inner = Scope(["input"])
            group = {"layers": items(inner, chance, depth + 1), **taken}
            extra = chance.choice(({}, {"when": chance.choice(CONDITIONS)}, {} if inner.names else {"repeat": 2}))
            return [named(scope, {**group, **extra}, shares=not extra)]
        case 10:
            ends = {scope.name(): items(Scope(["input"]), chance, depth + 1) for _ in range(2)}
            ends[scope.name()] = []
            branches = {"branches": ends, "merge": chance.choice(("add", "mul")), **taken}
            return [named(scope, branches) if chance.random() < 0.5 else branches]
        case 11:
            spliced = {"layers": [layer(chance), layer(chance)], **taken}
            return [{**spliced, **chance.choice(({}, {"repeat": 2}, {"when": chance.choice(CONDITIONS)}))}]
    return [{**layer(chance), **taken}]


def items(scope: Scope, chance: Random, depth: int) -> list[dict[str, Any]]:
    """One to four items of a scope."""
    return [each for _ in range(chance.randint(1, 4)) for each in item(scope, chance, depth)]


def network(chance: Random) -> str:
    """The text of a network of one to three inputs and one or more outputs."""
    count = chance.randint(1, 3)
    inputs = [f"in{index}" for index in range(count)]
    scope = Scope([*inputs] if count > 1 else ["input"])
    first = named(scope, {**layer(chance), "from": sources(scope, chance, 1)})
    dropped = {"when": False, "add": {}, "from": sources(scope, chance, 2)}
    start = [dropped, first] if chance.random() < 0.3 else [first]
    layers = [*start, *(each for _ in range(chance.randint(1, 5)) for each in item(scope, chance, 0))]
    last = named(scope, layer(chance))
    tree: dict[str, Any] = {"netspec": 1, "params": {"width": 4, "deep": True}, "blocks": BLOCKS}
    tree |= {"inputs": dict.fromkeys(inputs, SHAPE)} if count > 1 else {"input": SHAPE}
    tree["layers"] = [*layers, last]
    if chance.random() < 0.5:
        outputs = [each for each in scope.values if each not in ("input", *inputs)]
        tree["outputs"] = list(dict.fromkeys(chance.choice(outputs) for _ in range(2)))
    return json.dumps(tree) + "\n"
