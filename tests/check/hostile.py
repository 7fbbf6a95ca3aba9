"""Texts that are made to hurt, each with the code that it gets (none where it is harmless after all).

`python -m tests.check.hostile` checks them all in a process of little memory and prints what each got, and when.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Mapping

import netspec
from netspec.render.summary import summary_text
from netspec.render.text import render

MEMORY = 1_000_000_000


def spec(layers: str, *, head: str = "input: [8]", blocks: str = "") -> str:
    return f"netspec: 1\n{head}\n{blocks}layers:\n{layers}"


def powers(count: int, each: int) -> str:
    """Blocks of which each uses the next `each` times."""
    lines = ["blocks:"]
    for index in range(count):
        lines.append(f"  B{index}: [{', '.join([f'B{index + 1}'] * each)}]")
    return "\n".join([*lines, f"  B{count}: [ReLU]", ""])


def lols(count: int) -> str:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, count)]
    return "\n".join(lines) + "\n"


ONES = "1, " * 20_000 + "1"
TEXTS: dict[str, tuple[str, str]] = {
    "billion laughs": (lols(10), "NS103"),
    "merges that multiply": (
        "m0: &m0 {a: 1}\n"
        + "\n".join(f"m{i}: &m{i} {{x{i}: *m{i - 1}, y{i}: *m{i - 1}, <<: *m{i - 1}}}" for i in range(1, 60))
        + "\n",
        "NS103",
    ),
    "an alias in itself": ("netspec: 1\na: &a [*a]\n", "NS104"),
    "nested flow": ("netspec: 1\nlayers: " + "[" * 50_000, "NS103"),
    "nested mappings": ("netspec: 1\nlayers: " + "{a: " * 50_000, "NS103"),
    "nested lines": ("\n".join(" " * i + "a:" for i in range(2_000)) + "\n", "NS103"),
    "nested dashes": ("netspec: 1\nlayers: \n" + "- " * 20_000 + "a\n", "NS103"),
    "nested groups": (spec("  - " + "{layers: " * 55 + "ReLU" + "}" * 55 + "\n"), ""),
    "half a million values": ("netspec: 1\nlayers: [" + "a," * 450_000 + "]\n", "NS103"),
    "a giant number": (spec(f"  - Linear: {'9' * 100_000}\n"), "NS206"),
    "a giant float": (spec("  - Dropout: 1e999\n"), "NS202"),
    "a giant power": (spec("  - Linear: 9**9**9**9\n"), "NS206"),
    "a product of powers": (spec(f"  - Linear: {'*'.join(['2**62'] * 20)}\n"), "NS206"),
    "a long expression": (spec(f"  - Linear: {'1+' * 50_000}1\n"), "NS206"),
    "deep parentheses": (spec(f"  - Linear: {'(' * 90}1{')' * 90}\n"), "NS206"),
    "many minus signs": (spec(f"  - Linear: {'-' * 150}1\n"), ""),
    "giant sizes": (spec("  - Linear: 2147483647\n" * 3, head="input: [2147483647, 2147483647]"), "NS905"),
    "a giant kernel": (spec("  - MaxPool2d: 2147483647\n", head="input: [1, 8, 8]"), "NS404"),
    "many outputs": (spec("  - chunk: 2147483647\n", head="input: [2147483647]"), "NS404"),
    "a repeat": (spec("  - {repeat: 2**62, layers: [ReLU]}\n"), "NS216"),
    "a large repeat": (spec("  - {repeat: 20001, layers: [ReLU]}\n"), "NS211"),
    "repeats of repeats": (spec("  - " + "{repeat: 1000, layers: [" * 10 + "ReLU" + "]}" * 10 + "\n"), "NS211"),
    "repeats of nothing": (spec("  - " + "{repeat: 20000, layers: [" * 6 + "]}" * 6 + "\n"), "NS211"),
    "repeats of what repeats never": (
        spec("  - repeat: 20000\n    layers:\n" + "      - {repeat: 0, layers: [ReLU]}\n" * 2_000),
        "NS211",
    ),
    "repeats of long lists": (
        spec(f"  - repeat: 20000\n    layers:\n      - {{repeat: {{a: [{ONES}], b: []}}, layers: [ReLU]}}\n"),
        "NS211",
    ),
    "repeats of long claims": (
        spec(f"  - repeat: 20000\n    layers:\n      - {{ReLU: {{}}, shape: [{ONES}]}}\n"),
        "NS211",
    ),
    "repeats of long references": (
        spec(f"  - repeat: 20000\n    layers:\n      - {{concat: {{}}, from: [{ONES.replace('1', 'input')}]}}\n"),
        "NS211",
    ),
    "blocks by ten": (spec("  - B0\n", blocks=powers(20, 10)), "NS211"),
    "blocks by two": (spec("  - B0\n", blocks=powers(55, 2)), "NS211"),
    "blocks in a chain": (spec("  - B0\n", blocks=powers(200, 1)), "NS211"),
    "a block in itself": (spec("  - A\n", blocks="blocks: {A: [ReLU, A, A, A]}\n"), "NS214"),
    "blocks in a circle": (spec("  - A\n", blocks="blocks: {A: [B, B, B], B: [C, C, C], C: [A, A, A]}\n"), "NS214"),
    "axes that grow": (spec("  - {repeat: 2000, unsqueeze: {dim: 1}}\n"), "NS404"),
    "axes of the input": (spec("  - {repeat: 5000, ReLU: {}}\n", head=f"input: [{ONES}]"), "NS216"),
    "doubling": (spec("  - ReLU\n  - {repeat: 200, branches: {l: [], r: []}, merge: concat}\n"), "NS404"),
    "errors without end": (spec("  - Linear: {in_features: 7, out_features: 8}\n" * 1_500), "NS401"),
    "lists for layers": ("netspec: 1\ninput: [8]\nlayers: [" + "[], " * 60_000 + "[]]\n", "NS202"),
    "errors on one line": (
        "netspec: 1\ninput: [8]\nlayers: ["
        + ", ".join(f"{{Linear: {{in_features: {9 + i}, out_features: 8}}}}" for i in range(1_000))
        + "]\n",
        "NS401",
    ),
    "errors far from what they ask for": (
        spec("  - ReLU\n" * 1_500 + "  - {Linear: {in_features: 9, out_features: 8}}\n  - ReLU\n" * 700),
        "NS401",
    ),
    "names of sizes": (
        spec(
            "  - {concat: {}, from: [i0, i1]}\n",
            head="inputs: {" + ", ".join(f"i{i}: [N{i}]" for i in range(1_000)) + "}\n"
            "sizes: {" + ", ".join(f"N{i}: {{min: 1, max: 64}}" for i in range(1_000)) + "}",
        ),
        "NS216",
    ),
    "a size beyond all pictures": (
        spec("  - ReLU\n", head="input: [3, H]\nsizes: {H: {min: 1, max: 1000000000}}"),
        "NS216",
    ),
    "an endless pattern": (
        spec("  - Linear: 8\n") + "data: {inline: {x: [[1, 2, 3, 4, 5, 6, 7, 8]], y: [1]}}\n"
        f"train: {{loss: CrossEntropyLoss, optimizer: {{SGD: {{lr: 0.1}}}}, freeze: ['[!{'a-z' * 20_000}]*']}}\n",
        "NS202",
    ),
    "modules that are none": (
        spec("  - Linear: 8\n")
        + "plugins: [../../x, a..b, 'os;import sys', \"\\u202eevil\", '"
        + "a." * 5_000
        + "a']\n",
        "NS202",
    ),
    "misspelt on one line": (
        "netspec: 1\ninput: [8]\nlayers: [" + ", ".join(["Linaer"] * 1_000) + "]\n",
        "NS204",
    ),
    "a padding beyond all pictures": (
        spec("  - MaxPool2d: {kernel_size: 3, stride: 1, padding: 2147483647}\n" * 5, head="input: [3, 8, 8]"),
        "NS407",
    ),
    "a reflection beyond all pictures": (
        spec("  - ReflectionPad2d: 2147483647\n" * 5, head="input: [3, 8, 8]"),
        "NS404",
    ),
    "groups beyond all channels": (
        spec("  - Conv2d: {out_channels: 3, kernel_size: 1, groups: 2147483647}\n" * 5, head="input: [3, 8, 8]"),
        "NS407",
    ),
    "misspelt without end": (spec("  - Linaer: 8\n" * 500), "NS204"),
    "misspelt names": (spec("".join(f"  - {{name: a{i}, ReLU: {{}}, from: b{i}}}\n" for i in range(1_000))), "NS301"),
    "merges without end": (
        spec("  - branches: {l: [Linear: 7], r: []}\n    merge: add\n" * 300),
        "NS405",
    ),
    "a python object": ("netspec: !!python/object/apply:os.system ['true']\n", "NS102"),
    "a tag everywhere": (spec("  - !!str ReLU\n" * 3_000), "NS102"),
    "control characters": (spec('  - {name: "\\e[2J\\0\\x07", ReLU: {}}\n'), "NS207"),
    "an endless word": (spec(f"  - {'a' * 200_000}\n"), "NS204"),
    "an endless name": (spec(f"  - {{name: {'a' * 200_000}!, ReLU: {{}}}}\n"), "NS207"),
    "an endless key": (f"netspec: 1\n? {'k' * 200_000}\n: 3\ninput: [8]\nlayers: [ReLU]\n", "NS201"),
    "ignores without end": (spec("  - Linear: 8  # netspec: ignore=" + ",".join(["NS911"] * 2_000) + "\n"), "NS916"),
    "wrong ignores": (spec("  - ReLU  # netspec: ignore=NS1905\n" * 1_000), "NS218"),
    "ignores of nothing": ("# netspec: ignore" * 5_000 + "\n" + spec("  - ReLU\n"), "NS218"),
    "letters of einsum": (spec(f'  - einsum: "{"a" * 90}->a"\n', head=f"input: [{', '.join(['2'] * 60)}]"), "NS403"),
    "points of einsum": (spec(f'  - einsum: "{"..." * 30}->a"\n'), "NS407"),
    "windows beyond all pictures": (
        spec(
            "  - Conv1d: {out_channels: 1, kernel_size: 3, padding: 2147483000, stride: 2}\n" * 1_000,
            head="input: [1, 8]",
        ),
        "",
    ),
    "directions and lines": ('netspec: 1\ninput: [8]\nlayers:\n  - "\\x9b31m\\x85\\u2028\\u202eReLU"\n', "NS204"),
    "an endless reference": (spec(f"  - {{ReLU: {{}}, from: {'a' * 200_000}.{'9' * 1000}}}\n"), "NS301"),
}

# Those that take seconds on the same way as another one of the kind; `make exhaustive` checks them.
LONG = {
    *("blocks by ten", "blocks in a chain", "repeats of repeats", "repeats of long references"),
    *("repeats of what repeats never", "repeats of long claims", "repeats of long lists", "lists for layers"),
    *("errors on one line", "errors far from what they ask for", "misspelt without end", "misspelt on one line"),
}


def verdict(text: str) -> dict[str, object]:
    """The codes that a text gets, the seconds it takes, and the length of what is said."""
    start = time.process_time()
    report = netspec.check(netspec.loads(text))
    shown = render(report.diagnostics, report.spec.sources)
    if report.ok:
        summary_text(report)
    codes = sorted({found.code for found in report.diagnostics})
    return {"codes": codes, "seconds": time.process_time() - start, "length": len(shown)}


def verdicts(texts: Mapping[str, tuple[str, str]], memory: int = MEMORY) -> dict[str, object]:
    """The verdict on each text; the name of the exception where there is none."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    found: dict[str, object] = {}
    for name, (text, _) in texts.items():
        try:
            found[name] = verdict(text)
        except Exception as error:
            found[name] = type(error).__name__
    return found


def chosen(long: bool) -> dict[str, tuple[str, str]]:
    """The long texts, or the others."""
    return {name: text for name, text in TEXTS.items() if (name in LONG) == long}


def main() -> None:
    """Print the verdicts on all texts as JSON, or on those of `long` or `short`."""
    kinds = sys.argv[1:] or ["short", "long"]
    json.dump(verdicts({name: text for kind in kinds for name, text in chosen(kind == "long").items()}), sys.stdout)


if __name__ == "__main__":
    main()
