"""Right and wrong specs, mutated: whatever a text says, check answers with diagnostics and never raises.

`make fuzz` changes their texts, `make splices` their trees (tests/check/splices.py); here are short rounds of both.
"""

from __future__ import annotations

import os
import random
import time

import pytest

import netspec
from netspec.render.json import document, report_json
from netspec.render.pictures.formats import FORMATS, picture
from netspec.render.summary import summary_json, summary_text
from netspec.render.text import render
from tests.check.bending import bent, right_trees, spliced, text_of, trees
from tests.spec_cases import BAD, OK, SHIPPED

# `make fuzz SECONDS=600` searches for as long as one likes, from another start each time; the suite's round is fixed.
LONG = os.environ.get("NETSPEC_FUZZ")
SECONDS = float(LONG or "inf")
ROUNDS = 10**9 if LONG else 200
SPLICES = 50
MANY = 5_000  # layers, of which a picture takes seconds
DRAWN = 3  # of so many texts one is drawn
TEXTS = [path.read_text(encoding="utf-8") for path in (*OK, *BAD, *SHIPPED)]
SNIPPETS = [
    *("", " ", "\n", "\t", ":", "-", "- ", "{", "}", "[", "]", ",", "#", "'", '"', "&a ", "*a", "<<: ", "!!str "),
    *("|\n", "0", "-1", "1.5", "2147483648", "0x10", ".inf", ".nan", "1e400", "null", "true", "**", "//0", "()"),
    *("{}", "[]", "畳", "\x85", "\u2028", "\ufeff", "\r\n", "input", "input.0", "a.1", "concat", "ReLU", "Linear: 4"),
    *("add: {}", "from: input", "name: x", "shape: []", "repeat: 3", "when: false", "share: a", "merge: add"),
    *("branches: {}", "layers: []", "params: {a: 1}", "outputs: [a]"),
]


def mutated(chance: random.Random) -> str:
    """A spec with a few pieces cut, doubled, swapped, taken from another, or written over."""
    text = chance.choice(TEXTS)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        end = min(len(text), at + chance.choice([0, 1, 2, 5, 20]))
        match chance.randrange(6):
            case 0:
                text = text[:at] + text[end:]
            case 1:
                text = text[:at] + text[at:end] * 2 + text[end:]
            case 2:
                text = text[:at] + chance.choice(SNIPPETS) + text[end:]
            case 3:
                lines = text.split("\n")
                one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
                lines[one], lines[other] = lines[other], lines[one]
                text = "\n".join(lines)
            case 4:
                lines = text.split("\n")
                lines.insert(chance.randrange(len(lines)), chance.choice(chance.choice(TEXTS).split("\n")))
                text = "\n".join(lines)
            case _:
                words = text.split(" ")
                words[chance.randrange(len(words))] = chance.choice(chance.choice(TEXTS).split(" "))
                text = " ".join(words)
    return text + "\n"


def answered(text: str) -> bool:
    """Whether a text is right; everything that can be said of it is said on the way."""
    spec = netspec.loads(text)
    report = netspec.check(spec)
    render(report.diagnostics, spec.sources)
    document([report_json(report)])
    lines = len(spec.sources[spec.path].splitlines()) + 2
    for found in report.diagnostics:
        assert found.message
        assert "Traceback" not in found.message
        if found.span.path == spec.path:
            assert 1 <= found.span.line <= lines
    if len(text) % DRAWN == 0 and len(report.inferred) < MANY:
        picture(report, FORMATS["svg"])
        picture(report, FORMATS["html"])
    if report.ok:
        summary_text(report)
        summary_json(report)
        again = netspec.check(netspec.loads(spec.to_yaml()))
        assert again.ok
        assert summary_json(again) == summary_json(report)
        compile(netspec.to_python(spec), "generated.py", "exec")
    return report.ok


def test_mutated_specs_get_an_answer() -> None:
    seed = time.time_ns() if LONG else 0
    chance = random.Random(seed)
    start = time.monotonic()
    rights = rounds = 0
    for rounds in range(1, ROUNDS + 1):
        text = mutated(chance)
        try:
            rights += answered(text)
        except Exception as error:
            error.add_note(f"seed {seed}, round {rounds}; the text was\n{text}")
            raise
        if time.monotonic() - start > SECONDS:
            break
    assert rounds >= 50
    assert 0 < rights < rounds


@pytest.mark.parametrize("what", ["bent", "spliced"])
def test_specs_with_other_subtrees_get_an_answer(what: str) -> None:
    chance, rights, pool = random.Random(2), right_trees(), trees()
    right = 0
    for _ in range(SPLICES):
        tree = bent(chance, rights) if what == "bent" else spliced(chance, pool)
        text = text_of(tree, chance)
        try:
            right += answered(text)
        except Exception as error:
            error.add_note(f"the text was\n{text}")
            raise
    assert SPLICES / 8 < right < SPLICES * 7 / 8 if what == "bent" else right < SPLICES / 2


def test_a_failure_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netspec.checker.expand", lambda spec, findings, most_calls: {}["missing"])
    with pytest.raises(KeyError):
        answered(TEXTS[0])
