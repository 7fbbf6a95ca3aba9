"""Sets of sizes as text: `multiples of 32`, `8 or 9`, `at least 63`, `H = W`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netspec.core.dataclass import dataclass
from netspec.shapes.sizes.search import Box, ValidSizes

PERIODS = 3  # whole periods that a pattern needs
MOST_RUNS = 8
MOST_BOXES = 6


@dataclass(frozen=True, slots=True)
class Pattern:
    """Sizes that repeat: those from `first` on whose remainder by `period` is one of `remainders`."""

    first: int
    period: int
    remainders: tuple[int, ...]


def runs(sizes: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending sizes as runs of neighbours, first and last: `[(8, 9), (16, 17)]`."""
    found: list[tuple[int, int]] = []
    for size in sizes:
        if found and found[-1][1] == size - 1:
            found[-1] = (found[-1][0], size)
        else:
            found.append((size, size))
    return found


def pattern(sizes: Sequence[int], last: int) -> Pattern | None:
    """The pattern that all of `sizes` follow up to `last`; None where there is none of at least two sizes a period.

    A pattern holds for every size that was examined from the first right one on, over several whole periods.
    """
    first, right = sizes[0], set(sizes)
    for period in range(2, (last - first + 1) // PERIODS + 1):
        if all((size in right) == (size + period in right) for size in range(first, last - period + 1)):
            return Pattern(first, period, tuple(sorted({size % period for size in sizes})))
    return None


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _pattern_text(found: Pattern) -> str:
    """`multiples of 32, at least 64`; `33, 65, 97, … in steps of 32`; `at least 8, with a remainder by 4 of 0 or 1`."""
    first, period = found.first, found.period
    if found.remainders == (0,):
        return f"multiples of {period}" + ("" if first <= period else f", at least {first}")
    if len(found.remainders) == 1:
        return f"{first}, {first + period}, {first + 2 * period}, … in steps of {period}"
    return f"at least {first}, with a remainder of {_listed(runs(found.remainders))} by {period}"


def sizes_text(sizes: Sequence[int], examined: Sequence[int]) -> str:
    """The right sizes among those that were examined, both ascending, as text."""
    if not sizes:
        return "none"
    low, last, stretches = examined[0], examined[-1], runs(sizes)
    if len(sizes) == len(examined):
        return "every size" if low == 1 else f"every size from {low}"
    if len(runs(examined)) > 1:  # with gaps: the sizes that were left out are unknown
        return _listed(stretches)
    if len(stretches) == 1:
        (start, end), *_ = stretches
        if end == last and start != end:
            return f"at least {start}"
        return _listed(stretches)
    found = pattern(sizes, last)
    return _listed(stretches) if found is None else _pattern_text(found)


def _listed(stretches: Sequence[tuple[int, int]]) -> str:
    words: list[str] = []
    for start, end in stretches[:MOST_RUNS]:
        words += [f"{start} to {end}"] if end > start + 1 else map(str, sorted({start, end}))
    if len(stretches) <= MOST_RUNS:
        return _either(words)
    more = sum(end - start + 1 for start, end in stretches[MOST_RUNS:])
    return f"{', '.join(words)} and {more} more up to {stretches[-1][1]}"


def relation(found: ValidSizes) -> list[str] | None:
    """`H = W` or `H·W = 784` where the boxes are exactly this; None where they are not."""
    names = list(found.examined)
    if len(names) != 2 or found.separate or any(len(sizes) > 1 for box in found.boxes for sizes in box.values()):
        return None
    pairs = sorted((box[names[0]][0], box[names[1]][0]) for box in found.boxes)
    first, second = (found.examined[name] for name in names)
    if all(a == b for a, b in pairs):
        text = sizes_text([a for a, _ in pairs], first if first == second else [a for a, _ in pairs])
        return [f"{names[0]} = {names[1]}", f"{names[0]} {text}"]
    product = pairs[0][0] * pairs[0][1]
    partners = set(second)
    if pairs == [(a, product // a) for a in first if product % a == 0 and product // a in partners]:
        return [f"{names[0]}·{names[1]} = {product}"]
    return None


def _order(box: Box, declared: Mapping[str, int]) -> tuple[bool, bool, int]:
    """The key that sorts boxes: those with the declared sizes, then those with equal sizes, then the others."""
    equal = set.intersection(*map(set, box.values()))
    return (any(declared.get(name) not in sizes for name, sizes in box.items()), not equal, next(iter(box.values()))[0])


def valid_size_lines(found: ValidSizes, declared: Mapping[str, int]) -> list[str]:
    """The right sizes as text: a line for each axis, or for each box where the axes depend on each other.

    Args:
        found: the right sizes.
        declared: the sizes that the spec declares, by axis.
    """
    if not found.boxes:
        return []
    related = relation(found)
    if related is not None:
        return related
    boxes = sorted(found.boxes, key=lambda box: _order(box, declared))
    lines = [
        [f"{name} {sizes_text(sizes, found.examined[name])}" for name, sizes in box.items()]
        for box in boxes[:MOST_BOXES]
    ]
    if found.separate:
        return lines[0]
    more = len(boxes) - MOST_BOXES
    return [" with ".join(line) for line in lines] + ([f"and {more} more such sets"] if more > 0 else [])
