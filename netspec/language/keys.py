"""The keys of one of the language's mappings: a misspelt one is noted, and taken as what was meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from netspec.core.findings import Findings
from netspec.core.names import meant
from netspec.core.tree import Mapping, shorten


def understood(node: Mapping, keys: Iterable[str], what: str, findings: Findings) -> Mapping:
    """`node` with its misspelt keys put right; each key that is not one of `keys` is noted, as `what` has none."""
    keys = tuple(keys)
    entries = []
    for key, value in node:
        if key.text not in keys:
            findings.misspelt("NS201", f"{what} has no key {shorten(key.text)!r}", key, keys)
            guess = meant(key.text, keys)
            if guess is not None and node.key(guess) is None:
                key = replace(key, value=guess, text=guess)
        entries.append((key, value))
    return replace(node, entries=tuple(entries))
