"""What an expansion may cost: blocks and repeats multiply a few lines, and a spec is nobody's friend."""

from __future__ import annotations

from netspec.core.dataclass import dataclass
from netspec.core.tree import Node, Scalar, Sequence
from netspec.expansion.context import Context
from netspec.language.spec import Item

MOST_CALLS = 50_000
MOST_WORK = 80_000  # items and the values in them
DEEPEST = 60
NAMES_A_UNIT = 2  # names that a reference with `*` is compared with


class TooLarge(Exception):
    """The expansion reached a limit, which has a finding."""


@dataclass
class Budget:
    """Counts the work of an expansion, which may have so many `calls`."""

    calls: int = MOST_CALLS
    work: int = 0

    def spend(self, item: Item, context: Context, calls: int) -> None:
        """Count an item and the values in it; `calls` are there already.

        Raises:
            TooLarge: a limit is reached.
        """
        self.work += weight(item)
        stars = sum("*" in reference.text for reference in item.sources or ())
        self.work += stars * len(context.scope.names) // NAMES_A_UNIT
        deep = len(context.frames) > DEEPEST
        if deep or self.work > MOST_WORK or calls >= self.calls:
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
