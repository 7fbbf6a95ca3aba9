"""What an expansion may cost: blocks and repeats multiply a few lines, and a spec is nobody's friend.

A layer that is written costs its author a line, so the limits grow with what is written; what blocks and repeats add to
that is limited, so that a short file is checked in about a second whatever it says.
"""

from __future__ import annotations

from collections.abc import Iterable

from netspec.core.tree import Node, Scalar, Sequence
from netspec.expansion.context import Context
from netspec.language.spec import Item

MOST_CALLS = 50_000  # of any spec
MOST_COPIES = 10_000  # layers beyond the items that are written
MOST_WORK = 16_000  # items, and the values in them, beyond those that are written
DEEPEST = 60
NAMES_A_UNIT = 2  # names that a reference with `*` is compared with


class TooLarge(Exception):
    """The expansion reached a limit, which has a finding."""


class Budget:
    """Counts the work of an expansion.

    Args:
        written: the items that are written.
        most_calls: the limit of the layers, however many are written.
    """

    def __init__(self, written: Iterable[Item], most_calls: int) -> None:
        self.weights = {id(item.node): weight(item) for item in written}
        self.calls = min(most_calls, MOST_COPIES + len(self.weights))
        self.left = MOST_WORK + sum(self.weights.values())

    def spend(self, item: Item, context: Context, calls: int) -> None:
        """Count an item and the values in it; `calls` are there already.

        Raises:
            TooLarge: a limit is reached.
        """
        self.left -= self.weights.get(id(item.node)) or weight(item)
        for reference in item.sources or ():
            if "*" in reference.text:
                self.left -= len(context.scope.names) // NAMES_A_UNIT
        deep = len(context.frames) > DEEPEST
        if deep or self.left < 0 or calls >= self.calls:
            limit = f"nests blocks more than {DEEPEST} deep" if deep else f"expands to more than {self.calls} layers"
            context.error("NS211", f"the spec {limit}", item.at)
            raise TooLarge


def weight(item: Item) -> int:
    """How much work an item is: 1, and a quarter for each value in it; items below it are counted by themselves."""
    nodes = (*(node for _, node in item.args), item.claim, item.repeat)
    return (
        1 + (len(item.sources or ()) + len(item.wires) + sum(_scalars(node) for node in nodes if node is not None)) // 4
    )


def _scalars(node: Node) -> int:
    if isinstance(node, Scalar):
        return 1
    return sum(map(_scalars, node.items if isinstance(node, Sequence) else (value for _, value in node)))
