"""What is understood of a dataset of texts: its tokenizer, how long samples are, and the first ones as tokens.

Input: Data of tokens. Output: the description as JSON, and as tables for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from netspec.data.split import Data, Split
from netspec.data.text.format import TAGGED, WINDOWS, TextFormat
from netspec.data.text.tokens import Tokens
from netspec.render.summary import bytes_text
from netspec.render.tables import Table

FIRST = 5  # samples that are shown
SHOWN = 12  # tokens of each
MOST = 8  # classes that a line names
CHUNK = 2**22  # tokens that are looked at together


def describe_texts(data: Data, names: list[str]) -> dict[str, Any]:
    """What is understood of texts, as JSON.

    Args:
        data: of tokens.
        names: of the network's inputs.
    """
    text = data.source.text
    assert text is not None
    parts = {name: part for name, part in (("train", data.train), ("val", data.val)) if part is not None}
    content: dict[str, Any] = {"version": 1, "dataset": str(data.node.value)}
    content["parts"] = {name: len(part) for name, part in parts.items()}
    shapes = [(name, list(x.shape[1:])) for name, x in zip(names, data.train.inputs, strict=False)]
    content["inputs"] = [{"name": name, "shape": shape} for name, shape in shapes]
    content["tokenizer"] = {"kind": text.known.kind, "tokens": text.vocabulary, "padding": text.padding.value}
    content["lengths"] = {name: _lengths(_tokens(part), text) for name, part in parts.items()}
    content["targets"] = [_target(data, index) for index in range(len(data.source.targets))]
    content["rows"] = [*_rows(data, text)]
    content["bytes"] = sum(_tokens(part).nbytes for part in parts.values())
    return content


def _tokens(part: Split) -> Tokens:
    return next(x for x in part.inputs if isinstance(x, Tokens))


def _lengths(tokens: Tokens, text: TextFormat) -> dict[str, Any]:
    """How many tokens there are, and how long samples are before they are padded or cut off."""
    facts: dict[str, Any] = {"tokens": len(tokens.ids)}
    if text.known.unknown is not None:
        unknown = sum(int((part == text.known.unknown).sum()) for part in torch.split(tokens.ids, CHUNK))
        facts["unknown"] = round(unknown / max(1, len(tokens.ids)), 6)
    if text.kind == WINDOWS:
        return {**facts, "window": tokens.padding.most}
    whole = tokens.full if tokens.full is not None else tokens.lengths
    assert whole is not None  # of documents each has its length
    facts |= {"min": int(whole.min()), "median": float(whole.float().median()), "max": int(whole.max())}
    return {**facts, "cut off": int((whole > tokens.padding.most).sum())}


def _target(data: Data, index: int) -> dict[str, Any]:
    target = data.source.targets[index]
    facts: dict[str, Any] = {"output": target.output, "column": target.column}
    each = [part.targets[index] for part in (data.train, data.val) if part is not None]
    if target.count:
        return {**facts, "holds": "the next token"}
    if not target.classes:
        numbers = torch.cat([y for y in each if isinstance(y, torch.Tensor)]).double()
        return {**facts, "min": float(numbers.min()), "mean": float(numbers.mean()), "max": float(numbers.max())}
    flat = torch.cat([(y.ids if isinstance(y, Tokens) else y).flatten().long() for y in each])
    counts = torch.bincount(flat[flat >= 0], minlength=len(target.classes)).tolist()
    return {**facts, "classes": dict(zip(target.classes, counts, strict=False))}


def _rows(data: Data, text: TextFormat) -> Iterator[list[str]]:
    """The first samples: their first tokens, each as it is decoded, and their targets."""
    tokens, target = _tokens(data.train), data.source.targets[0]
    y = data.train.targets[0]
    for index in range(min(FIRST, len(data.train))):
        place = slice(index, index + 1)
        ids = tokens[place][0][~tokens.beyond(place)[0]].tolist()
        more = "…" if len(ids) > SHOWN else ""
        shown = "|".join(text.known.decode([id]) for id in ids[:SHOWN]) + more
        yield [_one_line(shown), *_target_texts(y[place][0], target.classes, text, ids)]


def _target_texts(y: torch.Tensor, classes: tuple[str, ...], text: TextFormat, ids: list[int]) -> list[str]:
    if text.kind == WINDOWS:
        return [_one_line("|".join(text.known.decode([id]) for id in y[:SHOWN].tolist()) + "…")]
    if text.kind == TAGGED:
        return ["|".join(classes[id] if id >= 0 else "" for id in y[: min(len(ids), SHOWN)].tolist())]
    return [classes[int(y)] if classes else f"{float(y):g}"]


def _one_line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def text_tables(content: dict[str, Any]) -> list[Table]:
    """The description for people.

    Args:
        content: as `describe_texts` gives it.
    """
    verbs = ("train on", "validate with")
    counts = zip(content["parts"].values(), verbs, strict=False)
    parts = ", ".join(f"{count:,} samples to {verb}" for count, verb in counts)
    title = f"{content['dataset']}: {parts}; {bytes_text(content['bytes'])}"
    made = content["tokenizer"]
    rows = [("tokenizer", made["kind"]), ("different tokens", f"{made['tokens']:,}")]
    for each in content["inputs"]:
        rows.append((f"input {each['name']}", "×".join(map(str, each["shape"]))))
    tables = [Table(("texts", ""), tuple(rows), left=2, title=title)]
    heads = [*next(iter(content["lengths"].values()))]
    lines = [
        (name, *(f"{value:.2%}" if key == "unknown" else f"{value:,.10g}" for key, value in facts.items()))
        for name, facts in content["lengths"].items()
    ]
    tables.append(Table(("part", *heads), tuple(lines), left=1))
    targets = [(each["column"] or "", _holds(each)) for each in content["targets"]]
    tables.append(Table(("target", "holds"), tuple(targets), left=2))
    names = ("tokens", content["targets"][0]["column"] or "target")
    tables.append(Table(names, tuple(map(tuple, content["rows"])), left=2, title="the first samples"))
    return tables


def _holds(facts: dict[str, Any]) -> str:
    """Classes with how often they are there, a range, or what it is."""
    if "holds" in facts:
        return str(facts["holds"])
    if "classes" not in facts:
        return f"{facts['min']:g} to {facts['max']:g}, mean {facts['mean']:g}"
    values = facts["classes"]
    named = ", ".join(f"{name} {count}" for name, count in [*values.items()][:MOST])
    return f"{named}, … ({len(values)} in all)" if len(values) > MOST else named
