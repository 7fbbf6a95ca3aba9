"""Items that a list of their scope holds: their names have dots, `convs.0`, `convs.1`.

A list is a module that only holds others, as nn.ModuleList does: what it holds is applied in any order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator


def lists_around(name: str) -> Iterator[str]:
    """The lists that an item lies in, from the outermost: `a` and `a.b` of `a.b.0`."""
    at = name.find(".")
    while at >= 0:
        yield name[:at]
        at = name.find(".", at + 1)


def item_and_rest(path: str, *names: Collection[str]) -> tuple[str, str]:
    """A path → the item that it starts with, and what follows behind the dot.

    Args:
        path: `convs.0.weight`.
        names: of items, in the order in which they are tried; else the item is the first part of the path.
    """
    known = (start for each in names for start in (*lists_around(path), path) if start in each)
    item = next(known, path.partition(".")[0])
    return item, path[len(item) + 1 :]


def clash(name: str, items: Collection[str], lists: Collection[str]) -> str | None:
    """Why an item cannot have a name beside others; None where it can.

    Args:
        name: of the item.
        items: the names of the others.
        lists: those that the others lie in.
    """
    if name in lists:
        return f"{name} is a list, which holds {first_in(name, items)}, and no name of an item"
    inside = next((each for each in lists_around(name) if each and each in items), None)
    return None if inside is None else f"{inside} is an item, and no list that could hold {name}"


def first_in(name: str, items: Iterable[str]) -> str:
    """The first of some items that a list holds."""
    return next(each for each in items if each.startswith(f"{name}."))
